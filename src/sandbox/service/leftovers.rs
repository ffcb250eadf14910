//! Databases and roles that killed runs left in the service.

use tokio_postgres::Client;

use super::{about, claim::lock_key, connect, drop, parse};
use crate::{
    error::Result,
    sandbox::{connection::refused, leftovers::Sweep, roles},
    units::Secret,
};

/// Removes databases and roles of ours whose run is over.
pub(in crate::sandbox) async fn clean(url: &Secret, sweep: &Sweep<'_>) -> Result<Vec<String>> {
    let config = parse(Some(url))?;
    let client = connect(&config).await?;
    let major = about::look(&client).await?.major;
    let mut removed = Vec::new();
    for (name, comment) in marked(&client, DATABASES).await? {
        if let Some(run) = over(&client, &comment, sweep).await? {
            drop::database(&config, &name, major).await?;
            removed.push(format!("dropped the database \"{name}\" of run \"{run}\""));
        }
    }
    for (name, comment) in marked(&client, ROLES).await? {
        if let Some(run) = over(&client, &comment, sweep).await? {
            roles::drop(&client, &name).await?;
            removed.push(format!("dropped the role \"{name}\" of run \"{run}\""));
        }
    }
    Ok(removed)
}

/// Ours say so in their comment; one that was killed before it could is known by its name.
const DATABASES: &str = "SELECT datname::text, coalesce(pg_catalog.shobj_description(oid, 'pg_database'), \
    'pgdrill ' || substr(datname, 9)) FROM pg_catalog.pg_database \
    WHERE pg_catalog.shobj_description(oid, 'pg_database') LIKE 'pgdrill %' AND datname LIKE 'pgdrill\\_%' \
    OR pg_catalog.shobj_description(oid, 'pg_database') IS NULL AND datname ~ '^pgdrill_[0-9a-hjkmnp-tv-z]{26}$'";

const ROLES: &str = "SELECT rolname::text, pg_catalog.shobj_description(oid, 'pg_authid') \
    FROM pg_catalog.pg_roles WHERE pg_catalog.shobj_description(oid, 'pg_authid') LIKE 'pgdrill %'";

async fn marked(client: &Client, sql: &str) -> Result<Vec<(String, String)>> {
    let rows = client
        .query(sql, &[])
        .await
        .map_err(|error| refused("could not look for leftovers in the service", &error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The run that a comment names, when it is over and asked for.
async fn over<'a>(client: &Client, comment: &'a str, sweep: &Sweep<'_>) -> Result<Option<&'a str>> {
    let Some((run, kept)) = read_mark(comment) else {
        return Ok(None);
    };
    if !sweep.wants(run, kept) || is_held(client, run).await? {
        return Ok(None);
    }
    Ok(Some(run))
}

/// The run and whether it is kept.
fn read_mark(comment: &str) -> Option<(&str, bool)> {
    let rest = comment.strip_prefix("pgdrill ")?;
    match rest.strip_prefix("kept ") {
        Some(run) => Some((run, true)),
        None => Some((rest, false)),
    }
}

/// Whether somebody holds the run's lock: a lock of this kind belongs to one database, and this sees them all.
async fn is_held(client: &Client, run: &str) -> Result<bool> {
    client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted \
             AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = $1)",
            &[&lock_key(run)],
        )
        .await
        .map(|row| row.get(0))
        .map_err(|error| refused("could not look at the locks of the service", &error))
}

#[cfg(test)]
mod tests {
    use super::{super::mark, *};

    #[test]
    fn marks_are_read_as_they_are_written() {
        assert_eq!(read_mark(&mark("01JD", false)), Some(("01JD", false)));
        assert_eq!(read_mark(&mark("01JD", true)), Some(("01JD", true)));
        assert_eq!(read_mark("the shop"), None);
    }
}
