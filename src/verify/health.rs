//! The rules about what the storage shows, without a restore.

use std::{path::Path, time::Instant};

use jiff::Timestamp;
use ulid::Ulid;

use super::{facts, memory::Memory, no_backup, overrides};
use crate::{
    backup::Store,
    error::Result,
    plan::Plan,
    report::{Command, Report},
    rules,
};

/// Judges what the storage and the runs of the past show. Never fails: what went wrong is in the report.
pub async fn health(plan: &Plan, memory: &Memory) -> Report {
    let began = Instant::now();
    let mut report = Report::new(&plan.name, &Ulid::generate().to_string(), Timestamp::now());
    report.command = Command::Health;
    report.findings.clone_from(&memory.findings);
    if let Err(error) = look(plan, memory, &mut report).await {
        report.stop(error);
    }
    overrides(&mut report, plan);
    report.seconds = began.elapsed().as_secs_f64();
    report.verdict = report.verdict();
    report
}

async fn look(plan: &Plan, memory: &Memory, report: &mut Report) -> Result<()> {
    let backup = plan.backup.as_ref().ok_or_else(no_backup)?;
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let listing = Store::open(backup, folder).await?.list().await?;
    let chosen = listing.pick(crate::plan::Select::Newest, None)?;
    report.backup = Some(facts::backup(&listing, chosen.as_ref(), report.started));
    let facts = rules::Facts {
        now: report.started,
        listing: &listing,
        chosen: chosen.as_ref(),
        past: &memory.past.runs,
    };
    report
        .findings
        .extend(rules::judge(&facts, &plan.limits, &plan.prices));
    Ok(())
}
