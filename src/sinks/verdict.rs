//! What a run comes to, in one line and in the reader's language: shared by all formats for people.

use super::facts::took;
use crate::{
    finding::Severity,
    report::{Proof, Report, Verdict},
    words::Lang,
};

/// What the verdict rests on, in half a sentence.
pub(super) fn because(report: &Report, lang: Lang) -> String {
    let meaning = report.verdict.meaning(lang);
    match (report.verdict, &report.proof) {
        (Verdict::Passed, Some(proof)) => {
            let warnings = warnings(report, lang);
            let proven = proven(proof, lang);
            lang.say(
                format!("{meaning}: {proven}{warnings}{}", remembered(proof, lang)),
                format!("{meaning}。{proven}{warnings}{}", remembered(proof, lang)),
            )
        }
        (Verdict::Failed, _) => {
            let criticals = report.count(Severity::Critical);
            lang.say(
                format!("{meaning}: {criticals} critical"),
                format!("{meaning}(重大 {criticals} 件)"),
            )
        }
        (Verdict::Healthy, _) => format!("{meaning}{}", warnings(report, lang)),
        _ => meaning.to_owned(),
    }
}

/// That a run does not answer for the plan, where it does not.
pub(super) fn aside(report: &Report, lang: Lang) -> Option<&'static str> {
    if report.search.is_some() {
        return Some(lang.say(
            "The search for a good backup went on to an older one: this run does not answer for the plan.",
            "正常なバックアップを探して、より古いものへ進みました。この実行はプラン全体の結果ではありません。",
        ));
    }
    let said = lang.say(
        "Only a part of the plan was asked, or another backup than the plan's: this run does not answer for the plan.",
        "プランの一部だけ、またはプランが選ぶものとは別のバックアップを調べました。この実行はプラン全体の結果ではありません。",
    );
    report.aside.then_some(said)
}

/// The same with how long the run took.
pub(super) fn line(report: &Report, lang: Lang) -> String {
    let took = took(report.seconds, lang);
    format!("{} · {took}", because(report, lang))
}

/// How much was proven.
pub(super) fn proven(proof: &Proof, lang: Lang) -> String {
    let (tables, rows, checks) = (proof.tables, proof.rows_found, proof.checks);
    lang.say(
        format!(
            "{}, {}, {} held",
            counted(tables, "table"),
            counted(rows, "row"),
            counted(checks, "check")
        ),
        format!("テーブル {tables} 個、{rows} 行、チェック {checks} 件に合格"),
    )
}

fn counted(number: u64, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}

fn remembered(proof: &Proof, lang: Lang) -> String {
    proof.run.as_ref().map_or_else(String::new, |run| {
        lang.say(
            format!("; proven by run {run} and not restored again (--reprove does)"),
            format!(
                "。実行 {run} で検証済みのため、今回はリストアしていません(--reprove で再検証します)"
            ),
        )
    })
}

fn warnings(report: &Report, lang: Lang) -> String {
    let count = report.count(Severity::Warning);
    match count {
        0 => String::new(),
        1 => lang.say(", 1 warning", "、警告 1 件").to_owned(),
        more => lang.say(format!(", {more} warnings"), format!("、警告 {more} 件")),
    }
}
