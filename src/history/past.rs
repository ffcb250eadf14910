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

    /// The drills that passed, newest first: the only ones that anything may be compared with.
    pub fn proven(&self) -> impl Iterator<Item = &Report> {
        self.drills().filter(|run| run.verdict == Verdict::Passed)
    }

    /// When the last drill that passed began.
    #[must_use]
    pub fn last_pass(&self) -> Option<Timestamp> {
        self.proven().map(|run| run.started).next()
    }

    /// How many drills did not pass: the counter `backup_failure_total`.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let failed = self.drills().filter(|run| run.verdict != Verdict::Passed);
        failed.map(|_| 1).sum()
    }
}
