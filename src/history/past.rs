//! What the runs of the past tell: pure.

use jiff::Timestamp;

use crate::report::{Command, Report, Verdict};

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Its key below the history's URL.
    pub key: String,
    /// What is wrong with it, as a sentence.
    pub why: String,
}

/// The runs of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Newest first.
    pub runs: Vec<Report>,
    /// Records that could not be read.
    pub damaged: Vec<Damaged>,
}

impl Past {
    /// The drills, newest first.
    pub fn drills(&self) -> impl Iterator<Item = &Report> {
        self.runs
            .iter()
            .filter(|run| run.command == Command::Verify)
    }

    /// The drills that answer for the plan, newest first: neither a part of it, nor another backup than it chooses, nor one
    /// that was passed over.
    pub fn answering(&self) -> impl Iterator<Item = &Report> {
        self.drills().filter(|run| run.answers())
    }

    /// The drills that passed, newest first: the only ones that anything may be compared with.
    pub fn proven(&self) -> impl Iterator<Item = &Report> {
        self.drills().filter(|run| run.verdict == Verdict::Passed)
    }

    /// When the last drill that passed for the plan began.
    #[must_use]
    pub fn last_pass(&self) -> Option<Timestamp> {
        let mut passed = self
            .answering()
            .filter(|run| run.verdict == Verdict::Passed);
        passed.next().map(|run| run.started)
    }

    /// How many drills for the plan did not pass: the counter `backup_failure_total`.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let failed = self
            .answering()
            .filter(|run| run.verdict != Verdict::Passed);
        failed.map(|_| 1).sum()
    }
}
