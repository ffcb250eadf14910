//! How storage and durations moved, month by month.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Month, Span,
    drills::{Tally, restore_seconds},
    float, signed,
};
use crate::{
    history::{Past, median},
    report::Report,
};

/// How many months are compared: this one and five before it.
pub(super) const MONTHS: i32 = 6;

/// What was stored at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stored {
    /// When it was looked at.
    pub at: Timestamp,
    /// How many bytes there were.
    pub bytes: u64,
    /// How many backups there were.
    pub count: u64,
}

/// What was stored at both ends of the month.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Storage {
    /// At the last look before the month in which it begins, or else at the first look in it.
    pub start: Option<Stored>,
    /// At the last look in it.
    pub end: Option<Stored>,
    /// By how many bytes it grew; negative when it shrank.
    pub growth: Option<i64>,
    /// The same in percent of what was there.
    pub percent: Option<f64>,
}

/// What a run saw of the storage.
pub(super) fn stored(run: &Report) -> Option<Stored> {
    let backup = run.backup.as_ref()?;
    Some(Stored {
        at: run.started,
        bytes: backup.storage_bytes,
        count: backup.count,
    })
}

impl Storage {
    pub(super) fn of(past: &Past, month: Month) -> Self {
        // Newest first, as the runs are.
        let seen: Vec<Stored> = past.runs.iter().filter_map(stored).collect();
        let inside = |stored: &&Stored| month.holds(stored.at);
        let just_before =
            |stored: &&Stored| stored.at < month.begins() && stored.at >= month.later(-1).begins();
        let start = seen.iter().find(just_before);
        let start = start.or_else(|| seen.iter().rev().find(inside)).cloned();
        let end = seen.iter().find(inside).cloned();
        let start = start.filter(|_| end.is_some());
        let mut storage = Self {
            start,
            end,
            growth: None,
            percent: None,
        };
        // One look shows no growth.
        if let (Some(start), Some(end)) = (&storage.start, &storage.end)
            && start.at < end.at
        {
            let growth = signed(end.bytes) - signed(start.bytes);
            storage.growth = Some(growth);
            storage.percent = (start.bytes > 0)
                .then(|| (float(end.bytes) - float(start.bytes)) / float(start.bytes) * 100.0);
        }
        storage
    }
}

/// One month among others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `2026-11`.
    pub month: String,
    /// Its drills.
    pub drills: Tally,
    /// The median of its restores, in seconds.
    pub restore_median: Option<f64>,
    /// The longest of its restores, in seconds.
    pub restore_longest: Option<f64>,
    /// The median of what the backup job took, in seconds.
    pub backup_median: Option<f64>,
    /// The size of the last backup that was drilled, in bytes.
    pub size: Option<u64>,
    /// The rows in the last one that was proven.
    pub rows: Option<u64>,
    /// What was stored at its end, in bytes.
    pub storage: Option<u64>,
}

/// This month and those before it, oldest first.
pub(super) fn months(past: &Past, span: &Span) -> Vec<Row> {
    let months = (1 - MONTHS..=0).map(|back| span.month.later(back));
    months.map(|month| row(past, month)).collect()
}

fn row(past: &Past, month: Month) -> Row {
    let runs = || past.runs.iter().filter(|run| month.holds(run.started));
    let drills = || past.drills().filter(|run| month.holds(run.started));
    let answering = || past.answering().filter(|run| month.holds(run.started));
    let restores: Vec<f64> = drills().filter_map(restore_seconds).collect();
    let drilled = |run: &Report| run.backup.clone().filter(|backup| !backup.key.is_empty());
    Row {
        month: month.to_string(),
        drills: Tally::of(answering()),
        restore_longest: restores.iter().copied().reduce(f64::max),
        restore_median: median(restores),
        backup_median: median(runs().filter_map(backup_seconds).collect()),
        size: answering()
            .find_map(drilled)
            .map(|backup| backup.size_bytes),
        rows: answering().find_map(|run| Some(run.proof.as_ref()?.rows_found)),
        storage: runs().find_map(stored).map(|stored| stored.bytes),
    }
}

fn backup_seconds(run: &Report) -> Option<f64> {
    let seconds = run.backup.as_ref()?.duration_seconds?;
    seconds.is_finite().then_some(seconds)
}

/// How the restores of this month compare with those of the months before: a factor, where both are known.
pub(super) fn compared(rows: &[Row]) -> Option<f64> {
    let (now, before) = rows.split_last()?;
    let usual = median(before.iter().filter_map(|row| row.restore_median).collect())?;
    let now = now.restore_median?;
    (usual > 0.0).then(|| now / usual)
}
