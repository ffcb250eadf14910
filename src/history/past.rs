//! What the runs of the past tell: pure.

use jiff::Timestamp;

use crate::report::{BackupFacts, Command, Report, Verdict};

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

    /// The last drill for the plan that came to an answer: an unverified one says nothing about the backup.
    #[must_use]
    pub fn concluded(&self) -> Option<&Report> {
        let mut drills = self.answering();
        drills.find(|run| matches!(run.verdict, Verdict::Passed | Verdict::Failed))
    }

    /// The last drill for the plan that came to an answer, where it failed on this very backup.
    #[must_use]
    pub fn disproved(&self, backup: &BackupFacts) -> Option<&Report> {
        let failed = |run: &&Report| run.verdict == Verdict::Failed;
        let drilled = self.concluded().filter(failed)?;
        drilled.backup.as_ref()?.is_still(backup).then_some(drilled)
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn backup(key: &str, size: u64) -> BackupFacts {
        BackupFacts {
            key: key.to_owned(),
            size_bytes: size,
            last_modified: Some(Timestamp::UNIX_EPOCH),
            etag: Some("tag".to_owned()),
            ..BackupFacts::default()
        }
    }

    fn drill(verdict: Verdict) -> Report {
        let mut run = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        run.verdict = verdict;
        run.backup = Some(backup("a.dump", 10));
        run
    }

    fn disproved(runs: Vec<Report>, backup: &BackupFacts) -> bool {
        let past = Past {
            runs,
            ..Past::default()
        };
        past.disproved(backup).is_some()
    }

    #[test]
    fn the_last_answer_about_the_same_bytes_stands() {
        let now = backup("a.dump", 10);
        let failed = || drill(Verdict::Failed);
        let aside = Report {
            aside: true,
            ..drill(Verdict::Passed)
        };
        let stopped = drill(Verdict::Unverified);
        assert!(disproved(vec![stopped, aside, failed()], &now));
        assert!(!disproved(vec![drill(Verdict::Passed), failed()], &now));
        assert!(!disproved(Vec::new(), &now));
        for other in [backup("b.dump", 10), backup("a.dump", 11)] {
            assert!(!disproved(vec![failed()], &other));
        }
        let stored_again = BackupFacts {
            last_modified: Some(Timestamp::MAX),
            ..now
        };
        assert!(!disproved(vec![failed()], &stored_again));
        let mut none = failed();
        none.backup = Some(backup("", 0));
        assert!(!disproved(vec![none], &backup("", 0)));
    }
}
