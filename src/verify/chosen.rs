//! The backup that was chosen: its head is read and judged, then a sandbox takes it.

use std::{pin::Pin, sync::Arc};

use super::{Job, Signal, Stop, Tier, again, clocks, in_order, source, still, trial, watched};
use crate::{
    backup::{Backup, Store},
    error::Broken,
    finding::Finding,
    report::Report,
    rules,
    sandbox::Kept,
};

/// Reads its head, judges that, and proves it in a sandbox.
pub(super) async fn prove(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
    report: &mut Report,
    mut interrupt: Pin<&mut impl Future<Output = Signal>>,
    kept: &mut Option<Kept>,
) -> Result<(), Stop> {
    job.progress.stage("open");
    job.progress.expect_bytes(backup.size);
    let source = tokio::select! {
        biased;
        signal = interrupt.as_mut() => return Err(Stop::Signal(signal)),
        source = expected(job, store, backup, report) => source?,
    };
    let before = report.clone();
    let proven = trial::run(job, store, source, backup, report, interrupt.as_mut(), kept);
    match Box::pin(proven).await {
        Err(Stop::OutOfOrder(why)) => {
            *report = before;
            let source = tokio::select! {
                biased;
                signal = interrupt.as_mut() => return Err(Stop::Signal(signal)),
                source = in_order::open(job, store, backup, why) => source?,
            };
            let proven = trial::run(job, store, source, backup, report, interrupt, kept);
            Box::pin(proven).await?;
        }
        proven => proven?,
    }
    if job.options.tier == Tier::Schema {
        return Ok(());
    }
    let drill = rules::Drill {
        report,
        past: &job.memory.past.runs,
    };
    let findings = rules::judge_restored(&drill, &job.plan.limits);
    report.findings.extend(findings);
    Ok(())
}

/// Reads the head of a backup, which must say that it is the dump that the plan expects.
async fn expected(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
    report: &mut Report,
) -> Result<source::Source, Broken> {
    let source = open(job, store, backup).await?;
    report.dump = Some(source.contents.facts());
    clocks::note(job, &source.contents, report);
    let Some(found) = unexpected(job, &source) else {
        return Ok(source);
    };
    drop(source);
    job.progress.stage("reread");
    if let Err(error) = still::must_stand(store, backup).await {
        report.dump = None;
        return Err(error.into());
    }
    let read = || async {
        let found = unexpected(job, &open(job, store, backup).await?);
        found.map_or(Ok(()), |found| Err(found.into()))
    };
    let known = again::settle(&backup.key, found, read).await;
    if matches!(known, Broken::Run(_)) {
        report.dump = None;
    }
    Err(known)
}

fn unexpected(job: &Job<'_>, source: &source::Source) -> Option<Finding> {
    let facts = source.contents.facts();
    rules::content(&facts, job.plan.backup.as_ref(), &job.plan.restore)
}

/// Reads the head of a backup, as far as this run needs it.
///
/// # Errors
/// When it cannot be read, or is no dump.
pub(super) async fn open(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
) -> Result<source::Source, Broken> {
    let counts = !job.options.uncompared;
    let watched = watched::Watched::new(backup.size, &job.plan.limits, counts, job.progress);
    if job.options.tier == Tier::Schema {
        return source::head(store, backup, watched, job.progress).await;
    }
    let source = source::open(store.clone(), backup, watched, job.progress).await?;
    let tables = source.contents.tables.unwrap_or_default();
    job.progress.expect_tables(tables);
    Ok(source)
}
