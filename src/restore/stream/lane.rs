//! What is cut from a dump, on its way to the programs: a large table alone, small ones together, and at most some
//! megabytes ahead of them.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};

use super::super::feed::CHUNK;
use crate::error::{Broken, Error};

/// How many bytes may wait: with the ranges of a download it is what the program holds most of, and all of it together is
/// meant to stay below 256 MB.
pub(super) const AHEAD: u32 = 96 << 20;

/// A table with at least so many bytes has a `pg_restore` of its own; smaller ones share one.
const LARGE: usize = 2 << 20;

/// So many bytes, or so many tables, are enough for one `pg_restore`.
const SHARED: usize = 8 << 20;
const TABLES: usize = 500;

/// What one `pg_restore` is to load.
pub(super) struct Work {
    /// The entries whose blocks follow, in their order.
    pub(super) entries: Vec<i32>,
    /// The blocks.
    pub(super) pieces: mpsc::UnboundedReceiver<Piece>,
}

impl Work {
    /// What is in the table of contents alone.
    pub(super) fn without_data(entries: Vec<i32>) -> Self {
        work(entries, Vec::new()).1
    }
}

/// Some bytes, and their place among those that may wait.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

/// The dump while it is cut.
pub(super) struct Split {
    events: mpsc::UnboundedReceiver<Result<Event, Broken>>,
    pub(super) places: Arc<Semaphore>,
}

enum Event {
    Head(Bytes),
    Work(Work),
}

impl Drop for Split {
    fn drop(&mut self) {
        // A thread may be waiting for a place.
        self.places.close();
    }
}

impl Split {
    /// Everything before the first block.
    pub(super) async fn head(&mut self) -> Result<Bytes, Broken> {
        match self.events.recv().await {
            Some(Ok(Event::Head(head))) => Ok(head),
            Some(Err(broken)) => Err(broken),
            Some(Ok(Event::Work(_))) | None => Err(unlike().into()),
        }
    }

    /// What is to be loaded next; none once the dump was read to its end.
    pub(super) async fn next(&mut self) -> Result<Option<Work>, Broken> {
        match self.events.recv().await {
            Some(Ok(Event::Work(work))) => Ok(Some(work)),
            Some(Err(broken)) => Err(broken),
            Some(Ok(Event::Head(_))) => Err(unlike().into()),
            None => Ok(None),
        }
    }
}

/// The dump is cut by the same lengths and names that were followed before: it cannot be unlike them.
pub(super) fn unlike() -> Error {
    Error::new(
        "could not cut the dump into its tables",
        "Run again with `--engine pg-restore`, and tell us.",
    )
}

/// Nobody takes the work any more.
pub(super) struct Gone;

/// Tables that share a `pg_restore`, whole.
#[derive(Default)]
struct Batch {
    entries: Vec<i32>,
    pieces: Vec<Piece>,
    bytes: usize,
}

/// The block that is passing.
struct Current {
    entry: i32,
    /// Its pieces, as long as it is small.
    pieces: Vec<Piece>,
    bytes: usize,
    /// Where they go once it is large.
    large: Option<mpsc::UnboundedSender<Piece>>,
}

/// The end that a thread puts blocks into, one after another.
pub(super) struct Lane {
    small: Batch,
    current: Option<Current>,
    events: mpsc::UnboundedSender<Result<Event, Broken>>,
    places: Arc<Semaphore>,
    runtime: Handle,
}

/// A lane and the end that the work is taken from. Must be called inside a Tokio runtime.
pub(super) fn pair() -> (Lane, Split) {
    let (sender, events) = mpsc::unbounded_channel();
    let places = Arc::new(Semaphore::new(AHEAD as usize));
    let lane = Lane {
        small: Batch::default(),
        current: None,
        events: sender,
        places: Arc::clone(&places),
        runtime: Handle::current(),
    };
    (lane, Split { events, places })
}

impl Lane {
    /// For another thread that reads the same dump.
    pub(super) fn another(&self) -> Self {
        Self {
            small: Batch::default(),
            current: None,
            events: self.events.clone(),
            places: Arc::clone(&self.places),
            runtime: self.runtime.clone(),
        }
    }

    /// Hands over everything before the first block.
    pub(super) fn head(&self, head: Bytes) -> Result<(), Gone> {
        self.send(Event::Head(head))
    }

    /// The block of this entry begins.
    pub(super) fn begin(&mut self, entry: i32) {
        self.current = Some(Current {
            entry,
            pieces: Vec::new(),
            bytes: 0,
            large: None,
        });
    }

    /// Whether no block is passing.
    pub(super) const fn is_between(&self) -> bool {
        self.current.is_none()
    }

    /// Some of the block's bytes.
    pub(super) fn piece(&mut self, bytes: Bytes) -> Result<(), Gone> {
        let places = u32::try_from(bytes.len()).unwrap_or(AHEAD).min(AHEAD);
        let place = Arc::clone(&self.places).acquire_many_owned(places);
        let place = self.runtime.block_on(place).map_err(|_| Gone)?;
        // A small piece must not keep all that was read with it.
        let bytes = if bytes.len() < CHUNK / 4 {
            Bytes::copy_from_slice(&bytes)
        } else {
            bytes
        };
        let piece = Piece {
            bytes,
            _place: place,
        };
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        current.bytes += piece.bytes.len();
        if let Some(large) = &current.large {
            // A `pg_restore` that ended early takes no more; the dump is read to its end all the same.
            let _ = large.send(piece);
            return Ok(());
        }
        current.pieces.push(piece);
        if current.bytes < LARGE {
            return Ok(());
        }
        let (sender, work) = work(vec![current.entry], std::mem::take(&mut current.pieces));
        current.large = Some(sender);
        self.send(Event::Work(work))
    }

    /// The block ended.
    pub(super) fn end(&mut self) -> Result<(), Gone> {
        let Some(current) = self
            .current
            .take()
            .filter(|current| current.large.is_none())
        else {
            return Ok(());
        };
        self.small.entries.push(current.entry);
        self.small.pieces.extend(current.pieces);
        self.small.bytes += current.bytes;
        if self.small.bytes < SHARED && self.small.entries.len() < TABLES {
            return Ok(());
        }
        self.share()
    }

    /// Hands over the small tables that were met.
    pub(super) fn share(&mut self) -> Result<(), Gone> {
        let small = std::mem::take(&mut self.small);
        if small.entries.is_empty() {
            return Ok(());
        }
        let (_, work) = work(small.entries, small.pieces);
        self.send(Event::Work(work))
    }

    /// Nothing of what was handed over counts.
    pub(super) fn fail(&self, broken: Broken) {
        // Nobody may be there any more: then nobody needs to know.
        let _ = self.events.send(Err(broken));
    }

    fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(Ok(event)).map_err(|_| Gone)
    }
}

/// Work that begins with these pieces, and the end that more can be put into.
fn work(entries: Vec<i32>, pieces: Vec<Piece>) -> (mpsc::UnboundedSender<Piece>, Work) {
    let (sender, receiver) = mpsc::unbounded_channel();
    for piece in pieces {
        // Its other end is here.
        let _ = sender.send(piece);
    }
    let work = Work {
        entries,
        pieces: receiver,
    };
    (sender, work)
}
