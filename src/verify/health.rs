//! The rules about what the storage and the runs of the past show, without a restore.

use std::{path::Path, time::Instant};

use jiff::Timestamp;
use ulid::Ulid;

use super::{facts, memory::Memory, no_backup, severities, still};
use crate::{
    backup::Store,
    error::Result,
    plan::{Plan, Select},
    report::{Command, Report},
    rules,
};

/// Judges what the storage and the runs of the past show. Never fails: what went wrong is in the report. Whether it is
/// kept in the history is up to the caller.
pub async fn health(plan: &Plan, memory: &Memory) -> Report {
    let began = Instant::now();
    let mut report = Report::new(&plan.name, &Ulid::generate().to_string(), Timestamp::now());
    report.command = Command::Health;
    report.plan_digest = Some(plan.digest.clone());
    report.findings.clone_from(&memory.findings);
    if let Err(error) = look(plan, memory, &mut report).await {
        report.stop(error);
    }
    if memory.remembers() {
        let past = &memory.past.runs;
        let finding = rules::unproven(past, report.started, &plan.limits);
        report.findings.extend(finding);
    }
    severities::overrides(&mut report, &plan.severity);
    report.seconds = began.elapsed().as_secs_f64();
    report.verdict = report.verdict();
    report
}

async fn look(plan: &Plan, memory: &Memory, report: &mut Report) -> Result<()> {
    let backup = plan.backup.as_ref().ok_or_else(no_backup)?;
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let store = Store::open(backup, folder).await?;
    let listing = still::listing(&store, None).await?;
    // Whatever the drill selects: what matters from outside is what comes in.
    let chosen = listing.pick(Select::Newest, None)?;
    let facts = rules::Facts {
        now: report.started,
        listing: &listing,
        chosen: chosen.as_ref(),
        past: &memory.past.runs,
    };
    report.backup = Some(facts::backup(&facts, &plan.prices));
    let findings = rules::judge(&facts, &plan.limits, &plan.prices);
    report.findings.extend(findings);
    Ok(())
}
