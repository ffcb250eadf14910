//! A record is the run's report as one JSON object on one line: how it is written, and what makes it unreadable. Pure.

use serde_json::{Value, error::Category};

use crate::{
    error::{OrStop as _, Result},
    finding::Code,
    report::{Report, SCHEMA, Verdict},
};

/// The bytes of a record.
///
/// # Errors
/// Never for a report that a run made.
pub(super) fn write(report: &Report) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(report).or_stop(
        || "the run's report could not be written as JSON".to_owned(),
        "Report it to the makers of pgdrill.",
    )?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The report in a record, or why it is none, as a sentence without anything that the record holds: it may hold
/// anything.
///
/// Fields that this version does not know are passed over, and so are findings with codes that it does not know: a
/// newer version may have written them. Its verdict stays as it was written; one that is better than what it holds is none.
pub(super) fn read(bytes: &[u8], plan: &str, run: &str) -> std::result::Result<Report, String> {
    let report = any(bytes)?;
    if report.plan != plan {
        return Err("It is a run of another plan.".to_owned());
    }
    if report.run != run {
        return Err("It is another run than its name says.".to_owned());
    }
    Ok(report)
}

/// The report of whatever run.
fn any(bytes: &[u8]) -> std::result::Result<Report, String> {
    let report = match serde_json::from_slice::<Report>(bytes) {
        Ok(report) => report,
        Err(error) => second_look(bytes, &error)?,
    };
    if report.schema != SCHEMA {
        return Err(another_schema(u64::from(report.schema)));
    }
    if is_better(report.verdict, report.verdict()) {
        return Err("Its verdict is better than what it found and proved.".to_owned());
    }
    Ok(report)
}

/// Whether a verdict says more good than the record holds. A worse one may come from a finding that is passed over.
fn is_better(written: Verdict, held: Verdict) -> bool {
    let of_another_command = written == Verdict::Passed && held == Verdict::Healthy;
    written < held || of_another_command
}

/// The report in a text, or all reports of a list or of what `pgdrill history` writes for machines, with the same leniency
/// towards newer versions.
///
/// # Errors
/// A sentence that says why it is none, without anything that it holds.
pub fn reports(bytes: &[u8]) -> std::result::Result<Vec<Report>, String> {
    let list = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Array(list)) => list.into_iter().flat_map(runs).collect(),
        Ok(history) if history["runs"].is_array() => runs(history),
        _ => return any(bytes).map(|report| vec![report]),
    };
    let numbered = list.iter().zip(1..);
    let read = numbered.map(|(value, number)| {
        let report = any(value.to_string().as_bytes());
        report.map_err(|why| format!("Report {number} of {}: {why}", list.len()))
    });
    read.collect()
}

/// Those of a plan's history; a report is its own.
fn runs(mut value: Value) -> Vec<Value> {
    match value.get_mut("runs").map(Value::take) {
        Some(Value::Array(runs)) => runs,
        _ => vec![value],
    }
}

/// Reads it once more without the findings that this version does not know, or tells what is wrong with it.
fn second_look(bytes: &[u8], error: &serde_json::Error) -> std::result::Result<Report, String> {
    if bytes.is_empty() {
        return Err("It is empty.".to_owned());
    }
    match error.classify() {
        Category::Eof => return Err("It is cut off: the JSON ends too early.".to_owned()),
        Category::Syntax | Category::Io => return Err(no_json(error)),
        Category::Data => {}
    }
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| no_json(&error))?;
    if let Some(schema) = value["schema"].as_u64()
        && schema != u64::from(SCHEMA)
    {
        return Err(another_schema(schema));
    }
    if let Some(findings) = value.get_mut("findings").and_then(Value::as_array_mut) {
        findings.retain(|finding| {
            finding["code"]
                .as_str()
                .is_none_or(|code| Code::named(code).is_some())
        });
    }
    let verdict = value.get("verdict").cloned();
    let verdict_is_known =
        verdict.is_none_or(|verdict| serde_json::from_value::<Verdict>(verdict).is_ok());
    serde_json::from_value(value).map_err(|_| {
        if verdict_is_known {
            "It is no report: a field is missing, or holds what this version does not know."
                .to_owned()
        } else {
            "Its verdict is none that this version knows.".to_owned()
        }
    })
}

fn no_json(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("It is no JSON (line {line}, column {column}).")
}

fn another_schema(schema: u64) -> String {
    format!("It is written in schema {schema}; this version of pgdrill reads schema {SCHEMA}.")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        finding::Finding,
        report::{Command, Proof},
    };

    fn report() -> Report {
        let mut report = Report::new("shop", "01JD", Timestamp::UNIX_EPOCH);
        report.findings = vec![Finding::new(Code::BackupShrunk, "it shrank")];
        report.verdict = Verdict::Failed;
        report
    }

    fn changed(change: impl FnOnce(&mut Value)) -> std::result::Result<Report, String> {
        let mut value = serde_json::to_value(report()).unwrap();
        change(&mut value);
        read(value.to_string().as_bytes(), "shop", "01JD")
    }

    #[test]
    fn what_was_written_is_read_again() {
        let bytes = write(&report()).unwrap();
        assert_eq!(read(&bytes, "shop", "01JD"), Ok(report()));
        assert_eq!(bytes.split(|&byte| byte == b'\n').count(), 2);
    }

    #[test]
    fn what_a_newer_version_adds_does_not_make_a_record_unreadable() {
        let newer = changed(|value| {
            value["moon"] = "full".into();
            let findings = value["findings"].as_array_mut().unwrap();
            findings.push(serde_json::json!({ "code": "moon.full", "new": 1 }));
        });
        assert_eq!(newer, Ok(report()));
    }

    #[test]
    fn every_kind_of_damage_is_told_without_what_the_record_holds() {
        let whole = write(&report()).unwrap();
        let why = |bytes: &[u8]| read(bytes, "shop", "01JD").unwrap_err();
        assert_eq!(why(b""), "It is empty.");
        for cut in 1..whole.len() - 1 {
            let why = why(&whole[..cut]);
            assert_eq!(why, "It is cut off: the JSON ends too early.", "at {cut}");
        }
        assert!(why(b"secret hunter2").starts_with("It is no JSON (line 1"));
        assert!(why(b"\xff\xfe").starts_with("It is no JSON"));
        assert!(why(b"[1]").starts_with("It is no report"));
        assert!(why(b"\"hunter2\"").starts_with("It is no report"));
        let why = |change: fn(&mut Value)| changed(change).unwrap_err();
        assert!(why(|v| v["verdict"] = "hunter2".into()).starts_with("Its verdict is none"));
        assert!(why(|v| v["schema"] = 2.into()).contains("in schema 2"));
        assert!(why(|v| v["started"] = "hunter2".into()).starts_with("It is no report"));
        assert!(why(|v| v["plan"] = "hunter2".into()).starts_with("It is a run of another plan"));
        assert!(why(|v| v["run"] = "01JX".into()).starts_with("It is another run"));
    }

    #[test]
    fn a_verdict_that_the_record_does_not_bear_out_is_damage() {
        let read = |command, verdict, proven: bool, codes: &[Code]| {
            let mut report = report();
            report.command = command;
            report.verdict = verdict;
            report.proof = proven.then(Proof::default);
            report.findings = codes.iter().map(|&code| Finding::new(code, "x")).collect();
            read(&write(&report).unwrap(), "shop", "01JD").map(|report| report.verdict)
        };
        let damage = Err("Its verdict is better than what it found and proved.".to_owned());
        let (drill, health) = (Command::Verify, Command::Health);
        let (passed, healthy) = (Verdict::Passed, Verdict::Healthy);
        let (failed, unverified) = (Verdict::Failed, Verdict::Unverified);
        let truncated = [Code::DumpTruncated];
        for (command, verdict, proven, codes) in [
            (drill, passed, false, &[][..]),
            (drill, passed, true, &truncated),
            (drill, passed, true, &[Code::RunStopped]),
            (drill, unverified, false, &truncated),
            (drill, healthy, true, &[]),
            (health, healthy, false, &[Code::BackupStale]),
            (health, healthy, false, &[Code::RunStopped]),
            (health, passed, false, &[]),
        ] {
            let read = read(command, verdict, proven, codes);
            assert_eq!(read, damage, "{command:?} {verdict:?} {codes:?}");
        }
        for (command, verdict, proven, codes) in [
            (drill, passed, true, &[Code::BackupShrunk][..]),
            (drill, unverified, true, &[]),
            (drill, failed, true, &[]),
            (health, healthy, false, &[Code::BackupShrunk]),
            (health, failed, false, &[]),
        ] {
            assert_eq!(read(command, verdict, proven, codes), Ok(verdict));
        }
    }

    #[test]
    fn a_newer_schema_is_told_as_one_whatever_else_it_changed() {
        let newer = read(br#"{"schema": 7, "outcome": "fine"}"#, "shop", "01JD");
        assert!(newer.unwrap_err().contains("in schema 7"));
    }
}
