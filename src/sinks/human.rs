//! The report for a terminal: what was looked at, one line a check, what was found, one verdict line.

use super::{Style, asked, facts, verdict};
use crate::{
    finding::{Finding, Severity},
    report::{CheckResult, CheckStatus, Report, Verdict},
    words::{Lang, pad, told, visible, width},
};

/// Longer names of checks push the answer aside rather than all others.
const WIDEST: usize = 48;

pub(super) fn render(report: &Report, style: Style) -> String {
    let mut text = String::new();
    facts(&mut text, report, style);
    checks(&mut text, &report.checks, style);
    findings(&mut text, report, style);
    line(&mut text, &conclusion(report, style));
    text
}

pub(super) fn several(reports: &[Report], style: Style) -> String {
    let all: Vec<_> = reports.iter().map(|one| render(one, style)).collect();
    all.join("\n")
}

/// Adds a line. Writing into a string cannot fail.
fn line(text: &mut String, content: &str) {
    text.push_str(content.trim_end());
    text.push('\n');
}

/// How wide the widest of these is.
fn widest<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    words.map(width).max().unwrap_or_default()
}

fn facts(text: &mut String, report: &Report, style: Style) {
    let paint = style.paint;
    line(text, &paint.strong(&visible(&report.plan)));
    let facts = facts::facts(report, style.lang);
    let column = widest(facts.iter().map(|(name, _)| *name)).max(8);
    for (name, value) in facts {
        let name = paint.quiet(&pad(name, column));
        line(text, &format!("  {name} {}", visible(&value)));
    }
}

fn checks(text: &mut String, checks: &[CheckResult], style: Style) {
    if checks.is_empty() {
        return;
    }
    let ids: Vec<_> = checks.iter().map(|check| visible(&check.id)).collect();
    let column = widest(ids.iter().map(String::as_str)).min(WIDEST);
    let words = checks.iter().map(|check| check.status.word(style.lang));
    let marks = widest(words).max(style.lang.say(5, 0));
    text.push('\n');
    for (check, id) in checks.iter().zip(ids) {
        let mark = mark(check, style, marks);
        let (id, told) = (pad(&id, column), asked::told(check, style.lang));
        line(text, &format!("  {mark} {id}  {}", visible(&told)));
    }
}

/// The word for how it went, painted, then filled up: colours take no column.
fn mark(check: &CheckResult, style: Style, column: usize) -> String {
    let (paint, word) = (style.paint, check.status.word(style.lang));
    let painted = match check.status {
        CheckStatus::Passed => paint.good(word),
        CheckStatus::Warned => paint.careful(word),
        CheckStatus::Failed | CheckStatus::Error => paint.severity(check.severity, word),
        CheckStatus::Skipped => paint.quiet(word),
    };
    filled(&painted, word, column)
}

fn filled(painted: &str, plain: &str, column: usize) -> String {
    let missing = column.saturating_sub(width(plain));
    format!("{painted}{}", " ".repeat(missing))
}

fn findings(text: &mut String, report: &Report, style: Style) {
    let column = widest(Severity::ALL.iter().map(|one| one.word(style.lang)));
    text.push('\n');
    for found in asked::findings(report) {
        finding(text, found, style, column);
    }
    if !report.findings.is_empty() {
        text.push('\n');
    }
}

fn finding(text: &mut String, finding: &Finding, style: Style, column: usize) {
    let (paint, severity) = (style.paint, finding.severity);
    let word = severity.word(style.lang);
    let word = filled(&paint.severity(severity, word), word, column);
    let code = paint.quiet(&format!("[{}]", finding.code));
    let told = told(finding, style.lang);
    line(text, &format!("{word}  {} {code}", visible(&told.message)));
    if severity == Severity::Info {
        return;
    }
    let (detail, hint) = labels(style.lang);
    if let Some(said) = &told.detail {
        line(text, &format!("{detail}  {}", visible(said)));
    }
    line(text, &format!("{hint}  {}", visible(&told.hint)));
}

/// The words before detail and hint, of the same width.
const fn labels(lang: Lang) -> (&'static str, &'static str) {
    match lang {
        Lang::En => ("  detail", "    hint"),
        Lang::Ja => ("  詳細", "  対処"),
    }
}

fn conclusion(report: &Report, style: Style) -> String {
    let (paint, word) = (style.paint, report.verdict.word(style.lang));
    let word = match report.verdict {
        Verdict::Healthy | Verdict::Passed => paint.good(word),
        Verdict::Failed => paint.bad(word),
        Verdict::Unverified => paint.careful(word),
    };
    format!("{word}  {}", visible(&verdict::line(report, style.lang)))
}
