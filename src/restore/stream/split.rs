//! Cuts the stream into the work of several `pg_restore`, on a thread of its own, at most some megabytes ahead of them.

use std::{collections::HashSet, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task,
};

use super::super::feed::{CHUNK, broken, fill};
use crate::{
    dump::{self, Contents, Cut, Part},
    error::{Broken, Error},
};

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

/// Some bytes, and their place among those that may wait.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

/// The stream while it is cut.
pub(super) struct Split {
    events: mpsc::UnboundedReceiver<Result<Event, Broken>>,
    places: Arc<Semaphore>,
}

enum Event {
    Head(Bytes),
    Work(Work),
}

impl Work {
    /// What is in the table of contents alone.
    pub(super) fn without_data(entries: Vec<i32>) -> Self {
        work(entries, Vec::new()).1
    }
}

impl Drop for Split {
    fn drop(&mut self) {
        // The thread may be waiting for a place.
        self.places.close();
    }
}

/// Starts to cut. Must be called inside a Tokio runtime.
pub(super) fn start(contents: &Contents, reader: dump::Bytes) -> Split {
    let (sender, events) = mpsc::unbounded_channel();
    let places = Arc::new(Semaphore::new(AHEAD as usize));
    let start = contents.data.unwrap_or(dump::DataStart { at: 0, int: 4 });
    let data = contents.toc.iter().filter(|entry| entry.has_data());
    let thread = Thread {
        cut: Cut::new(start.at, start.int),
        start: start.at,
        left: data.map(|entry| entry.id).collect(),
        head: BytesMut::new(),
        small: Batch::default(),
        current: None,
        events: sender,
        places: Arc::clone(&places),
        runtime: Handle::current(),
    };
    task::spawn_blocking(move || thread.run(reader));
    Split { events, places }
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

    /// What is to be loaded next; none once the stream was read to its end.
    pub(super) async fn next(&mut self) -> Result<Option<Work>, Broken> {
        match self.events.recv().await {
            Some(Ok(Event::Work(work))) => Ok(Some(work)),
            Some(Err(broken)) => Err(broken),
            Some(Ok(Event::Head(_))) => Err(unlike().into()),
            None => Ok(None),
        }
    }
}

/// The stream is cut by the same lengths that were followed before: it cannot be unlike them.
fn unlike() -> Error {
    Error::new(
        "could not cut the dump into its tables",
        "Run again with `--engine pg-restore`, and tell us.",
    )
}

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

struct Thread {
    cut: Cut,
    /// Where the first block begins.
    start: u64,
    /// Entries whose data did not begin yet.
    left: HashSet<i32>,
    head: BytesMut,
    small: Batch,
    current: Option<Current>,
    events: mpsc::UnboundedSender<Result<Event, Broken>>,
    places: Arc<Semaphore>,
    runtime: Handle,
}

/// Nobody takes the work any more.
struct Gone;

impl Thread {
    fn run(mut self, mut reader: dump::Bytes) {
        match self.read(&mut reader) {
            Ok(true) => {
                // Nobody may be there any more: then nobody needs to know.
                let _ = self.share();
            }
            // Whoever follows the stream tells what is wrong with it, once it was read to its end.
            Ok(false) => self.fail(unlike().into()),
            Err(broken) => self.fail(broken),
        }
    }

    /// Reads to the end, which is part of the proof; `false` when it was not what the table of contents says.
    fn read(&mut self, reader: &mut dump::Bytes) -> Result<bool, Broken> {
        let mut like = true;
        loop {
            let mut buffer = vec![0; CHUNK];
            let count = fill(reader, &mut buffer).map_err(|error| broken(&error))?;
            if count == 0 {
                return Ok(like && self.left.is_empty() && self.current.is_none());
            }
            if like && !self.is_over() {
                buffer.truncate(count);
                match self.pass(&Bytes::from(buffer)) {
                    Ok(fits) => like = fits,
                    Err(Gone) => return Ok(true),
                }
            }
        }
    }

    /// Whether all data were met: what follows is padding, or remarked by who follows the stream.
    fn is_over(&self) -> bool {
        self.left.is_empty() && self.current.is_none() && self.cut.is_between()
    }

    /// `false` when it cannot be cut.
    fn pass(&mut self, bytes: &Bytes) -> Result<bool, Gone> {
        let mut parts = Vec::new();
        let fits = self.cut.feed(bytes, &mut |part| parts.push(part)).is_ok();
        for part in parts {
            if !self.part(part)? {
                return Ok(false);
            }
            if self.left.is_empty() && self.current.is_none() {
                return Ok(true);
            }
        }
        Ok(fits)
    }

    fn part(&mut self, part: Part) -> Result<bool, Gone> {
        match part {
            Part::Head(bytes) => {
                self.head.extend_from_slice(&bytes);
                if self.head.len() as u64 == self.start {
                    let head = std::mem::take(&mut self.head).freeze();
                    self.send(Event::Head(head))?;
                }
            }
            Part::Begin(entry) => {
                let Some(entry) = i32::try_from(entry)
                    .ok()
                    .filter(|entry| self.left.remove(entry))
                else {
                    return Ok(false);
                };
                self.current = Some(Current {
                    entry,
                    pieces: Vec::new(),
                    bytes: 0,
                    large: None,
                });
            }
            Part::Piece(bytes) => self.piece(bytes)?,
            Part::End => self.end()?,
        }
        Ok(true)
    }

    fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(Ok(event)).map_err(|_| Gone)
    }

    fn piece(&mut self, bytes: Bytes) -> Result<(), Gone> {
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
            // A `pg_restore` that ended early takes no more; the stream is read to its end all the same.
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

    fn end(&mut self) -> Result<(), Gone> {
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
    fn share(&mut self) -> Result<(), Gone> {
        let small = std::mem::take(&mut self.small);
        if small.entries.is_empty() {
            return Ok(());
        }
        let (_, work) = work(small.entries, small.pieces);
        self.send(Event::Work(work))
    }

    fn fail(&self, broken: Broken) {
        // Nobody may be there any more: then nobody needs to know.
        let _ = self.events.send(Err(broken));
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

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use crate::{dump::Data, finding::Code, restore::stream::table};

    const HEAD: &[u8] = b"a head";

    fn number(value: usize) -> Vec<u8> {
        [&[0][..], &u32::try_from(value).unwrap().to_le_bytes()].concat()
    }

    fn block(entry: usize, size: usize) -> Vec<u8> {
        let mut block = [&[1][..], &number(entry)].concat();
        for chunk in vec![7; size].chunks(50_000) {
            block.extend([&number(chunk.len())[..], chunk].concat());
        }
        [block, number(0)].concat()
    }

    /// An archive of tables of these sizes, the first of them with the number 1.
    fn archive(sizes: &[usize]) -> (Contents, Vec<Vec<u8>>) {
        let mut contents = Contents::empty();
        contents.data = Some(dump::DataStart {
            at: HEAD.len() as u64,
            int: 4,
        });
        let ids = 1..=sizes.len();
        contents.toc = ids
            .clone()
            .map(|id| dump::Entry {
                id: i32::try_from(id).unwrap(),
                ..table("t", None, Data::Somewhere)
            })
            .collect();
        (
            contents,
            ids.zip(sizes).map(|(id, &size)| block(id, size)).collect(),
        )
    }

    async fn taken(split: &mut Split) -> Result<Vec<(Vec<i32>, Vec<u8>)>, Broken> {
        let mut found = Vec::new();
        while let Some(mut work) = split.next().await? {
            let mut bytes = Vec::new();
            while let Some(piece) = work.pieces.recv().await {
                bytes.extend_from_slice(&piece.bytes);
            }
            found.push((work.entries, bytes));
        }
        Ok(found)
    }

    #[tokio::test]
    async fn large_tables_go_alone_and_small_ones_together_and_no_byte_is_lost() {
        let (contents, blocks) = archive(&[100, 3 << 20, 0, 200_000, 5 << 20, 9]);
        let bytes = [HEAD.to_vec(), blocks.concat(), vec![0; 700]].concat();
        let mut split = start(&contents, Box::new(Cursor::new(bytes)));
        assert_eq!(split.head().await.unwrap(), HEAD);
        let found = taken(&mut split).await.unwrap();
        let small = [0, 2, 3, 5].map(|at| blocks[at].clone()).concat();
        let expected = [
            (vec![2], blocks[1].clone()),
            (vec![5], blocks[4].clone()),
            (vec![1, 3, 4, 6], small),
        ];
        assert!(
            found == expected,
            "{:?}",
            found.iter().map(|one| &one.0).collect::<Vec<_>>()
        );
    }

    #[tokio::test]
    async fn more_waits_for_nobody_than_may_wait() {
        let (contents, blocks) = archive(&[AHEAD as usize + (40 << 20)]);
        let bytes = [HEAD.to_vec(), blocks.concat()].concat();
        let mut split = start(&contents, Box::new(Cursor::new(bytes)));
        split.head().await.unwrap();
        let places = Arc::clone(&split.places);
        while places.available_permits() > CHUNK {
            tokio::task::yield_now().await;
        }
        let found = taken(&mut split).await.unwrap();
        assert!(found == [(vec![1], blocks[0].clone())]);
    }

    /// A reader that breaks at its end.
    struct Breaks(Cursor<Vec<u8>>);

    impl Read for Breaks {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(Broken::from(crate::finding::Finding::new(Code::DumpCorrupt, "x")).into()),
                count => Ok(count),
            }
        }
    }

    #[tokio::test]
    async fn what_the_reader_says_outranks_what_cannot_be_cut() {
        let (contents, blocks) = archive(&[10, 10]);
        let bytes = [HEAD.to_vec(), blocks[0].clone(), vec![9; 100]].concat();
        let mut split = start(&contents, Box::new(Breaks(Cursor::new(bytes.clone()))));
        let broken = taken_after_head(&mut split).await.unwrap_err();
        assert!(matches!(broken, Broken::Backup(_)));
        let mut split = start(&contents, Box::new(Cursor::new(bytes)));
        let broken = taken_after_head(&mut split).await.unwrap_err();
        assert!(matches!(broken, Broken::Run(_)));
    }

    async fn taken_after_head(split: &mut Split) -> Result<Vec<(Vec<i32>, Vec<u8>)>, Broken> {
        split.head().await?;
        taken(split).await
    }
}
