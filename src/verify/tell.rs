//! Tells the metrics of a finished run to those whom the plan names; its verdict stands whatever they answer.

use std::{path::Path, time::Duration};

use jiff::Timestamp;

use super::memory::Memory;
use crate::{
    error::Error,
    finding::{Code, Finding, Severity},
    plan::{Plan, Select},
    report::{Command, Delivery, Report, Verdict},
    sinks::{
        deliver::{self, Targets},
        prometheus::{self, Standing},
    },
};

/// How long a Pushgateway is tried after a run.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long after a run that was interrupted: whoever interrupts does not wait, and CI kills after some ten seconds.
const HURRY: Duration = Duration::from_secs(4);

/// Tells the metrics of a look at the newest backup, such as that of [`super::health`].
pub async fn tell(report: &mut Report, plan: &Plan, memory: &Memory) {
    deliver(report, plan, memory, (true, PATIENCE)).await;
}

/// Tells the metrics of a drill. Whether the newest backup was drilled decides what it says about the newest.
pub(super) async fn tell_drill(report: &mut Report, job: &super::Job<'_>, interrupted: bool) {
    let newest = job.options.backup.is_none() && selects_newest(job.plan);
    let patience = if interrupted { HURRY } else { PATIENCE };
    deliver(report, job.plan, job.memory, (newest, patience)).await;
}

/// How a plan's backups stand between two runs, for one who keeps watch: by the last look at the storage, and by the
/// runs of the past.
#[must_use]
pub fn standing<'a>(
    plan: &'a Plan,
    memory: &'a Memory,
    look: Option<&'a Report>,
    now: Timestamp,
) -> Standing<'a> {
    let drill = memory.past.drills().next();
    let runs = memory.past.runs.iter();
    Standing {
        backup: &plan.name,
        look: look.or(drill),
        newest: look.is_some() || selects_newest(plan),
        now: Some(now),
        drill,
        last_success: runs.chain(look).filter_map(prometheus::success).max(),
        last_pass: memory.past.last_pass(),
        failures: memory.failures(),
    }
}

fn selects_newest(plan: &Plan) -> bool {
    let select = plan.backup.as_ref().map(|backup| backup.select);
    matches!(select, Some(Select::Newest | Select::NewestGood))
}

async fn deliver(
    report: &mut Report,
    plan: &Plan,
    memory: &Memory,
    (newest, patience): (bool, Duration),
) {
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let textfile = plan.metrics.textfile.as_ref().map(|file| folder.join(file));
    let targets = Targets {
        textfile: textfile.as_deref(),
        pushgateway: plan.metrics.pushgateway.as_ref(),
        patience,
    };
    let standing = of_run(report, memory, newest);
    let told = deliver::metrics(&standing, &targets).await;
    for (name, result) in told {
        let finding = result.err().map(|error| refused(name, error, plan));
        report.sinks.push(Delivery {
            name: name.to_owned(),
            delivered: finding.is_none(),
            error: finding.as_ref().map(|finding| finding.message.clone()),
        });
        report.findings.extend(finding);
    }
}

/// What a run that just ended says. The history does not hold it yet.
fn of_run<'a>(report: &'a Report, memory: &Memory, newest: bool) -> Standing<'a> {
    let alone = Standing::of(report);
    if report.command == Command::Health {
        return alone;
    }
    let failed = u64::from(report.verdict != Verdict::Passed);
    Standing {
        newest,
        last_success: alone.last_success.filter(|_| newest),
        last_pass: alone.last_pass.or_else(|| memory.past.last_pass()),
        failures: memory.failures().map(|failures| failures + failed),
        ..alone
    }
}

/// At most a warning, whatever the plan says: a sink never changes a verdict.
fn refused(name: &str, error: Error, plan: &Plan) -> Finding {
    let severity = plan.severity.get(&Code::NotifyFailed).copied();
    Finding {
        code: Code::NotifyFailed,
        severity: severity.map_or(Severity::Warning, |severity| {
            severity.min(Severity::Warning)
        }),
        ..Finding::from(error).about(name)
    }
}
