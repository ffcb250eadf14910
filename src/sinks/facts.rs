//! What was looked at, one line a fact, in the reader's language: shared by all formats for people.

use std::fmt::Write;

use crate::{
    report::{BackupFacts, Command, Report, RestoreFacts, SandboxFacts},
    units::{Age, Bytes, Usd},
    words::{Lang, duration, sentences},
};

/// A fact: what it is called, and what it is.
pub(super) type Fact = (&'static str, String);

/// What was looked at, in the order of the run.
pub(super) fn facts(report: &Report, lang: Lang) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(backup) = &report.backup {
        facts.push((
            lang.say("backup", "バックアップ"),
            backup_line(backup, lang),
        ));
        if report.command == Command::Health {
            facts.push((lang.say("storage", "保存先"), storage_line(backup, lang)));
        }
    }
    facts.push((lang.say("dump", "ダンプ"), dump_line(report, lang)));
    if let Some(baseline) = &report.baseline {
        let day = baseline.started.strftime("%Y-%m-%d %H:%M");
        let key = &baseline.key;
        let told = lang.say(
            format!("{key}, proven {day} UTC"),
            format!("{key}({day} UTC に検証済み)"),
        );
        facts.push((lang.say("baseline", "比較対象"), told));
    }
    if let Some(sandbox) = &report.sandbox {
        facts.push((lang.say("sandbox", "検証環境"), sandbox_line(sandbox, lang)));
        let note = lang.say("note", "注記");
        let notes = sandbox.notes.iter();
        facts.extend(notes.map(|text| (note, sentences(text, lang))));
    }
    if let Some(restore) = &report.restore {
        restore_lines(&mut facts, restore, lang);
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// How long something took, from seconds as a report has them.
pub(super) fn took(seconds: f64, lang: Lang) -> String {
    let seconds = if seconds.is_finite() {
        seconds.max(0.0)
    } else {
        0.0
    };
    let age = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    duration(&Age(age).to_string(), lang)
}

/// How old the backup was, unless it comes from the future.
pub(super) fn age(backup: &BackupFacts, lang: Lang) -> Option<String> {
    let seconds = u64::try_from(backup.age_seconds?).ok()?;
    Some(duration(&Age::from_secs(seconds).to_string(), lang))
}

fn backup_line(backup: &BackupFacts, lang: Lang) -> String {
    let (url, count) = (&backup.url, backup.count);
    if backup.key.is_empty() {
        let rejected = backup.rejected.len();
        return lang.say(
            format!("{url}: none of {rejected} objects"),
            format!("{url}: {rejected} 個のオブジェクトの中にありません"),
        );
    }
    let size = Bytes(backup.size_bytes);
    let mut text = lang.say(
        format!("{}, {size}", backup.key),
        format!("{}、{size}", backup.key),
    );
    if let Some(age) = age(backup, lang) {
        text += &lang.say(format!(", {age} old"), format!("、{age}前"));
    }
    text += &lang.say(
        format!(", of {count} in {url}"),
        format!("、{url} の {count} 個から"),
    );
    if let Some(previous) = &backup.previous {
        let size = Bytes(previous.size_bytes);
        text += &lang.say(
            format!(" (the one before: {size})"),
            format!("(一つ前は {size})"),
        );
    }
    text
}

/// What is stored, what it costs, and where it is heading.
fn storage_line(backup: &BackupFacts, lang: Lang) -> String {
    let cost = |cost: Option<f64>| {
        cost.map_or_else(String::new, |cost| {
            let cost = Usd(cost);
            lang.say(format!(", {cost} a month"), format!("、月額 {cost}"))
        })
    };
    let mut text = format!(
        "{}{}",
        Bytes(backup.storage_bytes),
        cost(backup.cost_usd_per_month)
    );
    if let Some(projection) = backup.projection {
        let end = Bytes(projection.month_end_bytes);
        text += &lang.say(
            format!("; {end} at the end of the month"),
            format!("。月末には {end}"),
        );
        text += &cost(projection.month_end_usd);
    }
    text
}

fn dump_line(report: &Report, lang: Lang) -> String {
    let Some(dump) = &report.dump else {
        return String::new();
    };
    let comma = lang.say(", ", "、");
    let mut text = format!("{}{comma}{}", dump.format, dump.codec);
    if let Some(version) = &dump.server_version {
        let from = lang.say(
            format!("from PostgreSQL {version}"),
            format!("PostgreSQL {version} から取得"),
        );
        let _ = write!(text, "{comma}{from}");
    }
    if let Some(database) = &dump.database {
        let name = lang.say(
            format!("database \"{database}\""),
            format!("データベース「{database}」"),
        );
        let _ = write!(text, "{comma}{name}");
    }
    if let Some(tables) = dump.tables {
        let tables = lang.say(
            format!("{tables} tables with data"),
            format!("データのあるテーブル {tables} 個"),
        );
        let _ = write!(text, "{comma}{tables}");
    }
    text
}

fn sandbox_line(sandbox: &SandboxFacts, lang: Lang) -> String {
    let version = sandbox.server_version.as_deref();
    let version = version.unwrap_or(lang.say("unknown", "不明"));
    let comma = lang.say(", ", "、");
    let image = sandbox.image.as_deref();
    let image = image.map_or_else(String::new, |image| format!("{image}{comma}"));
    format!("{}: {image}PostgreSQL {version}", sandbox.provider)
}

fn restore_lines(facts: &mut Vec<Fact>, restore: &RestoreFacts, lang: Lang) {
    let (took, size) = (took(restore.seconds, lang), Bytes(restore.bytes));
    let engine = &restore.engine;
    let told = lang.say(
        format!("{took}, {size} through {engine}"),
        format!("{took}、{engine} で {size}"),
    );
    facts.push((lang.say("restore", "リストア"), told));
    for ignored in &restore.ignored {
        let reason = ignored.reason.as_deref().unwrap_or_default();
        let told = format!("{} ({reason})", ignored.message);
        facts.push((lang.say("ignored", "無視"), told));
    }
}
