//! What must be in the sandbox before the first byte of a dump: its database, its roles, its extensions.

use std::collections::HashSet;

use super::extensions;
use crate::{
    dump::{Contents, Format},
    error::{Error, OrStop, Result},
    plan::{Collation, Provider},
    sandbox::{DatabaseOptions, Sandbox},
};

/// What was made before the first byte of a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Sentences for the report.
    pub notes: Vec<String>,
    /// Roles that the server refused to make.
    pub refused: Vec<String>,
    /// Whether we have a superuser's rights.
    pub superuser: bool,
    /// The collation of the database, where it sorts by another of the same order until it is loaded.
    pub collation: Option<String>,
}

/// Makes the database and the roles that the dump names, and stops when an extension is missing.
///
/// # Errors
/// When the server refuses, or lacks an extension.
pub async fn prepare(
    sandbox: &Sandbox,
    contents: &Contents,
    collation: Collation,
) -> Result<Prepared> {
    refuse_cluster_in_service(sandbox, contents)?;
    refuse_foreign_rows(sandbox, foreign_rows(contents))?;
    let options = options(contents, collation);
    let mut notes = sandbox.create_database(&options).await?;
    let own = sandbox.take_collation().await?;
    let server = sandbox.superuser(sandbox.database()).await?;
    extensions::require(&server, &contents.extensions, contents.major()).await?;
    let stubs = sandbox.create_role_stubs(&contents.roles).await?;
    if !stubs.refused.is_empty() {
        notes.push(format!(
            "The server refused to make the roles \"{}\": what they own or are granted is not proven.",
            stubs.refused.join("\", \"")
        ));
    }
    promote(&server, &superusers(contents, &stubs.made)).await;
    if contents.creates_public {
        drop_public(&server).await?;
    }
    Ok(Prepared {
        notes,
        refused: stubs.refused,
        superuser: is_superuser(&server).await?,
        collation: own,
    })
}

async fn is_superuser(server: &tokio_postgres::Client) -> Result<bool> {
    let sql = "select rolsuper from pg_catalog.pg_roles where rolname = current_user";
    let doing = || "could not see what the server lets us do".to_owned();
    let row = server
        .query_one(sql, &[])
        .await
        .or_stop(doing, "Run again.")?;
    Ok(row.get(0))
}

/// Removes the schema that a new database has and that the dump makes itself.
///
/// # Errors
/// When the server refuses.
pub(super) async fn drop_public(server: &tokio_postgres::Client) -> Result<()> {
    server
        .batch_execute("drop schema if exists public restrict")
        .await
        .or_stop(
            || "could not make room for the dump's own schema \"public\"".to_owned(),
            "Run again with `--keep` and look at the sandbox.",
        )
}

/// Roles that only a superuser's place will do for: PostgreSQL gives event triggers and foreign-data wrappers to nobody
/// else.
fn superusers<'a>(contents: &'a Contents, made: &'a [String]) -> Vec<&'a String> {
    let needed = |role: &&String| {
        role.as_str() == "postgres"
            || contents.toc.iter().any(|entry| {
                entry.owner.as_deref() == Some(role.as_str())
                    && matches!(&*entry.desc, "EVENT TRIGGER" | "FOREIGN DATA WRAPPER")
            })
    };
    made.iter().filter(needed).collect()
}

/// Makes stubs superusers. A server that refuses shows it in the errors of the restore.
async fn promote(server: &tokio_postgres::Client, roles: &[&String]) {
    for role in roles {
        let name = role.replace('"', "\"\"");
        let sql = format!("alter role \"{name}\" superuser");
        if let Err(error) = server.batch_execute(&sql).await {
            tracing::debug!(%error, "a role stays without a superuser's rights");
        }
    }
}

/// Encodings that clients use and no database can have (PostgreSQL 18, "Character Set Support").
const OF_CLIENTS: [&str; 7] = [
    "BIG5",
    "GB18030",
    "GBK",
    "JOHAB",
    "SHIFT_JIS_2004",
    "SJIS",
    "UHC",
];

/// That of the dumped database; where the dump does not name it, the one that the dump itself is written in.
fn encoding(contents: &Contents) -> Option<String> {
    let written = (contents.encoding.clone()).filter(|name| !OF_CLIENTS.contains(&&**name));
    contents.locale.encoding.clone().or(written)
}

fn options(contents: &Contents, collation: Collation) -> DatabaseOptions {
    let (encoding, locale) = (encoding(contents), &contents.locale);
    match collation {
        Collation::Dump => DatabaseOptions {
            encoding,
            collate: locale.collate.clone(),
            ctype: locale.ctype.clone(),
            provider: locale.provider.clone(),
            locale: locale.locale.clone(),
        },
        // What is a letter, and its other case, stay as they were.
        Collation::C => DatabaseOptions {
            encoding,
            collate: Some("C".to_owned()),
            ctype: locale.ctype.clone(),
            ..DatabaseOptions::default()
        },
    }
}

/// A whole cluster's dump makes roles and databases of its own: a shared server must not get them.
fn refuse_cluster_in_service(sandbox: &Sandbox, contents: &Contents) -> Result<()> {
    if contents.format != Format::PlainAll || sandbox.provider() != Provider::Service {
        return Ok(());
    }
    Err(makes_databases())
}

/// Why no sandbox takes such a dump: what is restored there would be outside of it, and stay.
pub(super) fn makes_tablespaces() -> Error {
    Error::new(
        "the script makes a tablespace in a folder outside the sandbox",
        "Write it with `pg_dumpall --no-tablespaces`: everything is restored without them, too.",
    )
}

/// A restore would write the rows of this table into another server, unless nothing outside can be reached.
pub(super) fn refuse_foreign_rows(sandbox: &Sandbox, table: Option<&str>) -> Result<()> {
    match table.filter(|_| sandbox.provider() != Provider::Docker) {
        None => Ok(()),
        Some(table) => Err(Error::new(
            format!(
                "the dump holds rows of the foreign table \"{table}\", which belong to another server"
            ),
            "Use the provider `docker`, which reaches no other server, or dump without `--include-foreign-data`.",
        )),
    }
}

/// A foreign table that an archive holds rows of.
fn foreign_rows(contents: &Contents) -> Option<&str> {
    let entries = || contents.toc.iter();
    let foreign = entries().filter(|entry| &*entry.desc == "FOREIGN TABLE");
    let foreign: HashSet<i32> = foreign.map(|entry| entry.id).collect();
    let mut rows = entries().filter(|entry| entry.is_table_data());
    let found = rows.find(|entry| entry.depends.iter().any(|id| foreign.contains(id)));
    found.map(|entry| &*entry.tag)
}

/// Why a service cannot take such a dump: only what it makes for us is dropped afterwards.
pub(super) fn makes_databases() -> Error {
    Error::new(
        "a dump that makes databases of its own cannot be restored into a service",
        "Use the provider `docker` or `local`.",
    )
}

/// Why a service gets no roles of the plan's: they would stay in it, and change those that are there.
pub(super) fn makes_roles() -> Error {
    Error::new(
        "the roles of `restore.globals` cannot be made in a service, which is not ours",
        "Use the provider `docker` or `local`, or leave `restore.globals` out: owners and grantees are made without it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_its_own_encoding_and_not_the_one_that_the_dump_is_written_in() {
        let of = |database: Option<&str>, dump: &str| {
            let mut contents = Contents::empty();
            contents.encoding = Some(dump.to_owned());
            contents.locale.encoding = database.map(str::to_owned);
            encoding(&contents)
        };
        assert_eq!(of(Some("UTF8"), "LATIN1").as_deref(), Some("UTF8"));
        assert_eq!(of(None, "LATIN1").as_deref(), Some("LATIN1"));
        assert_eq!(of(None, "SJIS"), None, "UTF8 is made then");
    }
}
