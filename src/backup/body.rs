//! The bytes of an object while they arrive, for tasks and for threads.

use std::{
    io,
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use super::{
    places::{Places, Taken},
    turns::{Stretch, Turns},
};
use crate::error::{Broken, Error};

/// How many bytes of a stretch may be held besides, until their turn has come.
const HELD: usize = 30 << 20;

/// What reading an object to its end showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How many bytes there were.
    pub bytes: u64,
    /// Their SHA-256 in hexadecimal.
    pub sha256: String,
    /// Which of the checksums stored with the object matched: `crc64nvme`, `sha256`, `md5`, ….
    pub checksums: Vec<String>,
}

/// The bytes of an object while they arrive.
#[derive(Debug)]
pub struct Body {
    chunks: mpsc::UnboundedReceiver<Chunk>,
    places: Arc<Places>,
    evidence: Arc<OnceLock<Evidence>>,
    turns: Arc<Turns>,
}

/// The other end of a [`Body`].
#[derive(Debug)]
pub struct Sender {
    chunks: mpsc::UnboundedSender<Chunk>,
    places: Arc<Places>,
    evidence: Arc<OnceLock<Evidence>>,
    turns: Arc<Turns>,
    /// Its reader knows how the bytes ended.
    ended: bool,
}

/// Lets more of a [`Body`] wait, or some of it arrive ahead of its turn.
#[derive(Clone, Debug)]
pub struct Ahead {
    places: Arc<Places>,
    turns: Arc<Turns>,
}

/// How far an object was asked for, and how much of it may come ahead of its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Up to which byte it was asked for in its order.
    pub asked: u64,
    /// How long a stretch of it may be, in bytes, for there is no room to hold more; none where none of it is held.
    pub room: Option<u64>,
}

/// Bytes, and their places among those that may wait.
#[derive(Debug)]
struct Chunk {
    bytes: Result<Bytes, Broken>,
    places: Option<Taken>,
}

impl Ahead {
    /// All of the object is wanted: it may arrive some megabytes ahead of whoever reads it.
    pub fn all_is_wanted(&self) {
        self.places.more();
    }

    /// How far it was asked for; none where no stretch of it can be had.
    #[must_use]
    pub fn reach(&self) -> Option<Reach> {
        let asked = self.turns.asked()?;
        let room = (HELD + self.places.free()) as u64;
        let room = (!self.turns.are_read_twice()).then_some(room);
        Some(Reach { asked, room })
    }

    /// Lets a stretch of the object arrive ahead of its turn, in a body of its own: in the one of all of it, its bytes are
    /// missing then. Where they are held until their turn has come, no more of the others waits than at first, so that there
    /// are not many more than before. None when it is too late for that.
    #[must_use]
    pub fn stretch(&self, range: Range<u64>) -> Option<Body> {
        let (to, body) = Body::new();
        let comes = self.turns.want(Stretch { range, to });
        if comes && !self.turns.are_read_twice() {
            self.places.as_at_first();
        }
        comes.then_some(body)
    }
}

impl Body {
    /// A body and the end that fills it.
    #[must_use]
    pub fn new() -> (Sender, Self) {
        let (sender, chunks) = mpsc::unbounded_channel();
        let evidence = Arc::new(OnceLock::new());
        let places = Arc::<Places>::default();
        let turns = Arc::<Turns>::default();
        let sender = Sender {
            chunks: sender,
            places: Arc::clone(&places),
            evidence: Arc::clone(&evidence),
            turns: Arc::clone(&turns),
            ended: false,
        };
        let body = Self {
            chunks,
            places,
            evidence,
            turns,
        };
        (sender, body)
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the bytes ended early.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Broken>> {
        let chunk = self.chunks.recv().await?;
        Some(self.taken(chunk))
    }

    fn taken(&self, chunk: Chunk) -> Result<Bytes, Broken> {
        if let Some(places) = chunk.places {
            self.places.give_back(places);
        }
        chunk.bytes
    }

    /// What reading to the end showed: empty until then, and after a broken end.
    #[must_use]
    pub fn evidence(&self) -> Arc<OnceLock<Evidence>> {
        Arc::clone(&self.evidence)
    }

    /// How far ahead of its reader it may be.
    #[must_use]
    pub fn ahead(&self) -> Ahead {
        Ahead {
            places: Arc::clone(&self.places),
            turns: Arc::clone(&self.turns),
        }
    }

    /// The same bytes for a thread that blocks. Errors carry a [`Broken`].
    #[must_use]
    pub fn into_reader(self) -> BodyReader {
        BodyReader {
            body: self,
            chunk: Bytes::new(),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // Whoever fills it may be waiting for a place.
        self.places.close();
    }
}

impl Sender {
    /// Hands over bytes, once there is a place for them; `false` when nobody reads any more.
    pub async fn send(&self, bytes: Bytes) -> bool {
        let Some(places) = self.places.take(bytes.len()).await else {
            return false;
        };
        self.hand_over(bytes, Some(places))
    }

    /// Hands over bytes that are held in any case, so that they need no place; `false` when nobody reads any more.
    pub(super) fn send_held(&self, bytes: Bytes) -> bool {
        self.hand_over(bytes, None)
    }

    fn hand_over(&self, bytes: Bytes, places: Option<Taken>) -> bool {
        let chunk = Chunk {
            bytes: Ok(bytes),
            places,
        };
        self.chunks.send(chunk).is_ok()
    }

    /// What of the object is wanted ahead of its turn.
    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Ends the bytes early.
    pub fn fail(mut self, broken: impl Into<Broken>) {
        self.break_off(broken.into());
    }

    fn break_off(&mut self, broken: Broken) {
        self.ended = true;
        // Nobody may be reading any more: then nobody needs to know.
        let _ = self.chunks.send(Chunk {
            bytes: Err(broken),
            places: None,
        });
    }

    /// Ends the bytes where they should end.
    pub fn finish(self, evidence: Evidence) {
        // Set once only: the sender is gone afterwards.
        let _ = self.evidence.set(evidence);
        self.end();
    }

    /// Ends a stretch where it should end: what reading the object showed is told with the rest of it.
    pub(super) fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if !self.ended {
            // An end that nobody told must not look like that of a dump.
            self.break_off(Error::new("could not read the dump", "Run again.").into());
        }
        self.turns.end();
    }
}

/// The bytes of an object for a thread that blocks.
#[derive(Debug)]
pub struct BodyReader {
    body: Body,
    chunk: Bytes,
}

impl io::Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.body.chunks.blocking_recv() {
                Some(chunk) => self.chunk = self.body.taken(chunk)?,
                None => return Ok(0),
            }
        }
        let count = self.chunk.len().min(into.len());
        self.chunk.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence() -> Evidence {
        Evidence {
            bytes: 1,
            sha256: String::new(),
            checksums: Vec::new(),
        }
    }

    #[tokio::test]
    async fn bytes_that_end_untold_are_never_an_end_of_the_dump() {
        let (sender, mut body) = Body::new();
        sender.send(Bytes::from_static(b"1")).await;
        drop(sender);
        assert!(body.chunk().await.unwrap().is_ok());
        assert!(matches!(body.chunk().await, Some(Err(Broken::Run(_)))));
        let (sender, mut body) = Body::new();
        sender.finish(evidence());
        assert!(body.chunk().await.is_none());
    }

    #[tokio::test]
    async fn a_stretch_that_nobody_will_send_is_broken_off() {
        let (sender, body) = Body::new();
        assert!(sender.turns().ask(1).is_none());
        let mut stretch = body.ahead().stretch(5..9).unwrap();
        sender.finish(evidence());
        assert!(matches!(stretch.chunk().await, Some(Err(Broken::Run(_)))));
        assert!(body.ahead().stretch(5..9).is_none(), "it was read");
    }
}
