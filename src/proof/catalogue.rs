//! What the restored database's catalogue holds, under the names that a dump's table of contents gives to things.

use std::collections::HashMap;

use tokio_postgres::{Client, Row};

use super::session::{quoted, stopped, stops};
use crate::error::Result;

/// How many sequences are asked in one statement.
const AT_ONCE: usize = 200;

/// What is known of an object that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thing {
    /// Who owns it, where it has an owner of its own.
    pub(super) owner: Option<String>,
    /// Whether it is as it should be: validated, valid, populated.
    pub(super) good: bool,
}

/// The value of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceValue {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The value that it gave last, or will give next.
    pub value: i64,
    /// Whether that value was given.
    pub called: bool,
}

/// Everything that exists.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    /// The server's major.
    pub(super) major: u32,
    /// By kind, schema (empty for none) and name.
    pub(super) things: HashMap<(String, String, String), Thing>,
    /// The values of all sequences.
    pub(super) sequences: Vec<SequenceValue>,
}

/// Objects that every supported server knows. Names are those that `pg_dump` writes: functions with the types of their
/// arguments, what belongs to a table behind its name.
const OBJECTS: &str = "
    with r as (
        select c.*, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relpersistence <> 't'
    )
    select 'SCHEMA', '', nspname::text, pg_get_userbyid(nspowner)::text, true from pg_namespace
    union all
    select case relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'f' then 'FOREIGN TABLE'
             when 'S' then 'SEQUENCE' when 'c' then 'TYPE' else 'TABLE' end,
           nspname, relname, pg_get_userbyid(relowner), true from r where relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    union all
    select 'INDEX', r.nspname, r.relname, null, i.indisvalid or r.relkind = 'I'
        from r join pg_index i on i.indexrelid = r.oid
    union all
    select 'MATERIALIZED VIEW DATA', nspname, relname, null, relispopulated from r where relkind = 'm'
    union all
    select case when relkind in ('i', 'I') then 'INDEX ATTACH' else 'TABLE ATTACH' end, nspname, relname, null, true
        from r where relispartition
    union all
    select 'ROW SECURITY', nspname, relname, null, true from r where relrowsecurity
    union all
    select 'SEQUENCE OWNED BY', nspname, relname, null, true from r
        where relkind = 'S' and exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = r.oid
                                        and d.deptype in ('a', 'i') and d.refobjsubid > 0)
    union all
    select 'DEFAULT', nspname, relname || ' ' || a.attname, null, true
        from r join pg_attrdef f on f.adrelid = r.oid join pg_attribute a on a.attrelid = r.oid and a.attnum = f.adnum
    union all
    select 'CONSTRAINT', nspname, relname || ' ' || conname, null, k.convalidated
        from r join pg_constraint k on k.conrelid = r.oid
    union all
    select 'CONSTRAINT', n.nspname, t.typname || ' ' || k.conname, null, k.convalidated
        from pg_constraint k join pg_type t on t.oid = k.contypid join pg_namespace n on n.oid = t.typnamespace
    union all
    select 'TRIGGER', nspname, relname || ' ' || tgname, null, true
        from r join pg_trigger g on g.tgrelid = r.oid
        -- Before 15 a partition's copy of a trigger counts as internal.
        where not tgisinternal or tgparentid <> 0
    union all
    select 'RULE', nspname, relname || ' ' || rulename, null, true from r join pg_rewrite w on w.ev_class = r.oid
    union all
    select 'POLICY', nspname, relname || ' ' || polname, null, true from r join pg_policy p on p.polrelid = r.oid
    union all
    select k.kind, n.nspname, t.typname, pg_get_userbyid(t.typowner), true
        from pg_type t join pg_namespace n on n.oid = t.typnamespace
        cross join lateral (select case t.typtype when 'd' then 'DOMAIN' else 'TYPE' end as kind
                            union all select 'SHELL TYPE' where t.typtype in ('b', 'p')) k
        where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and t.typtype <> 'c'
    union all
    select 'EXTENSION', '', extname, null, true from pg_extension
    union all
    select 'PROCEDURAL LANGUAGE', '', lanname, null, true from pg_language
    union all
    select 'OPERATOR', n.nspname, o.oprname, null, true
        from pg_operator o join pg_namespace n on n.oid = o.oprnamespace where n.nspname <> 'pg_catalog'
    union all
    select 'OPERATOR CLASS', n.nspname, o.opcname, null, true
        from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace where n.nspname <> 'pg_catalog'
    union all
    select 'OPERATOR FAMILY', n.nspname, o.opfname, null, true
        from pg_opfamily o join pg_namespace n on n.oid = o.opfnamespace where n.nspname <> 'pg_catalog'
    union all
    select 'COLLATION', n.nspname, o.collname, null, true
        from pg_collation o join pg_namespace n on n.oid = o.collnamespace where n.nspname <> 'pg_catalog'
    union all
    select 'CONVERSION', n.nspname, o.conname, null, true
        from pg_conversion o join pg_namespace n on n.oid = o.connamespace where n.nspname <> 'pg_catalog'
    union all
    select 'TEXT SEARCH PARSER', n.nspname, o.prsname, null, true
        from pg_ts_parser o join pg_namespace n on n.oid = o.prsnamespace
    union all
    select 'TEXT SEARCH DICTIONARY', n.nspname, o.dictname, null, true
        from pg_ts_dict o join pg_namespace n on n.oid = o.dictnamespace
    union all
    select 'TEXT SEARCH TEMPLATE', n.nspname, o.tmplname, null, true
        from pg_ts_template o join pg_namespace n on n.oid = o.tmplnamespace
    union all
    select 'TEXT SEARCH CONFIGURATION', n.nspname, o.cfgname, null, true
        from pg_ts_config o join pg_namespace n on n.oid = o.cfgnamespace
    union all
    select 'STATISTICS', n.nspname, o.stxname, null, true
        from pg_statistic_ext o join pg_namespace n on n.oid = o.stxnamespace
    union all
    select 'EVENT TRIGGER', '', evtname, null, true from pg_event_trigger
    union all
    select 'PUBLICATION', '', pubname, null, true from pg_publication
    union all
    select 'PUBLICATION TABLE', r.nspname, p.pubname || ' ' || r.relname, null, true
        from pg_publication_rel l join pg_publication p on p.oid = l.prpubid join r on r.oid = l.prrelid
    union all
    select 'FOREIGN DATA WRAPPER', '', fdwname, null, true from pg_foreign_data_wrapper
    union all
    select 'SERVER', '', srvname, null, true from pg_foreign_server
    union all
    select 'USER MAPPING', '', 'USER MAPPING ' || usename || ' SERVER ' || srvname, null, true from pg_user_mappings
    union all
    select 'ACCESS METHOD', '', amname, null, true from pg_am
";

/// Objects whose names tell types, which `pg_dump --quote-all-identifiers` quotes.
const TYPED: &str = "
    select case p.prokind when 'p' then 'PROCEDURE' when 'a' then 'AGGREGATE' else 'FUNCTION' end, n.nspname,
           p.proname || '(' || coalesce((select string_agg(format_type(u.t, null), ', ' order by u.o)
               from unnest(p.proargtypes::oid[]) with ordinality u (t, o)),
               case p.prokind when 'a' then '*' else '' end) || ')',
           pg_get_userbyid(p.proowner), true
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname not in ('pg_catalog', 'information_schema')
    union all
    select 'CAST', '', 'CAST (' || format_type(castsource, null) || ' AS ' || format_type(casttarget, null) || ')', null, true
        from pg_cast
    union all
    select 'TRANSFORM', '', replace('TRANSFORM FOR ' || format_type(o.trftype, null) || ' LANGUAGE ' || l.lanname, chr(34), ''), null, true
        from pg_transform o join pg_language l on l.oid = o.trflang";

/// Objects that not every server knows, or that not everybody may look at.
const PERHAPS: [&str; 2] = [
    "select 'SUBSCRIPTION', '', subname::text, null::text, true from pg_subscription",
    "select 'PUBLICATION TABLES IN SCHEMA', '', p.pubname || ' ' || s.nspname, null::text, true
     from pg_publication_namespace l join pg_publication p on p.oid = l.pnpubid join pg_namespace s on s.oid = l.pnnspid",
];

const DOING: &str = "could not look at what was restored";

/// Looks at everything, on a server of this major.
pub(super) async fn look(client: &Client, major: u32) -> Result<Catalogue> {
    let stop = |error| stopped(DOING, &error);
    let mut catalogue = Catalogue {
        major,
        ..Catalogue::default()
    };
    for row in client.query(OBJECTS, &[]).await.map_err(stop)? {
        catalogue.add(&row);
    }
    for quote in ["off", "on"] {
        let quote = format!("set quote_all_identifiers = {quote}");
        client.batch_execute(&quote).await.map_err(stop)?;
        for row in client.query(TYPED, &[]).await.map_err(stop)? {
            catalogue.add(&row);
        }
    }
    let reset = "reset quote_all_identifiers";
    client.batch_execute(reset).await.map_err(stop)?;
    for sql in PERHAPS {
        match client.query(sql, &[]).await {
            Ok(rows) => rows.iter().for_each(|row| catalogue.add(row)),
            Err(error) if stops(&error) => return Err(stop(error)),
            Err(_) => {}
        }
    }
    let names = catalogue
        .things
        .keys()
        .filter(|(kind, ..)| kind == "SEQUENCE");
    let names: Vec<_> = names
        .map(|(_, schema, name)| (schema.clone(), name.clone()))
        .collect();
    catalogue.sequences = values(client, &names).await?;
    Ok(catalogue)
}

impl Catalogue {
    fn add(&mut self, row: &Row) {
        let thing = Thing {
            owner: row.get(3),
            good: row.get(4),
        };
        let (kind, schema, name): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        // A script names functions with more than their types: it is compared by the bare name.
        if let Some((bare, _)) = name.split_once('(').filter(|_| thing.owner.is_some()) {
            let key = (format!("{kind} NAMED"), schema.clone(), bare.to_owned());
            let named = self.things.entry(key).or_insert_with(|| thing.clone());
            // Several of one name need not belong to the same.
            named.owner = named
                .owner
                .take()
                .filter(|owner| Some(owner) == thing.owner.as_ref());
        }
        self.things.insert((kind, schema, name), thing);
    }
}

/// Reads the values of sequences; those that may not be read are left out.
pub(crate) async fn values(
    client: &Client,
    names: &[(String, String)],
) -> Result<Vec<SequenceValue>> {
    let mut found = Vec::with_capacity(names.len());
    for names in names.chunks(AT_ONCE) {
        let one = |(number, (schema, name)): (usize, &(String, String))| {
            let from = format!("{}.{}", quoted(schema), quoted(name));
            format!("select {number}, last_value, is_called from {from}")
        };
        let sql: Vec<_> = names.iter().enumerate().map(one).collect();
        let rows = match client.query(&sql.join(" union all "), &[]).await {
            Ok(rows) => rows,
            Err(error) if stops(&error) => {
                return Err(stopped("could not read the sequences", &error));
            }
            Err(_) => continue,
        };
        for row in rows {
            let number: i32 = row.get(0);
            if let Some((schema, name)) = usize::try_from(number).ok().and_then(|at| names.get(at))
            {
                found.push(SequenceValue {
                    schema: schema.clone(),
                    name: name.clone(),
                    value: row.get(1),
                    called: row.get(2),
                });
            }
        }
    }
    found.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
    Ok(found)
}
