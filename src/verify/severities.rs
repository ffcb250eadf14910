//! What the plan's severities make of what was found, and of the checks that it was found by.

use std::collections::{BTreeMap, HashMap};

use crate::{
    finding::{Code, Finding, Severity},
    report::Report,
};

/// Gives findings the severities that the plan gives them, and with them the checks that they are about.
pub(super) fn overrides(report: &mut Report, wanted: &BTreeMap<Code, Severity>) {
    let mut weighed = HashMap::new();
    // The first finding about a check is the one that tells how it went.
    for finding in report.findings.iter_mut().rev() {
        let Some(&severity) = wanted.get(&finding.code) else {
            continue;
        };
        finding.severity = override_severity(finding, severity);
        if finding.code.name().starts_with("check.") {
            weighed.extend(finding.subject.as_deref().map(|id| (id, finding.severity)));
        }
    }
    for check in &mut report.checks {
        if let Some(&severity) = weighed.get(check.id.as_str()) {
            check.weigh(severity);
        }
    }
}

/// A plan changes the usual severity of a code and one that was raised, not one that was already lowered for this finding.
fn override_severity(finding: &Finding, wanted: Severity) -> Severity {
    if finding.severity >= finding.code.severity() {
        wanted
    } else {
        finding.severity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{CheckStatus, failed_check};

    #[test]
    fn a_check_weighs_what_the_plan_makes_of_its_finding() {
        let mut report = Report::new("shop", "run", jiff::Timestamp::UNIX_EPOCH);
        report.checks = ["users.row_count", "orders.row_count"]
            .map(failed_check)
            .into();
        let found = |code, id: &str| Finding::new(code, "x").about(id);
        report.findings = vec![
            found(Code::CheckFailed, "users.row_count"),
            found(Code::BackupShrunk, "orders.row_count"),
        ];
        let wanted = [Code::CheckFailed, Code::BackupShrunk].map(|code| (code, Severity::Info));
        overrides(&mut report, &BTreeMap::from(wanted));
        let went = report.checks.iter().map(|c| (c.status, c.severity));
        let expected = [
            (CheckStatus::Warned, Severity::Info),
            (CheckStatus::Failed, Severity::Critical),
        ];
        assert_eq!(went.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_plan_outranks_the_usual_severity_and_a_raised_one_but_not_a_lowered_one() {
        let schema = Finding::new(Code::SchemaChanged, "a table is gone");
        let raised = schema.severity(Severity::Warning);
        assert_eq!(
            override_severity(&raised, Severity::Critical),
            Severity::Critical
        );
        assert_eq!(override_severity(&raised, Severity::Info), Severity::Info);
        let stale = Finding::new(Code::BackupStale, "old");
        assert_eq!(override_severity(&stale, Severity::Info), Severity::Info);
        let lowered = stale.severity(Severity::Warning);
        assert_eq!(
            override_severity(&lowered, Severity::Critical),
            Severity::Warning
        );
    }
}
