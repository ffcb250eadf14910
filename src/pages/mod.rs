//! Pages for people: the dashboard of `serve`, a plan's trends, a run's report, the monthly review. Pure text.

use jiff::Timestamp;

use crate::{history::Past, report::Report};

/// What is known of one plan.
#[derive(Clone, Debug, Default)]
pub struct PlanState {
    /// The plan's name.
    pub name: String,
    /// The last look at the storage; none before the first one.
    pub health: Option<Report>,
    /// The runs of the past.
    pub past: Past,
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

/// The page of all plans.
#[must_use]
pub fn dashboard(board: &Board) -> String {
    format!(
        "<!doctype html><title>pgdrill</title>{} plans",
        board.plans.len()
    )
}

/// The page of one plan: its trends, its last findings and what to do, its runs.
#[must_use]
pub fn plan(state: &PlanState, now: Timestamp) -> String {
    format!("<!doctype html><title>{}</title>{now}", state.name)
}

/// The page of one run.
#[must_use]
pub fn run(report: &Report) -> String {
    format!("<!doctype html><title>{}</title>", report.run)
}
