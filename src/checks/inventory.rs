//! What was in the restored database, for the report: names and counts that a later run is compared with.

use jiff::Timestamp;
use tokio_postgres::Client;

use super::{
    catalog::{Catalog, OWN_SCHEMAS, Table},
    newest, session,
};
use crate::report::{DatabaseFacts, SequenceFacts, TableFacts};

/// What the one look at the catalog leaves out, as only the report needs it.
#[derive(Debug)]
pub(super) struct Inventory {
    indexes: Vec<String>,
    sequences: Vec<SequenceFacts>,
    newest: Option<Timestamp>,
}

/// Looks at indexes, sequences and the newest moment. No run fails over it: `None` where the server refuses.
pub(super) async fn look(client: &mut Client, until: Timestamp) -> Option<Inventory> {
    let looked = names(client).await;
    let (indexes, sequences) = looked
        .inspect_err(|error| tracing::debug!(%error, "indexes and sequences could not be listed"))
        .ok()?;
    Some(Inventory {
        indexes,
        sequences,
        newest: newest::look(client, until).await,
    })
}

async fn names(
    client: &mut Client,
) -> Result<(Vec<String>, Vec<SequenceFacts>), tokio_postgres::Error> {
    let transaction = session::begin(client, "public", session::CATALOG_TIMEOUT).await?;
    let indexes = transaction.query(&indexes_sql(), &[]).await?;
    let sequences = transaction.query(&sequences_sql(), &[]).await?;
    transaction.rollback().await?;
    let sequence = |row: &tokio_postgres::Row| SequenceFacts {
        name: row.get(0),
        last_value: row.get(1),
        increment: row.get(2),
    };
    Ok((
        indexes.iter().map(|row| row.get(0)).collect(),
        sequences.iter().map(sequence).collect(),
    ))
}

fn indexes_sql() -> String {
    format!(
        "select n.nspname || '.' || x.relname from pg_index i
         join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
         join pg_namespace n on n.oid = x.relnamespace
         where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and n.nspname not in {OWN_SCHEMAS}
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                           and e.objid in (c.oid, x.oid) and e.deptype = 'e')
         order by 1"
    )
}

/// A sequence that starts over is left out: it is meant to stand before where it stood.
fn sequences_sql() -> String {
    format!(
        "select n.nspname || '.' || s.relname, v.last_value, q.seqincrement from pg_sequence q
         join pg_class s on s.oid = q.seqrelid and s.relpersistence <> 't'
         join pg_namespace n on n.oid = s.relnamespace
         join pg_sequences v on v.schemaname = n.nspname and v.sequencename = s.relname
         where not q.seqcycle and n.nspname not in {OWN_SCHEMAS}
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                           and e.objid = s.oid and e.deptype = 'e')
         order by 1"
    )
}

/// Everything together; `None` where not every table was counted. The counts are in the order of the stored tables.
pub(super) fn facts(
    catalog: &Catalog,
    inventory: Option<Inventory>,
    counts: &[u64],
) -> Option<DatabaseFacts> {
    let inventory = inventory?;
    let stored: Vec<&Table> = catalog.stored_tables().collect();
    if stored.len() != counts.len() {
        return None;
    }
    let mut tables: Vec<_> = stored
        .iter()
        .zip(counts)
        .map(|(table, rows)| TableFacts {
            name: full_name(table),
            rows: *rows,
            columns: table.columns.iter().map(|c| c.name.clone()).collect(),
            partition_of: root(catalog, table).map(full_name),
        })
        .collect();
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Some(DatabaseFacts {
        size_bytes: catalog.size,
        tables,
        indexes: inventory.indexes,
        sequences: inventory.sequences,
        newest: inventory.newest,
    })
}

/// `schema.name`.
pub(super) fn full_name(table: &Table) -> String {
    format!("{}.{}", table.schema, table.name)
}

/// The partitioned table at the top, of a partition.
fn root<'a>(catalog: &'a Catalog, table: &'a Table) -> Option<&'a Table> {
    let above = |table: &&'a Table| catalog.by_oid(table.parent?);
    std::iter::successors(above(&table), above).last()
}
