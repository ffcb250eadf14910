//! How many objects of which kind a database holds: the same question for a source and for what was restored from it.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::session::{stopped, stops};
use crate::error::Result;

/// Objects by kind. What an extension brings belongs to its version, and what PostgreSQL makes by itself beside an object
/// (types of rows and arrays, functions of ranges, triggers of foreign keys, parts of constraints on partitions) to the
/// server's: neither is counted; nor is an index that is not valid or an operator without a function, which `pg_dump` leaves out. What belongs to a table
/// stands behind the table's own number, and a user mapping behind its server's, so that an extension's are left out as well.
const COUNTS: &str = "
    with s as (
        select oid from pg_namespace
        where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and nspname !~ '^pg_(toast_)?temp_'
    ), r as (
        select c.oid, c.relkind from pg_class c where c.relnamespace in (select oid from s) and c.relpersistence <> 't'
    ), held (kind, class, id) as (
        select case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                   when 'S' then 'sequence' when 'c' then 'type' else 'table' end, 'pg_class'::regclass, oid
            from r where relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
        union all select 'index', 'pg_class'::regclass, i.indrelid from pg_index i join r on r.oid = i.indexrelid
            where i.indisvalid or r.relkind = 'I'
        union all select 'column default', 'pg_class'::regclass, d.adrelid from pg_attrdef d join r on r.oid = d.adrelid
        union all select 'constraint', 'pg_class'::regclass, k.conrelid from pg_constraint k join r on r.oid = k.conrelid
            where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0
        union all select 'constraint', 'pg_type'::regclass, k.contypid from pg_constraint k
            where k.contype = 'c' and k.contypid in (select oid from pg_type where typnamespace in (select oid from s))
        union all select 'trigger', 'pg_class'::regclass, g.tgrelid from pg_trigger g join r on r.oid = g.tgrelid
            where not g.tgisinternal and coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
        union all select 'rule', 'pg_class'::regclass, w.ev_class from pg_rewrite w join r on r.oid = w.ev_class
            where w.rulename <> '_RETURN'
        union all select 'policy', 'pg_class'::regclass, p.polrelid from pg_policy p join r on r.oid = p.polrelid
        union all select case prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
                   'pg_proc'::regclass, oid from pg_proc where pronamespace in (select oid from s)
        union all select case typtype when 'd' then 'domain' else 'type' end, 'pg_type'::regclass, oid from pg_type t
            where typnamespace in (select oid from s) and (typtype in ('d', 'e', 'r') or typtype = 'b'
                and not exists (select from pg_type e where e.typarray = t.oid))
        union all select 'schema', 'pg_namespace'::regclass, oid from s
        union all select 'extension', 'pg_extension'::regclass, oid from pg_extension
        union all select 'cast', 'pg_cast'::regclass, oid from pg_cast where oid >= 16384
        union all select 'operator', 'pg_operator'::regclass, oid from pg_operator where oprnamespace in (select oid from s)
            and oprcode <> 0
        union all select 'operator class', 'pg_opclass'::regclass, oid from pg_opclass
            where opcnamespace in (select oid from s)
        union all select 'operator family', 'pg_opfamily'::regclass, oid from pg_opfamily
            where opfnamespace in (select oid from s)
        union all select 'access method', 'pg_am'::regclass, oid from pg_am where oid >= 16384
        union all select 'procedural language', 'pg_language'::regclass, oid from pg_language
            where lanispl and oid >= 16384
        union all select 'transform', 'pg_transform'::regclass, oid from pg_transform where oid >= 16384
        union all select 'user mapping', 'pg_foreign_server'::regclass, srvid from pg_user_mappings
        union all select 'text search parser', 'pg_ts_parser'::regclass, oid from pg_ts_parser
            where prsnamespace in (select oid from s)
        union all select 'text search template', 'pg_ts_template'::regclass, oid from pg_ts_template
            where tmplnamespace in (select oid from s)
        union all select 'collation', 'pg_collation'::regclass, oid from pg_collation
            where collnamespace in (select oid from s)
        union all select 'conversion', 'pg_conversion'::regclass, oid from pg_conversion
            where connamespace in (select oid from s)
        union all select 'text search configuration', 'pg_ts_config'::regclass, oid from pg_ts_config
            where cfgnamespace in (select oid from s)
        union all select 'text search dictionary', 'pg_ts_dict'::regclass, oid from pg_ts_dict
            where dictnamespace in (select oid from s)
        union all select 'statistics', 'pg_statistic_ext'::regclass, oid from pg_statistic_ext
            where stxnamespace in (select oid from s)
        union all select 'event trigger', 'pg_event_trigger'::regclass, oid from pg_event_trigger
        union all select 'publication', 'pg_publication'::regclass, oid from pg_publication
        union all select 'foreign-data wrapper', 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
        union all select 'server', 'pg_foreign_server'::regclass, oid from pg_foreign_server
    )
    select kind, count(*) from held h
    where not exists (select from pg_depend d where d.classid = h.class and d.objid = h.id and (d.deptype = 'e'
        or d.deptype = 'i' and h.class in ('pg_proc'::regclass, 'pg_cast'::regclass)))
    group by kind";

const DOING: &str = "could not count the objects";

/// The kind that only a superuser sees whole and that `pg_dump` writes for nobody else: elsewhere it has no number.
pub const SUBSCRIPTION: &str = "subscription";

const SUPERUSER: &str = "select rolsuper from pg_roles where rolname = current_user";

const SUBSCRIPTIONS: &str = "
    select count(*) from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()";

/// Counts them; none where the server does not tell.
pub(super) async fn look(client: &Client) -> Result<Option<BTreeMap<String, u64>>> {
    match client.query(COUNTS, &[]).await {
        Ok(rows) => {
            let count =
                |row: &tokio_postgres::Row| (row.get(0), row.get::<_, i64>(1).unsigned_abs());
            let mut counts: BTreeMap<_, _> = rows.iter().map(count).collect();
            let subscriptions = subscriptions(client).await;
            let subscriptions = subscriptions.map_err(|error| stopped(DOING, &error))?;
            counts.extend(subscriptions.map(|number| (SUBSCRIPTION.to_owned(), number)));
            Ok(Some(counts))
        }
        Err(error) if stops(&error) => Err(stopped(DOING, &error)),
        Err(_) => Ok(None),
    }
}

/// Whoever is no superuser does not ask: a refusal would end the snapshot that a source is read in.
async fn subscriptions(client: &Client) -> std::result::Result<Option<u64>, tokio_postgres::Error> {
    if !client.query_one(SUPERUSER, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let count: i64 = client.query_one(SUBSCRIPTIONS, &[]).await?.get(0);
    Ok(Some(count.unsigned_abs()))
}
