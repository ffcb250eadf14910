//! The charts of a plan: what its runs measured over time.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use minijinja::Value;

use super::templates::{chart, line};
use crate::{
    charts::{
        Unit,
        svg::{self, Look},
        verdicts::{self, Mark},
    },
    history::Past,
    report::{Command, Report, Verdict},
};

/// More figures than this are drawn one a day.
const MOST: usize = 200;
/// So many times the usual distance is a gap.
const FAR: i64 = 3;
/// Nobody calls less than two days a gap, in seconds.
const LEAST_GAP: i64 = 172_800;

type Series = Vec<(Timestamp, f64)>;

/// Every chart of a plan. One that never had a figure is left out, but for size and restore.
pub(super) fn all(past: &Past) -> Vec<Value> {
    let drills = |of: fn(&Report) -> Option<f64>| {
        series(past, |run| {
            (run.command == Command::Verify).then(|| of(run).unwrap_or(f64::NAN))
        })
    };
    let looks = |of: fn(&Report) -> Option<f64>| series(past, of);
    let charts = [
        ("Backup size", Unit::Bytes, sizes(past), true),
        ("Restore duration", Unit::Seconds, drills(restore), true),
        ("Backup duration", Unit::Seconds, drills(backup), false),
        ("Rows restored", Unit::Count, drills(rows), false),
        ("Storage in all", Unit::Bytes, looks(storage), false),
        ("Cost a month", Unit::Usd, looks(cost), false),
    ];
    let charts = charts
        .into_iter()
        .filter(|(.., series, always)| *always || series.iter().any(|(_, value)| value.is_finite()))
        .map(|(title, unit, series, _)| over_time(title, unit, &series));
    std::iter::once(drilled(past)).chain(charts).collect()
}

/// One chart, with gaps where nothing was measured.
pub(super) fn over_time(title: &str, unit: Unit, series: &[(Timestamp, f64)]) -> Value {
    let series = thinned(series);
    line(&series, &Look::new(title, unit).gap(gap(&series)))
}

/// A bar a drill for the plan.
fn drilled(past: &Past) -> Value {
    let bars = past.answering().map(|run| {
        let mark = match run.verdict {
            Verdict::Passed | Verdict::Healthy => Mark::Good,
            Verdict::Failed => Mark::Bad,
            Verdict::Unverified => Mark::Careful,
        };
        (run.started, mark, run.verdict.name())
    });
    let mut bars: Vec<_> = bars.collect();
    bars.reverse();
    chart(verdicts::bars(&bars, "Drills"))
}

/// The sizes of the newest backups, small.
pub(super) fn spark(past: &Past) -> Value {
    let series = thinned(&sizes(past));
    chart(svg::spark(&series, &Look::new("Backup size", Unit::Bytes)))
}

fn sizes(past: &Past) -> Series {
    series(past, |run| {
        let backup = run.backup.as_ref().filter(|backup| !backup.key.is_empty());
        Some(backup.map_or(f64::NAN, |backup| float(backup.size_bytes)))
    })
}

fn restore(run: &Report) -> Option<f64> {
    // What was remembered was not restored again; what broke off is no duration.
    run.proof.as_ref().filter(|proof| proof.run.is_none())?;
    run.restore.as_ref().map(|restore| restore.seconds)
}

fn backup(run: &Report) -> Option<f64> {
    run.backup.as_ref()?.duration_seconds
}

fn rows(run: &Report) -> Option<f64> {
    run.proof.as_ref().map(|proof| float(proof.rows_found))
}

fn storage(run: &Report) -> Option<f64> {
    run.backup
        .as_ref()
        .map(|backup| float(backup.storage_bytes))
}

fn cost(run: &Report) -> Option<f64> {
    run.backup.as_ref()?.cost_usd_per_month
}

/// From old to new, as charts want them.
fn series(past: &Past, of: impl Fn(&Report) -> Option<f64>) -> Series {
    let runs = past.runs.iter().rev();
    runs.filter_map(|run| Some((run.started, of(run)?)))
        .collect()
}

/// The last figure of each day, where there are too many.
fn thinned(series: &[(Timestamp, f64)]) -> Series {
    if series.len() <= MOST {
        return series.to_vec();
    }
    let date = |at: Timestamp| -> Date { TimeZone::UTC.to_datetime(at).date() };
    let days: BTreeMap<Date, (Timestamp, f64)> = series
        .iter()
        .map(|figure| (date(figure.0), *figure))
        .collect();
    let figures: Series = days.into_values().collect();
    figures[figures.len().saturating_sub(2 * MOST)..].to_vec()
}

/// How far apart two figures may be before something is missing between them, in seconds.
fn gap(series: &[(Timestamp, f64)]) -> i64 {
    let mut distances: Vec<i64> = series
        .windows(2)
        .map(|pair| pair[1].0.as_second() - pair[0].0.as_second())
        .collect();
    distances.sort_unstable();
    let usual = distances
        .get(distances.len() / 2)
        .copied()
        .unwrap_or_default();
    (FAR * usual).max(LEAST_GAP)
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
const fn float(number: u64) -> f64 {
    number as f64
}
