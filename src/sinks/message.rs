//! What people are told of a run, before it takes the shape of a Slack message, a mail or an incident: pure.

use std::time::Duration;

use super::{verdict, visible};
use crate::{
    finding::{Finding, Severity},
    plan::Contact,
    report::{BackupFacts, Command, Report, Verdict},
    units::{Age, Bytes},
    words::{Lang, told},
};

/// What is told beside the report itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// Whom to call, in this order.
    pub contacts: &'a [Contact],
    /// The URL of a page that says what to do.
    pub runbook: Option<&'a str>,
    /// The run whose trouble the reader was told of, when this run ends it.
    pub recovered: Option<&'a str>,
    /// The run whose beginning was told, where it is another one.
    pub first_run: Option<&'a str>,
    /// Whether nothing happened: somebody tries whether messages arrive.
    pub test: bool,
}

/// What people are told. No text holds a control character; none is escaped for anything yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The verdict and the plan, in one line.
    pub title: String,
    /// What the verdict means, in a sentence.
    pub meaning: String,
    /// Name and value of what was looked at.
    pub facts: Vec<(&'static str, String)>,
    /// What was found and asks for something to be done, worst first.
    pub points: Vec<Point>,
    /// The page that says what to do.
    pub runbook: Option<String>,
    /// Whom to call, in this order: role and name.
    pub contacts: Vec<(String, String)>,
    /// The reader's language.
    pub lang: Lang,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// How bad it is.
    pub severity: Severity,
    /// Its code, which is never translated.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Name and value of its figures: what was found, what is allowed, what it was before.
    pub figures: Vec<(&'static str, String)>,
    /// The figures in sentences.
    pub detail: Option<String>,
    /// What to do next.
    pub hint: String,
}

impl Message {
    /// What a report says to people.
    #[must_use]
    pub fn of(report: &Report, context: &Context<'_>) -> Self {
        let points = points(report, context.lang);
        // Whoever has nothing to do needs nobody to call.
        let asks = !points.is_empty() || report.verdict.exit_code() != 0 || context.test;
        let contacts = context.contacts.iter().filter(|_| asks);
        Self {
            title: title(report, context),
            meaning: meaning(report, context),
            facts: facts(report, context.lang),
            points,
            runbook: context.runbook.filter(|_| asks).map(visible),
            contacts: contacts
                .map(|contact| (visible(&contact.role), visible(&contact.name)))
                .collect(),
            lang: context.lang,
        }
    }

    /// The title and the worst of what was found, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let end = self.points.first().map(|point| &point.message);
        format!("{}: {}", self.title, end.unwrap_or(&self.meaning))
    }

    /// How many findings are not among the first so many, in a sentence.
    #[must_use]
    pub fn more(&self, shown: usize) -> Option<String> {
        let more = self
            .points
            .len()
            .checked_sub(shown)
            .filter(|more| *more > 0)?;
        Some(self.lang.say(
            format!("… and {more} more; the report holds all of them."),
            format!("ほか {more} 件。すべてはレポートにあります。"),
        ))
    }
}

fn title(report: &Report, context: &Context<'_>) -> String {
    let lang = context.lang;
    let plan = visible(&report.plan);
    let verdict = report.verdict.word(lang);
    if context.test {
        return format!("{} · {plan}", lang.say("TEST", "テスト"));
    }
    if context.recovered.is_some() {
        let again = lang.say("RECOVERED", "復旧");
        return format!("{again} · {verdict} · {plan}");
    }
    let warned = report.verdict.exit_code() == 0 && report.count(Severity::Warning) > 0;
    if warned {
        let warning = Severity::Warning.word(lang);
        return format!("{verdict} ({warning}) · {plan}");
    }
    format!("{verdict} · {plan}")
}

fn meaning(report: &Report, context: &Context<'_>) -> String {
    let lang = context.lang;
    if context.test {
        let english = "This is a test message of pgdrill: no drill ran, and nothing is wrong.";
        let japanese =
            "pgdrill のテストメッセージです。検証は実行しておらず、問題は起きていません。";
        return lang.say(english, japanese).to_owned();
    }
    let mut text = report.verdict.meaning(lang).to_owned();
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    let mut text = format!("{text}{}", lang.say(".", "。"));
    if let Some(run) = context.recovered {
        text += &lang.say(
            format!(" The trouble that run {run} told of is over."),
            format!("実行 {run} が知らせた問題は解消しました。"),
        );
    }
    if let Some(aside) = verdict::aside(report, lang) {
        text += lang.say(" ", "");
        text += aside;
    }
    text
}

fn points(report: &Report, lang: Lang) -> Vec<Point> {
    let mut found: Vec<&Finding> = (report.findings.iter())
        .filter(|finding| finding.severity >= Severity::Warning)
        .collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found.iter().map(|finding| point(finding, lang)).collect()
}

fn point(finding: &Finding, lang: Lang) -> Point {
    let said = told(finding, lang);
    let figures = [
        (lang.say("value", "値"), &finding.figures.value),
        (lang.say("limit", "基準"), &finding.figures.limit),
        (lang.say("previous", "前回"), &finding.figures.previous),
    ];
    let figures = figures
        .into_iter()
        .filter_map(|(name, figure)| Some((name, visible(figure.as_ref()?))));
    Point {
        severity: finding.severity,
        code: finding.code.name(),
        message: visible(&said.message),
        figures: figures.collect(),
        detail: said.detail.as_deref().map(visible),
        hint: visible(&said.hint),
    }
}

fn facts(report: &Report, lang: Lang) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(backup) = &report.backup {
        if !backup.key.is_empty() {
            facts.push((lang.say("backup", "バックアップ"), visible(&backup.key)));
            facts.push((lang.say("size", "サイズ"), size(backup, lang)));
        }
        if let Some(age) = backup.age_seconds.and_then(|age| u64::try_from(age).ok()) {
            facts.push((lang.say("age", "経過時間"), Age::from_secs(age).to_string()));
        }
        if report.command == Command::Health {
            let stored = Bytes(backup.storage_bytes).to_string();
            facts.push((lang.say("stored", "保存量"), stored));
        }
    }
    facts.push((lang.say("duration", "所要時間"), duration(report, lang)));
    if let Some(proof) = report
        .proof
        .as_ref()
        .filter(|_| report.verdict == Verdict::Passed)
    {
        facts.push((lang.say("proven", "検証内容"), verdict::proven(proof, lang)));
    }
    facts.push((lang.say("run", "実行"), visible(&report.run)));
    facts
}

/// The size, and how it changed since the backup before.
fn size(backup: &BackupFacts, lang: Lang) -> String {
    let now = backup.size_bytes;
    let Some(previous) = &backup.previous else {
        let alone = lang.say("no earlier one to compare with", "比較できる前回なし");
        return format!("{} ({alone})", Bytes(now));
    };
    let before = previous.size_bytes;
    let sign = if now < before { '−' } else { '+' };
    let apart = Bytes(now.abs_diff(before));
    let share = share(now.abs_diff(before), before).map(|share| format!(", {sign}{share} %"));
    let share = share.unwrap_or_default();
    let change = lang.say(
        format!(
            "{sign}{apart}{share} against the previous {}",
            Bytes(before)
        ),
        format!("前回の {} から {sign}{apart}{share}", Bytes(before)),
    );
    format!("{} ({change})", Bytes(now))
}

/// A share in percent with one decimal; none of nothing.
fn share(part: u64, whole: u64) -> Option<String> {
    let thousandths =
        (u128::from(part) * 1_000 + u128::from(whole) / 2).checked_div(whole.into())?;
    Some(format!("{}.{}", thousandths / 10, thousandths % 10))
}

/// How long the run took, and its restore.
fn duration(report: &Report, lang: Lang) -> String {
    let age = |seconds: f64| Age(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    let whole = age(report.seconds);
    match &report.restore {
        Some(restore) => {
            let restore = age(restore.seconds);
            lang.say(
                format!("{whole}, the restore {restore}"),
                format!("{whole}(うちリストア {restore})"),
            )
        }
        None => whole.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::PreviousBackup;

    fn sized(now: u64, before: Option<u64>) -> String {
        let previous = before.map(|size_bytes| PreviousBackup {
            key: "a".to_owned(),
            size_bytes,
        });
        let backup = BackupFacts {
            size_bytes: now,
            previous,
            ..BackupFacts::default()
        };
        size(&backup, Lang::En)
    }

    #[test]
    fn who_is_told_of_a_part_reads_that_it_is_one() {
        let mut report = Report::new("shop", "01A", jiff::Timestamp::UNIX_EPOCH);
        let said = |report: &Report| Message::of(report, &Context::default()).meaning;
        assert!(!said(&report).contains("does not answer for the plan"));
        report.aside = true;
        let said = said(&report);
        assert!(said.ends_with("does not answer for the plan."), "{said}");
    }

    #[test]
    fn a_size_is_told_with_its_change() {
        assert_eq!(
            sized(1_500, Some(1_000)),
            "1.5 kB (+500 B, +50.0 % against the previous 1.0 kB)"
        );
        assert_eq!(
            sized(999, Some(1_000)),
            "999 B (−1 B, −0.1 % against the previous 1.0 kB)"
        );
        assert_eq!(sized(5, Some(0)), "5 B (+5 B against the previous 0 B)");
        assert_eq!(sized(5, None), "5 B (no earlier one to compare with)");
        assert!(sized(u64::MAX, Some(1)).starts_with("18.4 EB"));
    }
}
