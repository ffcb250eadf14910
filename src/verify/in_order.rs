//! What PostgreSQL refused while several connections loaded is restored once more by one, in the dump's own order, before
//! anybody is told that the backup is bad: a function that a constraint calls may look into a table that was not loaded yet.

use std::sync::Arc;

use super::{Job, Stop, chosen, source::Source};
use crate::{
    backup::{Backup, Store},
    error::{Broken, Error},
    plan::{Engine, RestorePlan},
    restore::Restored,
};

/// Makes sure that nothing was refused which one connection may load.
pub(super) fn must_hold(restored: &Restored) -> Result<(), Stop> {
    let refused = restored.complaints.by_order_of_loading();
    let Some(refused) = refused.filter(|_| restored.side_by_side) else {
        return Ok(());
    };
    let said = match &refused.object {
        Some(object) => format!("{object}: {}", refused.message),
        None => refused.message.clone(),
    };
    Err(Stop::OutOfOrder(format!(
        "Several connections loaded, and PostgreSQL refused something ({said}): everything was restored once more by \
         one, in the dump's own order."
    )))
}

/// What is told where it was not restored once more.
pub(super) fn not_kept(why: &str) -> Error {
    Error::new(
        "the rows were not loaded in the dump's own order",
        "Run again with `--jobs 1`.",
    )
    .because(why)
}

/// Opens the backup for one connection alone; why is a sentence.
///
/// # Errors
/// When it cannot be read, or is no dump.
pub(super) async fn open(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
    why: String,
) -> Result<Source, Broken> {
    tracing::debug!(why, "the dump is restored once more");
    job.progress.stage("open");
    let source = chosen::open(job, store, backup).await?;
    Ok(Source {
        by_one: Some(why),
        ..source
    })
}

/// How one connection loads everything in the dump's own order.
pub(super) fn plan() -> RestorePlan {
    RestorePlan {
        engine: Engine::PgRestore,
        jobs: Some(1),
        ..RestorePlan::default()
    }
}
