//! One look at what was restored: tables with their columns, sequences, and what the catalog knows to be broken.

use tokio_postgres::{Client, Row};

use super::{faults, session};
use crate::error::Result;

/// What was restored.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    /// Tables, views and their like, by schema and name.
    pub(super) tables: Vec<Table>,
    /// Sequences that fill a column.
    pub(super) sequences: Vec<Sequence>,
    /// Schemas by name.
    pub(super) schemas: Vec<String>,
    /// Extensions by name.
    pub(super) extensions: Vec<String>,
    /// Invalid indexes by name.
    pub(super) invalid_indexes: Vec<String>,
    /// Constraints by name that were never validated.
    pub(super) unvalidated: Vec<String>,
    /// The size of the database on disk, in bytes.
    pub(super) size: u64,
}

impl Catalog {
    /// Tables that users made: no views, nothing that lies elsewhere, nothing that an extension brought along.
    pub(super) fn user_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.is_user_table())
    }

    /// User tables that hold rows themselves: a partitioned table leaves that to its partitions.
    pub(super) fn stored_tables(&self) -> impl Iterator<Item = &Table> {
        self.user_tables().filter(|table| table.kind == Kind::Table)
    }

    /// The table with this number.
    pub(super) fn by_oid(&self, oid: u32) -> Option<&Table> {
        self.tables.iter().find(|table| table.oid == oid)
    }
}

/// A table, or what looks like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its number in the catalog.
    pub(super) oid: u32,
    /// Its schema.
    pub(super) schema: String,
    /// Its name.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
    /// The partitioned table that it is a partition of.
    pub(super) parent: Option<u32>,
    /// Whether an extension brought it along.
    pub(super) of_extension: bool,
    /// Whether other tables inherit from it, or did once.
    pub(super) has_heirs: bool,
    /// Whether whoever reads it reads a foreign table, too, which is a partition of it or inherits from it.
    pub(super) reads_foreign: bool,
    /// Its columns, in order.
    pub(super) columns: Vec<Column>,
}

impl Table {
    /// Whether a user made it and it holds rows in this database.
    pub(super) fn is_user_table(&self) -> bool {
        !self.of_extension && matches!(self.kind, Kind::Table | Kind::Partitioned)
    }
}

/// What a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An ordinary table.
    Table,
    /// A table whose rows are in its partitions.
    Partitioned,
    /// A table whose rows are in another server.
    Foreign,
    /// A view or a materialized view.
    View,
}

impl Kind {
    /// From `pg_class.relkind`.
    fn from_relkind(relkind: &str) -> Self {
        match relkind {
            "r" => Self::Table,
            "p" => Self::Partitioned,
            "f" => Self::Foreign,
            _ => Self::View,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// Its type without domains around it, such as `integer`.
    pub(super) type_name: String,
    /// The category of its type: `pg_type.typcategory`.
    pub(super) category: char,
}

/// A sequence that fills a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Its schema.
    pub(super) schema: String,
    /// Its name.
    pub(super) name: String,
    /// The table's number in the catalog.
    pub(super) table: u32,
    /// The column.
    pub(super) column: String,
    /// Its step.
    pub(super) increment: i64,
}

/// Schemas that PostgreSQL keeps for itself.
pub(super) const OWN_SCHEMAS: &str = "('pg_catalog', 'information_schema', 'pg_toast')";

/// Looks at the restored database once.
///
/// # Errors
/// When the server does not answer.
pub(super) async fn look(client: &mut Client) -> Result<Catalog> {
    let stop = |error| faults::stopped("could not look at what was restored", &error);
    let transaction = session::begin(client, "public", session::CATALOG_TIMEOUT)
        .await
        .map_err(stop)?;
    let mut catalog = Catalog::default();
    for row in transaction.query(&tables_sql(), &[]).await.map_err(stop)? {
        add_column(&mut catalog.tables, &row);
    }
    let sequences = transaction.query(SEQUENCES, &[]).await.map_err(stop)?;
    catalog.sequences = sequences.iter().map(sequence).collect();
    let names = |sql: String| {
        let transaction = &transaction;
        async move {
            let rows = transaction.query(&sql, &[]).await.map_err(stop)?;
            Ok::<_, crate::error::Error>(rows.iter().map(|row| row.get(0)).collect())
        }
    };
    catalog.schemas = names("select nspname::text from pg_namespace order by 1".into()).await?;
    catalog.extensions = names("select extname::text from pg_extension order by 1".into()).await?;
    catalog.invalid_indexes = names(invalid_indexes_sql()).await?;
    catalog.unvalidated = names(unvalidated_sql()).await?;
    let size = "select pg_database_size(current_database())";
    let size: i64 = transaction.query_one(size, &[]).await.map_err(stop)?.get(0);
    catalog.size = u64::try_from(size).unwrap_or_default();
    transaction.rollback().await.map_err(stop)?;
    Ok(catalog)
}

/// One row a column; a table without columns has one row with a NULL column.
fn tables_sql() -> String {
    format!(
        "with recursive base (oid, target) as (
             select oid, oid from pg_type where typtype <> 'd'
             union all
             select t.oid, b.target from pg_type t join base b on t.typbasetype = b.oid where t.typtype = 'd'
         ), over_foreign (oid) as (
             select i.inhparent from pg_inherits i join pg_class f on f.oid = i.inhrelid where f.relkind = 'f'
             union
             select i.inhparent from pg_inherits i join over_foreign o on o.oid = i.inhrelid
         )
         select c.oid, n.nspname::text, c.relname::text, c.relkind::text,
                case when c.relispartition then i.inhparent end as parent,
                exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                        and d.deptype = 'e') as of_extension,
                a.attname::text, format_type(b.target, null) as type_name, t.typcategory::text,
                c.relhassubclass, c.oid in (select oid from over_foreign)
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
         left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         left join base b on b.oid = a.atttypid
         left join pg_type t on t.oid = b.target
         where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't'
           and n.nspname not in {OWN_SCHEMAS}
         order by n.nspname, c.relname, a.attnum"
    )
}

/// Identity and serial columns, and columns whose default is nothing but the next value of a sequence. Partitions
/// share their parent's; a sequence that starts over is meant to repeat itself.
const SEQUENCES: &str = r"
    with filled (seq, rel, attnum) as (
        select d.objid, d.refobjid, d.refobjsubid from pg_depend d
        where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
          and d.deptype in ('a', 'i') and d.refobjsubid > 0
        union
        select d.refobjid, f.adrelid, f.adnum from pg_depend d
        join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid
        where d.refclassid = 'pg_class'::regclass
          and pg_get_expr(f.adbin, f.adrelid)
              ~ '^\(?nextval\(''([^'']|'''')*''::regclass\)\)?(::(smallint|integer|bigint))?$'
    )
    select distinct n.nspname::text, s.relname::text, filled.rel, a.attname::text, q.seqincrement
    from filled
    join pg_class s on s.oid = filled.seq and s.relkind = 'S'
    join pg_namespace n on n.oid = s.relnamespace
    join pg_sequence q on q.seqrelid = s.oid and not q.seqcycle
    join pg_class c on c.oid = filled.rel and c.relkind in ('r', 'p') and not c.relispartition
    join pg_attribute a on a.attrelid = filled.rel and a.attnum = filled.attnum and not a.attisdropped
    where a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
      and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                      and e.objid in (s.oid, c.oid) and e.deptype = 'e')
    order by 1, 2, 4";

/// That of a partitioned table holds nothing itself, and is invalid as long as not every partition has one, as in the source.
fn invalid_indexes_sql() -> String {
    format!(
        "select n.nspname || '.' || c.relname from pg_index i
         join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
         where not i.indisvalid and c.relkind = 'i' and n.nspname not in {OWN_SCHEMAS} order by 1"
    )
}

/// A constraint that is not enforced (PostgreSQL 18) is never validated, and is meant not to be. Older servers have
/// no such column, which is why the row is read as JSON.
fn unvalidated_sql() -> String {
    format!(
        "select c.conrelid::regclass || '.' || c.conname from pg_constraint c
         join pg_namespace n on n.oid = c.connamespace
         where not c.convalidated and c.conrelid <> 0 and n.nspname not in {OWN_SCHEMAS}
           and coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true) order by 1"
    )
}

fn add_column(tables: &mut Vec<Table>, row: &Row) {
    let oid: u32 = row.get(0);
    let column: Option<String> = row.get(6);
    let column = column.map(|name| Column {
        name,
        type_name: row.get::<_, Option<String>>(7).unwrap_or_default(),
        category: row
            .get::<_, Option<String>>(8)
            .and_then(|text| text.chars().next())
            .unwrap_or('X'),
    });
    match tables.last_mut() {
        Some(table) if table.oid == oid => table.columns.extend(column),
        _ => tables.push(Table {
            oid,
            schema: row.get(1),
            name: row.get(2),
            kind: Kind::from_relkind(row.get(3)),
            parent: row.get(4),
            of_extension: row.get(5),
            has_heirs: row.get(9),
            reads_foreign: row.get(10),
            columns: column.into_iter().collect(),
        }),
    }
}

fn sequence(row: &Row) -> Sequence {
    Sequence {
        schema: row.get(0),
        name: row.get(1),
        table: row.get(2),
        column: row.get(3),
        increment: row.get(4),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table with columns of the given types, for tests that need no server.
    pub(in crate::checks) fn table(
        schema: &str,
        name: &str,
        columns: &[(&str, &str, char)],
    ) -> Table {
        Table {
            oid: 1,
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: Kind::Table,
            parent: None,
            of_extension: false,
            has_heirs: false,
            reads_foreign: false,
            columns: columns
                .iter()
                .map(|&(name, type_name, category)| Column {
                    name: name.to_owned(),
                    type_name: type_name.to_owned(),
                    category,
                })
                .collect(),
        }
    }
}
