//! What was looked at, one line a fact, in the reader's language: shared by all formats for people.

use std::fmt::Write;

use super::verdict;
use crate::{
    report::{BackupFacts, Command, Proof, ProofLevel, Report, RestoreFacts, SandboxFacts},
    units::{Age, Bytes, Usd},
    words::{Lang, duration, sentences},
};

/// How many tables that were not compared whole are named; the report names them all.
const NOT_COMPARED: usize = 5;

/// A fact: what it is called, and what it is.
pub(super) type Fact = (&'static str, String);

/// What was looked at, in the order of the run.
pub(super) fn facts(report: &Report, lang: Lang) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let aside = verdict::aside(report, lang);
    facts.extend(aside.map(|said| (lang.say("note", "注記"), said.to_owned())));
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
    if let Some(proof) = &report.proof {
        proof_lines(&mut facts, proof, lang);
    }
    facts.push((lang.say("time", "時間"), floor(report, lang)));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// How far the proof goes, and what was left out of it.
fn proof_lines(facts: &mut Vec<Fact>, proof: &Proof, lang: Lang) {
    let told = match proof.level {
        // Every proof says as much.
        ProofLevel::Restored => String::new(),
        ProofLevel::Complete => lang.say(
            "complete: every object and every row of the dump is there".to_owned(),
            "完全: ダンプのすべてのオブジェクトと行がそろっています".to_owned(),
        ),
        ProofLevel::TransportProved => lang.say(
            "transport-proved: complete, and a stored checksum matched the dump's bytes".to_owned(),
            "転送検証済み: 完全で、保存されたチェックサムもダンプと一致しました".to_owned(),
        ),
        ProofLevel::SourceEqual => lang.say(
            "source-equal: what was restored is what the source held when the dump was taken"
                .to_owned(),
            "元と一致: ダンプ取得時の元データベースと同じ内容です".to_owned(),
        ),
    };
    facts.push((lang.say("proof", "証明"), told));
    let note = lang.say("note", "注記");
    let named = proof.not_compared.iter().take(NOT_COMPARED).cloned();
    facts.extend(named.map(|table| (note, table)));
    let more = proof.not_compared.len().saturating_sub(NOT_COMPARED);
    if more > 0 {
        let told = lang.say(
            format!("and {more} more tables that were not compared whole"),
            format!("ほか {more} 個のテーブルも一部だけを比較しました"),
        );
        facts.push((note, told));
    }
    facts.extend(proof.notes.iter().map(|text| (note, sentences(text, lang))));
}

/// How long the run took, and how much of it the cores needed at least; empty where nobody knows.
pub(super) fn floor(report: &Report, lang: Lang) -> String {
    let Some(floor) = &report.floor else {
        return String::new();
    };
    let (all, least) = (took(report.seconds, lang), took(floor.seconds, lang));
    let cpu = took(floor.cpu_seconds, lang);
    let percent = (floor.share * 100.0).floor();
    if floor.is_download() {
        return lang.say(
            format!("{all}; the download alone took {least} ({percent} %)"),
            format!("{all}。ダウンロードだけで{least}かかりました({percent} %)"),
        );
    }
    let cores = match floor.cores {
        1 => lang.say("1 core needs".to_owned(), "1 コア".to_owned()),
        cores => lang.say(format!("{cores} cores need"), format!("{cores} コア")),
    };
    lang.say(
        format!("{all}; {cores} {least} at least for its {cpu} of CPU time ({percent} %)"),
        format!("{all}。CPU 時間 {cpu}には {cores}で最短 {least}が必要です({percent} %)"),
    )
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

/// By what text was sorted; empty where that is as in the dump.
pub(super) fn collation(restore: &RestoreFacts, lang: Lang) -> String {
    restore.collation.as_ref().map_or_else(String::new, |used| {
        lang.say(
            format!("{used}, as it was asked for, and not the dump's own"),
            format!("{used}(指定によるもので、ダンプ本来の照合順序ではありません)"),
        )
    })
}

fn restore_lines(facts: &mut Vec<Fact>, restore: &RestoreFacts, lang: Lang) {
    let (took, size) = (took(restore.seconds, lang), Bytes(restore.bytes));
    let engine = &restore.engine;
    let told = lang.say(
        format!("{took}, {size} through {engine}"),
        format!("{took}、{engine} で {size}"),
    );
    facts.push((lang.say("restore", "リストア"), told));
    facts.push((lang.say("collation", "照合順序"), collation(restore, lang)));
    let why = restore.why.as_deref().unwrap_or_default();
    facts.push((lang.say("engine", "エンジン"), sentences(why, lang)));
    for ignored in &restore.ignored {
        let reason = ignored.reason.as_deref().unwrap_or_default();
        let told = format!("{} ({reason})", ignored.message);
        facts.push((lang.say("ignored", "無視"), told));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::{Floor, Stage};

    #[test]
    fn a_run_of_a_part_of_the_plan_says_so_first() {
        let mut report = Report::new("shop", "01A", jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(facts(&report, Lang::En), []);
        report.aside = true;
        let (name, said) = facts(&report, Lang::En).remove(0);
        assert!(name == "note" && said.ends_with("does not answer for the plan."));
        report.search = Some("01A".to_owned());
        let (_, said) = facts(&report, Lang::En).remove(0);
        assert!(said.starts_with("The search for a good backup went on"));
    }

    #[test]
    fn what_a_run_waited_for_most_is_told() {
        let mut report = Report::new("shop", "01A", jiff::Timestamp::UNIX_EPOCH);
        report.seconds = 60.0;
        report.stages = vec![Stage {
            name: "restore".to_owned(),
            cpu_seconds: Some(40.0),
            ..Stage::default()
        }];
        let mut told = |download| {
            let download = Some(Duration::from_secs(download));
            report.floor = Floor::of(&report.stages, report.seconds, 2, download);
            floor(&report, Lang::En)
        };
        let cores = "1 min 0 s; 2 cores need 20 s at least for its 40 s of CPU time (33 %)";
        assert_eq!(told(10), cores);
        assert_eq!(told(45), "1 min 0 s; the download alone took 45 s (75 %)");
    }
}
