//! A run as a page: everything that its report holds, readable; one file that needs nothing else.

use std::sync::LazyLock;

use minijinja::Value;
use serde::Serialize;

use super::{Style, asked, facts, verdict};
use crate::{
    charts::stages,
    report::{CheckResult, CheckStatus, Command, Report, Verdict},
    templates::{Frame, Templates, macros},
    words::{Lang, Told, check_message, sentences, told},
};

const PAGE: &str = "report.html";

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    let page = concat!(macros!(), include_str!("report.html"));
    Templates::of(&[(PAGE, page)])
});

#[derive(Serialize)]
struct Page<'a> {
    runs: Vec<Run<'a>>,
    served: bool,
}

#[derive(Serialize)]
struct Run<'a> {
    report: &'a Report,
    number: usize,
    verdict: State,
    aside: Option<&'static str>,
    drill: bool,
    findings: Vec<Found<'a>>,
    checks: Vec<Check<'a>>,
    held: usize,
    level: Option<&'static str>,
    notes: Vec<String>,
    stages: Value,
    floor: String,
    collation: String,
}

/// A word with its sign: they carry it, the class only colours it.
#[derive(Serialize)]
struct State {
    word: &'static str,
    sign: &'static str,
    class: &'static str,
    sentence: &'static str,
}

/// What was found, in the reader's language.
#[derive(Serialize)]
struct Found<'a> {
    severity: &'a str,
    word: &'a str,
    code: &'a str,
    message: String,
    detail: Option<String>,
    hint: String,
}

/// A check with the words for how it went.
#[derive(Serialize)]
struct Check<'a> {
    asked: &'a CheckResult,
    word: &'static str,
    sign: &'static str,
    class: &'static str,
    value: Option<String>,
    message: Option<String>,
}

/// The page of one run in `serve`, which leads to the other pages.
#[must_use]
pub fn served(report: &Report) -> String {
    page(std::slice::from_ref(report), true, Lang::En)
}

pub(super) fn render(report: &Report, style: Style) -> String {
    page(std::slice::from_ref(report), false, style.lang)
}

pub(super) fn several(reports: &[Report], style: Style) -> String {
    page(reports, false, style.lang)
}

fn page(reports: &[Report], served: bool, lang: Lang) -> String {
    let numbered = reports.iter().zip(1..);
    let context = Page {
        runs: numbered
            .map(|(report, number)| run(report, number, lang))
            .collect(),
        served,
    };
    let title = match reports {
        [only] => title(only, lang),
        several => lang.say(
            format!("{} backups · pgdrill", several.len()),
            format!("バックアップ {} 件 · pgdrill", several.len()),
        ),
    };
    let frame = Frame {
        title: &title,
        home: served,
        lang,
    };
    TEMPLATES.page(PAGE, frame, &context) + "\n"
}

fn title(report: &Report, lang: Lang) -> String {
    let (plan, verdict) = (&report.plan, report.verdict);
    lang.say(
        format!("{} of {plan} · pgdrill", verdict.name()),
        format!("{plan}: {} · pgdrill", verdict.word(lang)),
    )
}

fn run(report: &Report, number: usize, lang: Lang) -> Run<'_> {
    let findings = asked::findings(report);
    let findings = findings.into_iter().map(|finding| found(finding, lang));
    let mut checks: Vec<_> = report.checks.iter().map(|one| check(one, lang)).collect();
    checks.sort_by_key(|shown| asked::order(shown.asked.status));
    let statuses = report.checks.iter().map(|check| check.status);
    let spans: Vec<_> = (report.stages.iter())
        .map(|stage| (stage.name.as_str(), stage.seconds))
        .collect();
    Run {
        number,
        verdict: state(report, lang),
        aside: verdict::aside(report, lang),
        drill: report.command == Command::Verify,
        findings: findings.collect(),
        held: statuses.filter(|status| asked::held(*status)).count(),
        checks,
        notes: notes(report, lang),
        level: report.proof.as_ref().map(|proof| proof.level.word(lang)),
        stages: Value::from_safe_string(stages::bars(&spans, lang)),
        floor: facts::floor(report, lang),
        collation: (report.restore.as_ref())
            .map_or_else(String::new, |restore| facts::collation(restore, lang)),
        report,
    }
}

/// What there is to say of the sandbox.
fn notes(report: &Report, lang: Lang) -> Vec<String> {
    let sandbox = report.sandbox.as_ref();
    let notes = sandbox.map_or(&[][..], |sandbox| &sandbox.notes);
    notes.iter().map(|note| sentences(note, lang)).collect()
}

fn state(report: &Report, lang: Lang) -> State {
    let verdict = report.verdict;
    State {
        word: lang.say(verdict.name(), verdict.word(lang)),
        sign: verdict.sign(),
        class: class(verdict),
        sentence: verdict.sentence(lang),
    }
}

/// The class that colours a verdict in the pages' style.
#[must_use]
pub const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy | Verdict::Passed => "good",
        Verdict::Failed => "bad",
        Verdict::Unverified => "careful",
    }
}

fn found(finding: &crate::finding::Finding, lang: Lang) -> Found<'_> {
    let Told {
        message,
        detail,
        hint,
    } = told(finding, lang);
    Found {
        severity: finding.severity.name(),
        word: finding.severity.word(lang),
        code: finding.code.name(),
        message,
        detail,
        hint,
    }
}

fn check(asked: &CheckResult, lang: Lang) -> Check<'_> {
    let (word, sign, class) = match asked.status {
        CheckStatus::Passed => (lang.say("held", "合格"), "✓", "good"),
        CheckStatus::Warned => (lang.say("warned", "警告"), "!", "careful"),
        CheckStatus::Failed => (lang.say("failed", "不合格"), "✗", "bad"),
        CheckStatus::Error => (lang.say("no answer", "回答なし"), "✗", "bad"),
        CheckStatus::Skipped => (lang.say("skipped", "省略"), "–", "quiet"),
    };
    let message = asked.message.as_deref();
    Check {
        asked,
        word,
        sign,
        class,
        value: super::asked::value(asked, lang),
        message: message.map(|message| check_message(message, lang)),
    }
}
