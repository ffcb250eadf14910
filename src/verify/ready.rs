//! What the sandbox is asked and given before the first byte of a dump, and what is settled once it is restored.

use bytes::Bytes;

use super::{collate, trial::notes};
use crate::{
    dump::Contents,
    error::{Broken, Error, Result},
    plan::Collation,
    report::Report,
    restore::{self, Prepared, Restored},
    sandbox::Sandbox,
};

/// A sandbox that is ready for a dump.
pub(super) struct Ready {
    /// What was made in it.
    pub(super) prepared: Prepared,
    /// What counts if the restore has nothing to say.
    unlisted: Option<Error>,
}

/// Prepares the sandbox for this dump, and lets its `pg_restore` read what stands before the data.
pub(super) async fn prepare(
    sandbox: &Sandbox,
    contents: &Contents,
    toc: Option<Bytes>,
    collation: Collation,
    report: &mut Report,
) -> std::result::Result<Ready, Broken> {
    let preparing = async { Ok(restore::prepare(sandbox, contents, collation).await?) };
    let listing = async {
        match &toc {
            Some(toc) => restore::listed(sandbox, contents, toc).await,
            None => Ok(None),
        }
    };
    let (mut prepared, vulnerable, unlisted) =
        tokio::try_join!(preparing, restore::vulnerable(sandbox), listing)?;
    notes(report).append(&mut prepared.notes);
    report.findings.extend(vulnerable);
    Ok(Ready { prepared, unlisted })
}

impl Ready {
    /// Before anything is compared or asked.
    pub(super) async fn settle(&self, restored: &Restored, sandbox: &Sandbox) -> Result<()> {
        if let Some(error) = &self.unlisted
            && restored.complaints.iter().next().is_none()
        {
            return Err(error.clone());
        }
        collate::own(&self.prepared, sandbox).await
    }
}
