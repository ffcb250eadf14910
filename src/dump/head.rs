//! A look at the first bytes of a stream, which are then read again.

use std::io::{self, Read};

use super::Bytes;
use crate::error::{Broken, Error, sentence, whole};

/// How much is asked of the reader at once.
const STEP: usize = 64 * 1024;

/// A stream whose first bytes are kept.
pub(super) struct Head {
    reader: Bytes,
    kept: Vec<u8>,
    ended: bool,
}

impl Head {
    pub(super) fn new(reader: impl Read + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            kept: Vec::new(),
            ended: false,
        }
    }

    /// Reads until `count` bytes are kept or the stream ends, and gives all that is kept.
    pub(super) fn fill(&mut self, count: usize) -> Result<&[u8], Broken> {
        while self.kept.len() < count && !self.ended {
            let start = self.kept.len();
            self.kept.resize(start + STEP, 0);
            let read = self.reader.read(&mut self.kept[start..]);
            self.kept.truncate(start + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(&self.kept)
    }

    /// What is kept so far.
    pub(super) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// All of the stream, from its first byte. What was kept is freed as soon as it is read.
    pub(super) fn replay(self) -> Bytes {
        Box::new(Replay {
            kept: self.kept,
            given: 0,
            reader: self.reader,
        })
    }
}

struct Replay {
    kept: Vec<u8>,
    given: usize,
    reader: Bytes,
}

impl Read for Replay {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = &self.kept[self.given..];
        if rest.is_empty() {
            return self.reader.read(into);
        }
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        if self.given == self.kept.len() {
            self.kept = Vec::new();
            self.given = 0;
        }
        Ok(count)
    }
}

/// What a reader's error says: its own [`Broken`] unchanged, anything else as a stopped run.
pub(super) fn broken(error: &io::Error) -> Broken {
    Broken::inside(error).cloned().unwrap_or_else(|| {
        Error::new("could not read the backup", "Run again.")
            .because(sentence(&whole(error)))
            .into()
    })
}
