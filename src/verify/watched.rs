//! Who is shown the dump while it passes: its rows are counted, what is remarked about it is kept for the report, and what
//! it unpacks to is added up.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    dump::{self, Contents, Ledger, Of, Relay, Rows, Tally, Tap, Viewer},
    error::Broken,
    finding::Finding,
    plan::Limits,
    progress::Progress,
    rules,
};

/// What was noticed while a dump was read.
pub(super) struct Watched {
    remarks: Mutex<Vec<Finding>>,
    progress: Progress,
    /// What it holds; none where that is not asked for.
    tally: Option<Tally>,
    /// Who loads it.
    pub(super) loader: Relay,
    /// What of it is read ahead of its turn, by somebody else.
    pub(super) elsewhere: OnceLock<Range<u64>>,
    /// How many bytes it is stored in, and how many may come out of them.
    stored: u64,
    allowed: u64,
    unpacked: AtomicU64,
}

impl Watched {
    /// Who sees the dump of so many stored bytes that is read next, and whether its rows are counted.
    pub(super) fn new(
        stored: u64,
        limits: &Limits,
        counts: bool,
        progress: &Progress,
    ) -> Arc<Self> {
        Arc::new(Self {
            remarks: Mutex::default(),
            progress: progress.clone(),
            tally: counts.then(Tally::default),
            loader: Relay::default(),
            elsewhere: OnceLock::new(),
            stored,
            allowed: rules::most_unpacked(stored, limits),
            unpacked: AtomicU64::new(0),
        })
    }

    /// What was remarked so far, once.
    pub(super) fn remarks(&self) -> Vec<Finding> {
        std::mem::take(&mut *self.remarks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What an archive holds, once it was read to its end.
    pub(super) fn ledger(&self, contents: &Contents) -> Option<Ledger> {
        Some(self.tally.as_ref()?.ledger(contents))
    }
}

impl Viewer for Watched {
    fn table(&self, of: &Of<'_>) -> Option<Box<dyn Rows>> {
        let counted = self.tally.as_ref().and_then(|tally| tally.table(of));
        let shown = dump::both(counted, self.loader.table(of));
        dump::both(shown, Some(Box::new(Arrives(self.progress.clone()))))
    }

    fn object(&self, number: u32) -> Option<Box<dyn Rows>> {
        let counted = self.tally.as_ref().and_then(|tally| tally.object(number));
        dump::both(counted, self.loader.object(number))
    }
}

impl Tap for Watched {
    fn remark(&self, finding: Finding) {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        remarks.push(finding);
    }

    fn unpacked(&self, bytes: u64) -> Result<(), Broken> {
        let before = self.unpacked.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.allowed {
            return Ok(());
        }
        Err(rules::unpacks_to_too_much(self.stored, self.allowed).into())
    }

    fn elsewhere(&self) -> Option<Range<u64>> {
        self.elsewhere.get().cloned()
    }
}

/// A table that arrives.
struct Arrives(Progress);

impl Rows for Arrives {
    fn piece(&mut self, _: &[u8]) {}

    fn end(self: Box<Self>) {
        self.0.add_table();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_arrived_whole_is_progress_and_a_cut_one_is_none() {
        let progress = Progress::default();
        let watched = Watched::new(1, &Limits::default(), false, &progress);
        let of = Of {
            entry: None,
            table: "public.t",
            copy: None,
            database: None,
        };
        let mut whole = watched.table(&of).unwrap();
        whole.piece(b"1\n");
        drop(watched.table(&of));
        assert_eq!(progress.tables().0, 0);
        whole.end();
        assert_eq!(progress.tables().0, 1);
    }
}
