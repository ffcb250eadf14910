//! The same reading for the database that a dump is taken from.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::{
    counts, large, reading,
    session::{self, quoted, stopped},
};
use crate::{error::Result, rows::Rows};

pub use super::catalogue::SequenceValue;

/// A table of the source that holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The partitioned table at the top, as schema and name.
    pub root: Option<(String, String)>,
    /// The columns that `pg_dump` writes.
    pub columns: Vec<String>,
}

impl Table {
    /// As SQL names it.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// Tables of extensions are left out: a dump holds only some of their rows.
const TABLES: &str = "
    with recursive above (rel, root) as (
        select c.oid, c.oid from pg_class c where c.relkind = 'p' and not c.relispartition
        union all
        select i.inhrelid, a.root from pg_inherits i join above a on a.rel = i.inhparent
        join pg_class p on p.oid = i.inhparent and p.relkind = 'p'
    )
    select n.nspname::text, c.relname::text, rn.nspname::text, r.relname::text,
           array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
                 and not a.attisdropped and a.attgenerated = '' order by a.attnum)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join above on above.rel = c.oid left join pg_class r on r.oid = above.root
    left join pg_namespace rn on rn.oid = r.relnamespace
    where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    order by 1, 2";

const SEQUENCES: &str = "
    select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'S' and c.relpersistence <> 't'
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    order by 1, 2";

const CYCLING: &str = "
    select n.nspname::text, c.relname::text from pg_sequence s join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace where s.seqcycle";

/// Pins the settings under which rows are read.
///
/// # Errors
/// When the server went away.
pub async fn pin(client: &Client) -> Result<()> {
    session::pin(client).await
}

/// The tables that hold rows.
///
/// # Errors
/// When the server went away.
pub async fn tables(client: &Client) -> Result<Vec<Table>> {
    let rows = client.query(TABLES, &[]).await;
    let rows = rows.map_err(|error| stopped("could not list the tables", &error))?;
    let table = |row: &tokio_postgres::Row| Table {
        schema: row.get(0),
        name: row.get(1),
        root: row.get::<_, Option<String>>(2).zip(row.get(3)),
        columns: row.get(4),
    };
    Ok(rows.iter().map(table).collect())
}

/// The sequences, by schema and name.
///
/// # Errors
/// When the server went away.
pub async fn sequences(client: &Client) -> Result<Vec<(String, String)>> {
    let rows = client.query(SEQUENCES, &[]).await;
    let rows = rows.map_err(|error| stopped("could not list the sequences", &error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The sequences that begin again at their end, by schema and name.
///
/// # Errors
/// When the server went away.
pub async fn cycling(client: &Client) -> Result<BTreeSet<(String, String)>> {
    let rows = client.query(CYCLING, &[]).await;
    let rows = rows.map_err(|error| stopped("could not list the sequences", &error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The values of sequences.
///
/// # Errors
/// When the server went away.
pub async fn values(client: &Client, names: &[(String, String)]) -> Result<Vec<SequenceValue>> {
    super::catalogue::values(client, names).await
}

/// Reads one table whole, as COPY writes it in this encoding.
///
/// # Errors
/// What the server says.
pub async fn read(
    client: &Client,
    table: &Table,
    encoding: &str,
) -> std::result::Result<Rows, tokio_postgres::Error> {
    let columns: Vec<_> = table.columns.iter().map(|column| quoted(column)).collect();
    let columns = if columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", columns.join(", "))
    };
    let encoding = encoding.replace('\'', "''");
    let sql = format!(
        "copy {}{columns} to stdout (encoding '{encoding}')",
        table.quoted()
    );
    reading::unmetered(client, &sql, None).await
}

/// Reads all large objects.
///
/// # Errors
/// What the server says.
pub async fn large(client: &Client) -> std::result::Result<Rows, tokio_postgres::Error> {
    large::read(client).await
}

/// How many objects of which kind there are; none where the server does not tell.
///
/// # Errors
/// When the server went away.
pub async fn objects(client: &Client) -> Result<Option<BTreeMap<String, u64>>> {
    counts::look(client).await
}
