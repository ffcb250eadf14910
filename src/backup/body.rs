//! The bytes of an object while they arrive, for tasks and for threads.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use crate::error::Broken;

/// How many chunks may wait; with the chunks of an HTTP body this is a few megabytes.
const WAITING: usize = 64;

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
    chunks: mpsc::Receiver<Result<Bytes, Broken>>,
    evidence: Arc<OnceLock<Evidence>>,
}

/// The other end of a [`Body`].
#[derive(Debug)]
pub struct Sender {
    chunks: mpsc::Sender<Result<Bytes, Broken>>,
    evidence: Arc<OnceLock<Evidence>>,
}

impl Body {
    /// A body and the end that fills it.
    #[must_use]
    pub fn new() -> (Sender, Self) {
        let (sender, chunks) = mpsc::channel(WAITING);
        let evidence = Arc::new(OnceLock::new());
        let sender = Sender {
            chunks: sender,
            evidence: Arc::clone(&evidence),
        };
        (sender, Self { chunks, evidence })
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the bytes ended early.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Broken>> {
        self.chunks.recv().await
    }

    /// What reading to the end showed: empty until then, and after a broken end.
    #[must_use]
    pub fn evidence(&self) -> Arc<OnceLock<Evidence>> {
        Arc::clone(&self.evidence)
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

impl Sender {
    /// Hands over bytes; `false` when nobody reads any more.
    pub async fn send(&self, bytes: Bytes) -> bool {
        self.chunks.send(Ok(bytes)).await.is_ok()
    }

    /// Ends the bytes early.
    pub async fn fail(self, broken: impl Into<Broken>) {
        // Nobody may be reading any more: then nobody needs to know.
        let _ = self.chunks.send(Err(broken.into())).await;
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
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let count = self.chunk.len().min(into.len());
        self.chunk.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}
