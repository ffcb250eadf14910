//! Blocks of an archive that are decoded side by side, while the ones behind them are still followed.

use std::{
    io::{self, Read},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use crate::{
    error::{Broken, Error},
    machine,
};

/// How much is decoded at the same time.
#[derive(Clone, Copy)]
pub(super) struct Size {
    /// How many blocks at most, and never more than there are cores.
    pub(super) blocks: usize,
    /// How many stored bytes may wait for it.
    pub(super) waiting: usize,
}

/// For an archive: what is shown of each of its blocks waits for a place of its own.
pub(super) const SIDE_BY_SIDE: Size = Size {
    blocks: 3,
    waiting: 32 << 20,
};

/// For a stretch that comes ahead of its turn: its bytes are held already, and need not wait here, too.
pub(super) const ONE_BY_ONE: Size = Size {
    blocks: 1,
    waiting: 2 << 20,
};

/// The threads that decode.
pub(super) struct Pool {
    blocks: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

struct Job {
    /// Where the block began.
    at: u64,
    pieces: Pieces,
    decode: Decode,
}

/// Decodes one block.
type Decode = Box<dyn FnOnce(&Pieces) -> Result<(), Broken> + Send>;

/// What the threads and the one who follows the archive share.
struct Shared {
    most: usize,
    waiting: Mutex<Waiting>,
    taken: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: usize,
    /// The first block that was found to be damaged, and where it began.
    broken: Option<(u64, Broken)>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Waits until so many bytes more may wait; `false` when something is damaged, so that nobody needs them.
    fn add(&self, bytes: usize) -> bool {
        let waiting = lock(&self.waiting);
        let full = |waiting: &mut Waiting| {
            waiting.broken.is_none() && waiting.bytes > 0 && waiting.bytes + bytes > self.most
        };
        let waiting = self.taken.wait_while(waiting, full);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.bytes += bytes;
        waiting.broken.is_none()
    }

    fn take(&self, bytes: usize) {
        let mut waiting = lock(&self.waiting);
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        self.taken.notify_one();
    }

    fn fail(&self, at: u64, broken: Broken) {
        let mut waiting = lock(&self.waiting);
        if waiting.broken.as_ref().is_none_or(|(first, _)| at < *first) {
            waiting.broken = Some((at, broken));
        }
        self.taken.notify_one();
    }
}

impl Pool {
    pub(super) fn start(size: Size) -> Self {
        let (blocks, jobs) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let shared = Arc::new(Shared {
            most: size.waiting,
            waiting: Mutex::default(),
            taken: Condvar::default(),
        });
        let cores = machine::processors().unwrap_or(1);
        let work = |_| {
            let (jobs, shared) = (Arc::clone(&jobs), Arc::clone(&shared));
            thread::spawn(move || work(&jobs, &shared))
        };
        Self {
            blocks: Some(blocks),
            threads: (0..cores.min(size.blocks)).map(work).collect(),
            shared,
        }
    }

    /// Decodes a block that begins at `at`: its bytes are to be put into what is given.
    pub(super) fn block(
        &self,
        at: u64,
        decode: impl FnOnce(&Pieces) -> Result<(), Broken> + Send + 'static,
    ) -> Block {
        let (sender, receiver) = mpsc::channel();
        let pieces = Pieces(Arc::new(Mutex::new(Received {
            from: receiver,
            piece: Vec::new(),
            read: 0,
            at,
            over: false,
            left: false,
            shared: Arc::clone(&self.shared),
        })));
        if let Some(blocks) = &self.blocks {
            // There is always a thread: none of them panics.
            let _ = blocks.send(Job {
                at,
                pieces,
                decode: Box::new(decode),
            });
        }
        Block {
            to: sender,
            shared: Arc::clone(&self.shared),
        }
    }

    /// Whether something was found to be damaged already.
    pub(super) fn is_broken(&self) -> bool {
        lock(&self.shared.waiting).broken.is_some()
    }

    /// Waits for all of them; what is damaged in one of them outranks what was found behind it.
    pub(super) fn finish<T>(mut self, followed: Result<T, Broken>) -> Result<T, Broken> {
        self.blocks = None;
        for thread in self.threads.drain(..) {
            thread
                .join()
                .map_err(|_| Error::new("could not follow the dump", "Run again, and tell us."))?;
        }
        match lock(&self.shared.waiting).broken.take() {
            Some((_, broken)) => Err(broken),
            None => followed,
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, shared: &Shared) {
    loop {
        let job = lock(jobs).recv();
        let Ok(Job { at, pieces, decode }) = job else {
            return;
        };
        let done = decode(&pieces);
        // What was left of it must make room in any case.
        if let (Err(broken), true) = (done, pieces.drained()) {
            shared.fail(at, broken);
        }
    }
}

/// Where the bytes of a block are put.
pub(super) struct Block {
    to: Sender<Piece>,
    shared: Arc<Shared>,
}

enum Piece {
    /// Some bytes, and where in the archive they end.
    Bytes(Vec<u8>, u64),
    /// All were there.
    End,
}

impl Block {
    /// The next bytes, which end there; `false` when nobody needs any more.
    pub(super) fn piece(&self, bytes: Vec<u8>, at: u64) -> bool {
        let wanted = self.shared.add(bytes.len());
        // Whoever decodes it may have found that it is damaged: then its bytes make room here.
        if let Err(mpsc::SendError(Piece::Bytes(bytes, _))) = self.to.send(Piece::Bytes(bytes, at))
        {
            self.shared.take(bytes.len());
        }
        wanted
    }

    /// There are no more. A block that is let go without it was cut.
    pub(super) fn end(self) {
        // As above.
        let _ = self.to.send(Piece::End);
    }
}

/// The bytes of a block, for a decoder; its clones go on where the others ended.
#[derive(Clone)]
pub(super) struct Pieces(Arc<Mutex<Received>>);

struct Received {
    from: Receiver<Piece>,
    piece: Vec<u8>,
    /// How many bytes of it were read.
    read: usize,
    at: u64,
    /// There are no more.
    over: bool,
    /// The block was cut: whoever follows the archive tells it.
    left: bool,
    shared: Arc<Shared>,
}

impl Received {
    /// Whether there are bytes; takes the next ones when all were read.
    fn fill(&mut self) -> bool {
        while self.read == self.piece.len() && !self.over {
            self.shared.take(std::mem::take(&mut self.piece).len());
            self.read = 0;
            match self.from.recv() {
                Ok(Piece::Bytes(piece, at)) => (self.piece, self.at) = (piece, at),
                Ok(Piece::End) => self.over = true,
                Err(_) => (self.over, self.left) = (true, true),
            }
        }
        self.read < self.piece.len()
    }
}

impl Pieces {
    /// Where in the archive the bytes end that were read last.
    pub(super) fn at(&self) -> u64 {
        lock(&self.0).at
    }

    /// Whether there are bytes that were not read.
    pub(super) fn has_more(&self) -> bool {
        lock(&self.0).fill()
    }

    /// Reads what is left; whether the block was all there.
    fn drained(&self) -> bool {
        let mut received = lock(&self.0);
        while received.fill() {
            received.read = received.piece.len();
        }
        !received.left
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut received = lock(&self.0);
        if into.is_empty() || !received.fill() {
            return if received.left {
                Err(io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(0)
            };
        }
        let from = received.read;
        let count = (received.piece.len() - from).min(into.len());
        into[..count].copy_from_slice(&received.piece[from..from + count]);
        received.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, Finding};

    fn damaged(what: &str) -> Broken {
        Finding::new(Code::DumpCorrupt, what).into()
    }

    fn told<T>(finished: Result<T, Broken>) -> String {
        match finished {
            Err(Broken::Backup(finding)) => finding.message,
            Err(Broken::Run(error)) => panic!("{error}"),
            Ok(_) => String::new(),
        }
    }

    fn read(pieces: &Pieces) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        pieces.clone().read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn every_block_gets_its_own_bytes() {
        let pool = Pool::start(SIDE_BY_SIDE);
        let (sender, found) = mpsc::channel();
        for number in 0..100_u8 {
            let sender = sender.clone();
            let block = pool.block(number.into(), move |pieces| {
                let bytes = read(pieces).unwrap();
                sender.send((number, bytes, pieces.at())).unwrap();
                Ok(())
            });
            assert!(block.piece(vec![number; 70_000], 1));
            assert!(block.piece(vec![number], 2));
            block.end();
        }
        assert!(pool.finish(Ok(())).is_ok());
        let mut found: Vec<_> = found.try_iter().collect();
        found.sort_unstable();
        assert_eq!(found.len(), 100);
        for (number, bytes, at) in found {
            assert!(bytes == vec![number; 70_001] && at == 2, "{number}");
        }
    }

    #[test]
    fn the_first_damage_outranks_what_is_found_behind_it() {
        let pool = Pool::start(SIDE_BY_SIDE);
        for (at, what) in [(2, "second"), (1, "first"), (3, "third")] {
            pool.shared.fail(at, damaged(what));
        }
        assert!(pool.is_broken());
        assert_eq!(told(pool.finish::<()>(Err(damaged("behind")))), "first");
    }

    #[test]
    fn a_block_that_was_cut_is_told_by_who_follows_the_archive() {
        let pool = Pool::start(SIDE_BY_SIDE);
        let block = pool.block(1, |pieces| match read(pieces) {
            Ok(_) => Ok(()),
            Err(_) => Err(damaged("half a stream")),
        });
        assert!(block.piece(vec![1], 1));
        drop(block);
        assert_eq!(told(pool.finish::<()>(Err(damaged("cut")))), "cut");
    }

    #[test]
    fn bytes_of_a_block_that_nobody_reads_make_room() {
        let pool = Pool::start(SIDE_BY_SIDE);
        let block = pool.block(1, |_| Ok(()));
        for _ in 0..3 * SIDE_BY_SIDE.waiting / 1_000_000 {
            assert!(block.piece(vec![0; 1_000_000], 1));
        }
        block.end();
        assert!(pool.finish(Ok(())).is_ok());
    }
}
