//! Where storage is heading: how fast it grows, and what it comes to at the end of the month.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Facts, real, whole};
use crate::{
    plan::Prices,
    report::Projection,
    units::{Bytes, Usd},
};

/// How far back growth is looked at, in seconds: four weeks, the last weeks of a month.
const WINDOW: i64 = 28 * 86_400;

/// Less than this, in seconds, is no trend: a week, since many jobs have a weekly rhythm.
const SHORTEST: i64 = 7 * 86_400;

/// A week in seconds.
const WEEK: f64 = 604_800.0;

/// What storage is billed by: a gigabyte, in powers of 1000.
const GIGABYTE: f64 = 1e9;

/// How fast storage grows, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    /// By how many bytes a week; negative when it shrinks.
    bytes_per_week: f64,
    /// What will be stored at the end of the month, in bytes.
    pub(super) month_end: u64,
    source: Source,
}

/// How growth is known, and over how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// From what earlier runs saw.
    Runs(i64),
    /// From what is there now: what was deleted cannot be seen, so this is the most that it may be.
    Listing(i64),
}

/// The growth of the last four weeks: by the earlier runs when they span a week, else by the listing when it does.
pub(super) fn growth(facts: &Facts) -> Option<Growth> {
    let (bytes_per_week, source) = by_the_runs(facts).or_else(|| by_the_listing(facts))?;
    let left = seconds_left(facts.now);
    let month_end = real(facts.listing.storage) + bytes_per_week * left / WEEK;
    Some(Growth {
        bytes_per_week,
        month_end: u64::try_from(whole(month_end)).unwrap_or(0),
        source,
    })
}

/// Where storage is heading, for the report. `None`: there is less than a week to go by.
#[must_use]
pub fn projection(facts: &Facts, prices: &Prices) -> Option<Projection> {
    let growth = growth(facts)?;
    let price = prices.storage_gb_month;
    Some(Projection {
        bytes_per_week: whole(growth.bytes_per_week),
        month_end_bytes: growth.month_end,
        month_end_usd: price.map(|price| monthly(growth.month_end, price).0),
    })
}

/// What storage costs a month, from the price of a gigabyte and a month.
#[must_use]
pub fn monthly(bytes: u64, price: f64) -> Usd {
    Usd(real(bytes) / GIGABYTE * price)
}

/// By least squares over what each run saw, with what is seen now.
fn by_the_runs(facts: &Facts) -> Option<(f64, Source)> {
    let now = facts.now.as_second();
    let seen = facts.past.iter().filter_map(|run| {
        let backup = run.backup.as_ref()?;
        let ago = now - run.started.as_second();
        let counts = backup.url == facts.listing.url && (0..=WINDOW).contains(&ago);
        counts.then_some((-ago, backup.storage_bytes))
    });
    let points: Vec<(i64, u64)> = seen.chain([(0, facts.listing.storage)]).collect();
    let span = points.iter().map(|(at, _)| -at).max().unwrap_or(0);
    if span < SHORTEST {
        return None;
    }
    let count = real(points.len() as u64);
    let at = |(second, _): &(i64, u64)| -real(second.unsigned_abs());
    let mean_at = points.iter().map(at).sum::<f64>() / count;
    let mean_bytes = points.iter().map(|(_, bytes)| real(*bytes)).sum::<f64>() / count;
    let across = |point: &(i64, u64)| (at(point) - mean_at) * (real(point.1) - mean_bytes);
    let along = |point: &(i64, u64)| (at(point) - mean_at).powi(2);
    let slope = points.iter().map(across).sum::<f64>() / points.iter().map(along).sum::<f64>();
    Some((slope * WEEK, Source::Runs(span / 86_400)))
}

/// By what was stored on the last days and is still there.
fn by_the_listing(facts: &Facts) -> Option<(f64, Source)> {
    let midnight =
        |date: Date| TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    let now = facts.now.as_second();
    let mut bytes = 0;
    let mut span = 0;
    for (date, day) in facts.listing.days.iter().rev() {
        let ago = now - midnight(*date).ok()?.as_second();
        if ago > WINDOW {
            span = WINDOW;
            break;
        }
        bytes += day.bytes;
        span = ago;
    }
    (span >= SHORTEST).then(|| {
        let weeks = real(span.unsigned_abs()) / WEEK;
        (real(bytes) / weeks, Source::Listing(span / 86_400))
    })
}

/// How many seconds this month still has, by UTC.
fn seconds_left(now: Timestamp) -> f64 {
    let now = TimeZone::UTC.to_datetime(now);
    let days = i64::from(now.days_in_month()) - i64::from(now.day()) + 1;
    let today =
        i64::from(now.hour()) * 3_600 + i64::from(now.minute()) * 60 + i64::from(now.second());
    real((days * 86_400 - today).unsigned_abs())
}

impl fmt::Display for Growth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let a_week = whole(self.bytes_per_week.abs());
        let a_week = Bytes(a_week.unsigned_abs());
        let direction = if self.bytes_per_week < 0.0 {
            "shrinks"
        } else {
            "grows"
        };
        let end = Bytes(self.month_end);
        match self.source {
            Source::Runs(days) => write!(
                out,
                "By the runs of the last {days} days it {direction} by {a_week} a week, to {end} at the end of the month."
            ),
            Source::Listing(days) => write!(
                out,
                "By what was stored in the last {days} days it {direction} by {a_week} a week, to {end} at the end of the month if nothing is deleted."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::{Day, Listing},
        report::Report,
        rules::tests::{at, backup, listing, newest, proven},
    };

    const DAY: i64 = 86_400;

    fn stored(bytes: u64) -> Listing {
        let mut listing = listing(vec![backup("a", bytes, 60)]);
        listing.days.clear();
        listing
    }

    fn seen(bytes: u64, seconds_ago: i64) -> Report {
        let mut run = proven("a", 1, seconds_ago);
        run.backup.as_mut().unwrap().storage_bytes = bytes;
        run
    }

    fn by_runs(past: &[Report]) -> Option<Projection> {
        let listing = stored(1_000);
        let facts = Facts {
            past,
            ..newest(&listing)
        };
        let prices = Prices {
            storage_gb_month: Some(0.5),
        };
        projection(&facts, &prices)
    }

    #[test]
    fn a_week_of_runs_is_a_trend_and_a_second_less_is_none() {
        let projection = by_runs(&[seen(300, 7 * DAY)]).unwrap();
        assert_eq!(projection.bytes_per_week, 700);
        // The tests' day is 2026-11-24, at midnight: a week is left of November.
        assert_eq!(projection.month_end_bytes, 1_700);
        assert_eq!(by_runs(&[seen(300, 7 * DAY - 1)]), None);
    }

    #[test]
    fn runs_older_than_four_weeks_or_of_another_place_tell_nothing() {
        assert!(by_runs(&[seen(300, 28 * DAY)]).is_some());
        assert_eq!(by_runs(&[seen(300, 28 * DAY + 1)]), None);
        let mut elsewhere = seen(300, 7 * DAY);
        elsewhere.backup.as_mut().unwrap().url = "s3://other/".to_owned();
        assert_eq!(by_runs(&[elsewhere]), None);
    }

    #[test]
    fn what_shrinks_never_falls_below_nothing() {
        let projection = by_runs(&[seen(5_000, 7 * DAY)]).unwrap();
        assert_eq!(projection.bytes_per_week, -4_000);
        assert_eq!(
            (projection.month_end_bytes, projection.month_end_usd),
            (0, Some(0.0))
        );
    }

    fn by_days(days: i64) -> Option<Growth> {
        let mut listing = stored(1_000);
        for ago in 0..days {
            let date = TimeZone::UTC.to_datetime(at(ago * DAY)).date();
            listing.days.insert(
                date,
                Day {
                    bytes: 10,
                    objects: 1,
                },
            );
        }
        growth(&newest(&listing))
    }

    #[test]
    fn without_runs_the_listing_tells_what_a_week_added() {
        assert_eq!(by_days(7), None);
        let growth = by_days(8).unwrap();
        assert_eq!(growth.source, Source::Listing(7));
        assert!(growth.to_string().ends_with("if nothing is deleted."));
        let steady = by_days(60).unwrap();
        assert_eq!(steady.source, Source::Listing(28));
        assert!((steady.bytes_per_week - 72.5).abs() < 0.01, "{steady:?}");
    }

    #[test]
    fn a_retention_that_deletes_as_much_as_is_added_shows_in_the_runs() {
        let past: Vec<_> = (1..28).map(|day| seen(1_000, day * DAY)).collect();
        let projection = by_runs(&past).unwrap();
        assert_eq!(
            (projection.bytes_per_week, projection.month_end_bytes),
            (0, 1_000)
        );
    }

    #[test]
    fn the_month_ends_at_midnight_utc() {
        let left = |text: &str| seconds_left(text.parse().unwrap());
        assert!((left("2026-11-30T23:59:59Z") - 1.0).abs() < 0.1);
        assert!((left("2026-12-01T00:00:00Z") - 31.0 * 86_400.0).abs() < 0.1);
    }
}
