//! What is known of every plan: written by those who look and drill, read by those who answer, never waited for.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use super::Settings;
use crate::{
    history::Past,
    pages::{Board, PlanState},
    plan::Plan,
    report::Report,
    words::Lang,
};

/// How many of its own runs the process remembers when they could not be kept.
const OWN: usize = 50;

/// What is known of one plan. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The last look at the storage that saw something.
    pub(super) health: Option<Arc<Report>>,
    /// When that look ended.
    pub(super) looked: Option<Timestamp>,
    /// When the newest backup was written that a look of this process found good.
    pub(super) good: Option<Timestamp>,
    /// Why the last look at the storage saw nothing.
    pub(super) problem: Option<String>,
    /// The runs of the past, and those of this process.
    pub(super) past: Arc<Past>,
    /// Whether the history was read once.
    pub(super) recalled: bool,
    /// Why the history could not be read the last time.
    pub(super) forgotten: Option<String>,
    /// When the next drill begins.
    pub(super) next: Option<Timestamp>,
    /// Whether a drill runs now.
    pub(super) running: bool,
    /// How many drills this process finished.
    pub(super) drilled: u64,
    own: Arc<Vec<Report>>,
}

impl Known {
    /// Takes in what the history says.
    pub(super) fn recall(&mut self, past: Past) {
        self.past = Arc::new(with(past, &self.own));
        self.recalled = true;
        self.forgotten = None;
    }

    /// Takes in a drill of this process.
    pub(super) fn drilled(&mut self, report: Report) {
        let own = Arc::make_mut(&mut self.own);
        own.insert(0, report);
        own.truncate(OWN);
        self.past = Arc::new(with(Past::clone(&self.past), &self.own));
        self.drilled += 1;
    }

    fn state(&self, name: &str) -> PlanState {
        PlanState {
            name: name.to_owned(),
            health: self.health.as_deref().cloned(),
            past: Past::clone(&self.past),
            good: self.good,
            next: self.next,
            running: self.running,
            problem: self.problem.clone().or_else(|| self.forgotten.clone()),
        }
    }
}

/// The past with runs that it may lack, newest first.
fn with(mut past: Past, own: &[Report]) -> Past {
    for report in own {
        if past.runs.iter().all(|run| run.run != report.run) {
            past.runs.push(report.clone());
        }
    }
    past.runs.sort_by(|one, other| other.run.cmp(&one.run));
    past
}

/// A plan, and what is known of it.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) plan: Plan,
    known: RwLock<Known>,
}

/// Every plan.
#[derive(Debug)]
pub(super) struct Watch {
    /// Each with a name of its own.
    pub(super) plans: Vec<Watched>,
    /// How often the storage is looked at.
    pub(super) refresh: Duration,
    /// When the process began to watch.
    pub(super) began: Timestamp,
    /// The language of those who are told of drills.
    pub(super) lang: Lang,
    changes: AtomicU64,
}

impl Watch {
    pub(super) fn new(plans: Vec<Plan>, settings: &Settings, began: Timestamp) -> Self {
        let plans = plans.into_iter().map(|plan| Watched {
            plan,
            known: RwLock::default(),
        });
        Self {
            plans: plans.collect(),
            refresh: settings.refresh,
            lang: settings.lang,
            began,
            changes: AtomicU64::new(0),
        }
    }

    /// The plan with this name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.plans
            .iter()
            .position(|watched| watched.plan.name == name)
    }

    /// Changes with everything that becomes known.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Writes down what became known of a plan.
    pub(super) fn learn(&self, watched: &Watched, learn: impl FnOnce(&mut Known)) {
        learn(
            &mut watched
                .known
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Every plan for the pages. It copies all runs: not for the threads that answer.
    pub(super) fn board(&self, now: Timestamp) -> Board {
        let plans = self.plans.iter().map(Watched::state);
        Board {
            now,
            plans: plans.collect(),
        }
    }
}

impl Watched {
    /// What is known now.
    pub(super) fn known(&self) -> Known {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// This plan for its page.
    pub(super) fn state(&self) -> PlanState {
        self.known().state(&self.plan.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str) -> Report {
        Report::new("shop", name, Timestamp::UNIX_EPOCH)
    }

    fn names(known: &Known) -> Vec<&str> {
        known.past.runs.iter().map(|run| run.run.as_str()).collect()
    }

    #[test]
    fn a_drill_that_the_history_did_not_keep_is_remembered() {
        let mut known = Known::default();
        known.drilled(run("2"));
        known.recall(Past {
            runs: vec![run("3"), run("1")],
            damaged: Vec::new(),
        });
        assert_eq!(names(&known), ["3", "2", "1"]);
    }

    #[test]
    fn a_drill_that_the_history_kept_counts_once() {
        let mut known = Known::default();
        known.drilled(run("2"));
        known.recall(Past {
            runs: vec![run("2"), run("1")],
            damaged: Vec::new(),
        });
        assert_eq!(names(&known), ["2", "1"]);
    }
}
