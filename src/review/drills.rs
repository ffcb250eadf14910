//! How the drills of a month went, and which were missed.

use jiff::Timestamp;
use serde::Serialize;

use super::{Span, float};
use crate::{
    history::Past,
    plan::{Plan, SchedulePlan},
    report::{CheckStatus, Report, Verdict},
};

/// A drill that is so many seconds late may still be on its way.
const GRACE: i64 = 3_600;
/// As many times as a schedule of every minute has in a month, and a few.
const MOST: usize = 50_000;

/// How many drills ended in which way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Proven to restore.
    pub passed: u64,
    /// A critical finding about the backup.
    pub failed: u64,
    /// Nothing was proven.
    pub unverified: u64,
    /// All of them.
    pub total: u64,
    /// The share of those that passed, in percent; none when nothing was drilled.
    pub percent: Option<f64>,
}

impl Tally {
    /// Counts drills.
    pub(super) fn of<'a>(drills: impl Iterator<Item = &'a Report>) -> Self {
        let mut tally = Self::default();
        for drill in drills {
            tally.total += 1;
            match drill.verdict {
                Verdict::Passed => tally.passed += 1,
                Verdict::Failed => tally.failed += 1,
                Verdict::Unverified | Verdict::Healthy => tally.unverified += 1,
            }
        }
        if tally.total > 0 {
            tally.percent = Some(float(tally.passed) / float(tally.total) * 100.0);
        }
        tally
    }
}

/// Which drills should have been.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expected {
    /// What was expected, in words.
    pub rule: String,
    /// How many drills were due.
    pub due: u64,
    /// How many of them ran, in whatever way they ended.
    pub held: u64,
    /// When the others should have begun.
    pub missed: Vec<Timestamp>,
}

/// Compares the schedule with the drills. A time is held by any drill for the plan until the next time.
pub(super) fn expected(past: &Past, plan: &Plan, span: &Span) -> Expected {
    match &plan.schedule {
        Some(schedule) => by_schedule(past, schedule, span),
        None => once_a_month(past, span),
    }
}

fn by_schedule(past: &Past, schedule: &SchedulePlan, span: &Span) -> Expected {
    let times = schedule.between(span.month.begins(), span.until, MOST);
    let mut expected = Expected {
        rule: format!(
            "the schedule \"{}\" in {}",
            schedule.cron, schedule.timezone
        ),
        ..Expected::default()
    };
    let begins: Vec<Timestamp> = past.answering().map(|run| run.started).collect();
    for (place, time) in times.iter().enumerate() {
        let next = times.get(place + 1).copied();
        let next = next.or_else(|| schedule.next_after(*time));
        let held = |begun: &Timestamp| begun >= time && next.is_none_or(|next| *begun < next);
        if begins.iter().any(held) {
            expected.held += 1;
        } else if span.now.as_second() - time.as_second() < GRACE {
            continue;
        } else {
            expected.missed.push(*time);
        }
        expected.due += 1;
    }
    expected
}

/// The users' guide asks for one restore test a month.
fn once_a_month(past: &Past, span: &Span) -> Expected {
    let held = past.answering().any(|run| span.month.holds(run.started));
    Expected {
        rule: "at least one drill a month; the plan gives no schedule".to_owned(),
        due: u64::from(held || span.over),
        held: u64::from(held),
        missed: Vec::new(),
    }
}

/// One drill of the month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Test {
    /// When it began.
    pub started: Timestamp,
    /// How it ended.
    pub verdict: &'static str,
    /// Whether it counts neither as a drill of the plan nor in its rates: only a part was asked, or another
    /// backup, or this one was passed over.
    pub aside: bool,
    /// The backup.
    pub key: Option<String>,
    /// How old the backup was then, in seconds.
    pub age_seconds: Option<i64>,
    /// How long the restore took, in seconds.
    pub restore_seconds: Option<f64>,
    /// How many rows were counted.
    pub rows: Option<u64>,
    /// How many checks held.
    pub checks_held: usize,
    /// How many checks were asked.
    pub checks: usize,
    /// The worst that was found, where it did not pass.
    pub reason: Option<String>,
}

impl Test {
    pub(super) fn of(run: &Report) -> Self {
        let backup = run.backup.as_ref().filter(|backup| !backup.key.is_empty());
        let held = |status| matches!(status, CheckStatus::Passed | CheckStatus::Warned);
        let worst = run.findings.iter().max_by_key(|finding| finding.severity);
        Self {
            started: run.started,
            verdict: run.verdict.name(),
            aside: !run.answers(),
            key: backup.map(|backup| backup.key.clone()),
            age_seconds: backup.and_then(|backup| backup.age_seconds),
            restore_seconds: restore_seconds(run),
            rows: run.proof.as_ref().map(|proof| proof.rows_found),
            checks_held: run.checks.iter().filter(|check| held(check.status)).count(),
            checks: run.checks.len(),
            reason: worst
                .filter(|_| run.verdict != Verdict::Passed)
                .map(|finding| finding.message.clone()),
        }
    }
}

/// How long a restore took, in seconds; one that broke off is no duration.
pub(super) fn restore_seconds(run: &Report) -> Option<f64> {
    let remembered = run.proof.as_ref()?.run.is_some();
    let restore = run.restore.as_ref().filter(|_| !remembered)?;
    restore.seconds.is_finite().then_some(restore.seconds)
}
