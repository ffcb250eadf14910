//! The settings under which PostgreSQL writes rows as `pg_dump` does.

use tokio_postgres::Client;

use crate::error::{Error, Result, after, sentence, whole};

/// What `pg_dump` sets, and what it leaves to the server and we undo elsewhere: instants are compared in UTC.
const SETTINGS: &str = "set default_transaction_read_only = on; set statement_timeout = 0; set lock_timeout = 0; \
    set idle_in_transaction_session_timeout = 0; set datestyle = 'ISO'; set intervalstyle = 'postgres'; \
    set extra_float_digits = 3; set timezone = 'UTC'; set bytea_output = 'hex'; set row_security = off; \
    set quote_all_identifiers = off; set search_path = ''";

/// Pins the settings on a connection.
pub(super) async fn pin(client: &Client) -> Result<()> {
    let set = client.batch_execute(SETTINGS).await;
    set.map_err(|error| stopped("could not prepare the comparison with the dump", &error))
}

/// The server's major.
pub(super) async fn major(client: &Client) -> Result<u32> {
    let sql = "select current_setting('server_version_num')::int / 10000";
    let major = client.query_one(sql, &[]).await;
    let major = major.map_err(|error| stopped("could not ask for the server's version", &error))?;
    Ok(major.get::<_, i32>(0).unsigned_abs())
}

/// Why the run cannot go on.
pub(super) fn stopped(doing: &str, error: &tokio_postgres::Error) -> Error {
    let cause = match error.as_db_error() {
        // Only its class: its words may quote a row.
        Some(answer) => format!(
            "The server answered with SQLSTATE {}.",
            answer.code().code()
        ),
        None => sentence(&whole(error)),
    };
    let state = error.code().map(tokio_postgres::error::SqlState::code);
    Error::new(doing, after(state)).because(cause)
}

/// Whether an error is the machine's trouble rather than the statement's: no answer at all, no resources, shut down,
/// damaged storage.
pub(super) fn stops(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none_or(|answer| {
        let code = answer.code().code();
        ["53", "57P", "58", "XX001", "XX002"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}

/// A name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
