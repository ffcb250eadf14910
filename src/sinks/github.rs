//! The report for GitHub Actions: annotations on the lines of the plan, and the report itself where no line of it can
//! be taken for a command.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Style, asked, human, json, verdict};
use crate::{
    finding::{Finding, Severity},
    report::{Report, Verdict},
    units::hex,
    words::{Lang, visible},
};

/// GitHub shows ten annotations of a kind for a step and drops the rest without a word: nine, and how many more.
const MOST: usize = 9;

pub(super) fn render(report: &Report, _style: Style) -> String {
    told(std::slice::from_ref(report))
}

/// The limits are those of the step: they count over all reports.
pub(super) fn several(reports: &[Report], _style: Style) -> String {
    told(reports)
}

fn told(reports: &[Report]) -> String {
    let token = token(reports);
    let text = human::several(reports, Style::default());
    let mut all = format!("::stop-commands::{token}\n{text}::{token}::\n");
    let annotations: Vec<_> = reports.iter().flat_map(annotations).collect();
    for kind in [Kind::Error, Kind::Warning, Kind::Notice] {
        let of_kind: Vec<_> = annotations.iter().filter(|one| one.kind == kind).collect();
        for annotation in of_kind.iter().take(MOST) {
            let _ = writeln!(all, "{}", annotation.command());
        }
        if let Some(more) = of_kind.len().checked_sub(MOST + 1) {
            let _ = writeln!(
                all,
                "::{} title=pgdrill::and {} more",
                kind.name(),
                more + 1
            );
        }
    }
    all
}

/// What ends the stop of commands. Nobody can have written it into a database beforehand: the name of a run holds 80
/// random bits, and no text holds its own digest.
fn token(reports: &[Report]) -> String {
    let mut digest = Sha256::new();
    digest.update(json::several(reports, Style::default()));
    for report in reports {
        digest.update(&report.run);
    }
    format!("pgdrill-{}", hex(&digest.finalize()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Info => Self::Notice,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

struct Annotation {
    kind: Kind,
    place: Option<(String, Option<u64>)>,
    title: String,
    message: String,
}

impl Annotation {
    fn command(&self) -> String {
        let mut properties = String::new();
        if let Some((file, line)) = &self.place {
            let _ = write!(properties, "file={},", property(file));
            if let Some(line) = line {
                let _ = write!(properties, "line={line},");
            }
        }
        let (kind, title) = (self.kind.name(), property(&self.title));
        format!(
            "::{kind} {properties}title={title}::{}",
            data(&self.message)
        )
    }
}

fn annotations(report: &Report) -> Vec<Annotation> {
    let kind = match report.verdict {
        Verdict::Healthy | Verdict::Passed => Kind::Notice,
        Verdict::Failed | Verdict::Unverified => Kind::Error,
    };
    let verdict = Annotation {
        kind,
        place: None,
        title: format!("{}: {}", report.plan, report.verdict.name()),
        message: visible(&verdict::because(report, Lang::En)),
    };
    let findings = asked::findings(report).into_iter();
    std::iter::once(verdict)
        .chain(findings.map(|finding| found(report, finding)))
        .collect()
}

fn found(report: &Report, finding: &Finding) -> Annotation {
    let check = asked::check(report, finding);
    let place = check.and_then(|check| Some((check.file.clone()?, check.line)));
    let sentences = [
        Some(finding.message.as_str()),
        finding.detail.as_deref(),
        Some(finding.hint.as_str()),
    ];
    let sentences: Vec<_> = sentences.into_iter().flatten().map(visible).collect();
    Annotation {
        kind: Kind::of(finding.severity),
        place,
        title: format!("{}: {}", report.plan, finding.code),
        message: sentences.join("\n"),
    }
}

/// Text after a command's second pair of colons.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value between a command's name and its second pair of colons.
fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_would_read_is_escaped() {
        assert_eq!(data("50 %\r\n::error::x"), "50 %25%0D%0A::error::x");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
