//! The role that asks: it reads everything and changes nothing. The sandbox is the wall; this role is the lock.

use tokio_postgres::Client;

use super::{Reader, faults, names, session};
use crate::{
    error::{self, Error},
    units::{Secret, hex},
};

const REFUSED: &str = "could not make a role that reads everything";

const HINT: &str =
    "Give pgdrill a superuser of a throwaway server, or use another `sandbox.provider`.";

/// How long the role waits for one statement where nothing else is said.
const STATEMENT_TIMEOUT: &str = "30min";

/// How much a statement of the role may write to temporary files.
pub(super) const TEMP_FILES: &str = "10GB";

/// PostgreSQL 14 brought `pg_read_all_data`.
const WITH_READ_ALL_DATA: i32 = 140_000;

/// Until then only a superuser makes a role that row security does not bind.
const BYPASSED_BY_OTHERS: i32 = 160_000;

/// Whether there is any use in asking this administrator for the role that asks.
///
/// # Errors
/// When the server is sure to refuse.
pub async fn may_create_reader(administrator: &Client) -> error::Result<()> {
    let sql = "select current_setting('server_version_num')::int4, rolsuper
               from pg_catalog.pg_roles where rolname = current_user";
    let facts = administrator
        .query_one(sql, &[])
        .await
        .map_err(|error| faults::stopped(REFUSED, &error))?;
    if facts.get::<_, bool>(1) || facts.get::<_, i32>(0) >= BYPASSED_BY_OTHERS {
        return Ok(());
    }
    Err(Error::new(REFUSED, HINT)
        .because("Before PostgreSQL 16 only a superuser makes such a role."))
}

/// Makes the role that asks: it logs in with a random password, reads every table in spite of row security, and has
/// no right to change anything.
///
/// # Errors
/// When the server refuses, such as a managed one whose administrator is no superuser.
pub async fn create_reader(superuser: &Client, run: &str) -> error::Result<Reader> {
    let reader = Reader {
        role: role_name(run),
        password: password()?,
    };
    let made = make(superuser, &reader).await;
    if made.is_err() {
        // The error that brought us here matters more than whether this works.
        let _ = superuser.batch_execute("rollback").await;
    }
    made.map_err(|error| {
        let cause = error.as_db_error().map_or_else(
            || error.to_string(),
            |answer| format!("{} (SQLSTATE {})", answer.message(), answer.code().code()),
        );
        Error::new(REFUSED, HINT).because(error::sentence(&names::shown(&cause)))
    })?;
    Ok(reader)
}

/// Removes the role that asks, for a server that outlives the run; its connections must be closed.
///
/// # Errors
/// When the server refuses.
pub async fn drop_reader(superuser: &Client, reader: &Reader) -> error::Result<()> {
    let role = names::identifier(&reader.role);
    superuser
        .batch_execute(&format!("drop owned by {role}; drop role {role}"))
        .await
        .map_err(|error| {
            let doing = format!("could not remove the role \"{}\"", reader.role);
            faults::stopped(&doing, &error)
        })
}

/// `pgdrill_check_` and what tells this run from others, within PostgreSQL's 63 bytes.
fn role_name(run: &str) -> String {
    let letters: String = (run.chars().rev())
        .filter(char::is_ascii_alphanumeric)
        .take(26)
        .collect();
    let suffix: String = letters.chars().rev().collect();
    format!("pgdrill_check_{}", suffix.to_ascii_lowercase())
}

fn password() -> error::Result<Secret> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| {
        Error::new(
            "could not get random bytes for a password",
            "Check the system's random source.",
        )
        .because(error::sentence(&error.to_string()))
    })?;
    Ok(Secret::new(hex(&random)))
}

async fn make(superuser: &Client, reader: &Reader) -> Result<(), tokio_postgres::Error> {
    // In the restored database a function in another schema may carry a familiar name.
    let begin = "begin; set local search_path = pg_catalog; set local lock_timeout = '10s'";
    superuser.batch_execute(begin).await?;
    let facts =
        "select current_setting('server_version_num')::int4, rolsuper, current_database()::text
                 from pg_roles where rolname = current_user";
    let facts = superuser.query_one(facts, &[]).await?;
    let (version, is_superuser): (i32, bool) = (facts.try_get(0)?, facts.try_get(1)?);
    let database: String = facts.try_get(2)?;
    superuser
        .batch_execute(&role_sql(reader, &database, is_superuser))
        .await?;
    let role = names::identifier(&reader.role);
    if version >= WITH_READ_ALL_DATA {
        let grant = format!("grant pg_read_all_data to {role}");
        superuser.batch_execute(&grant).await?;
    } else {
        grant_one_by_one(superuser, &role).await?;
    }
    superuser.batch_execute("commit").await
}

fn role_sql(reader: &Reader, database: &str, is_superuser: bool) -> String {
    let role = names::identifier(&reader.role);
    let create = format!(
        "create role {role} login password '{}' nosuperuser nocreatedb nocreaterole noreplication inherit bypassrls;
         grant connect on database {} to {role};",
        reader.password.reveal(),
        names::identifier(database)
    );
    let own = [("statement_timeout", STATEMENT_TIMEOUT)];
    // Only a superuser sets this one, so the role cannot lift it.
    let limits = is_superuser.then_some(("temp_file_limit", TEMP_FILES));
    let settings = session::SETTINGS.into_iter().chain(own).chain(limits);
    let settings: Vec<_> = settings
        .map(|(name, value)| format!("alter role {role} set {name} = '{value}';"))
        .collect();
    create + &settings.concat()
}

/// What `pg_read_all_data` gives, for servers that lack it.
async fn grant_one_by_one(superuser: &Client, role: &str) -> Result<(), tokio_postgres::Error> {
    let grants = "
        select format('grant usage on schema %I to ', nspname) from pg_namespace
        where nspname !~ '^pg_(toast|temp)'
        union all
        select format('grant select on %s %I.%I to ', case relkind when 'S' then 'sequence' else 'table' end,
                      nspname, relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relpersistence <> 't'
          and nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'";
    let rows = superuser.query(grants, &[]).await?;
    let mut grants = Vec::new();
    for row in rows {
        let grant: String = row.try_get(0)?;
        grants.push(format!("{grant}{role};"));
    }
    superuser.batch_execute(&grants.concat()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_after_its_run_and_fits() {
        let name = role_name("01JD0000000000000000000ABC");
        assert_eq!(name, "pgdrill_check_01jd0000000000000000000abc");
        assert!(role_name(&"x".repeat(200)).len() <= 63);
        assert_eq!(role_name("a\"; drop"), "pgdrill_check_adrop");
    }

    #[test]
    fn a_password_is_random_and_long() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.reveal().len(), 64);
        assert_ne!(one.reveal(), other.reveal());
    }
}
