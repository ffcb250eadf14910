//! The report as a Nagios plugin writes it: one line with the state and performance data, then the findings.

use std::fmt::Write as _;

use super::{Style, asked, verdict};
use crate::{
    finding::Severity,
    report::{Report, Verdict},
    words::{Lang, visible},
};

/// Nagios keeps 8 KiB of what a plugin writes; the rest of the findings is in the other formats.
const MOST_FINDINGS: usize = 20;
/// Longer texts are cut, so that the findings after them are seen, too; in letters.
const LONGEST: usize = 300;

/// What Nagios knows, worst last: a failure that is proven outranks a run that could not look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    Warning,
    Unknown,
    Critical,
}

impl State {
    fn of(report: &Report) -> Self {
        match report.verdict {
            Verdict::Failed => Self::Critical,
            Verdict::Unverified => Self::Unknown,
            Verdict::Healthy | Verdict::Passed if report.count(Severity::Warning) > 0 => {
                Self::Warning
            }
            Verdict::Healthy | Verdict::Passed => Self::Ok,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Critical => "CRITICAL",
        }
    }
}

pub(super) fn render(report: &Report, _style: Style) -> String {
    let told = told(report);
    let data = data(report, "");
    let state = State::of(report).name();
    format!(
        "BACKUP {state} - {told}|{}\n{}",
        data.join(" "),
        long(report)
    )
}

/// One state for all, the worst; the worst report is told first.
pub(super) fn several(reports: &[Report], _style: Style) -> String {
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| std::cmp::Reverse(State::of(report)));
    let worst = sorted.first().map_or(State::Unknown, |one| State::of(one));
    let first: Vec<_> = sorted
        .iter()
        .map(|report| format!("{} {}", plain(&report.plan), report.verdict.name()))
        .collect();
    let data: Vec<_> = sorted
        .iter()
        .flat_map(|report| data(report, &format!("{}_", report.plan)))
        .collect();
    let (state, data) = (worst.name(), data.join(" "));
    let mut text = format!("BACKUP {state} - {}|{data}\n", first.join(", "));
    for report in sorted {
        let _ = writeln!(text, "{}: {}", State::of(report).name(), told(report));
        text.push_str(&long(report));
    }
    text
}

fn told(report: &Report) -> String {
    let because = verdict::because(report, Lang::En);
    let first = asked::findings(report).into_iter().next();
    let first = first.filter(|finding| finding.severity > Severity::Info);
    let first = first.map_or_else(String::new, |finding| {
        format!("; {} [{}]", finding.message, finding.code)
    });
    plain(&format!(
        "{}: {} {because}{first}",
        report.plan,
        report.verdict.name()
    ))
}

/// The findings, a line each.
fn long(report: &Report) -> String {
    let mut text = String::new();
    let findings = asked::findings(report);
    for finding in findings.iter().take(MOST_FINDINGS) {
        let detail = finding.detail.as_deref().unwrap_or_default();
        let line = format!(
            "{} {}: {}. {detail} {}",
            finding.severity, finding.code, finding.message, finding.hint
        );
        let _ = writeln!(text, "{}", plain(&line.replace("  ", " ")));
    }
    if let Some(more) = findings.len().checked_sub(MOST_FINDINGS + 1) {
        let _ = writeln!(text, "and {} more", more + 1);
    }
    text
}

/// Text without what Nagios or the shell of a notification command would read: a bar begins performance data.
fn plain(text: &str) -> String {
    let mut text: String = visible(text).chars().map(harmless).collect();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

const fn harmless(letter: char) -> char {
    match letter {
        '|' => '¦',
        '<' => '‹',
        '>' => '›',
        '`' => '\'',
        '$' => '＄',
        '&' => '＆',
        other => other,
    }
}

/// `'label'=value[UOM];warn;crit;min;max`: limits are the plan's, which a report does not hold. What is not known is
/// left out.
fn data(report: &Report, prefix: &str) -> Vec<String> {
    let backup = report.backup.as_ref();
    let sized = backup.filter(|backup| !backup.key.is_empty());
    let restore = report.restore.as_ref().map(|restore| restore.seconds);
    let figures = [
        (
            "age",
            sized.and_then(|b| b.age_seconds.map(|s| s.to_string())),
            "s",
            "",
        ),
        ("size", sized.map(|b| b.size_bytes.to_string()), "B", "0"),
        (
            "storage",
            backup.map(|b| b.storage_bytes.to_string()),
            "B",
            "0",
        ),
        ("restore", restore.and_then(decimal), "s", "0"),
        ("took", decimal(report.seconds), "s", "0"),
        (
            "critical",
            Some(report.count(Severity::Critical).to_string()),
            "",
            "0",
        ),
        (
            "warnings",
            Some(report.count(Severity::Warning).to_string()),
            "",
            "0",
        ),
    ];
    let shown = figures
        .into_iter()
        .filter_map(|(name, value, unit, least)| {
            let label = label(&format!("{prefix}{name}"));
            Some(format!("'{label}'={}{unit};;;{least};", value?))
        });
    shown.collect()
}

/// A decimal without an exponent, to the millisecond.
fn decimal(figure: f64) -> Option<String> {
    figure.is_finite().then(|| format!("{figure:.3}"))
}

/// A label: an equals sign and quotes would end it.
fn label(name: &str) -> String {
    let mut label = plain(name);
    label.retain(|letter| !matches!(letter, '=' | '\'' | '"' | '\\'));
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_in_a_name_begins_no_performance_data() {
        assert_eq!(plain("a|b\n`c` <i> $(x)"), "a¦b\\n'c' ‹i› ＄(x)");
        assert_eq!(label("it's=|x"), "its¦x");
    }

    #[test]
    fn a_proven_failure_is_worse_than_a_run_that_could_not_look() {
        assert!(State::Critical > State::Unknown);
        assert!(State::Unknown > State::Warning);
        assert!(State::Warning > State::Ok);
    }
}
