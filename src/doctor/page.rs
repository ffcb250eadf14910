//! The doctor's lines, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Line, Outcome, What};
use crate::{
    sinks::visible,
    words::{self, Lang},
};

/// One line each, what mends it below it, and how many there are of each kind.
#[must_use]
pub fn render(lines: &[Line], lang: Lang) -> String {
    let outcomes = [Outcome::Ok, Outcome::Warn, Outcome::Fail];
    let first = widest(outcomes.map(|outcome| outcome.word(lang)));
    let second = widest(What::ALL.map(|what| what.word(lang)));
    let mut text = String::new();
    for line in lines {
        let outcome = words::pad(line.outcome.word(lang), first);
        let what = words::pad(line.what.word(lang), second);
        let seen = visible(line.seen.in_lang(lang));
        let _ = writeln!(text, "{outcome}  {what}  {seen}");
        if let Some(mend) = &line.mend {
            let space = " ".repeat(first + second + 4);
            let _ = writeln!(text, "{space}→ {}", visible(mend.in_lang(lang)));
        }
    }
    let _ = writeln!(text, "\n{}", sum(lines, lang));
    text
}

fn widest<const N: usize>(all: [&str; N]) -> usize {
    all.into_iter().map(words::width).max().unwrap_or_default()
}

fn sum(lines: &[Line], lang: Lang) -> String {
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let (warned, failed) = (count(Outcome::Warn), count(Outcome::Fail));
    match (failed, warned) {
        (0, 0) => lang
            .say("everything is ready", "すべて準備ができています")
            .to_owned(),
        (0, _) => lang.say(
            format!("ready; warnings: {warned}"),
            format!("準備ができています(注意 {warned} 件)"),
        ),
        _ => lang.say(
            format!("not ready; broken: {failed}, warnings: {warned}"),
            format!("準備ができていません(異常 {failed} 件、注意 {warned} 件)"),
        ),
    }
}

/// The lines for machines, in English.
#[must_use]
pub fn json(plan: Option<&str>, lines: &[Line]) -> String {
    let line = |line: &Line| {
        json!({
            "check": line.what.name(),
            "outcome": line.outcome.name(),
            "seen": line.seen.in_lang(Lang::En),
            "mend": line.mend.as_ref().map(|mend| mend.in_lang(Lang::En)),
        })
    };
    let ready = lines.iter().all(|line| line.outcome != Outcome::Fail);
    let checks: Vec<Value> = lines.iter().map(line).collect();
    let value = json!({ "schema": 1, "plan": plan, "ready": ready, "checks": checks });
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Said;

    #[test]
    fn columns_line_up_in_both_languages_and_what_mends_stands_below() {
        let mend = Said::same("sudo systemctl start docker");
        let lines = [
            Line::ok(What::Plan, Said::same("SEEN")),
            Line::fail(What::Live, Said::same("SEEN"), mend),
        ];
        for lang in Lang::ALL {
            let text = render(&lines, lang);
            let columns: Vec<_> = text
                .lines()
                .filter_map(|line| line.split_once("SEEN"))
                .map(|(before, _)| words::width(before))
                .collect();
            assert_eq!(columns.len(), 2);
            assert_eq!(columns[0], columns[1], "{text}");
            assert!(text.contains("→ sudo systemctl start docker"));
        }
    }

    #[test]
    fn machines_are_told_whether_a_drill_would_work() {
        let ready = |line: Line| {
            let text = json(None, &[line]);
            let value: Value = serde_json::from_str(&text).unwrap();
            value["ready"].as_bool().unwrap()
        };
        let said = || Said::same("x");
        assert!(ready(Line::ok(What::Disk, said())));
        assert!(ready(Line::warn(What::Disk, said(), said())));
        assert!(!ready(Line::fail(What::Disk, said(), said())));
    }
}
