//! Looks at the restored data: the catalog once, then each table once.

use jiff::Timestamp;
use tokio_postgres::{Client, Transaction};

use super::{Column, Facts, Reference, Table};
use crate::error::{OrStop as _, Result};

const HINT: &str = "Leave `--from-dump` out, and write the checks by hand.";

/// Schemas that no user made.
const OWN: &str = "('pg_catalog', 'information_schema', 'pg_toast')";

/// Tables of users that are not partitions and that no extension made.
const MINE: &str = "c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                    and e.objid = c.oid and e.deptype = 'e')";

/// Looks, in one transaction that only reads.
///
/// # Errors
/// When the server does not answer, or refuses.
pub async fn look(mut client: Client) -> Result<Facts> {
    let doing = || "could not look at the restored data".to_owned();
    let begun = client.build_transaction().read_only(true).start().await;
    let transaction = begun.or_stop(doing, HINT)?;
    facts(&transaction).await.or_stop(doing, HINT)
}

async fn facts(transaction: &Transaction<'_>) -> std::result::Result<Facts, tokio_postgres::Error> {
    let settings = "set local statement_timeout = '30min'; set local timezone = 'UTC'";
    transaction.batch_execute(settings).await?;
    let mut found = tables(transaction).await?;
    for (oid, table) in &mut found {
        table.uniques = uniques(transaction, *oid).await?;
        table.references = references(transaction, *oid).await?;
        count(transaction, table).await?;
    }
    let one = |sql: String| async move { transaction.query_one(&sql, &[]).await };
    let counted = one(format!(
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in {OWN}
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                           and e.objid = c.oid and e.deptype = 'e')"
    ));
    let count: i64 = counted.await?.get(0);
    let filled = one(
        "select exists (select from pg_depend d join pg_class s on s.oid = d.objid
         where s.relkind = 'S' and d.deptype in ('a', 'i') and d.refobjsubid > 0)"
            .to_owned(),
    );
    let sequences: bool = filled.await?.get(0);
    let extensions = "select extname::text from pg_extension where extname <> 'plpgsql' order by 1";
    let extensions = transaction.query(extensions, &[]).await?;
    Ok(Facts {
        tables: found.into_iter().map(|(_, table)| table).collect(),
        count: u64::try_from(count).unwrap_or(0),
        extensions: extensions.iter().map(|row| row.get(0)).collect(),
        sequences,
    })
}

/// Every table and its columns, by name.
async fn tables(
    transaction: &Transaction<'_>,
) -> std::result::Result<Vec<(u32, Table)>, tokio_postgres::Error> {
    let sql = format!(
        "select c.oid, n.nspname::text, c.relname::text, a.attname::text, a.attnotnull,
                a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where {MINE} order by 2, 3, a.attnum"
    );
    let mut tables: Vec<(u32, Table)> = Vec::new();
    for row in transaction.query(&sql, &[]).await? {
        let oid: u32 = row.get(0);
        if tables.last().is_none_or(|(last, _)| *last != oid) {
            let table = Table {
                schema: row.get(1),
                name: row.get(2),
                ..Table::default()
            };
            tables.push((oid, table));
        }
        let column = Column {
            name: row.get(3),
            required: row.get(4),
            is_time: row.get(5),
            ..Column::default()
        };
        if let Some((_, table)) = tables.last_mut() {
            table.columns.push(column);
        }
    }
    Ok(tables)
}

/// The columns of every unique index that holds for all rows.
async fn uniques(
    transaction: &Transaction<'_>,
    table: u32,
) -> std::result::Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let sql = "select array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality as k(n, at)
                            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n
                            where k.at <= i.indnkeyatts order by k.at)
               from pg_index i where i.indrelid = $1 and i.indisunique and i.indisvalid
                 and i.indpred is null and i.indexprs is null
               order by i.indisprimary desc, 1";
    let rows = transaction.query(sql, &[&table]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The foreign keys of one column that were validated.
async fn references(
    transaction: &Transaction<'_>,
    table: u32,
) -> std::result::Result<Vec<Reference>, tokio_postgres::Error> {
    let sql = "select a.attname::text, n.nspname::text, c.relname::text, k.attname::text
               from pg_constraint f
               join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
               join pg_class c on c.oid = f.confrelid and not c.relispartition
               join pg_namespace n on n.oid = c.relnamespace
               join pg_attribute k on k.attrelid = f.confrelid and k.attnum = f.confkey[1]
               where f.conrelid = $1 and f.contype = 'f' and f.convalidated and cardinality(f.conkey) = 1
               order by a.attnum, f.conname";
    let rows = transaction.query(sql, &[&table]).await?;
    let reference = |row: &tokio_postgres::Row| Reference {
        column: row.get(0),
        schema: row.get(1),
        table: row.get(2),
        key: row.get(3),
    };
    Ok(rows.iter().map(reference).collect())
}

/// Rows, NULLs and newest moments, in one pass over the table.
async fn count(
    transaction: &Transaction<'_>,
    table: &mut Table,
) -> std::result::Result<(), tokio_postgres::Error> {
    let counts = table
        .columns
        .iter()
        .map(|column| format!("count({})", quoted(&column.name)));
    let times = table.columns.iter().filter(|column| column.is_time);
    let newest = times.map(|column| {
        let name = quoted(&column.name);
        format!(
            "(extract(epoch from max({name}) filter (where isfinite({name}))) * 1000000)::bigint"
        )
    });
    let asked: Vec<String> = ["count(*)".to_owned()]
        .into_iter()
        .chain(counts)
        .chain(newest)
        .collect();
    let sql = format!(
        "select array[{}]::bigint[] from {}.{}",
        asked.join(", "),
        quoted(&table.schema),
        quoted(&table.name)
    );
    let row = transaction.query_one(&sql, &[]).await?;
    let answers: Vec<Option<i64>> = row.get(0);
    let mut answers = answers.into_iter();
    let mut next = || answers.next().flatten();
    let rows = next().unwrap_or(0);
    table.rows = u64::try_from(rows).unwrap_or(0);
    for column in &mut table.columns {
        column.nulls = u64::try_from(rows - next().unwrap_or(0)).unwrap_or(0);
    }
    for column in table.columns.iter_mut().filter(|column| column.is_time) {
        column.newest = next().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    }
    Ok(())
}

/// A name as SQL writes it, whatever it holds.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
