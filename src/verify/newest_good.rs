//! From the newest backup back to the newest one that passes: for the moment when one has to restore now.

use std::pin::pin;

use super::{Attempt, Options, Outcome, Signal, attempt};
use crate::{
    finding::{Code, Finding, Severity},
    plan::Plan,
    progress::Progress,
    report::{Report, Verdict},
};

/// What stands between a backup that is not good and the reason.
const PASSED_OVER: &str = " was passed over: ";

/// Drills one backup after another, newest first, until one passes. The report is that one's, and tells of every newer one
/// why it is not good. When a run cannot look, the search ends there: an older backup is not the newest good one as long
/// as nobody knows about a newer one.
pub(super) async fn search(
    plan: &Plan,
    options: &Options,
    progress: &Progress,
    interrupt: impl Future<Output = Signal>,
) -> Outcome {
    let mut interrupt = pin!(interrupt);
    let mut passed_over: Vec<Finding> = Vec::new();
    let mut step = Attempt::default();
    loop {
        step.passed_over.clone_from(&passed_over);
        let outcome = Box::pin(attempt(plan, options, &step, progress, interrupt.as_mut())).await;
        if !goes_on(&outcome.report, outcome.interrupted) {
            return outcome;
        }
        step.key = older(&outcome.report);
        passed_over.push(not_good(&outcome.report));
        step.first_run.get_or_insert(outcome.report.run);
    }
}

/// Whether the search goes on after this run.
pub(super) fn goes_on(report: &Report, interrupted: Option<Signal>) -> bool {
    report.verdict == Verdict::Failed && interrupted.is_none() && older(report).is_some()
}

/// The key of the backup before the one that was looked at.
fn older(report: &Report) -> Option<String> {
    Some(report.backup.as_ref()?.previous.as_ref()?.key.clone())
}

/// Why a backup was passed over.
fn not_good(report: &Report) -> Finding {
    let worst = report
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Critical);
    let key = report
        .backup
        .as_ref()
        .map_or("", |backup| backup.key.as_str());
    let (code, why) = worst.map_or((Code::RestoreFailed, "it did not pass"), |finding| {
        (finding.code, finding.message.as_str())
    });
    Finding::new(code, format!("\"{key}\"{PASSED_OVER}{why}"))
        .severity(Severity::Warning)
        .detail(format!("Run {} looked at it.", report.run))
        .about(key)
}

/// Whether a finding tells why another backup was passed over: it belongs to that search alone.
pub(super) fn is_passed_over(finding: &Finding) -> bool {
    let key = finding.subject.as_deref().unwrap_or_default();
    let rest = finding.message.strip_prefix(&format!("\"{key}\""));
    rest.is_some_and(|rest| rest.starts_with(PASSED_OVER))
}

/// Whoever has to restore now asks for a good backup, not for a young one: what the listing shows as critical is told,
/// and decides nothing.
pub(super) fn soften(report: &mut Report) {
    let holds_something = report
        .backup
        .as_ref()
        .is_some_and(|backup| backup.size_bytes > 0);
    for finding in &mut report.findings {
        let of_another = finding.code == Code::BackupEmpty && holds_something;
        if finding.code == Code::BackupStale || of_another {
            finding.severity = finding.severity.min(Severity::Warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_was_passed_over_is_a_warning_with_its_reason() {
        let mut report = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        report
            .findings
            .push(Finding::new(Code::ChecksNone, "no check is declared"));
        report
            .findings
            .push(Finding::new(Code::DumpTruncated, "the dump ends too early"));
        report.backup = Some(crate::report::BackupFacts {
            key: "b.dump".to_owned(),
            ..crate::report::BackupFacts::default()
        });
        let finding = not_good(&report);
        assert_eq!(
            finding.message,
            "\"b.dump\" was passed over: the dump ends too early"
        );
        assert_eq!(
            (finding.code, finding.severity),
            (Code::DumpTruncated, Severity::Warning)
        );
        assert!(is_passed_over(&finding));
        assert!(!is_passed_over(&report.findings[1]));
    }

    #[test]
    fn age_does_not_make_a_backup_bad_for_who_has_to_restore_now() {
        let mut report = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        report.findings = vec![
            Finding::new(Code::BackupStale, "old"),
            Finding::new(Code::BackupEmpty, "empty"),
        ];
        let severities = |report: &Report| -> Vec<Severity> {
            report
                .findings
                .iter()
                .map(|finding| finding.severity)
                .collect()
        };
        soften(&mut report);
        assert_eq!(severities(&report), [Severity::Warning, Severity::Critical]);
        report.backup = Some(crate::report::BackupFacts {
            size_bytes: 1,
            ..crate::report::BackupFacts::default()
        });
        soften(&mut report);
        assert_eq!(severities(&report), [Severity::Warning, Severity::Warning]);
    }
}
