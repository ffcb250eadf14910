//! What the restored database's catalogue says of who may do what, and what is said about its objects.

use std::collections::{HashMap, HashSet};

use tokio_postgres::{Client, Row};

use super::{
    expected::Expected,
    session::{stopped, stops},
};
use crate::{
    dump::{self, Subject},
    error::Result,
};

/// The privileges on one object: to whom and which, and whether they may be passed on.
pub(super) type Rights = HashMap<(String, String), bool>;

/// What is said about one object, each text as its digest; a provider only for a label.
pub(super) type Sayings = HashMap<(Subject, Option<String>), Vec<u128>>;

/// Everything that belongs to objects without being one.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    /// Whether whoever restored was a superuser: nobody else may give every privilege and write every comment.
    pub(super) superuser: bool,
    /// The roles of the server.
    pub(super) roles: HashSet<String>,
    /// Objects that have privileges other than those they were born with.
    pub(super) rights: HashMap<Subject, Rights>,
    /// Routines that share their name with others, by that name: each with its arguments behind it.
    pub(super) overloaded: HashMap<Subject, HashSet<Subject>>,
    /// Comments and labels.
    pub(super) said: Sayings,
}

const ROLES: &str =
    "select rolname::text, rolname = current_user and rolsuper from pg_catalog.pg_roles";

/// Those of the server's own objects are thousands of rows: they are asked only where a dump is about some of them.
const RIGHTS: &str = "
    with held (class, id, sub, acl) as (
        select 'pg_class'::regclass::oid, oid, 0, relacl from pg_class where relacl is not null
        union all select 'pg_class'::regclass, attrelid, attnum::int, attacl from pg_attribute
            where attacl is not null and attnum > 0 and not attisdropped
        union all select 'pg_proc'::regclass, oid, 0, proacl from pg_proc where proacl is not null
        union all select 'pg_namespace'::regclass, oid, 0, nspacl from pg_namespace where nspacl is not null
        union all select 'pg_type'::regclass, oid, 0, typacl from pg_type where typacl is not null
        union all select 'pg_language'::regclass, oid, 0, lanacl from pg_language where lanacl is not null
        union all select 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl from pg_foreign_data_wrapper
            where fdwacl is not null
        union all select 'pg_foreign_server'::regclass, oid, 0, srvacl from pg_foreign_server where srvacl is not null
        union all select 'pg_largeobject'::regclass, oid, 0, lomacl from pg_largeobject_metadata where lomacl is not null
    )
    select i.type, i.identity, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end,
           a.privilege_type, a.is_grantable, case h.class when 'pg_proc'::regclass then ({ARGUMENTS}) end
    from held h cross join lateral pg_identify_object(h.class, h.id, h.sub) i
    left join lateral aclexplode(h.acl) a on true
    where i.identity is not null and (h.id >= 16384 or $1 or h.class not in
        ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass))";

/// The arguments of a routine, as `pg_dump` names them in a GRANT: of an aggregate it writes the types alone.
const ARGUMENTS: &str = "
    select '(' || case p.prokind when 'a' then coalesce((select string_agg(format_type(u.t, null), ', ' order by u.o)
        from unnest(p.proargtypes::oid[]) with ordinality u (t, o)), '')
        else pg_get_function_identity_arguments(p.oid) end || ')' from pg_proc p where p.oid = h.id";

const DEFAULTS: &str = "
    select pg_get_userbyid(d.defaclrole)::text, coalesce(n.nspname, '')::text,
           case d.defaclobjtype when 'r' then 'relation' when 'S' then 'sequence' when 'f' then 'routine'
               when 'T' then 'type' when 'n' then 'schema' else 'large object' end,
           case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end, a.privilege_type, a.is_grantable
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
    left join lateral aclexplode(d.defaclacl) a on true";

const OVERLOADED: &str = "
    select i.type, i.identity, ({ARGUMENTS})
    from (select oid as id, count(*) over (partition by pronamespace, proname) from pg_proc where oid >= 16384 or $1) h
    cross join lateral pg_identify_object('pg_proc'::regclass, h.id, 0) i where h.count > 1";

/// What every server says of its own objects is left out; the extensions, languages and schemas that it is made with are
/// not, and large objects may have any number. Where a database has no encoding a text may be in any, so it comes as its
/// bytes.
const SAID: &str = "
    with e (name) as (select case getdatabaseencoding() when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end)
    select i.type, i.identity, null::text, convert_to(d.description, e.name) from e, pg_description d
    cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where i.identity is not null and (d.objoid >= 16384 or d.classoid in
        ('pg_extension'::regclass, 'pg_namespace'::regclass, 'pg_language'::regclass, 'pg_largeobject'::regclass))
    union all
    select i.type, i.identity, l.provider, convert_to(l.label, e.name) from e, pg_seclabel l
    cross join lateral pg_identify_object(l.classoid, l.objoid, l.objsubid) i where i.identity is not null";

/// Looks at all that a dump may be about; none where the server does not tell.
pub(super) async fn look(client: &Client, expected: &Expected) -> Result<Option<Attributes>> {
    match read(client, expected.is_about_built_in()).await {
        Ok(attributes) => Ok(Some(attributes)),
        Err(error) if stops(&error) => {
            Err(stopped("could not look at privileges and comments", &error))
        }
        Err(_) => Ok(None),
    }
}

async fn read(
    client: &Client,
    built_in: bool,
) -> std::result::Result<Attributes, tokio_postgres::Error> {
    let mut found = Attributes::default();
    for row in client.query(ROLES, &[]).await? {
        found.roles.insert(row.get(0));
        found.superuser |= row.get::<_, bool>(1);
    }
    let with_arguments = |sql: &str| sql.replace("{ARGUMENTS}", ARGUMENTS);
    for row in client.query(&with_arguments(RIGHTS), &[&built_in]).await? {
        if let Some(subject) = identified(&row) {
            if let Some(arguments) = row.get::<_, Option<&str>>(5) {
                let whole = subject.with(&dump::arguments(arguments));
                right(found.rights.entry(whole).or_default(), &row, 2);
            }
            right(found.rights.entry(subject).or_default(), &row, 2);
        }
    }
    for row in client.query(DEFAULTS, &[]).await? {
        let subject = dump::defaults(row.get(0), row.get(1), row.get(2));
        right(found.rights.entry(subject).or_default(), &row, 3);
    }
    let overloaded = with_arguments(OVERLOADED);
    for row in client.query(&overloaded, &[&built_in]).await? {
        if let Some(subject) = identified(&row) {
            let whole = subject.with(&dump::arguments(row.get(2)));
            found.overloaded.entry(subject).or_default().insert(whole);
        }
    }
    for row in client.query(SAID, &[]).await? {
        if let Some(subject) = identified(&row) {
            let words = dump::words_of(&String::from_utf8_lossy(row.get(3)));
            found
                .said
                .entry((subject, row.get(2)))
                .or_default()
                .push(words);
        }
    }
    Ok(found)
}

fn identified(row: &Row) -> Option<Subject> {
    dump::identified(row.get(0), row.get(1))
}

/// Adds the privilege that starts in this column; an object may have none left.
fn right(rights: &mut Rights, row: &Row, at: usize) {
    if let (Some(to), Some(what)) = (row.get(at), row.get(at + 1)) {
        *rights.entry((to, what)).or_default() |= row.get::<_, bool>(at + 2);
    }
}
