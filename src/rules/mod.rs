//! Judged from facts alone: the listing, the clock that was read before, the plan's limits and prices.

mod behind;
mod change;
mod clock;
mod content;
mod cost;
mod empty;
mod fresh;
mod frozen;
mod growth;
mod large;
mod none;
mod rto;
mod shrunk;
mod slow;
mod taken;
mod unpacked;
mod unproven;

use jiff::Timestamp;

pub use change::{Judged, changes};
pub use content::{cluster, content, data};
pub use growth::{monthly, projection};
pub use rto::rto;
pub use taken::{Taken, ZONES, is_of_the_header, taken};
pub use unpacked::{most_unpacked, unpacks_to_too_much};
pub use unproven::unproven;

use crate::{
    backup::{Backup, Listing},
    finding::Finding,
    plan::{Limits, Prices},
    report::{Command, Report, Verdict},
    units::Age,
};

/// Two objects that were stored within this many seconds of each other are not two backups: a job that also stores its
/// dump as `latest` writes both within the hour.
const COPY: i64 = 3_600;

/// What the rules judge.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// This machine's time when the run began.
    pub now: Timestamp,
    /// Everything under the URL.
    pub listing: &'a Listing,
    /// The backup that is drilled.
    pub chosen: Option<&'a Backup>,
    /// The runs of the past, newest first.
    pub past: &'a [Report],
}

impl<'a> Facts<'a> {
    /// The backup before the one that is drilled, which is not the same one under a second name.
    fn previous(&self) -> Option<&'a Backup> {
        let chosen = self.chosen?;
        let is_copy = |other: &Backup| {
            let same = other.size == chosen.size && other.etag == chosen.etag;
            same && chosen.etag.is_some()
                && frozen::is_copy(other.last_modified, chosen.last_modified)
        };
        let mut previous = self.listing.previous_of(chosen);
        while let Some(other) = previous
            && is_copy(other)
        {
            previous = self.listing.previous_of(other);
        }
        previous
    }

    /// The last proven run of a backup that was stored before the one that is drilled.
    fn proven(&self) -> Option<&'a Report> {
        last_proven_before(self.past, self.chosen?.last_modified)
    }

    /// How many seconds ago a backup was written: by the storage's clock, which also wrote the backup's time, where
    /// it tells its time. Negative when it comes from the future.
    #[must_use]
    pub fn age_seconds(&self, backup: &Backup) -> i64 {
        let now = self.listing.server_time.unwrap_or(self.now);
        now.as_second() - backup.last_modified.as_second()
    }
}

/// What the rules judge once a backup was restored.
#[derive(Clone, Copy, Debug)]
pub struct Drill<'a> {
    /// The run as far as it has come: its backup, its restore, its database.
    pub report: &'a Report,
    /// The runs of the past, newest first.
    pub past: &'a [Report],
}

impl<'a> Drill<'a> {
    /// The last proven run of a backup that was stored before this one.
    fn proven(&self) -> Option<&'a Report> {
        last_proven_before(self.past, self.report.backup.as_ref()?.last_modified?)
    }

    /// Every proven run, newest first.
    fn all_proven(&self) -> impl Iterator<Item = &'a Report> {
        self.past.iter().filter(|run| is_proven(run))
    }
}

/// Whether a run is one that others may be compared with.
fn is_proven(run: &Report) -> bool {
    run.command == Command::Verify && run.verdict == Verdict::Passed
}

/// The last proven run of a backup that was stored well before this moment: neither this one nor a copy of it.
fn last_proven_before(past: &[Report], stored: Timestamp) -> Option<&Report> {
    past.iter().filter(|run| is_proven(run)).find(|run| {
        let other = run.backup.as_ref().and_then(|backup| backup.last_modified);
        other.is_some_and(|other| other < stored && !frozen::is_copy(other, stored))
    })
}

/// A rule about the backups under a URL.
type Rule = fn(&Facts, &Limits, &Prices) -> Option<Finding>;

/// Every rule, in the order in which findings are shown. A new rule is one file and one line here.
const RULES: [Rule; 8] = [
    clock::judge,
    none::judge,
    empty::judge,
    fresh::judge,
    shrunk::judge,
    frozen::judge,
    large::judge,
    cost::judge,
];

/// What there is to say about the backups before one of them is restored.
#[must_use]
pub fn judge(facts: &Facts, limits: &Limits, prices: &Prices) -> Vec<Finding> {
    RULES
        .iter()
        .filter_map(|rule| rule(facts, limits, prices))
        .collect()
}

/// A rule about a restored backup.
type AfterRestore = fn(&Drill, &Limits) -> Option<Finding>;

/// Every rule about a restored backup, in the order in which findings are shown.
const AFTER_RESTORE: [AfterRestore; 4] =
    [slow::restore, slow::backup, frozen::restored, behind::judge];

/// What there is to say about a backup once it was restored.
#[must_use]
pub fn judge_restored(drill: &Drill, limits: &Limits) -> Vec<Finding> {
    AFTER_RESTORE
        .iter()
        .filter_map(|rule| rule(drill, limits))
        .collect()
}

/// A count to reckon with.
#[expect(
    clippy::cast_precision_loss,
    reason = "above 2^53 a byte or two more or less do not matter"
)]
fn real(count: u64) -> f64 {
    count as f64
}

/// Rounded to a whole number; what is too large for one becomes the largest.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// An age in words, in whole hours once it is one.
fn in_words(seconds: u64) -> String {
    match seconds / 3_600 {
        0 => Age::from_secs(seconds).to_string(),
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::BackupFacts;

    /// 2026-11-24 at midnight, UTC.
    pub(super) const NOW: i64 = 1_795_478_400;

    pub(super) fn at(seconds_ago: i64) -> Timestamp {
        Timestamp::from_second(NOW - seconds_ago).unwrap()
    }

    pub(super) fn backup(key: &str, size: u64, seconds_ago: i64) -> Backup {
        Backup {
            key: key.to_owned(),
            size,
            last_modified: at(seconds_ago),
            etag: Some(format!("tag of {size}")),
            members: Vec::new(),
        }
    }

    pub(super) fn listing(backups: Vec<Backup>) -> Listing {
        Listing {
            url: "s3://b/".to_owned(),
            storage: backups.iter().map(|backup| backup.size).sum(),
            count: backups.len() as u64,
            backups,
            ..Listing::default()
        }
    }

    /// A run that proved a backup when it was stored.
    pub(super) fn proven(key: &str, size: u64, seconds_ago: i64) -> Report {
        let mut run = Report::new("shop", "01", at(seconds_ago));
        run.verdict = Verdict::Passed;
        run.backup = Some(BackupFacts {
            url: "s3://b/".to_owned(),
            key: key.to_owned(),
            size_bytes: size,
            etag: Some(format!("tag of {size}")),
            last_modified: Some(at(seconds_ago)),
            storage_bytes: size,
            ..BackupFacts::default()
        });
        run
    }

    pub(super) fn newest(listing: &Listing) -> Facts<'_> {
        Facts {
            now: at(0),
            listing,
            chosen: listing.backups.first(),
            past: &[],
        }
    }

    /// What one rule says with the usual limits.
    pub(super) fn with(rule: Rule, listing: &Listing) -> Option<Finding> {
        rule(&newest(listing), &Limits::default(), &Prices::default())
    }

    #[test]
    fn nothing_is_said_about_fresh_growing_backups() {
        let listing = listing(vec![backup("b", 110, 3_600), backup("a", 100, 90_000)]);
        assert_eq!(
            judge(&newest(&listing), &Limits::default(), &Prices::default()),
            []
        );
    }

    #[test]
    fn every_finding_has_figures_behind_it() {
        let mut listing = listing(vec![
            backup("b", 60_000_000_000, 999_999),
            backup("a", 200_000_000_000, 1_999_999),
        ]);
        for backup in &mut listing.backups {
            backup.etag = Some("the same".to_owned());
        }
        let prices = Prices {
            storage_gb_month: Some(0.5),
        };
        let findings = judge(&newest(&listing), &Limits::default(), &prices);
        assert_eq!(findings.len(), 4, "{findings:?}");
        for finding in findings {
            assert!(
                finding.detail.is_some_and(|detail| detail.ends_with('.')),
                "{}",
                finding.code
            );
        }
    }

    #[test]
    fn ages_read_as_people_say_them() {
        assert_eq!(in_words(73 * 3_600 + 1_800), "73 hours");
        assert_eq!(in_words(3_600), "1 hour");
        assert_eq!(in_words(90), "1 min 30 s");
    }
}
