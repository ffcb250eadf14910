//! Drops a database of ours from somebody's server.

use tokio_postgres::Config;

use super::connect;
use crate::{
    error::Result,
    sandbox::connection::{self, quote_name, refused},
};

/// Drops a database of ours, where it is there.
pub(super) async fn database(config: &Config, database: &str, major: u32) -> Result<()> {
    let client = connect(config).await?;
    let there = client
        .query_opt(
            "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1",
            &[&database],
        )
        .await
        .map_err(|error| refused("could not list the databases", &error))?;
    if there.is_none() {
        return Ok(());
    }
    disable_subscriptions(config, database).await;
    let name = quote_name(database);
    let sql = if major >= 13 {
        format!("DROP DATABASE {name} WITH (FORCE)")
    } else {
        let _ = client
            .execute(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1",
                &[&database],
            )
            .await;
        format!("DROP DATABASE {name}")
    };
    client.batch_execute(&sql).await.map_err(|error| {
        refused(
            format!("could not drop the database \"{database}\" of the service"),
            &error,
        )
    })
}

/// A database with a subscription cannot be dropped, and its slot is at another server that must not be touched.
async fn disable_subscriptions(config: &Config, database: &str) {
    let Ok(client) = connection::try_open(config.clone().dbname(database)).await else {
        return;
    };
    let rows = client
        .query(
            "SELECT subname::text FROM pg_catalog.pg_subscription WHERE subdbid = \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
            &[],
        )
        .await
        .unwrap_or_default();
    for row in rows {
        let name = quote_name(row.get(0));
        for action in [
            format!("ALTER SUBSCRIPTION {name} DISABLE"),
            format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
            format!("DROP SUBSCRIPTION {name}"),
        ] {
            // What cannot be undone here shows when the database is dropped.
            let _ = client.batch_execute(&action).await;
        }
    }
}
