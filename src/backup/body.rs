//! The bytes of an object while they arrive, for tasks and for threads.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use bytes::{Buf, Bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::error::Broken;

/// How many bytes may wait at first: enough for the head of a dump, and little where nobody wants more than that.
const WAITING: u32 = 2 << 20;

/// How many more may wait once all of an object is wanted: what arrives while a sandbox starts.
const AHEAD: usize = 32 << 20;

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
    places: Arc<Semaphore>,
    evidence: Arc<OnceLock<Evidence>>,
}

/// The other end of a [`Body`].
#[derive(Debug)]
pub struct Sender {
    chunks: mpsc::UnboundedSender<Chunk>,
    places: Arc<Semaphore>,
    evidence: Arc<OnceLock<Evidence>>,
}

/// Lets more of a [`Body`] wait.
#[derive(Clone, Debug)]
pub struct Ahead(Arc<Semaphore>);

/// Bytes, and their places among those that may wait.
#[derive(Debug)]
struct Chunk {
    bytes: Result<Bytes, Broken>,
    _places: Option<OwnedSemaphorePermit>,
}

impl Ahead {
    /// All of the object is wanted: it may arrive some megabytes ahead of whoever reads it.
    pub fn all_is_wanted(&self) {
        self.0.add_permits(AHEAD);
    }
}

impl Body {
    /// A body and the end that fills it.
    #[must_use]
    pub fn new() -> (Sender, Self) {
        let (sender, chunks) = mpsc::unbounded_channel();
        let evidence = Arc::new(OnceLock::new());
        let places = Arc::new(Semaphore::new(WAITING as usize));
        let sender = Sender {
            chunks: sender,
            places: Arc::clone(&places),
            evidence: Arc::clone(&evidence),
        };
        let body = Self {
            chunks,
            places,
            evidence,
        };
        (sender, body)
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the bytes ended early.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Broken>> {
        self.chunks.recv().await.map(|chunk| chunk.bytes)
    }

    /// What reading to the end showed: empty until then, and after a broken end.
    #[must_use]
    pub fn evidence(&self) -> Arc<OnceLock<Evidence>> {
        Arc::clone(&self.evidence)
    }

    /// How far ahead of its reader it may be.
    #[must_use]
    pub fn ahead(&self) -> Ahead {
        Ahead(Arc::clone(&self.places))
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
        let places = u32::try_from(bytes.len()).unwrap_or(WAITING).min(WAITING);
        let Ok(places) = Arc::clone(&self.places).acquire_many_owned(places).await else {
            return false;
        };
        let chunk = Chunk {
            bytes: Ok(bytes),
            _places: Some(places),
        };
        self.chunks.send(chunk).is_ok()
    }

    /// Ends the bytes early.
    pub fn fail(self, broken: impl Into<Broken>) {
        // Nobody may be reading any more: then nobody needs to know.
        let _ = self.chunks.send(Chunk {
            bytes: Err(broken.into()),
            _places: None,
        });
    }

    /// Ends the bytes where they should end.
    pub fn finish(self, evidence: Evidence) {
        // Set once only: the sender is gone afterwards.
        let _ = self.evidence.set(evidence);
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
                Some(chunk) => self.chunk = chunk.bytes?,
                None => return Ok(0),
            }
        }
        let count = self.chunk.len().min(into.len());
        self.chunk.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}
