//! Who waits for whom: the storage for the programs, or the programs for the storage.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::super::watchdog;

/// How many programs have bytes before them that they have not taken.
#[derive(Debug, Default)]
pub(super) struct Pace {
    writing: AtomicUsize,
    bytes: AtomicU64,
    over: AtomicBool,
}

impl Pace {
    /// The first bytes are waited for.
    pub(super) fn wants_bytes(&self) {
        watchdog::wants_bytes(!self.over.load(Relaxed));
    }

    /// The stream was read to its end: only the programs are waited for.
    pub(super) fn over(&self) {
        self.over.store(true, Relaxed);
        watchdog::wants_bytes(false);
    }

    fn begin(&self) {
        if self.writing.fetch_add(1, Relaxed) == 0 {
            watchdog::wants_bytes(false);
        }
    }

    fn end(&self) {
        if self.writing.fetch_sub(1, Relaxed) == 1 {
            self.wants_bytes();
        }
    }

    /// How many bytes of data were taken.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Feeds a program; `false` when it takes no more.
    pub(super) async fn write(
        &self,
        stdin: &mut Pin<Box<dyn AsyncWrite + Send>>,
        bytes: &[u8],
        data: bool,
    ) -> bool {
        self.begin();
        let taken = stdin.write_all(bytes).await.is_ok();
        self.end();
        if taken {
            watchdog::fed(bytes.len() as u64);
        }
        if taken && data {
            self.bytes.fetch_add(bytes.len() as u64, Relaxed);
        }
        taken
    }
}
