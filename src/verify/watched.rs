//! Who is shown the dump while it passes: what is remarked about it is kept for the report, and what it unpacks to is
//! added up.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    dump::{Of, Rows, Tap},
    error::Broken,
    finding::Finding,
    plan::Limits,
    rules,
};

/// What was noticed while a dump was read.
#[derive(Debug)]
pub(super) struct Watched {
    remarks: Mutex<Vec<Finding>>,
    /// How many bytes it is stored in, and how many may come out of them.
    stored: u64,
    allowed: u64,
    unpacked: AtomicU64,
}

impl Watched {
    /// Who sees the dump of so many stored bytes that is read next.
    pub(super) fn new(stored: u64, limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            remarks: Mutex::default(),
            stored,
            allowed: rules::most_unpacked(stored, limits),
            unpacked: AtomicU64::new(0),
        })
    }

    /// What was remarked so far, once.
    pub(super) fn remarks(&self) -> Vec<Finding> {
        std::mem::take(&mut *self.remarks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tap for Watched {
    fn table(&self, _: &Of<'_>) -> Option<Box<dyn Rows>> {
        None
    }

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
}
