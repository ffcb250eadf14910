//! The restored relations, and what there is to know of each before it is read.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::session::{quoted, stopped};
use crate::{dump::Target, error::Result};

/// Where the rows of a table lie one after another, as far as they are in the table's own file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heap {
    /// How many blocks that file has.
    pub(super) blocks: u64,
    /// How many bytes a block has.
    pub(super) block: u64,
}

/// A table, or what looks like one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Relation {
    /// `pg_class.relkind`.
    pub(super) kind: char,
    /// Whether an extension brought it along.
    pub(super) of_extension: bool,
    /// Which of the types whose text is not the same everywhere it holds: `money`, `float8`, `bytea`, `char`, `regclass`, `xml`.
    pub(super) types: Vec<String>,
    /// The table that it is a partition of, by schema and name.
    pub(super) parent: Option<(String, String)>,
    /// Where its rows lie, where its access method is PostgreSQL's own.
    pub(super) heap: Option<Heap>,
    /// How many bytes its rows take on the disk.
    pub(super) bytes: u64,
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
            union all select r.rngsubtype from pg_range r where t.typtype = 'r' and r.rngtypid = t.oid
            union all select r.rngtypid from pg_range r
                where t.typtype = 'm' and to_jsonb(r) ->> 'rngmultitypid' = t.oid::text
        ) x
    ), held (rel, types) as (
        select w.rel, array_agg(distinct t.typname::text) from walk w join pg_type t on t.oid = w.typ
        where t.oid in ('money'::regtype, 'float4'::regtype, 'float8'::regtype, 'point'::regtype, 'line'::regtype,
            'lseg'::regtype, 'box'::regtype, 'path'::regtype, 'polygon'::regtype, 'circle'::regtype, 'bytea'::regtype,
            '\"char\"'::regtype, 'xml'::regtype)
            or t.typnamespace = 'pg_catalog'::regnamespace and t.typname like 'reg%'
        group by w.rel
    )
    select n.nspname::text, c.relname::text, c.relkind::text,
           exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'),
           coalesce(h.types, '{}'),
           case when c.relkind = 'r' and (select amname from pg_am m where m.oid = c.relam) = 'heap'
                then pg_relation_size(c.oid) end,
           case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) else 0 end
               + case when c.reltoastrelid <> 0 then pg_relation_size(c.reltoastrelid) else 0 end,
           current_setting('block_size')::bigint, pn.nspname::text, p.relname::text
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join held h on h.rel = c.oid
    left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
    left join pg_class p on p.oid = i.inhparent left join pg_namespace pn on pn.oid = p.relnamespace
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
            parent: row.get::<_, Option<String>>(8).zip(row.get(9)),
            heap: row
                .get::<_, Option<i64>>(5)
                .map(|bytes| Heap::of(bytes, row.get(7))),
            bytes: row
                .get::<_, Option<i64>>(6)
                .unwrap_or_default()
                .unsigned_abs(),
        };
        ((row.get(0), row.get(1)), relation)
    };
    Ok(rows.iter().map(relation).collect())
}

impl Heap {
    /// A file of so many bytes, in blocks of so many.
    pub(super) const fn of(bytes: i64, block: i64) -> Self {
        let (bytes, block) = (bytes.unsigned_abs(), block.unsigned_abs());
        let block = if block == 0 { 1 } else { block };
        Self {
            blocks: bytes.div_ceil(block),
            block,
        }
    }
}

/// The schema that a script without one means.
pub(super) fn schema(target: &Target) -> &str {
    target.schema.as_deref().unwrap_or("public")
}

/// Its name in SQL.
pub(super) fn name(target: &Target) -> String {
    format!("{}.{}", quoted(schema(target)), quoted(&target.table))
}
