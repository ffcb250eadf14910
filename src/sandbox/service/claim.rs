//! By what a database and a role are known as ours: their names, their comments, and the lock of the run.

use tokio_postgres::Client;

use crate::{
    error::{Error, Result},
    sandbox::connection::{quote_name, quote_text, refused},
};

/// What the name of every database of ours begins with.
const PREFIX: &str = "pgdrill_";

/// Takes the lock that says that the run lives.
pub(super) async fn hold(client: &Client, run: &str) -> Result<()> {
    let taken = client
        .query_one(
            "SELECT pg_catalog.pg_try_advisory_lock($1)",
            &[&lock_key(run)],
        )
        .await
        .map_err(|error| refused("could not take the run's lock in the service", &error))?;
    if taken.get(0) {
        return Ok(());
    }
    Err(Error::new(
        format!("another run is called \"{run}\" in this service"),
        "Run again: every run has a name of its own.",
    ))
}

/// The run's lock in the server: FNV-1a of its name.
pub(super) fn lock_key(run: &str) -> i64 {
    let hash = run
        .to_ascii_lowercase()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    hash.cast_signed()
}

/// The database of a run.
pub(super) fn database_name(run: &str) -> String {
    format!("{PREFIX}{}", run.to_ascii_lowercase())
}

/// The comment by which a database or a role is known as ours.
pub(in crate::sandbox) fn mark(run: &str, kept: bool) -> String {
    let word = if kept { "pgdrill kept" } else { "pgdrill" };
    format!("{word} {run}")
}

/// Says in the database itself what it is.
pub(super) async fn comment(client: &Client, database: &str, text: &str) -> Result<()> {
    let sql = format!(
        "COMMENT ON DATABASE {} IS {}",
        quote_name(database),
        quote_text(text)
    );
    client.batch_execute(&sql).await.map_err(|error| {
        refused(
            format!("could not mark the database \"{database}\""),
            &error,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_lock_is_its_own_whatever_the_case() {
        assert_eq!(lock_key("01JDX"), lock_key("01jdx"));
        assert_ne!(lock_key("01JDX"), lock_key("01JDY"));
    }
}
