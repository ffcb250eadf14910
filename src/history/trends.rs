//! What the runs of the past measured, as series over time: pure.

use jiff::Timestamp;

use super::Past;
use crate::report::{Command, Report};

/// What a run measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The size of the backup that was drilled, as stored, in bytes.
    BackupSize,
    /// How long its restore took, in seconds. Only of what was restored to the end: a restore that broke off is no
    /// duration.
    RestoreSeconds,
    /// How long the job took that made the backup, in seconds: from the dump's own clock to the storage's.
    BackupSeconds,
    /// How many rows were counted in the restored tables.
    Rows,
    /// What everything under the backup's URL takes, in bytes. Health runs tell it too.
    Storage,
    /// What the storage costs a month, in US dollars; only with a price in the plan. Health runs tell it too.
    Cost,
}

impl Measure {
    /// Every measure, in the order in which people read them.
    pub const ALL: [Self; 6] = [
        Self::BackupSize,
        Self::RestoreSeconds,
        Self::BackupSeconds,
        Self::Rows,
        Self::Storage,
        Self::Cost,
    ];

    /// The word in `pgdrill history --format json`, with the unit at its end where there is one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BackupSize => "backup_size_bytes",
            Self::RestoreSeconds => "restore_seconds",
            Self::BackupSeconds => "backup_seconds",
            Self::Rows => "rows",
            Self::Storage => "storage_bytes",
            Self::Cost => "cost_usd_per_month",
        }
    }

    /// What a run measured; none when it did not come that far.
    #[must_use]
    pub fn of(self, run: &Report) -> Option<f64> {
        let from_outside = matches!(self, Self::Storage | Self::Cost);
        if run.command != Command::Verify && !from_outside {
            return None;
        }
        let backup = run.backup.as_ref();
        let drilled = backup.filter(|backup| !backup.key.is_empty());
        let proof = run.proof.as_ref();
        match self {
            Self::BackupSize => drilled.map(|backup| float(backup.size_bytes)),
            Self::RestoreSeconds => proof
                .and(run.restore.as_ref())
                .map(|restore| restore.seconds),
            Self::BackupSeconds => drilled.and_then(|backup| backup.duration_seconds),
            Self::Rows => proof.map(|proof| float(proof.rows_found)),
            Self::Storage => backup.map(|backup| float(backup.storage_bytes)),
            Self::Cost => backup.and_then(|backup| backup.cost_usd_per_month),
        }
        .filter(|value| value.is_finite())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact to 2^53, and a trend does not need the last row"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// What the runs measured and when they began, oldest first. Drills only; storage and cost from health runs too. Runs
/// that did not measure it are left out.
#[must_use]
pub fn series(past: &Past, what: Measure) -> Vec<(Timestamp, f64)> {
    let mut points: Vec<_> = past
        .runs
        .iter()
        .filter_map(|run| Some((run.started, what.of(run)?)))
        .collect();
    points.sort_by_key(|(when, _)| *when);
    points
}

/// A series in five numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many runs measured it.
    pub count: usize,
    /// The smallest.
    pub min: f64,
    /// The middle one; between the two middle ones, their mean.
    pub median: f64,
    /// The largest.
    pub max: f64,
    /// The oldest.
    pub first: f64,
    /// The newest.
    pub last: f64,
}

/// The five numbers of a series that is sorted by time; none of an empty one.
#[must_use]
pub fn summary(points: &[(Timestamp, f64)]) -> Option<Summary> {
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let (first, last) = (*values.first()?, *values.last()?);
    Some(Summary {
        count: values.len(),
        min: values.iter().copied().min_by(f64::total_cmp)?,
        max: values.iter().copied().max_by(f64::total_cmp)?,
        median: median(values)?,
        first,
        last,
    })
}

/// The middle one; between two, the middle of both; none of no values.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{BackupFacts, Proof, ProofLevel, RestoreFacts};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn drill(second: i64, size: u64, proven: bool) -> Report {
        let mut run = Report::new("shop", &format!("run-{second}"), at(second));
        run.backup = Some(BackupFacts {
            key: "a.dump".to_owned(),
            size_bytes: size,
            storage_bytes: 10 * size,
            ..BackupFacts::default()
        });
        run.restore = Some(RestoreFacts {
            seconds: 1.5,
            ..RestoreFacts::default()
        });
        run.proof = proven.then_some(Proof {
            level: ProofLevel::Complete,
            objects_expected: None,
            objects_found: None,
            tables: 1,
            rows_expected: None,
            rows_found: 7,
            checks: 1,
            run: None,
            ..Proof::default()
        });
        run
    }

    fn health(second: i64, storage: u64) -> Report {
        Report {
            command: Command::Health,
            ..drill(second, storage / 10, false)
        }
    }

    fn past(runs: Vec<Report>) -> Past {
        Past {
            runs,
            damaged: Vec::new(),
        }
    }

    #[test]
    fn a_series_is_oldest_first_whatever_the_order_of_the_runs() {
        let past = past(vec![
            drill(2, 20, true),
            drill(3, 30, true),
            drill(1, 10, true),
        ]);
        let sizes = series(&past, Measure::BackupSize);
        assert_eq!(sizes, [(at(1), 10.0), (at(2), 20.0), (at(3), 30.0)]);
    }

    #[test]
    fn health_runs_tell_storage_and_cost_and_nothing_else() {
        let past = past(vec![health(2, 500), drill(1, 10, true)]);
        assert_eq!(series(&past, Measure::Storage).len(), 2);
        for what in [Measure::BackupSize, Measure::RestoreSeconds, Measure::Rows] {
            assert_eq!(series(&past, what).len(), 1, "{}", what.name());
        }
    }

    #[test]
    fn a_restore_that_broke_off_is_no_duration_and_counts_no_rows() {
        let past = past(vec![drill(2, 10, false), drill(1, 10, true)]);
        assert_eq!(series(&past, Measure::RestoreSeconds), [(at(1), 1.5)]);
        assert_eq!(series(&past, Measure::Rows), [(at(1), 7.0)]);
        assert_eq!(series(&past, Measure::BackupSize).len(), 2);
    }

    #[test]
    fn a_bucket_without_a_backup_has_no_size_to_show() {
        let mut none = drill(1, 0, false);
        none.backup = Some(BackupFacts::default());
        assert_eq!(series(&past(vec![none]), Measure::BackupSize), []);
    }

    #[test]
    fn a_summary_knows_the_middle_of_odd_and_even_series() {
        let of = |values: &[f64]| {
            let points: Vec<_> = values.iter().map(|&value| (at(0), value)).collect();
            summary(&points)
        };
        assert_eq!(of(&[]), None);
        let odd = of(&[9.0, 1.0, 5.0]).unwrap();
        assert_eq!((odd.min, odd.median, odd.max), (1.0, 5.0, 9.0));
        assert_eq!((odd.first, odd.last, odd.count), (9.0, 5.0, 3));
        let even = of(&[1.0, 2.0, 4.0, 100.0]).unwrap();
        assert!((even.median - 3.0).abs() < f64::EPSILON);
    }
}
