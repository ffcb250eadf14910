//! The sandbox of a run: start, prove inside it, and stop, whatever happens in between.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Job, Signal, Stop, cpu,
    early::{self, Majors},
    prove::prove,
    source::Source,
};
use crate::{
    backup::{Backup, Store},
    error::{Broken, OrStop, Result},
    report::{Report, SandboxFacts},
    sandbox::{self, Kept, Needs, Sandbox},
};

/// A sandbox ends by itself after this, whatever became of the run.
const DEADLINE: Duration = Duration::from_hours(24);

/// How long a sandbox that is still starting may hold up the answer to a signal.
const PATIENCE: Duration = Duration::from_secs(15);

/// Restores and asks, and stops the sandbox on every path.
pub(super) async fn run(
    job: &Job<'_>,
    store: &Arc<Store>,
    source: Source,
    backup: &Backup,
    report: &mut Report,
    mut interrupt: Pin<&mut impl Future<Output = Signal>>,
    kept: &mut Option<Kept>,
) -> std::result::Result<(), Stop> {
    job.progress.stage("start");
    if let Some(ahead) = &source.ahead {
        // It arrives while the sandbox starts.
        ahead.all_is_wanted();
    }
    let mut starting = early::or_start(job, Majors::of(&source.contents));
    let sandbox = tokio::select! {
        biased;
        signal = interrupt.as_mut() => {
            job.left.note(abandon(starting, &job.run).await);
            return Err(Stop::Signal(signal));
        }
        started = &mut starting => joined(started)?,
    };
    job.progress.measure(cpu::with(&sandbox));
    report.sandbox = Some(described(&sandbox));
    let outcome = tokio::select! {
        biased;
        signal = interrupt.as_mut() => Err(Stop::Signal(signal)),
        outcome = prove(job, store, source, backup, &sandbox, report) => outcome,
    };
    let outcome = explain(outcome, &sandbox, report).await;
    let goes_on = matches!(outcome, Err(Stop::OutOfOrder(_)));
    if !goes_on && (outcome.is_ok() || job.options.keep) {
        *kept = sandbox.kept();
    }
    job.progress.stage("stop");
    let stopped = if goes_on {
        sandbox.discard().await
    } else {
        sandbox.stop().await
    };
    job.left.note(stopped);
    outcome
}

pub(super) fn needs(job: &Job<'_>, majors: Majors) -> Needs {
    let plan = &job.plan.sandbox;
    Needs {
        run: job.run.clone(),
        provider: plan.provider,
        major: majors.server,
        tools_major: majors.tools,
        image: plan.image.clone(),
        service_url: plan.service_url.clone(),
        keep: job.options.keep,
        deadline: DEADLINE,
    }
}

fn joined(
    started: std::result::Result<Result<Sandbox>, tokio::task::JoinError>,
) -> Result<Sandbox> {
    started.or_stop(|| "could not start the sandbox".to_owned(), "Run again.")?
}

/// Ends a sandbox that is still starting.
///
/// # Errors
/// When something of it may be left.
pub(super) async fn abandon(starting: JoinHandle<Result<Sandbox>>, run: &str) -> Result<()> {
    let mut starting = AbortOnDropHandle::new(starting);
    let started = if let Ok(started) = timeout(PATIENCE, &mut starting).await {
        started
    } else {
        // A task that nobody waits for goes on, and holds what is to be removed.
        starting.abort();
        starting.await
    };
    match started {
        Ok(Ok(sandbox)) => sandbox.stop().await,
        _ => sweep(run).await,
    }
}

/// Removes what there is of a sandbox that did not start. In a service nothing is made before it did.
async fn sweep(run: &str) -> Result<()> {
    let clean = async || {
        let cleaned = timeout(PATIENCE, sandbox::clean(None, true, Some(run))).await;
        let doing = || "the sandbox was not removed whole".to_owned();
        cleaned.or_stop(doing, "Run \"pgdrill clean\".")?.map(drop)
    };
    if clean().await.is_ok() {
        return Ok(());
    }
    // What was just ending may have written into its folder.
    tokio::time::sleep(Duration::from_secs(1)).await;
    clean().await
}

fn described(sandbox: &Sandbox) -> SandboxFacts {
    SandboxFacts {
        provider: sandbox.provider().name().to_owned(),
        image: sandbox.image().map(str::to_owned),
        image_id: sandbox.image_id().map(str::to_owned),
        server_version: Some(sandbox.server_version().to_owned()),
        notes: sandbox.notes().to_vec(),
    }
}

pub(super) fn notes(report: &mut Report) -> &mut Vec<String> {
    &mut report.sandbox.get_or_insert_default().notes
}

/// Asks the sandbox why it went away, before it is removed.
async fn explain(
    outcome: std::result::Result<(), Stop>,
    sandbox: &Sandbox,
    report: &Report,
) -> std::result::Result<(), Stop> {
    let Err(Stop::Broken(Broken::Run(_))) = &outcome else {
        return outcome;
    };
    tracing::debug!(run = %report.run, "asking the sandbox what happened");
    match sandbox.autopsy().await {
        Some(cause) => Err(Stop::from(cause)),
        None => outcome,
    }
}
