//! The page of one run: everything that its report holds, readable.

use serde::Serialize;

use super::{
    state::{Shown, verdict},
    templates::page,
};
use crate::{
    finding::Finding,
    report::{CheckResult, CheckStatus, Command, Report},
};

#[derive(Serialize)]
struct RunPage<'a> {
    report: &'a Report,
    verdict: Shown,
    drill: bool,
    findings: Vec<&'a Finding>,
    checks: Vec<Check<'a>>,
    held: usize,
}

/// A check with the words for how it went.
#[derive(Serialize)]
struct Check<'a> {
    asked: &'a CheckResult,
    word: &'static str,
    sign: &'static str,
    class: &'static str,
    value: Option<String>,
}

/// The page of one run.
pub(super) fn run(report: &Report) -> String {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut checks: Vec<Check> = report.checks.iter().map(check).collect();
    // What did not hold is read first.
    checks.sort_by_key(|shown| order(shown.asked.status));
    let held = |check: &&Check| {
        matches!(
            check.asked.status,
            CheckStatus::Passed | CheckStatus::Warned
        )
    };
    let context = RunPage {
        verdict: verdict(report.verdict),
        drill: report.command == Command::Verify,
        held: checks.iter().filter(held).count(),
        report,
        findings,
        checks,
    };
    let title = format!("{} of {} · pgdrill", report.verdict.name(), report.plan);
    page("run.html", &title, true, &context)
}

const fn order(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Failed => 0,
        CheckStatus::Error => 1,
        CheckStatus::Warned => 2,
        CheckStatus::Skipped => 3,
        CheckStatus::Passed => 4,
    }
}

fn check(asked: &CheckResult) -> Check<'_> {
    let (word, sign, class) = match asked.status {
        CheckStatus::Passed => ("held", "✓", "good"),
        CheckStatus::Warned => ("warned", "!", "careful"),
        CheckStatus::Failed => ("failed", "✗", "bad"),
        CheckStatus::Error => ("no answer", "✗", "bad"),
        CheckStatus::Skipped => ("skipped", "–", "quiet"),
    };
    let value = asked.value.as_ref().map(|value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    Check {
        asked,
        word,
        sign,
        class,
        value,
    }
}
