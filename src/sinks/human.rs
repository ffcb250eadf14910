//! The report for a terminal: what was looked at, one line a check, what was found, one verdict line.

use std::fmt::Write;

use super::{Paint, Style, visible};
use crate::{
    finding::{Finding, Severity},
    report::{BackupFacts, CheckResult, CheckStatus, Command, Proof, Report, Verdict},
    units::{Age, Bytes, Usd},
};

pub(super) fn render(report: &Report, style: Style) -> String {
    let paint = style.paint;
    let mut text = String::new();
    facts(&mut text, report, paint);
    checks(&mut text, &report.checks, paint);
    findings(&mut text, &report.findings, paint);
    line(&mut text, &verdict(report, paint));
    text
}

/// Adds a line. Writing into a string cannot fail.
fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

fn facts(text: &mut String, report: &Report, paint: Paint) {
    line(text, &paint.strong(&visible(&report.plan)));
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            let name = paint.quiet(&format!("{name:<8}"));
            line(text, &format!("  {name} {}", visible(&value)));
        }
    };
    if let Some(backup) = &report.backup {
        fact("backup", backup_line(backup));
        if report.command == Command::Health {
            fact("storage", storage_line(backup));
        }
    }
    fact("dump", dump_line(report));
    if let Some(baseline) = &report.baseline {
        let day = baseline.started.strftime("%Y-%m-%d %H:%M");
        let told = format!("{}, proven {day} UTC", baseline.key);
        fact("baseline", told);
    }
    if let Some(sandbox) = &report.sandbox {
        let version = sandbox.server_version.as_deref().unwrap_or("unknown");
        let image = sandbox.image.as_deref().map(|image| format!(" {image},"));
        let image = image.unwrap_or_default();
        fact(
            "sandbox",
            format!("{}:{image} PostgreSQL {version}", sandbox.provider),
        );
        for note in &sandbox.notes {
            fact("note", note.clone());
        }
    }
    if let Some(restore) = &report.restore {
        let took = Age(std::time::Duration::from_secs_f64(restore.seconds.max(0.0)));
        let size = Bytes(restore.bytes);
        fact(
            "restore",
            format!("{took}, {size} through {}", restore.engine),
        );
        for ignored in &restore.ignored {
            let reason = ignored.reason.as_deref().unwrap_or_default();
            fact("ignored", format!("{} ({reason})", ignored.message));
        }
    }
}

fn backup_line(backup: &BackupFacts) -> String {
    if backup.key.is_empty() {
        return format!("{}: none of {} objects", backup.url, backup.rejected.len());
    }
    let mut text = format!("{}, {}", backup.key, Bytes(backup.size_bytes));
    if let Some(age) = backup.age_seconds.and_then(|age| u64::try_from(age).ok()) {
        let _ = write!(text, ", {} old", Age::from_secs(age));
    }
    let _ = write!(text, ", of {} in {}", backup.count, backup.url);
    if let Some(previous) = &backup.previous {
        let _ = write!(text, " (the one before: {})", Bytes(previous.size_bytes));
    }
    text
}

/// What is stored, what it costs, and where it is heading.
fn storage_line(backup: &BackupFacts) -> String {
    let mut text = format!("{}", Bytes(backup.storage_bytes));
    if let Some(cost) = backup.cost_usd_per_month {
        let _ = write!(text, ", {} a month", Usd(cost));
    }
    if let Some(projection) = backup.projection {
        let end = Bytes(projection.month_end_bytes);
        let _ = write!(text, "; {end} at the end of the month");
        if let Some(cost) = projection.month_end_usd {
            let _ = write!(text, ", {} a month", Usd(cost));
        }
    }
    text
}

fn dump_line(report: &Report) -> String {
    let Some(dump) = &report.dump else {
        return String::new();
    };
    let mut text = format!("{}, {}", dump.format, dump.codec);
    if let Some(version) = &dump.server_version {
        let _ = write!(text, ", from PostgreSQL {version}");
    }
    if let Some(database) = &dump.database {
        let _ = write!(text, ", database \"{database}\"");
    }
    if let Some(tables) = dump.tables {
        let _ = write!(text, ", {tables} tables with data");
    }
    text
}

fn checks(text: &mut String, checks: &[CheckResult], paint: Paint) {
    let width = checks.iter().map(|check| check.id.chars().count()).max();
    let width = width.unwrap_or_default().min(48);
    if !checks.is_empty() {
        text.push('\n');
    }
    for check in checks {
        let (mark, name) = mark(check, paint);
        let id = visible(&check.id);
        let told = told(check);
        line(
            text,
            format!("  {mark}{name} {id:<width$}  {told}").trim_end(),
        );
    }
}

fn mark(check: &CheckResult, paint: Paint) -> (String, &'static str) {
    let (word, painted) = match check.status {
        CheckStatus::Passed => ("ok", paint.good("ok")),
        CheckStatus::Warned => ("warn", paint.careful("warn")),
        CheckStatus::Failed => ("FAIL", paint.severity(check.severity, "FAIL")),
        CheckStatus::Error => ("ERROR", paint.severity(check.severity, "ERROR")),
        CheckStatus::Skipped => ("skip", paint.quiet("skip")),
    };
    (painted, &"     "[word.len()..])
}

/// The value and its limit, or what there is to say.
fn told(check: &CheckResult) -> String {
    let value = check.value.as_ref().map(|value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let shown = match (value, &check.limit) {
        (Some(value), Some(limit)) => format!("{value} ({limit})"),
        (Some(value), None) => value,
        (None, Some(limit)) => format!("({limit})"),
        (None, None) => String::new(),
    };
    let message = check.message.as_deref().unwrap_or_default();
    match check.status {
        CheckStatus::Passed => visible(&shown),
        _ if message.is_empty() => visible(&shown),
        _ => visible(message),
    }
}

fn findings(text: &mut String, findings: &[Finding], paint: Paint) {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    text.push('\n');
    for finding in sorted {
        let severity = finding.severity;
        let word = paint.severity(severity, severity.name());
        let pad = &"        "[severity.name().len()..];
        let code = paint.quiet(&format!("[{}]", finding.code));
        line(
            text,
            &format!("{word}{pad}  {} {code}", visible(&finding.message)),
        );
        if severity != Severity::Info {
            if let Some(detail) = &finding.detail {
                line(text, &format!("  detail  {}", visible(detail)));
            }
            line(text, &format!("    hint  {}", visible(&finding.hint)));
        }
    }
    if !findings.is_empty() {
        text.push('\n');
    }
}

fn verdict(report: &Report, paint: Paint) -> String {
    let took = Age(std::time::Duration::from_secs_f64(report.seconds.max(0.0)));
    match (report.verdict, &report.proof) {
        (Verdict::Healthy, _) => {
            let word = paint.good("HEALTHY");
            let warnings = warnings(report);
            format!(
                "{word}  nothing critical shows from outside{warnings}; nothing was restored · {took}"
            )
        }
        (Verdict::Passed, Some(proof)) => {
            format!(
                "{}  {} · {took}",
                paint.good("PASSED"),
                proven(proof, report)
            )
        }
        (Verdict::Failed, _) => {
            let word = paint.bad("FAILED");
            let criticals = report.count(Severity::Critical);
            format!("{word}  do not rely on this backup: {criticals} critical · {took}")
        }
        _ => {
            let word = paint.careful("UNVERIFIED");
            format!("{word}  no backup was verified: this says nothing about the backup · {took}")
        }
    }
}

fn proven(proof: &Proof, report: &Report) -> String {
    let warnings = warnings(report);
    let remembered = proof
        .run
        .as_ref()
        .map(|run| format!("; proven by run {run} and not restored again (--reprove does)"));
    format!(
        "this backup restores: {} tables, {} rows, {} checks held{warnings}{}",
        proof.tables,
        proof.rows_found,
        proof.checks,
        remembered.unwrap_or_default()
    )
}

fn warnings(report: &Report) -> String {
    match report.count(Severity::Warning) {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        more => format!(", {more} warnings"),
    }
}
