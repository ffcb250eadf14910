//! Tables that are read while the rest is still restored: their rows are proven by the time the restore ends.
//!
//! What was read counts only when nothing wrote to the table since: the server's own counters of it are the same, and so
//! is the file that it lies in. Else the table is read once more, as all others are.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{
    meter::Reader,
    parts::Reads,
    reading,
    session::{self, pin},
    tables::{self, Heap},
    turns::Turns,
};
use crate::{dump::Target, rows::Rows};

/// What changes when somebody writes to a table, how many rows were written, and where they lie. Before 15 the counters
/// reached the server by messages that could be late or lost.
const STAMP: &str = "
    select concat_ws(' ', c.oid, pg_relation_filenode(c.oid), pg_stat_get_tuples_inserted(c.oid),
                     pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)),
           pg_stat_get_tuples_inserted(c.oid),
           case when (select amname from pg_am m where m.oid = c.relam) = 'heap' then pg_relation_size(c.oid) end,
           current_setting('block_size')::bigint
    from pg_class c
    where c.oid = to_regclass($1) and c.relkind = 'r'
      and current_setting('server_version_num')::int >= 150000 and current_setting('track_counts')::bool";

/// Who else is connected: a session tells its counters before it leaves.
const OTHERS: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> all($1)";

/// How often it is looked, and how many times: a session that ended is gone some milliseconds later.
const PAUSE: Duration = Duration::from_millis(10);
const LOOKS: usize = 200;

/// Who reads, and what was read.
#[derive(Debug, Default)]
pub struct Ahead {
    turns: Turns,
    readers: JoinSet<()>,
    seen: Arc<Mutex<Seen>>,
}

/// What was read, by the statement that read it.
#[derive(Debug, Default)]
struct Seen {
    /// Statements that were begun.
    begun: HashSet<String>,
    read: HashMap<String, Read>,
    /// No statement is begun any more.
    over: bool,
}

#[derive(Debug)]
struct Read {
    target: Target,
    rows: Rows,
    stamp: String,
}

impl Ahead {
    /// Reads a table that was loaded, on a connection of its own, when it may. Nothing is kept of one that cannot be read:
    /// that is found out when all is compared. Must be called inside a Tokio runtime.
    pub fn begin(&mut self, client: Reader, target: Target, encoding: Option<String>) {
        let (turns, seen) = (self.turns.clone(), Arc::clone(&self.seen));
        self.readers.spawn(async move {
            // What could not be read is read with all others.
            let _: Option<()> = read(&client, &target, encoding.as_deref(), &turns, &seen).await;
        });
    }

    /// How many tables are being read, or wait until they may be.
    pub fn reading(&mut self) -> usize {
        while self.readers.try_join_next().is_some() {}
        self.readers.len()
    }

    /// How many may be read at the same time from now on; none at first.
    pub fn allow(&self, count: usize) {
        self.turns.allow(count);
    }

    /// Begins nothing new, and lets what was begun come to its end.
    pub(super) fn last(&self) {
        locked(&self.seen).over = true;
        self.turns.allow(usize::MAX);
    }

    /// Waits for what was begun.
    pub(super) async fn end(&mut self) {
        while self.readers.join_next().await.is_some() {}
    }

    /// Whether this statement was begun, so that nobody else needs to ask it now.
    pub(super) fn covers(&self, sql: &str) -> bool {
        locked(&self.seen).begun.contains(sql)
    }

    /// The rows of those that nothing wrote to since, by the statement that read them. Nobody but these connections may use
    /// the database any more.
    pub(super) async fn unchanged(self, clients: &[Arc<Reader>]) -> HashMap<String, Rows> {
        let mut all = std::mem::take(&mut locked(&self.seen).read);
        let Some(client) = clients.first().filter(|_| !all.is_empty()) else {
            return HashMap::new();
        };
        if !alone(clients).await {
            return HashMap::new();
        }
        let mut stamps = HashMap::new();
        for read in all.values() {
            if !stamps.contains_key(&read.target) {
                let now = stamp(client, &read.target).await;
                stamps.insert(read.target.clone(), now.map(|now| now.text));
            }
        }
        all.retain(|_, read| {
            let now = stamps.get(&read.target).and_then(Option::as_ref);
            now == Some(&read.stamp)
        });
        tracing::debug!(statements = all.len(), "were read ahead");
        all.into_iter()
            .map(|(sql, read)| (sql, read.rows))
            .collect()
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(
    client: &Reader,
    target: &Target,
    encoding: Option<&str>,
    turns: &Turns,
    seen: &Mutex<Seen>,
) -> Option<()> {
    let mut turn = turns.take().await;
    pin(client).await.ok()?;
    let loaded = loaded(client, target).await?;
    let reads = Reads {
        target,
        partitioned: false,
        encoding,
        heap: loaded.heap,
        major: session::major(client).await.ok()?,
    };
    for sql in reads.statements() {
        turn.keep().await;
        if !begin(seen, &sql) {
            break;
        }
        let rows = reading::read(client, &sql, Some(&mut turn)).await.ok()?;
        let read = Read {
            target: target.clone(),
            rows,
            stamp: loaded.text.clone(),
        };
        locked(seen).read.insert(sql, read);
        tracing::debug!(table = target.table, "a part was read ahead");
    }
    Some(())
}

/// Notes that a statement is asked, unless none is any more.
fn begin(seen: &Mutex<Seen>, sql: &str) -> bool {
    let mut seen = locked(seen);
    if !seen.over {
        seen.begun.insert(sql.to_owned());
    }
    !seen.over
}

/// What is known of a table at one moment.
struct Stamp {
    text: String,
    inserted: i64,
    heap: Option<Heap>,
}

/// The stamp of a table once the session that loaded it has told how many rows these were.
async fn loaded(client: &Client, target: &Target) -> Option<Stamp> {
    for _ in 0..LOOKS {
        let stamp = stamp(client, target).await?;
        if stamp.inserted > 0 {
            return Some(stamp);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

async fn stamp(client: &Client, target: &Target) -> Option<Stamp> {
    let row = client
        .query_opt(STAMP, &[&tables::name(target)])
        .await
        .ok()??;
    let bytes: Option<i64> = row.get(2);
    Some(Stamp {
        text: row.get(0),
        inserted: row.get(1),
        heap: bytes.map(|bytes| Heap::of(bytes, row.get(3))),
    })
}

/// Whether everybody else has left.
async fn alone(clients: &[Arc<Reader>]) -> bool {
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
