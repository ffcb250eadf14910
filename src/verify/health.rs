//! The rules about what the storage and the runs of the past show, without a restore.

use std::{path::Path, time::Instant};

use jiff::Timestamp;
use ulid::Ulid;

use super::{facts, memory::Memory, no_backup, severities, still};
use crate::{
    backup::Store,
    error::Result,
    finding::{Finding, Severity},
    plan::{Plan, Select},
    report::{Command, Report},
    rules,
};

/// Judges what the storage and the runs of the past show. What the last drill found of the very backup that is the newest
/// now is told again: from outside a broken one looks like a good one. Never fails: what went wrong is in the report.
/// Whether it is kept in the history is up to the caller.
pub async fn health(plan: &Plan, memory: &Memory) -> Report {
    let began = Instant::now();
    let mut report = seen(plan, memory).await;
    let backup = report.backup.as_ref();
    let drilled = backup.and_then(|backup| memory.past.disproved(backup));
    report.findings.extend(drilled.and_then(disproof));
    judged(report, plan, memory, began)
}

/// As [`health`], but without the last drill, for who tells of that as well.
pub async fn glance(plan: &Plan, memory: &Memory) -> Report {
    let began = Instant::now();
    judged(seen(plan, memory).await, plan, memory, began)
}

async fn seen(plan: &Plan, memory: &Memory) -> Report {
    let mut report = Report::new(&plan.name, &Ulid::generate().to_string(), Timestamp::now());
    report.command = Command::Health;
    report.plan_digest = Some(plan.digest.clone());
    report.findings.clone_from(&memory.findings);
    if let Err(error) = storage(plan, memory, &mut report).await {
        report.stop(error);
    }
    report
}

fn judged(mut report: Report, plan: &Plan, memory: &Memory, began: Instant) -> Report {
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

/// The worst that a drill found which the storage does not show.
fn disproof(drill: &Report) -> Option<Finding> {
    let hidden = |finding: &&Finding| {
        finding.severity == Severity::Critical
            && !finding.code.stops_the_run()
            && !shows_from_outside(finding)
    };
    let mut finding = drill.findings.iter().find(hidden)?.clone();
    let by = format!("Run {} found it in this backup.", drill.run);
    let before = finding.detail.take();
    let detail = before.map_or_else(|| by.clone(), |before| format!("{before} {by}"));
    Some(finding.detail(detail))
}

/// Whether the rules about the storage judge it anew.
fn shows_from_outside(finding: &Finding) -> bool {
    let area = finding.code.name().split('.').next();
    matches!(area, Some("backup" | "storage")) && !rules::is_of_the_header(finding)
        || finding.code.is_of_this_machine()
}

async fn storage(plan: &Plan, memory: &Memory, report: &mut Report) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    #[test]
    fn the_worst_that_only_a_drill_can_see_is_told_with_its_run() {
        let mut drill = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        drill.findings = [Code::BackupStale, Code::RestoreSlow, Code::RunStopped]
            .map(|code| Finding::new(code, "x").severity(Severity::Critical))
            .into();
        drill.findings[1].severity = Severity::Warning;
        assert_eq!(disproof(&drill), None);
        drill
            .findings
            .push(Finding::new(Code::DumpTruncated, "the dump ends too early"));
        let told = disproof(&drill).unwrap();
        assert_eq!(
            told.detail.as_deref(),
            Some("Run 01A found it in this backup.")
        );
        drill.findings[3].detail = Some("At byte 7.".to_owned());
        let told = disproof(&drill).unwrap();
        assert_eq!(told.code, Code::DumpTruncated);
        let detail = "At byte 7. Run 01A found it in this backup.";
        assert_eq!(told.detail.as_deref(), Some(detail));
    }
}
