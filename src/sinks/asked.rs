//! What was asked and what came of it: shared by all formats for people.

use crate::{
    finding::Finding,
    report::{CheckResult, CheckStatus, Report, figure},
    words::{Lang, check_message, duration},
};

/// A check's figure, where it has one.
pub(super) fn value(check: &CheckResult, lang: Lang) -> Option<String> {
    let value = check.value.as_ref()?;
    Some(duration(&figure(&check.check, value), lang))
}

/// The value and its limit, or what there is to say.
pub(super) fn told(check: &CheckResult, lang: Lang) -> String {
    let message = check.message.as_deref().unwrap_or_default();
    if check.status != CheckStatus::Passed && !message.is_empty() {
        return check_message(message, lang);
    }
    match (value(check, lang), &check.limit) {
        (Some(value), Some(limit)) => format!("{value} ({limit})"),
        (Some(value), None) => value,
        (None, Some(limit)) => format!("({limit})"),
        (None, None) => String::new(),
    }
}

/// What did not hold is read first.
pub(super) const fn order(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Failed => 0,
        CheckStatus::Error => 1,
        CheckStatus::Warned => 2,
        CheckStatus::Skipped => 3,
        CheckStatus::Passed => 4,
    }
}

/// Whether a check held, at least its hard limit.
pub(super) const fn held(status: CheckStatus) -> bool {
    matches!(status, CheckStatus::Passed | CheckStatus::Warned)
}

/// The check that a finding is about.
pub(super) fn check<'a>(report: &'a Report, finding: &Finding) -> Option<&'a CheckResult> {
    if !finding.code.name().starts_with("check.") {
        return None;
    }
    let subject = finding.subject.as_deref()?;
    report.checks.iter().find(|check| check.id == subject)
}

/// The findings, worst first.
pub(super) fn findings(report: &Report) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = report.findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}
