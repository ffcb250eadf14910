//! The files of a directory dump: what each of them was is known once it was read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use crate::backup::Evidence;

/// What reading each of them showed, by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(Arc<Mutex<BTreeMap<String, Arc<OnceLock<Evidence>>>>>);

impl Files {
    /// This one is about to be read.
    pub(super) fn note(&self, name: &str, evidence: Arc<OnceLock<Evidence>>) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(name.to_owned(), evidence);
    }

    /// What was seen, of all of them or of none: half of a dump proves nothing.
    pub(super) fn evidence(&self) -> BTreeMap<String, Evidence> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let each = files
            .iter()
            .map(|(name, evidence)| Some((name.clone(), evidence.get()?.clone())));
        each.collect::<Option<_>>().unwrap_or_default()
    }
}
