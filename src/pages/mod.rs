//! Pages for people: the dashboard of `serve`, a plan's trends, a run's report, the monthly review. Pure text.

mod board;
mod review;
mod state;
mod templates;
mod trends;

use jiff::Timestamp;

pub use review::{Chapter, html as review_html, markdown as review_markdown};

use crate::{history::Past, report::Report, sinks::html};

/// What is known of one plan.
#[derive(Clone, Debug, Default)]
pub struct PlanState {
    /// The plan's name.
    pub name: String,
    /// The last look at the storage; none before the first one.
    pub health: Option<Report>,
    /// The runs of the past.
    pub past: Past,
    /// When the newest backup was written that a look found good, also one before the last.
    pub good: Option<Timestamp>,
    /// When the next drill begins, where a schedule is given.
    pub next: Option<Timestamp>,
    /// Whether a drill runs now.
    pub running: bool,
    /// Why the storage or the history could not be looked at just now.
    pub problem: Option<String>,
}

/// What is known of every plan.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// When it was put together.
    pub now: Timestamp,
    /// Every plan.
    pub plans: Vec<PlanState>,
}

/// The page of all plans, worst first.
#[must_use]
pub fn dashboard(board: &Board) -> String {
    board::dashboard(board)
}

/// The page of one plan: its trends, its last findings and what to do, its runs.
#[must_use]
pub fn plan(state: &PlanState, now: Timestamp) -> String {
    board::plan(state, now)
}

/// The page of one run.
#[must_use]
pub fn run(report: &Report) -> String {
    html::served(report)
}
