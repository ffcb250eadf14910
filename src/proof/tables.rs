//! Reads restored tables whole, as COPY writes them.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, TryStreamExt};
use tokio_postgres::Client;

use super::session::{quoted, stopped, stops};
use crate::{
    dump::Target,
    error::Result,
    rows::{Counter, Rows},
};

/// A table, or what looks like one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Relation {
    /// `pg_class.relkind`.
    pub(super) kind: char,
    /// Whether an extension brought it along.
    pub(super) of_extension: bool,
    /// Which of the types whose text is not the same everywhere it holds: `money`, `float8`, `bytea`, `char`.
    pub(super) types: Vec<String>,
}

/// Every relation by schema and name.
pub(super) type Relations = BTreeMap<(String, String), Relation>;

/// Types are followed through domains, arrays, composites and ranges.
const RELATIONS: &str = "
    with recursive walk (rel, typ) as (
        select a.attrelid, a.atttypid from pg_attribute a join pg_class c on c.oid = a.attrelid
        where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p') and c.oid >= 16384
        union
        select w.rel, x.typ from walk w join pg_type t on t.oid = w.typ cross join lateral (
            select t.typbasetype as typ where t.typtype = 'd'
            union all select t.typelem where t.typelem <> 0 and t.typcategory = 'A'
            union all select a.atttypid from pg_attribute a
                where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
            union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid
            union all select r.rngtypid from pg_range r where to_jsonb(r) ->> 'rngmultitypid' = t.oid::text
        ) x
    )
    select n.nspname::text, c.relname::text, c.relkind::text,
           exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'),
           array(select distinct t.typname::text from walk w join pg_type t on t.oid = w.typ
                 where w.rel = c.oid and t.oid in ('money'::regtype, 'float4'::regtype, 'float8'::regtype, 'point'::regtype,
                     'line'::regtype, 'lseg'::regtype, 'box'::regtype, 'path'::regtype, 'polygon'::regtype,
                     'circle'::regtype, 'bytea'::regtype, '\"char\"'::regtype))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't'
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')";

/// Looks at all relations at once.
pub(super) async fn relations(client: &Client) -> Result<Relations> {
    let rows = client.query(RELATIONS, &[]).await;
    let rows = rows.map_err(|error| stopped("could not list the restored tables", &error))?;
    let relation = |row: &tokio_postgres::Row| {
        let kind: &str = row.get(2);
        let relation = Relation {
            kind: kind.chars().next().unwrap_or('?'),
            of_extension: row.get(3),
            types: row.get(4),
        };
        ((row.get(0), row.get(1)), relation)
    };
    Ok(rows.iter().map(relation).collect())
}

/// A table that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Its place among the dump's tables.
    pub(super) number: usize,
    pub(super) target: Target,
    /// Whether its rows lie in its partitions.
    pub(super) partitioned: bool,
    /// The encoding in which the dump writes.
    pub(super) encoding: Option<String>,
    /// Whether the text is read, and not only counted.
    pub(super) whole: bool,
    /// What it should hold, where another way to write the same bytes may explain a difference.
    pub(super) or_escaped: Option<Rows>,
}

/// What a restored table answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was read whole.
    Read(Rows),
    /// It was counted.
    Counted(u64),
    /// The server refused, with this SQLSTATE.
    Refused([u8; 5]),
}

/// Reads every table once, on all connections at the same time, but for those that were read `ahead` by the same statement.
pub(super) async fn read_all(
    jobs: Vec<Job>,
    clients: Vec<Client>,
    ahead: HashMap<String, Rows>,
) -> Result<Vec<(usize, Answer)>> {
    let queue = Arc::new(Mutex::new(VecDeque::from(jobs)));
    let ahead = Arc::new(ahead);
    let workers = clients.into_iter().map(|client| {
        let (queue, ahead) = (Arc::clone(&queue), Arc::clone(&ahead));
        async move {
            let mut answers = Vec::new();
            loop {
                let job = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(job) = job else {
                    return Ok(answers);
                };
                answers.push((job.number, ask(&client, &job, &ahead).await?));
            }
        }
    });
    let answers = futures_util::future::try_join_all(workers.map(tokio::spawn)).await;
    let Ok(answers) = answers else {
        return Err(crate::error::Error::new(
            "comparing the rows was interrupted",
            "Run again.",
        ));
    };
    let answers: Result<Vec<Vec<_>>> = answers.into_iter().collect();
    Ok(answers?.into_iter().flatten().collect())
}

async fn ask(client: &Client, job: &Job, ahead: &HashMap<String, Rows>) -> Result<Answer> {
    match answer(client, job, ahead).await {
        Ok(answer) => Ok(answer),
        Err(error) if stops(&error) => Err(stopped("could not read a restored table", &error)),
        Err(error) => {
            let code = error
                .code()
                .map_or("?????", tokio_postgres::error::SqlState::code);
            let mut state = *b"?????";
            state
                .iter_mut()
                .zip(code.bytes())
                .for_each(|(to, from)| *to = from);
            Ok(Answer::Refused(state))
        }
    }
}

async fn answer(
    client: &Client,
    job: &Job,
    ahead: &HashMap<String, Rows>,
) -> std::result::Result<Answer, tokio_postgres::Error> {
    if !job.whole {
        let count: i64 = client.query_one(&count_sql(job), &[]).await?.get(0);
        return Ok(Answer::Counted(count.unsigned_abs()));
    }
    let sql = copy_sql(&job.target, job.partitioned, job.encoding.as_deref());
    let rows = match ahead.get(&sql) {
        Some(rows) => *rows,
        None => read(client, &sql).await?,
    };
    match job.or_escaped {
        Some(expected) if rows.count == expected.count && rows != expected => {
            client.batch_execute("set bytea_output = 'escape'").await?;
            let again = read(client, &sql).await;
            client.batch_execute("set bytea_output = 'hex'").await?;
            let again = again?;
            Ok(Answer::Read(if again == expected { again } else { rows }))
        }
        _ => Ok(Answer::Read(rows)),
    }
}

/// Reads everything that a COPY gives.
pub(super) async fn read(
    client: &Client,
    sql: &str,
) -> std::result::Result<Rows, tokio_postgres::Error> {
    let mut counter = Counter::default();
    let mut lines = pin!(client.copy_out(sql).await?.into_stream());
    while let Some(piece) = lines.next().await {
        counter.feed(&piece?);
    }
    // The protocol ends with whole lines.
    Ok(counter.finish().unwrap_or_else(|rows| rows))
}

/// The schema that a script without one means.
pub(super) fn schema(target: &Target) -> &str {
    target.schema.as_deref().unwrap_or("public")
}

/// Its name in SQL.
pub(super) fn name(target: &Target) -> String {
    format!("{}.{}", quoted(schema(target)), quoted(&target.table))
}

/// The statement that reads a table.
pub(super) fn copy_sql(target: &Target, partitioned: bool, encoding: Option<&str>) -> String {
    let columns = target.columns.as_ref().map(|columns| {
        let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
        columns.join(", ")
    });
    let name = name(target);
    let encoding = match encoding {
        Some(encoding) => format!(" (encoding '{}')", encoding.replace('\'', "''")),
        None => String::new(),
    };
    match (partitioned, columns) {
        (true, columns) => {
            let columns = columns.as_deref().unwrap_or("*");
            format!("copy (select {columns} from {name}) to stdout{encoding}")
        }
        (false, Some(columns)) => format!("copy {name} ({columns}) to stdout{encoding}"),
        (false, None) => format!("copy {name} to stdout{encoding}"),
    }
}

fn count_sql(job: &Job) -> String {
    let only = if job.partitioned { "" } else { "only " };
    format!("select count(*) from {only}{}", name(&job.target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(job: &Job) -> String {
        copy_sql(&job.target, job.partitioned, job.encoding.as_deref())
    }

    #[test]
    fn names_of_a_dump_never_become_sql() {
        let mut job = Job {
            number: 0,
            target: Target {
                schema: Some("a\"b".to_owned()),
                table: "t; drop".to_owned(),
                columns: Some(vec!["x\") to program 'y'".to_owned()]),
            },
            partitioned: false,
            encoding: Some("UTF8'".to_owned()),
            whole: true,
            or_escaped: None,
        };
        let sql =
            "copy \"a\"\"b\".\"t; drop\" (\"x\"\") to program 'y'\") to stdout (encoding 'UTF8''')";
        assert_eq!(copy(&job), sql);
        job.partitioned = true;
        assert!(
            copy(&job)
                .starts_with("copy (select \"x\"\") to program 'y'\" from \"a\"\"b\".\"t; drop\")")
        );
        assert_eq!(
            count_sql(&job),
            "select count(*) from \"a\"\"b\".\"t; drop\""
        );
    }
}
