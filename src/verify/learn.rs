//! A drill that also looks at what the restored data look like, for whoever writes the first checks.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::{Attempt, Job, Options, Outcome, Signal, attempt};
use crate::{
    checks::Reader,
    error::Result,
    plan::Plan,
    progress::Progress,
    sandbox::Sandbox,
    starter::{self, Facts},
};

/// What a drill learned about the restored data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// What they look like.
    pub facts: Facts,
    /// When the dump was taken.
    pub taken: Timestamp,
}

/// Where a drill puts what it learns.
pub(super) type Slot = Arc<OnceLock<Result<Learned>>>;

/// Verifies a backup and looks at the restored data. `None` when it did not come to that: the report says why.
pub async fn learn(
    plan: &Plan,
    options: &Options,
    progress: &Progress,
    interrupt: impl Future<Output = Signal>,
) -> (Outcome, Option<Result<Learned>>) {
    let slot = Slot::default();
    let step = Attempt {
        learned: Some(slot.clone()),
        ..Attempt::default()
    };
    let outcome = attempt(plan, options, &step, progress, interrupt).await;
    (outcome, slot.get().cloned())
}

/// Looks, if somebody asked for it. What is learned changes nothing about the drill.
pub(super) async fn note(job: &Job<'_>, sandbox: &Sandbox, reader: &Reader, taken: Timestamp) {
    let Some(slot) = &job.step.learned else {
        return;
    };
    let password = reader.password.reveal();
    let connected = sandbox.connect(sandbox.database(), &reader.role, password);
    let looked = match connected.await {
        Ok(client) => starter::look(client).await,
        Err(error) => Err(error),
    };
    let _ = slot.set(looked.map(|facts| Learned { facts, taken }));
}
