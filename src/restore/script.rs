//! Plain SQL, through `psql`: as it arrives, each thing that it names made ready before the line that names it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::{sync::mpsc, task};

use super::{Chunk, Complaints, Loaded, Restored, Wanted, database, extensions, feed, prepare};
use crate::{
    dump::{self, Contents, Format, Piece, Script},
    error::{Broken, Error, sentence},
    plan::Provider,
    sandbox::Sandbox,
};

/// How many pieces may wait for `psql`.
const WAITING: usize = 64;

/// What every `psql` is told: no start-up file, quiet, results to nobody, and stop at the first error, because what
/// follows a failed COPY would be read as commands.
const ALWAYS: [&str; 9] = [
    "--no-psqlrc",
    "--quiet",
    "--no-password",
    "--output=/dev/null",
    "--set=ON_ERROR_STOP=1",
    "--set=VERBOSITY=verbose",
    "--set=SHOW_CONTEXT=errors",
    "--file=-",
    "--dbname",
];

/// Restores a script.
///
/// # Errors
/// When the stream breaks, an extension is missing, or `psql` cannot be run.
pub async fn script(
    sandbox: &Sandbox,
    contents: &Contents,
    reader: dump::Bytes,
    wanted: Wanted<'_>,
    tap: dump::Shown,
) -> Result<Restored, Broken> {
    let started = Instant::now();
    let mut pieces = pieces(reader, tap);
    let mut run = Run::new(sandbox, contents);
    while let Some(next) = run.feed(&mut pieces).await? {
        run.database.clone_from(&next);
        if !run.connected.contains(&next) {
            run.connected.push(next);
        }
    }
    // Where psql stopped early, the end of the script is still to be seen.
    while let Some(piece) = pieces.recv().await {
        piece?;
    }
    let mut loaded = if contents.format == Format::PlainAll || !run.connected.is_empty() {
        let filled = |name: &str| run.seen.get(name).is_some_and(dump::Seen::filled);
        database::choose(&run.connected, wanted, &filled)
    } else {
        Loaded {
            database: sandbox.database().to_owned(),
            ..Loaded::default()
        }
    };
    let unclosed = run.seen.values().any(|seen| seen.unclosed);
    let mut seen = run.seen.remove(&loaded.database).unwrap_or_default();
    seen.unclosed = unclosed;
    let refused = run.refused.into_inner();
    let refused = refused.unwrap_or_else(PoisonError::into_inner);
    run.complaints.for_want_of(&refused, true);
    let filled = |(name, seen): (String, dump::Seen)| seen.filled().then_some(name);
    loaded.uncompared = run.seen.into_iter().filter_map(filled).collect();
    loaded.uncompared.sort();
    Ok(Restored {
        unrun: run.unrun,
        seen: Some(seen),
        engine: "psql",
        why: None,
        side_by_side: false,
        took: started.elapsed(),
        bytes: run.bytes,
        complaints: run.complaints,
        tables: Some(run.tables.into_inner()),
        loaded,
    })
}

/// Reads the script on a thread of its own.
fn pieces(reader: dump::Bytes, tap: dump::Shown) -> mpsc::Receiver<Result<Piece, Broken>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    task::spawn_blocking(move || {
        for piece in Script::shown(reader, tap) {
            let last = piece.is_err();
            if sender.blocking_send(piece).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// The state of a script's restore, from one database to the next.
struct Run<'a> {
    sandbox: &'a Sandbox,
    major: Option<u32>,
    database: String,
    connected: Vec<String>,
    complaints: Complaints,
    bytes: u64,
    tables: AtomicU64,
    /// Roles that the server refused to make.
    refused: Mutex<Vec<String>>,
    /// Whether `psql` stopped before the end.
    unrun: bool,
    /// What was written into which database.
    seen: HashMap<String, dump::Seen>,
}

impl<'a> Run<'a> {
    fn new(sandbox: &'a Sandbox, contents: &Contents) -> Self {
        Self {
            sandbox,
            major: contents.major(),
            database: sandbox.database().to_owned(),
            connected: Vec::new(),
            complaints: Complaints::default(),
            bytes: 0,
            tables: AtomicU64::new(0),
            refused: Mutex::default(),
            unrun: false,
            seen: HashMap::new(),
        }
    }

    /// Feeds one `psql` until the script changes to another database, which is returned, or ends.
    async fn feed(
        &mut self,
        pieces: &mut mpsc::Receiver<Result<Piece, Broken>>,
    ) -> Result<Option<String>, Broken> {
        let target = self.sandbox.target_of(&self.database);
        let mut arguments = ALWAYS.to_vec();
        arguments.push(&target);
        let tool = self.sandbox.tool("psql", &arguments).await?;
        let (sender, chunks) = mpsc::channel(4);
        let mut seen = None;
        let steered = self.steer(pieces, sender, &mut seen);
        let (fed, next) = tokio::join!(feed::feed(tool, chunks), steered);
        let (mut fed, next) = (fed?, next?);
        if let Some(seen) = seen {
            self.note(seen);
        }
        self.bytes += fed.bytes;
        fed.complaints.ended("psql", fed.code);
        self.unrun |= fed.code != 0;
        self.complaints.extend(fed.complaints);
        // After an error the rest of the script would only be noise.
        Ok(next.filter(|_| fed.code == 0))
    }

    /// Notes what was written into the current database. A script that comes back to one is not followed.
    fn note(&mut self, seen: dump::Seen) {
        let before = self.seen.insert(self.database.clone(), seen);
        if before.is_some_and(|before| before != dump::Seen::default())
            && let Some(seen) = self.seen.get_mut(&self.database)
        {
            seen.ledger.trouble = Some("The script returns to a database that it left.".to_owned());
        }
    }

    /// Hands over the SQL, and makes ready what it names; returns the next database.
    async fn steer(
        &self,
        pieces: &mut mpsc::Receiver<Result<Piece, Broken>>,
        to_psql: mpsc::Sender<Chunk>,
        seen: &mut Option<dump::Seen>,
    ) -> Result<Option<String>, Broken> {
        let mut listening = true;
        while let Some(piece) = pieces.recv().await {
            let result = match piece {
                Ok(Piece::Sql(bytes)) => {
                    listening = listening && to_psql.send(Ok(bytes)).await.is_ok();
                    Ok(())
                }
                Ok(Piece::Connect(database)) => return Ok(Some(database)),
                Ok(Piece::Seen(all)) => {
                    *seen = Some(*all);
                    Ok(())
                }
                Ok(other) => self.ready(other).await,
                Err(broken) => Err(broken),
            };
            if let Err(broken) = result {
                // psql must not take a broken stream's end for the script's.
                let _ = to_psql.send(Err(broken.clone())).await;
                return Err(broken);
            }
        }
        Ok(None)
    }

    async fn ready(&self, piece: Piece) -> Result<(), Broken> {
        match piece {
            Piece::Role(role) => {
                let stubs = self.sandbox.create_role_stubs(&[role]).await?;
                let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                refused.extend(stubs.refused);
            }
            Piece::Extension(name) => {
                let server = self.sandbox.superuser(&self.database).await?;
                extensions::require(&server, &[name], self.major).await?;
            }
            Piece::CreatesPublic => {
                let server = self.sandbox.superuser(&self.database).await?;
                prepare::drop_public(&server).await?;
            }
            Piece::CreatesDatabase if self.sandbox.provider() == Provider::Service => {
                return Err(prepare::makes_databases().into());
            }
            Piece::CreatesTablespace => return Err(prepare::makes_tablespaces().into()),
            Piece::ForeignRows(table) => prepare::refuse_foreign_rows(self.sandbox, Some(&table))?,
            Piece::Rows(_) => _ = self.tables.fetch_add(1, Ordering::Relaxed),
            Piece::Sql(_) | Piece::Connect(_) | Piece::Seen(_) | Piece::CreatesDatabase => {}
        }
        Ok(())
    }
}

/// Makes the roles of a cluster, as `pg_dumpall --globals-only` writes them, before there is a database to restore into.
///
/// # Errors
/// When the server is somebody else's, the file is no such script, `psql` cannot be run, or it did not take all of it.
pub async fn globals(sandbox: &Sandbox, text: Vec<u8>) -> Result<(), Broken> {
    if sandbox.provider() == Provider::Service {
        return Err(prepare::makes_roles().into());
    }
    let mut arguments = ALWAYS.to_vec();
    arguments.push("postgres");
    let tool = sandbox.tool("psql", &arguments).await?;
    let (sender, chunks) = mpsc::channel(4);
    let send = async move {
        let mut pieces = pieces(Box::new(std::io::Cursor::new(text)), dump::nobody());
        while let Some(piece) = pieces.recv().await {
            let chunk = match piece {
                Ok(Piece::Sql(bytes)) => Ok(bytes),
                Ok(Piece::CreatesTablespace) => Err(prepare::makes_tablespaces().into()),
                Ok(_) => continue,
                Err(broken) => Err(broken),
            };
            // psql may be gone already: its exit code tells.
            if sender.send(chunk).await.is_err() {
                return;
            }
        }
    };
    let (fed, ()) = tokio::join!(feed::feed(tool, chunks), send);
    let mut fed = fed?;
    fed.complaints.ended("psql", fed.code);
    match fed.complaints.iter().last().filter(|_| fed.code != 0) {
        Some(why) => Err(not_made(&why.message).into()),
        None => Ok(()),
    }
}

/// The roles are the plan's, not the dump's: what they lack says nothing of the backup.
fn not_made(why: &str) -> Error {
    Error::new(
        "the roles of `restore.globals` could not be made",
        "Write the file anew by `pg_dumpall --globals-only --no-tablespaces`.",
    )
    .because(format!(
        "psql stops at the first error, and did not run what follows: {}",
        sentence(why)
    ))
}
