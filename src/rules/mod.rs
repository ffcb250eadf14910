//! Judged from facts alone: the listing, the clock that was read before, the plan's limits and prices.

mod change;
mod cost;
mod empty;
mod fresh;
mod frozen;
mod large;
mod none;
mod rto;
mod shrunk;

use jiff::Timestamp;

pub use change::changes;
pub use rto::rto;

use crate::{
    backup::{Backup, Listing},
    finding::Finding,
    plan::{Limits, Prices},
    report::Report,
    units::Age,
};

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
    /// The backup before the one that is drilled.
    fn previous(&self) -> Option<&'a Backup> {
        self.listing.previous_of(self.chosen?)
    }

    /// How many seconds ago a backup was written: by the storage's clock, which also wrote the backup's time, where
    /// it tells its time. Negative when it comes from the future.
    #[must_use]
    pub fn age_seconds(&self, backup: &Backup) -> i64 {
        let now = self.listing.server_time.unwrap_or(self.now);
        now.as_second() - backup.last_modified.as_second()
    }
}

/// A rule about the backups under a URL.
type Rule = fn(&Facts, &Limits, &Prices) -> Option<Finding>;

/// Every rule, in the order in which findings are shown. A new rule is one file and one line here.
const RULES: [Rule; 7] = [
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

    /// 2026-11-24, some hour.
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
            backups,
            ..Listing::default()
        }
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
