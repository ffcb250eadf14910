//! The questions of the quarter, with the figures to answer them: retention, cost, drill.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Month, Span,
    drills::{Tally, restore_seconds},
    float, signed,
    trend::stored,
};
use crate::{
    history::Past,
    plan::Plan,
    report::{BackupFacts, Report, Verdict},
};

/// What storage is billed by: a gigabyte, in powers of 1000.
const GIGABYTE: f64 = 1e9;
const WEEK: f64 = 604_800.0;
/// Growth over less than so many seconds is chance: a week.
const LONG_ENOUGH: i64 = 604_800;
/// A week, a month and a quarter of daily backups.
const KEEP: [u64; 3] = [7, 30, 90];

/// What a quarter's review asks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quarter {
    /// `2026 Q4`.
    pub name: String,
    /// Its last day.
    pub last_day: jiff::civil::Date,
    /// What is kept.
    pub retention: Retention,
    /// What it costs.
    pub cost: Cost,
    /// Whether it restores, how fast, and how far back.
    pub drill: Drill,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Retention {
    /// When the newest backup was written.
    pub newest: Option<Timestamp>,
    /// When the oldest backup was written.
    pub oldest: Option<Timestamp>,
    /// How many there are.
    pub count: Option<u64>,
    /// What they take, in bytes.
    pub bytes: Option<u64>,
    /// The size of the newest, in bytes.
    pub size: Option<u64>,
    /// What it would take to keep so many of its size.
    pub keep: Vec<Keep>,
}

/// What it would take to keep so many backups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Keep {
    /// How many.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
    /// US dollars a month; only with a price in the plan.
    pub usd: Option<f64>,
}

/// What storage costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// US dollars for a gigabyte and a month, from the plan.
    pub price: Option<f64>,
    /// US dollars a month now.
    pub now: Option<f64>,
    /// US dollars a month at the end of the month of the last look.
    pub month_end: Option<f64>,
    /// By how many bytes it grows a week.
    pub bytes_per_week: Option<i64>,
    /// What will be stored at the end of the quarter, in bytes.
    pub quarter_end_bytes: Option<u64>,
    /// US dollars a month at the end of the quarter.
    pub quarter_end: Option<f64>,
    /// What the plan allows, in US dollars a month.
    pub limit: f64,
    /// How much the plan allows, in bytes.
    pub limit_bytes: u64,
}

/// Whether it restores.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Drill {
    /// The drills of the quarter so far.
    pub drills: Tally,
    /// When the last one passed, among the runs that were read.
    pub last_pass: Option<Timestamp>,
    /// The longest restore of the quarter, in seconds.
    pub longest: Option<f64>,
    /// How long a restore may take, in seconds, from the plan.
    pub rto: Option<u64>,
    /// The oldest backup that was proven in the quarter: its key.
    pub oldest_key: Option<String>,
    /// How old it was then, in seconds.
    pub oldest_age: Option<i64>,
    /// When that was.
    pub oldest_proven: Option<Timestamp>,
}

pub(super) fn quarter(past: &Past, plan: &Plan, span: &Span) -> Quarter {
    let first = span.month.quarter();
    let ends = first.later(3);
    let until = |run: &&Report| run.started < span.until;
    let runs = past.runs.iter().filter(until);
    // A run aside may have looked at any backup, and not at the newest.
    let look = runs.clone().find(|run| run.backup.is_some() && !run.aside);
    let facts = look.and_then(|run| run.backup.as_ref());
    let price = plan.prices.storage_gb_month;
    Quarter {
        name: span.month.quarter_name(),
        last_day: ends.first().yesterday().unwrap_or(ends.first()),
        retention: facts.map_or_else(Retention::default, |facts| retention(facts, runs, price)),
        cost: cost(past, plan, look.zip(facts), ends, span),
        drill: drill(past, plan, first, span),
    }
}

fn retention<'a>(
    facts: &BackupFacts,
    runs: impl Iterator<Item = &'a Report>,
    price: Option<f64>,
) -> Retention {
    let newest = runs.filter_map(|run| run.backup.as_ref()?.last_modified);
    let size = (facts.size_bytes > 0).then_some(facts.size_bytes);
    let keep = size.map_or_else(Vec::new, |size| {
        KEEP.iter().map(|&count| keep(count, size, price)).collect()
    });
    Retention {
        newest: newest.max(),
        oldest: facts.oldest,
        count: Some(facts.count),
        bytes: Some(facts.storage_bytes),
        size,
        keep,
    }
}

fn keep(count: u64, size: u64, price: Option<f64>) -> Keep {
    let bytes = count.saturating_mul(size);
    Keep {
        count,
        bytes,
        usd: price.map(|price| dollars(bytes, price)),
    }
}

fn dollars(bytes: u64, price: f64) -> f64 {
    float(bytes) / GIGABYTE * price
}

fn cost(
    past: &Past,
    plan: &Plan,
    look: Option<(&Report, &BackupFacts)>,
    ends: Month,
    span: &Span,
) -> Cost {
    let price = plan.prices.storage_gb_month;
    let mut cost = Cost {
        price,
        limit: plan.limits.monthly_cost.0,
        limit_bytes: plan.limits.storage.0,
        ..Cost::default()
    };
    let Some((run, facts)) = look else {
        return cost;
    };
    let of = |bytes| price.map(|price| dollars(bytes, price));
    cost.now = facts.cost_usd_per_month.or_else(|| of(facts.storage_bytes));
    cost.month_end = facts
        .projection
        .and_then(|projection| projection.month_end_usd);
    let measured = growth(past, span);
    cost.bytes_per_week = measured.or(facts.projection.map(|projection| projection.bytes_per_week));
    cost.quarter_end_bytes = cost.bytes_per_week.map(|weekly| {
        let weeks = seconds(run.started, ends.begins()).max(0.0) / WEEK;
        grown(facts.storage_bytes, weekly, weeks)
    });
    cost.quarter_end = cost.quarter_end_bytes.and_then(of);
    cost
}

/// Bytes a week between the first and the last look of the last three months.
fn growth(past: &Past, span: &Span) -> Option<i64> {
    let from = span.month.later(-2).begins();
    let mut looks = past
        .runs
        .iter()
        .filter(|run| run.started >= from && run.started < span.until)
        .filter_map(stored);
    let last = looks.next()?;
    let first = looks.next_back()?;
    if last.at.as_second() - first.at.as_second() < LONG_ENOUGH {
        return None;
    }
    let weeks = seconds(first.at, last.at) / WEEK;
    Some(weekly(signed(last.bytes) - signed(first.bytes), weeks))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the years of our era are far below 2^53 seconds"
)]
fn seconds(from: Timestamp, until: Timestamp) -> f64 {
    (until.as_second() - from.as_second()) as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "an estimate, and a cast from float saturates"
)]
fn weekly(bytes: i64, weeks: f64) -> i64 {
    (bytes as f64 / weeks).round() as i64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and a cast from float saturates"
)]
fn grown(bytes: u64, weekly: i64, weeks: f64) -> u64 {
    (float(bytes) + weekly as f64 * weeks).max(0.0).round() as u64
}

fn drill(past: &Past, plan: &Plan, first: Month, span: &Span) -> Drill {
    let inside = |run: &&Report| run.started >= first.begins() && run.started < span.until;
    let age = |run: &&Report| run.backup.as_ref().and_then(|backup| backup.age_seconds);
    let proven = past.proven().filter(inside);
    let oldest = proven.filter(|run| age(run).is_some()).max_by_key(age);
    let passed = |run: &&Report| run.verdict == Verdict::Passed && run.started < span.until;
    let mut before = past.answering().filter(passed);
    Drill {
        drills: Tally::of(past.answering().filter(inside)),
        last_pass: before.next().map(|run| run.started),
        longest: past
            .drills()
            .filter(inside)
            .filter_map(restore_seconds)
            .reduce(f64::max),
        rto: plan.limits.rto.map(|rto| rto.0.as_secs()),
        oldest_key: oldest.and_then(|run| Some(run.backup.as_ref()?.key.clone())),
        oldest_age: oldest.as_ref().and_then(age),
        oldest_proven: oldest.map(|run| run.started),
    }
}
