//! The read-only transaction that every question is asked in.

use std::time::Duration;

use tokio_postgres::{Client, Error, Transaction};

use super::names::{PUBLIC, identifier};

/// How long a look at the catalog may take: it holds no user data, so this is generous.
pub(super) const CATALOG_TIMEOUT: Duration = Duration::from_mins(5);

/// What makes the same value print the same way everywhere, and what ends a statement that waits.
pub(super) const SETTINGS: [(&str, &str); 11] = [
    ("default_transaction_read_only", "on"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "10min"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("standard_conforming_strings", "on"),
    // A role that row security would hide rows from gets an error, never a smaller count.
    ("row_security", "off"),
    ("client_encoding", "UTF8"),
];

/// Begins a read-only transaction with pinned settings; it must be rolled back.
pub(super) async fn begin<'a>(
    client: &'a mut Client,
    schema: &str,
    timeout: Duration,
) -> Result<Transaction<'a>, Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    transaction
        .batch_execute(&settings_sql(schema, timeout))
        .await?;
    Ok(transaction)
}

/// Settings of a session that looks at the catalogue and then runs what the restored database has functions for: those are
/// found in its schemas, and nothing there is taken for PostgreSQL's own.
pub(super) fn steady(schema: &str, timeout: Duration) -> String {
    format!(
        "set statement_timeout = {}; set lock_timeout = '10s'; set search_path = pg_catalog, {}, {PUBLIC}",
        milliseconds(timeout),
        identifier(schema)
    )
}

fn settings_sql(schema: &str, timeout: Duration) -> String {
    let pinned: Vec<_> = SETTINGS
        .iter()
        .map(|(name, value)| format!("set local {name} = '{value}';"))
        .collect();
    let public = if schema == PUBLIC { "" } else { ", public" };
    format!(
        "{} set local statement_timeout = {}; set local search_path = {}{public}",
        pinned.concat(),
        milliseconds(timeout),
        identifier(schema)
    )
}

/// A timeout as PostgreSQL takes it; zero would mean none at all.
fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_millis().clamp(1, 2_147_483_647)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_switched_off() {
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert_eq!(milliseconds(Duration::MAX), 2_147_483_647);
        let sql = settings_sql("a\"b", Duration::from_secs(30));
        assert!(sql.contains("statement_timeout = 30000;"), "{sql}");
        assert!(sql.ends_with("search_path = \"a\"\"b\", public"), "{sql}");
    }
}
