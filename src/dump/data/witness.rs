//! Passes bytes on, and shows each of them to a thread that follows what they mean.

use std::{
    io::{self, Read},
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use super::{super::Bytes, feed::Feed};
use crate::error::{Broken, Error};

/// How many pieces may wait for the thread: some megabytes, so that neither side waits for every switch.
const WAITING: usize = 16;

/// A reader whose end is only told when what it read was found whole.
pub(super) struct Witness {
    reader: Bytes,
    to_thread: Option<SyncSender<bytes::Bytes>>,
    thread: Option<JoinHandle<Result<(), Broken>>>,
    failed: Option<Broken>,
}

/// Gives the bytes of `reader`, and follows them.
pub(super) fn witness(
    reader: Bytes,
    follow: impl FnOnce(Feed) -> Result<(), Broken> + Send + 'static,
) -> Bytes {
    let (to_thread, from) = sync_channel(WAITING);
    Box::new(Witness {
        reader,
        to_thread: Some(to_thread),
        thread: Some(thread::spawn(move || follow(Feed::new(from)))),
        failed: None,
    })
}

impl Witness {
    /// What the thread found; waits for it.
    fn verdict(&mut self) -> Result<(), Broken> {
        self.to_thread = None;
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        thread.join().unwrap_or_else(|_| {
            Err(Error::new("could not follow the dump", "Run again, and tell us.").into())
        })
    }

    fn show(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let Some(to_thread) = &self.to_thread else {
            return Ok(());
        };
        // The thread is gone when it saw enough, or something that is broken.
        match to_thread.send(bytes::Bytes::copy_from_slice(bytes)) {
            Ok(()) => Ok(()),
            Err(_) => self.verdict(),
        }
    }
}

impl Read for Witness {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(broken) = &self.failed {
            return Err(broken.clone().into());
        }
        if into.is_empty() {
            return Ok(0);
        }
        let count = self.reader.read(into)?;
        let seen = match count {
            0 => self.verdict(),
            count => self.show(&into[..count]),
        };
        seen.map(|()| count).map_err(|broken| {
            self.failed = Some(broken.clone());
            broken.into()
        })
    }
}
