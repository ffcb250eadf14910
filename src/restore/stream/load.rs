//! Loads the tables: as many `pg_restore` at a time as are wanted, the next one as soon as one has ended.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
    pin::Pin,
    time::Instant,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};

use super::{
    super::{Complaints, archive, feed},
    Along,
    lane::{Piece, Split, Work},
    pace::Pace,
};
use crate::{
    dump::Recast,
    error::Broken,
    sandbox::{Sandbox, Tool},
};

/// Runs `pg_restore` with a list of entries that comes as the first argument: the list goes through a pipe, so that no
/// file of it is needed.
const PROGRAM: &str =
    "list=$1; shift; printf '%s\\n' \"$list\" | exec pg_restore --use-list=/dev/stdin \"$@\"";

/// How many entries a list may have: an argument is at most 128 KiB long.
pub(super) const LISTED: usize = 10_000;

/// What is loaded, and how.
pub(super) struct Order<'a> {
    /// The header and the table of contents.
    pub(super) head: &'a Recast,
    /// Entries of the section of data that have none in the archive and that data wait for.
    pub(super) first: Vec<i32>,
    /// The others that have none.
    pub(super) rest: Vec<i32>,
    /// What can be made as soon as a table has its rows, by the entry of these.
    pub(super) indexes: HashMap<i32, Vec<i32>>,
    /// How many programs run at the same time.
    pub(super) jobs: usize,
    /// How many more while the dump arrives: one that waits for the bytes of a long table leaves its processor to another.
    pub(super) more: usize,
    /// Who is told what was loaded.
    pub(super) along: Option<&'a dyn Along>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Loading {
    pub(super) complaints: Complaints,
    /// How many bytes of data were taken.
    pub(super) bytes: u64,
    /// Which indexes were made on the way.
    pub(super) made: HashSet<i32>,
    /// The large tables, and how many bytes each took.
    large: Vec<(i32, u64)>,
}

impl Loading {
    /// The large tables, the largest first.
    pub(super) fn largest_first(&self) -> Vec<i32> {
        let mut large = self.large.clone();
        large.sort_by_key(|&(_, bytes)| Reverse(bytes));
        large.into_iter().map(|(table, _)| table).collect()
    }
}

/// Loads everything that is cut from the stream. While the stream is what is waited for, the indexes of the tables that
/// are there are made; once it is over, they would only take the processors from the tables that are not.
pub(super) async fn all(
    sandbox: &Sandbox,
    order: &mut Order<'_>,
    mut split: Split,
) -> Result<Loading, Broken> {
    let pace = Pace::default();
    let mut loading = Loading::default();
    let rest = std::mem::take(&mut order.rest);
    let rest = (!rest.is_empty()).then(|| Work::without_data(rest));
    let mut waiting: VecDeque<_> = rest.into_iter().collect();
    let mut ready = VecDeque::new();
    let mut jobs = order.jobs + order.more;
    let programs = Programs {
        sandbox,
        head: order.head,
        pace: &pace,
        along: order.along,
    };
    let mut running = FuturesUnordered::new();
    let mut over = false;
    loading.complaints = first(sandbox, order).await?;
    if loading.complaints.environment().is_some() {
        return Ok(loading);
    }
    pace.wants_bytes();
    loop {
        while running.len() < jobs
            && let Some(work) = waiting.pop_front()
        {
            running.push(programs.one(work));
        }
        while !over
            && running.len() < jobs
            && let Some(index) = ready.pop_front()
        {
            loading.made.insert(index);
            running.push(programs.one(Work::without_data(vec![index])));
        }
        tokio::select! {
            work = split.next(), if !over => if let Some(work) = work? {
                waiting.push_back(work);
            } else {
                (over, jobs) = (true, order.jobs);
                pace.over();
                tracing::debug!("everything was shown");
            },
            Some(done) = running.next() => {
                let done = done?;
                loading.complaints.extend(done.complaints);
                if loading.complaints.environment().is_some() {
                    break;
                }
                loading.large.extend(done.large);
                // Many small ones are made sooner by the one program that makes all the others.
                if let [table] = done.entries[..] {
                    ready.extend(order.indexes.remove(&table).unwrap_or_default());
                }
            }
            else => break,
        }
    }
    loading.bytes = pace.bytes();
    Ok(loading)
}

/// Restores what data wait for.
async fn first(sandbox: &Sandbox, order: &Order<'_>) -> Result<Complaints, Broken> {
    if order.first.is_empty() {
        return Ok(Complaints::default());
    }
    archive::from_head(sandbox, &order.head.only(&order.first), &[]).await
}

/// One part of the data, loaded.
struct Done {
    entries: Vec<i32>,
    /// The large table that it was, and how many bytes of it were taken.
    large: Option<(i32, u64)>,
    complaints: Complaints,
}

/// What each `pg_restore` is run with.
struct Programs<'a> {
    sandbox: &'a Sandbox,
    head: &'a Recast,
    pace: &'a Pace,
    along: Option<&'a dyn Along>,
}

impl Programs<'_> {
    /// Loads one part of the data; tells who wants to know of a large table.
    async fn one(&self, work: Work) -> Result<Done, Broken> {
        let (entries, alone) = (work.entries.clone(), work.alone);
        let started = Instant::now();
        let (bytes, complaints) = self.run(work).await?;
        tracing::debug!(?entries, alone, took = ?started.elapsed(), "pg_restore ended");
        if alone
            && complaints.is_empty()
            && let (Some(along), [entry]) = (self.along, &entries[..])
        {
            along.loaded(*entry);
        }
        Ok(Done {
            large: (entries.first().filter(|_| alone)).map(|&table| (table, bytes)),
            entries,
            complaints,
        })
    }

    /// Runs one `pg_restore` over one part of the data.
    async fn run(&self, work: Work) -> Result<(u64, Complaints), Broken> {
        let start = match work.entries[..] {
            [table] if work.alone => self.head.emptied(table),
            _ => self.head.only(&work.entries),
        };
        let arguments = archive::always(self.sandbox);
        let Tool {
            stdin,
            lines,
            status,
        } = self.sandbox.tool("pg_restore", &arguments).await?;
        let (bytes, mut complaints, code) = tokio::try_join!(
            async { Ok::<_, Broken>(write(stdin, &start, work.pieces, self.pace).await) },
            async { Ok(feed::listen(lines).await) },
            async { status.await.map_err(Broken::from) },
        )?;
        complaints.ended("pg_restore", code);
        Ok((bytes, complaints))
    }
}

/// Runs `pg_restore` with several jobs over entries that need no data, from the table of contents in a file.
pub(super) async fn rest(
    sandbox: &Sandbox,
    path: &str,
    entries: &[i32],
    jobs: &str,
) -> Result<Complaints, Broken> {
    let list: Vec<String> = entries.iter().map(ToString::to_string).collect();
    let list = list.join("\n");
    let mut arguments = vec!["-c", PROGRAM, "sh", &list];
    arguments.extend(archive::always(sandbox));
    arguments.extend([jobs, path]);
    let mut fed = feed::run(sandbox.tool("sh", &arguments).await?).await?;
    fed.complaints.ended("pg_restore", fed.code);
    Ok(fed.complaints)
}

/// Feeds the table of contents, and the blocks as they come; tells how many bytes of these were taken. A program that ended
/// early takes no more of them.
async fn write(
    mut stdin: Pin<Box<dyn AsyncWrite + Send>>,
    head: &Bytes,
    mut pieces: mpsc::UnboundedReceiver<Piece>,
    pace: &Pace,
) -> u64 {
    let mut taken = 0;
    if !pace.write(&mut stdin, head, false).await {
        return taken;
    }
    while let Some(piece) = pieces.recv().await {
        if !pace.write(&mut stdin, &piece.bytes, true).await {
            return taken;
        }
        taken += piece.bytes.len() as u64;
    }
    // A tool that ended already has nothing to be told.
    let _ = stdin.shutdown().await;
    taken
}
