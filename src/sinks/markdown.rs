//! The report as Markdown, as GitHub and GitLab read it: for issues, wikis and job summaries.

use std::sync::LazyLock;

use serde::Serialize;

use super::{Style, asked, facts, verdict};
use crate::{
    report::{CheckResult, Report},
    templates::Templates,
    words::{Lang, told, visible},
};

static TEMPLATES: LazyLock<Templates> =
    LazyLock::new(|| Templates::of(&[("report.md", include_str!("report.md"))]));

#[derive(Serialize)]
struct Shown<'a> {
    report: &'a Report,
    sign: &'static str,
    verdict: &'static str,
    conclusion: String,
    facts: Vec<(&'static str, String)>,
    findings: Vec<Found<'a>>,
    broken: Vec<Check<'a>>,
    others: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    severity: &'a str,
    code: &'a str,
    message: String,
    detail: Option<String>,
    hint: String,
}

#[derive(Serialize)]
struct Check<'a> {
    id: &'a str,
    word: &'static str,
    told: String,
    place: String,
}

pub(super) fn render(report: &Report, style: Style) -> String {
    let lang = style.lang;
    let mut checks: Vec<_> = report.checks.iter().collect();
    checks.sort_by_key(|check| asked::order(check.status));
    let (others, broken): (Vec<&CheckResult>, _) = checks
        .into_iter()
        .partition(|check| asked::held(check.status));
    let shown = |checks: Vec<_>| checks.into_iter().map(|one| check(one, lang)).collect();
    let shown = Shown {
        report,
        sign: report.verdict.sign(),
        verdict: report.verdict.word(lang),
        conclusion: verdict::line(report, lang),
        facts: facts::facts(report, lang),
        findings: (asked::findings(report).into_iter())
            .map(|finding| found(finding, lang))
            .collect(),
        broken: shown(broken),
        others: shown(others),
    };
    TEMPLATES.text("report.md", lang, &shown) + "\n"
}

pub(super) fn several(reports: &[Report], style: Style) -> String {
    let all: Vec<_> = reports.iter().map(|one| render(one, style)).collect();
    all.join("\n")
}

fn found(finding: &crate::finding::Finding, lang: Lang) -> Found<'_> {
    let told = told(finding, lang);
    Found {
        severity: finding.severity.word(lang),
        code: finding.code.name(),
        message: told.message,
        detail: told.detail,
        hint: told.hint,
    }
}

fn check(check: &CheckResult, lang: Lang) -> Check<'_> {
    let line = check.line.map(|line| format!(":{line}"));
    let file = check.file.as_deref();
    Check {
        id: &check.id,
        word: check.status.word(lang),
        told: asked::told(check, lang),
        place: file.map_or_else(String::new, |file| {
            format!("{}{}", visible(file), line.unwrap_or_default())
        }),
    }
}
