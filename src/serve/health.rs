//! Is everything well? The answer of `/ops/health/backup`, judged anew at every question: pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::known::Known;
use crate::{
    finding::{Code, Finding, Severity},
    history::Past,
    plan::Plan,
    report::{BackupFacts, Report, Verdict},
    units::Age,
};

/// After so many refreshes without a look, what was seen is too old to be told as true.
const REFRESHES: u32 = 3;

/// How many findings an answer holds.
const FINDINGS: usize = 50;

/// How a plan stands. The first five fields are those of the users' guide.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Standing {
    /// `healthy` or `unhealthy`.
    pub(super) status: &'static str,
    /// Why it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Why it is not known how it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When the newest backup was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_backup: Option<Timestamp>,
    /// How many backups there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_count: Option<u64>,
    /// The size of the newest backup, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_size: Option<u64>,
    /// The plan.
    plan: String,
    /// How old the newest backup is.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<i64>,
    /// When the last drill that passed began.
    last_pass: Option<Timestamp>,
    /// When the last drill began.
    last_drill: Option<Timestamp>,
    /// What the last drill came to.
    last_verdict: Option<Verdict>,
    /// When the next drill begins.
    next_drill: Option<Timestamp>,
    /// Whether a drill runs now.
    drilling: bool,
    /// When the storage was looked at.
    checked_at: Option<Timestamp>,
    /// What the storage and the last drill show.
    findings: Vec<Told>,
}

/// A finding without its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Told {
    code: Code,
    severity: Severity,
    message: String,
    hint: String,
}

/// What an answer is judged from, beside what is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Now.
    pub(super) now: Timestamp,
    /// When the process began to watch.
    pub(super) began: Timestamp,
    /// How often the storage is looked at.
    pub(super) refresh: Duration,
}

/// How a plan stands.
pub(super) fn judge(plan: &Plan, known: &Known, frame: &Frame) -> Standing {
    let backup = known.health.as_deref().and_then(|h| h.backup.as_ref());
    let newest = backup.and_then(|backup| Some((backup, backup.last_modified?)));
    let age = newest.map(|(_, at)| frame.now.as_second() - at.as_second());
    let error = unknown(plan, known, frame);
    let message = wrong_storage(plan, known, backup, age)
        .or_else(|| wrong_drill(&known.past))
        .or_else(|| unproven(plan, known, frame));
    let last = known.past.answering().next();
    Standing {
        status: word(error.is_none() && message.is_none()),
        message,
        error,
        last_backup: newest.map(|(_, at)| at),
        backup_count: backup.map(|backup| backup.count).filter(|count| *count > 0),
        latest_size: newest.map(|(backup, _)| backup.size_bytes),
        plan: plan.name.clone(),
        age_seconds: age,
        last_pass: known.past.last_pass(),
        last_drill: last.map(|run| run.started),
        last_verdict: last.map(|run| run.verdict),
        next_drill: known.next,
        drilling: known.running,
        checked_at: known.looked,
        findings: findings(known.health.as_deref(), last),
    }
}

/// The word for the field `status`.
pub(super) const fn word(healthy: bool) -> &'static str {
    if healthy { "healthy" } else { "unhealthy" }
}

impl Standing {
    pub(super) fn healthy(&self) -> bool {
        self.status == word(true)
    }

    /// What orders plans: the worst first, then the one with the oldest backup.
    pub(super) fn rank(&self) -> (bool, Option<Timestamp>) {
        (self.healthy(), self.last_backup)
    }
}

/// Why it is not known how the plan stands.
fn unknown(plan: &Plan, known: &Known, frame: &Frame) -> Option<String> {
    if let Some(problem) = &known.problem {
        return Some(problem.clone());
    }
    let Some(looked) = known.looked else {
        return Some("the storage was not looked at yet".to_owned());
    };
    // A look from the future is one before the clock went back: its age is not known.
    let ago = frame.now.duration_since(looked).unsigned_abs();
    if ago > frame.refresh * REFRESHES {
        return Some(format!("the storage was last seen {} ago", Age(ago)));
    }
    if plan.history.is_some() && !known.recalled {
        let unread = || "the history was not read yet".to_owned();
        return Some(known.forgotten.clone().unwrap_or_else(unread));
    }
    None
}

/// What is wrong with the newest backup, as far as it shows from outside.
fn wrong_storage(
    plan: &Plan,
    known: &Known,
    backup: Option<&BackupFacts>,
    age: Option<i64>,
) -> Option<String> {
    if backup.is_some_and(|backup| backup.count == 0) {
        return Some("No backups found".to_owned());
    }
    let findings = known.health.iter().flat_map(|health| &health.findings);
    let mut critical = findings.filter(|finding| is_critical(finding));
    let age = age.and_then(|age| u64::try_from(age).ok());
    if let Some(age) = age
        && (critical.clone().any(|f| f.code == Code::BackupStale)
            || (age > plan.limits.max_age.0.as_secs() && counts(plan, Code::BackupStale)))
    {
        return Some(format!("Last backup is {} old", in_days(age)));
    }
    critical.next().map(|finding| capital(&finding.message))
}

/// A critical finding about the backup.
fn is_critical(finding: &Finding) -> bool {
    finding.severity == Severity::Critical && !finding.code.stops_the_run()
}

/// Whether a code makes a plan unhealthy: unless the plan gives it a lower severity on purpose.
fn counts(plan: &Plan, code: Code) -> bool {
    plan.severity
        .get(&code)
        .is_none_or(|severity| *severity == Severity::Critical)
}

/// What the last drill that came to an answer says.
fn wrong_drill(past: &Past) -> Option<String> {
    let last = past.concluded()?;
    if last.verdict == Verdict::Passed {
        return None;
    }
    let why = last.findings.iter().find(|finding| is_critical(finding));
    Some(match why {
        Some(finding) => format!("Last drill failed: {}", finding.message),
        None => "Last drill failed".to_owned(),
    })
}

/// Whether too much time went by without a proof. Where drills are neither scheduled nor kept, nobody can know.
fn unproven(plan: &Plan, known: &Known, frame: &Frame) -> Option<String> {
    if (plan.history.is_none() && plan.schedule.is_none()) || !counts(plan, Code::BackupUnproven) {
        return None;
    }
    let since = |then: Timestamp| u64::try_from(frame.now.as_second() - then.as_second());
    let too_long = |then| {
        let age = since(then).unwrap_or(0);
        (age > plan.limits.max_unproven.0.as_secs()).then_some(age)
    };
    match known.past.last_pass() {
        Some(pass) => {
            too_long(pass).map(|age| format!("Last proven restore is {} old", in_days(age)))
        }
        None if plan.history.is_some() => known
            .recalled
            .then(|| "No restore was proven yet".to_owned()),
        // Without a history only this process knows of a proof, and it is given time for one.
        None => {
            too_long(frame.began).map(|age| format!("No restore was proven for {}", in_days(age)))
        }
    }
}

/// What is found of the backup from outside, and what the last drill found, each once.
fn findings(health: Option<&Report>, drill: Option<&Report>) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for finding in [health, drill]
        .into_iter()
        .flatten()
        .flat_map(|r| &r.findings)
    {
        let same = |other: &Told| other.code == finding.code && other.message == finding.message;
        if told.len() < FINDINGS && !told.iter().any(same) {
            told.push(Told {
                code: finding.code,
                severity: finding.severity,
                message: finding.message.clone(),
                hint: finding.hint.clone(),
            });
        }
    }
    told
}

/// A time in whole days, as the users' guide words it; in hours below one day.
fn in_days(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600) {
        (0, 1) => "1 hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "1 day".to_owned(),
        (days, _) => format!("{days} days"),
    }
}

/// A finding's message as the beginning of a sentence.
fn capital(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests;
