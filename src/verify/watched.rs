//! Who is shown the dump while it passes: what is remarked about it is kept for the report.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    dump::{Of, Rows, Tap},
    finding::Finding,
};

/// What was noticed while a dump was read.
#[derive(Debug, Default)]
pub(super) struct Watched {
    remarks: Mutex<Vec<Finding>>,
}

impl Watched {
    /// Who sees the dump that is read next.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self::default())
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
}
