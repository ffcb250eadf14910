//! Tables that are read while others are still loaded: their rows are proven by the time the restore ends.
//!
//! What was read counts only when nothing wrote to the table since: the server's own counters of it are the same, and so
//! is the file that it lies in. Else the table is read once more, as all others are.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio_postgres::Client;

use super::{session::pin, tables};
use crate::{dump::Target, rows::Rows};

/// What changes when somebody writes to a table. Before 15 the counters reached the server by messages that could be late
/// or lost.
const STAMP: &str = "
    select concat_ws(' ', c.oid, pg_relation_filenode(c.oid), pg_stat_get_tuples_inserted(c.oid),
                     pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)),
           pg_stat_get_tuples_inserted(c.oid)
    from pg_class c
    where c.oid = to_regclass($1) and c.relkind = 'r'
      and current_setting('server_version_num')::int >= 150000 and current_setting('track_counts')::bool";

/// Who else is connected: a session tells its counters before it leaves.
const OTHERS: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> all($1)";

/// How often it is looked, and how many times: a session that ended is gone some milliseconds later.
const PAUSE: Duration = Duration::from_millis(10);
const LOOKS: usize = 200;

/// What was read, by the statement that read it.
#[derive(Debug, Default)]
pub struct Ahead(Mutex<HashMap<String, Read>>);

#[derive(Clone, Debug)]
struct Read {
    target: Target,
    rows: Rows,
    stamp: String,
}

impl Ahead {
    /// Reads a table that was loaded, on a connection of its own. Nothing is kept of one that cannot be read: that is found
    /// out when all is compared.
    pub async fn read(&self, client: Client, target: &Target, encoding: Option<&str>) {
        if let Some((sql, read)) = read(client, target, encoding).await {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(sql, read);
        }
    }

    /// The rows of those that nothing wrote to since, by the statement that read them. Nobody but these connections may use
    /// the database any more.
    pub(super) async fn unchanged(self, clients: &[Client]) -> HashMap<String, Rows> {
        let mut all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(client) = clients.first().filter(|_| !all.is_empty()) else {
            return HashMap::new();
        };
        if !alone(clients).await {
            return HashMap::new();
        }
        for (sql, read) in std::mem::take(&mut all) {
            let now = stamp(client, &read.target).await;
            if now.is_some_and(|(stamp, _)| stamp == read.stamp) {
                all.insert(sql, read);
            }
        }
        tracing::debug!(tables = all.len(), "were read ahead");
        all.into_iter()
            .map(|(sql, read)| (sql, read.rows))
            .collect()
    }
}

async fn read(client: Client, target: &Target, encoding: Option<&str>) -> Option<(String, Read)> {
    pin(std::slice::from_ref(&client)).await.ok()?;
    let before = loaded(&client, target).await?;
    let sql = tables::copy_sql(target, false, encoding);
    let rows = tables::read(&client, &sql).await.ok()?;
    let (stamp, _) = stamp(&client, target).await?;
    let read = Read {
        target: target.clone(),
        rows,
        stamp,
    };
    (read.stamp == before).then_some((sql, read))
}

/// The stamp of a table once the session that loaded it has told how many rows these were.
async fn loaded(client: &Client, target: &Target) -> Option<String> {
    for _ in 0..LOOKS {
        let (stamp, inserted) = stamp(client, target).await?;
        if inserted > 0 {
            return Some(stamp);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

async fn stamp(client: &Client, target: &Target) -> Option<(String, i64)> {
    let row = client
        .query_opt(STAMP, &[&tables::name(target)])
        .await
        .ok()??;
    Some((row.get(0), row.get(1)))
}

/// Whether everybody else has left.
async fn alone(clients: &[Client]) -> bool {
    let mut ours: Vec<i32> = Vec::new();
    for client in clients {
        match client.query_one("select pg_backend_pid()", &[]).await {
            Ok(row) => ours.push(row.get(0)),
            Err(_) => return false,
        }
    }
    for _ in 0..LOOKS {
        let others = clients[0].query_one(OTHERS, &[&ours]).await;
        match others.map(|row| row.get::<_, i64>(0)) {
            Ok(0) => return true,
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(_) => return false,
        }
    }
    false
}
