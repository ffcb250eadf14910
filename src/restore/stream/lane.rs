//! What is shown of a dump, on its way to the programs: a large table alone, small ones together, and at most some
//! megabytes ahead of them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};

use super::block::{Block, Wire};
use crate::{
    dump::{Contents, Of, Recast, Rows, Viewer},
    error::{Broken, Error},
};

/// How many bytes of small tables may wait, and of the beginnings of large ones: more than those that wait for others to
/// share a program with, and the beginnings of four (three that are decoded, and one ahead of its turn). With the ranges of a download and what is not decoded yet, all of it
/// together is meant to stay below 256 MB.
const SMALL: usize = 50 << 20;

/// How many large tables may wait or be loaded, and how many bytes of each. Every one has places of its own: one that is
/// loaded never waits for another that is not.
const LARGE_ONES: usize = 3;
pub(super) const AHEAD: usize = 10 << 20;

/// So many bytes, or so many tables, are enough for one `pg_restore`.
const SHARED: usize = 16 << 20;
const TABLES: usize = 500;

/// What one `pg_restore` is to load.
pub(super) struct Work {
    /// The entries whose blocks follow, in their order.
    pub(super) entries: Vec<i32>,
    /// The blocks.
    pub(super) pieces: mpsc::UnboundedReceiver<Piece>,
    /// Whether it is one large table, which is worth being emptied first.
    pub(super) alone: bool,
    /// Its place among the large ones.
    place: Option<Arc<OwnedSemaphorePermit>>,
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

/// Where bytes wait.
struct Places {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// Where the pieces of a large one go.
pub(super) struct Large {
    to: mpsc::UnboundedSender<Piece>,
    places: Arc<Semaphore>,
    _place: Arc<OwnedSemaphorePermit>,
}

/// The dump while it is shown.
pub(super) struct Split {
    events: mpsc::UnboundedReceiver<Result<Event, Broken>>,
    places: Arc<Places>,
}

enum Event {
    Head(Recast),
    Work(Work),
}

impl Drop for Split {
    fn drop(&mut self) {
        // Threads may be waiting for a place.
        self.places.small.close();
        self.places.large.close();
    }
}

impl Split {
    /// Everything before the first block.
    pub(super) async fn head(&mut self) -> Result<Recast, Broken> {
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

/// What is shown was found by the same table of contents: it cannot be unlike it.
fn unlike() -> Error {
    Error::new(
        "could not cut the dump into its tables",
        "Run again with `--engine pg-restore`, and tell us.",
    )
}

/// Nobody takes the work any more.
pub(super) struct Gone;

/// Tables and large objects that share a `pg_restore`, whole.
#[derive(Default)]
struct Batch {
    entries: Vec<i32>,
    tables: Vec<Piece>,
    objects: Vec<Piece>,
    bytes: usize,
}

/// Who is shown the tables, as long as the dump is read.
pub(super) struct Lane(Arc<Shared>);

/// What all that is shown at the same time goes through.
pub(super) struct Shared {
    small: Mutex<Batch>,
    /// Entries whose rows did not end yet.
    left: Mutex<HashSet<i32>>,
    events: mpsc::UnboundedSender<Result<Event, Broken>>,
    places: Arc<Places>,
    runtime: Handle,
    wire: Wire,
}

/// A lane and the end that the work is taken from. Must be called inside a Tokio runtime.
pub(super) fn pair(contents: &Contents) -> (Arc<Lane>, Split) {
    let (sender, events) = mpsc::unbounded_channel();
    let places = Arc::new(Places {
        small: Arc::new(Semaphore::new(SMALL)),
        large: Arc::new(Semaphore::new(LARGE_ONES)),
    });
    let data = || contents.toc.iter().filter(|entry| entry.has_data());
    let tables = data().filter(|entry| entry.is_table_data());
    let shared = Shared {
        small: Mutex::default(),
        left: Mutex::new(tables.map(|entry| entry.id).collect()),
        events: sender,
        places: Arc::clone(&places),
        runtime: Handle::current(),
        wire: Wire {
            int: contents.data.map_or(4, |data| data.int),
            // Whichever entry they belong to: any of them lets `pg_restore` load those that follow.
            objects: data()
                .find(|entry| !entry.is_table_data())
                .map(|entry| entry.id),
        },
    };
    (Arc::new(Lane(Arc::new(shared))), Split { events, places })
}

impl Viewer for Lane {
    fn table(&self, of: &Of<'_>) -> Option<Box<dyn Rows>> {
        Some(Box::new(Block::table(Arc::clone(&self.0), of.entry?.id)))
    }

    fn object(&self, number: u32) -> Option<Box<dyn Rows>> {
        let entry = self.0.wire.objects?;
        Some(Box::new(Block::object(Arc::clone(&self.0), entry, number)))
    }
}

impl Lane {
    /// Hands over everything before the first block.
    pub(super) fn head(&self, head: Recast) -> Result<(), Gone> {
        self.0.send(Event::Head(head))
    }

    /// Everything was shown; or it was found to be damaged, and nothing of what was handed over counts.
    pub(super) fn end(&self, read: Result<(), Broken>) {
        let shown = match read {
            Ok(()) if locked(&self.0.left).is_empty() => self.0.share(),
            Ok(()) => self.0.fail(unlike().into()),
            Err(broken) => self.0.fail(broken),
        };
        // Nobody may be there any more: then nobody needs to know.
        let _: Result<(), Gone> = shown;
    }

    /// Whether nobody takes the work any more.
    pub(super) fn is_gone(&self) -> bool {
        self.0.places.small.is_closed()
    }
}

/// A table or a large object of some size, whole.
pub(super) struct Small {
    pub(super) entry: i32,
    pub(super) is_object: bool,
    pub(super) pieces: Vec<Piece>,
    pub(super) bytes: usize,
}

impl Shared {
    pub(super) const fn wire(&self) -> Wire {
        self.wire
    }

    /// Some bytes of a small one, once there is a place for them.
    pub(super) fn place(&self, bytes: Vec<u8>) -> Result<Piece, Gone> {
        let place = self.wait(&self.places.small, bytes.len())?;
        Ok(Piece {
            bytes: bytes.into(),
            _place: place,
        })
    }

    fn wait(&self, places: &Arc<Semaphore>, count: usize) -> Result<OwnedSemaphorePermit, Gone> {
        // A piece is at most a chunk.
        let count = u32::try_from(count).map_err(|_| Gone)?;
        let place = Arc::clone(places).acquire_many_owned(count);
        self.runtime.block_on(place).map_err(|_| Gone)
    }

    /// Hands over a large one that begins with these pieces; gives where the others go.
    pub(super) fn large(&self, entry: i32, pieces: Vec<Piece>) -> Result<Large, Gone> {
        let place = Arc::new(self.wait(&self.places.large, 1)?);
        let (to, mut work) = work(vec![entry], pieces);
        work.alone = true;
        work.place = Some(Arc::clone(&place));
        self.send(Event::Work(work))?;
        Ok(Large {
            to,
            places: Arc::new(Semaphore::new(AHEAD)),
            _place: place,
        })
    }

    /// Hands on some bytes of it.
    pub(super) fn more(&self, large: &Large, bytes: Vec<u8>) -> Result<(), Gone> {
        let place = self.wait(&large.places, bytes.len())?;
        // A `pg_restore` that ended early takes no more.
        let _ = large.to.send(Piece {
            bytes: bytes.into(),
            _place: place,
        });
        Ok(())
    }

    /// The rows of this entry were all shown.
    pub(super) fn met(&self, entry: i32) {
        locked(&self.left).remove(&entry);
    }

    /// Takes a small one, and hands them over once there are enough.
    pub(super) fn small(&self, one: Small) -> Result<(), Gone> {
        let mut small = locked(&self.small);
        small.bytes += one.bytes;
        if one.is_object {
            small.objects.extend(one.pieces);
        } else {
            small.entries.push(one.entry);
            small.tables.extend(one.pieces);
        }
        if small.bytes < SHARED && small.entries.len() < TABLES {
            return Ok(());
        }
        drop(small);
        self.share()
    }

    /// Hands over the small ones that were met.
    fn share(&self) -> Result<(), Gone> {
        let mut small = std::mem::take(&mut *locked(&self.small));
        if let Some(entry) = self.wire.objects.filter(|_| !small.objects.is_empty()) {
            small.entries.push(entry);
            small
                .tables
                .push(self.place(self.wire.begin_objects(entry))?);
            small.tables.append(&mut small.objects);
            small.tables.push(self.place(self.wire.number(0))?);
        }
        if small.entries.is_empty() {
            return Ok(());
        }
        self.send(Event::Work(work(small.entries, small.tables).1))
    }

    fn fail(&self, broken: Broken) -> Result<(), Gone> {
        self.events.send(Err(broken)).map_err(|_| Gone)
    }

    fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(Ok(event)).map_err(|_| Gone)
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
        alone: false,
        place: None,
    };
    (sender, work)
}
