//! The monthly review: what the runs of a month come to, and the figures for the questions of the quarter. Pure.
//!
//! What is not known is none, never zero and never a hundred percent.

mod days;
mod drills;
mod kinds;
mod month;
mod quarter;
#[cfg(test)]
mod tests;
mod trend;

use jiff::Timestamp;
use serde::Serialize;

pub use days::{Backups, Day, Written};
pub use drills::{Expected, Tally, Test};
pub use kinds::{Kind, Untold};
pub use month::Month;
pub use quarter::{Cost, Drill, Keep, Quarter, Retention};
pub use trend::{Row, Storage, Stored};

use crate::{
    history::Past,
    plan::Plan,
    report::{Command, Report},
};

/// The review of one plan and one month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// The plan's name.
    pub plan: String,
    /// `2026-11`.
    pub month: String,
    /// The first instant that the history was read from.
    pub since: Timestamp,
    /// The first instant that no longer counts: the end of the month, or now.
    pub until: Timestamp,
    /// Whether the month is over.
    pub over: bool,
    /// How many runs there were, drills and looks from outside.
    pub runs: u64,
    /// How many of them only looked from outside.
    pub looks: u64,
    /// Records that could not be read: the figures may lack them.
    pub damaged: u64,
    /// How the drills went.
    pub drills: Tally,
    /// Which drills should have been.
    pub expected: Expected,
    /// The month in weeks from Monday to Sunday.
    pub weeks: Vec<Vec<Option<Day>>>,
    /// How regularly backups came.
    pub backups: Backups,
    /// What was stored.
    pub storage: Storage,
    /// The restore tests, newest first.
    pub tests: Vec<Test>,
    /// This month and those before it, oldest first.
    pub months: Vec<Row>,
    /// How the restores of this month compare with those before: a factor.
    pub slower: Option<f64>,
    /// What was found, by kind.
    pub kinds: Vec<Kind>,
    /// Who was not told.
    pub untold: Vec<Untold>,
    /// The questions of the quarter.
    pub quarter: Quarter,
    /// Storage over the months, oldest first, in bytes.
    #[serde(skip)]
    pub storage_series: Vec<(Timestamp, f64)>,
    /// Restores over the months, oldest first, in seconds; one that did not end is not a number.
    #[serde(skip)]
    pub restore_series: Vec<(Timestamp, f64)>,
}

/// The time that a review is about.
struct Span {
    month: Month,
    now: Timestamp,
    until: Timestamp,
    over: bool,
}

/// The first instant whose runs a review of this month needs.
#[must_use]
pub fn since(month: Month) -> Timestamp {
    month.later(1 - trend::MONTHS).begins()
}

/// What the runs of the past say about a month.
#[must_use]
pub fn figures(past: &Past, month: Month, plan: &Plan, now: Timestamp) -> Review {
    let span = Span {
        month,
        now,
        until: month.ends().min(now),
        over: month.ends() <= now,
    };
    let inside = |run: &&Report| month.holds(run.started);
    let drills = || past.drills().filter(inside);
    let expected = drills::expected(past, plan, &span);
    let weeks = days::weeks(past, &expected, &span);
    let months = trend::months(past, &span);
    let runs = past.runs.iter().filter(inside);
    let looks = runs.clone().filter(|run| run.command == Command::Health);
    Review {
        plan: plan.name.clone(),
        month: month.to_string(),
        since: since(month),
        until: span.until,
        over: span.over,
        runs: runs.count() as u64,
        looks: looks.count() as u64,
        damaged: past.damaged.len() as u64,
        drills: Tally::of(past.answering().filter(inside)),
        backups: Backups::of(&weeks),
        storage: Storage::of(past, month),
        tests: drills().map(Test::of).collect(),
        slower: trend::compared(&months),
        kinds: kinds::kinds(past, &span),
        untold: kinds::untold(past, &span),
        quarter: quarter::quarter(past, plan, &span),
        storage_series: series(past, &span, |run| {
            trend::stored(run).map(|stored| float(stored.bytes))
        }),
        restore_series: series(past, &span, |run| {
            let drill = run.command == Command::Verify;
            drill.then(|| drills::restore_seconds(run).unwrap_or(f64::NAN))
        }),
        expected,
        weeks,
        months,
    }
}

/// What runs measured, oldest first.
fn series(past: &Past, span: &Span, of: impl Fn(&Report) -> Option<f64>) -> Vec<(Timestamp, f64)> {
    let runs = past
        .runs
        .iter()
        .rev()
        .filter(|run| run.started < span.until);
    runs.filter_map(|run| Some((run.started, of(run)?)))
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact to 2^53, and a share does not need the last byte"
)]
const fn float(number: u64) -> f64 {
    number as f64
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
