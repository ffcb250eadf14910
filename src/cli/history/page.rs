//! The history for people: a table of runs, and one line a trend. Pure text.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    charts::terminal::{End, Marks, sparkline, strip},
    history::{Measure, Past, series, summary},
    report::{Command, Report, Verdict},
    sinks::{Paint, visible},
    units::{Age, Bytes, Usd},
};

/// How wide a chart is, in columns: with its title and five figures a line has 106.
const CHART: usize = 24;

/// What is shown, and how.
pub(super) struct View<'a> {
    pub(super) plan: &'a str,
    pub(super) past: &'a Past,
    pub(super) most: usize,
    pub(super) since: Option<Timestamp>,
    pub(super) now: Timestamp,
    pub(super) zone: &'a TimeZone,
    pub(super) marks: Marks,
    pub(super) paint: Paint,
}

/// The page of one plan.
pub(super) fn render(view: &View<'_>) -> String {
    let mut lines = vec![view.paint.strong(&visible(view.plan))];
    if view.past.runs.is_empty() {
        lines.push(nothing(view));
    } else {
        runs(&mut lines, view);
        lines.push(String::new());
        trends(&mut lines, view);
        lines.push(String::new());
        lines.push(passes(view));
    }
    for damaged in &view.past.damaged {
        let name = view.paint.careful("damaged");
        let (key, why) = (visible(&damaged.key), visible(&damaged.why));
        lines.push(format!("{name}  {key}: {why}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn nothing(view: &View<'_>) -> String {
    match view.since {
        Some(since) => format!("no run since {}", local(since, view.zone)),
        None => "no run is kept yet".to_owned(),
    }
}

/// Newest first. The backup's key comes last: nothing beside it has to be aligned, however wide its characters are.
fn runs(lines: &mut Vec<String>, view: &View<'_>) {
    let heading = row([
        "started", "command", "verdict", "size", "change", "restore", "rows", "findings", "backup",
    ]);
    lines.push(view.paint.quiet(&heading));
    for (at, run) in view.past.runs.iter().take(view.most).enumerate() {
        let older = &view.past.runs[at + 1..];
        lines.push(line(run, older, view));
    }
    let hidden = view.past.runs.len().saturating_sub(view.most);
    if hidden > 0 {
        lines.push(format!("and {hidden} older ones: --most shows more"));
    }
}

fn line(run: &Report, older: &[Report], view: &View<'_>) -> String {
    let backup = run.backup.as_ref().filter(|backup| !backup.key.is_empty());
    let text = |value: Option<String>| value.unwrap_or_default();
    let size = size(run).map(|size| Bytes(size).to_string());
    let restore = run.restore.as_ref().map(|restore| took(restore.seconds));
    let rows = run.proof.as_ref().map(|proof| proof.rows_found.to_string());
    let line = row([
        &local(run.started, view.zone),
        match run.command {
            Command::Verify if run.search.is_some() => "search",
            Command::Verify if run.aside => "aside",
            Command::Verify => "verify",
            Command::Health => "health",
        },
        run.verdict.name(),
        &text(size),
        &text(change(run, older)),
        &text(restore),
        &text(rows),
        &run.findings.len().to_string(),
        &text(backup.map(|backup| visible(&backup.key))),
    ]);
    line.replacen(
        run.verdict.name(),
        &paint(run.verdict, view.paint, run.verdict.name()),
        1,
    )
}

fn row(cells: [&str; 9]) -> String {
    let [
        started,
        command,
        verdict,
        size,
        change,
        restore,
        rows,
        findings,
        backup,
    ] = cells;
    let line = format!(
        "{started:<25}  {command:<7}  {verdict:<10}  {size:>9}  {change:>7}  {restore:>11}  {rows:>9}  {findings:>8}  {backup}"
    );
    line.trim_end().to_owned()
}

fn paint(verdict: Verdict, paint: Paint, text: &str) -> String {
    match verdict {
        Verdict::Passed | Verdict::Healthy => paint.good(text),
        Verdict::Unverified => paint.careful(text),
        Verdict::Failed => paint.bad(text),
    }
}

/// The size of the backup that a run looked at.
fn size(run: &Report) -> Option<u64> {
    let backup = run.backup.as_ref().filter(|backup| !backup.key.is_empty());
    backup.map(|backup| backup.size_bytes)
}

/// The change of size against the run before it that looked at a backup, in percent.
#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage is shown without decimals"
)]
fn change(run: &Report, older: &[Report]) -> Option<String> {
    let size = size(run)?;
    let before = older.iter().find_map(self::size).filter(|&size| size > 0)?;
    let share = size as f64 / before as f64 * 100.0 - 100.0;
    Some(format!("{share:+.0} %"))
}

fn trends(lines: &mut Vec<String>, view: &View<'_>) {
    let heading = trend("trend", "", ["first", "last", "min", "median", "max"]);
    lines.push(view.paint.quiet(&heading));
    lines.push(verdicts(view));
    for what in Measure::ALL {
        let points = series(view.past, what);
        let Some(five) = summary(&points) else {
            continue;
        };
        let values: Vec<_> = points.iter().map(|(_, value)| *value).collect();
        let figures = [five.first, five.last, five.min, five.median, five.max];
        let figures = figures.map(|value| shown(what, value));
        let chart = sparkline(&values, CHART, view.marks);
        let figures = figures.each_ref().map(String::as_str);
        lines.push(trend(title(what), &chart, figures));
    }
}

fn trend(title: &str, chart: &str, figures: [&str; 5]) -> String {
    let figures: Vec<_> = figures.map(|figure| format!("{figure:>11}")).into();
    format!("{title:<15}  {chart:<CHART$}  {}", figures.join("  "))
}

/// The verdicts of the newest drills, oldest first, and how many of each there are in all.
fn verdicts(view: &View<'_>) -> String {
    let mut ends: Vec<_> = view.past.answering().map(|run| end(run.verdict)).collect();
    ends.reverse();
    let counts: Vec<_> = [
        (End::Good, "passed"),
        (End::Bad, "failed"),
        (End::Unknown, "unverified"),
    ]
    .into_iter()
    .map(|(wanted, word)| {
        let count = ends.iter().filter(|&&end| end == wanted).count();
        format!("{count} {word}")
    })
    .collect();
    let marks = strip(&ends, CHART, view.marks);
    format!("{:<15}  {marks:<CHART$}  {}", "verdict", counts.join(", "))
}

const fn end(verdict: Verdict) -> End {
    match verdict {
        Verdict::Passed | Verdict::Healthy => End::Good,
        Verdict::Unverified => End::Unknown,
        Verdict::Failed => End::Bad,
    }
}

const fn title(what: Measure) -> &'static str {
    match what {
        Measure::BackupSize => "backup size",
        Measure::RestoreSeconds => "restore takes",
        Measure::BackupSeconds => "backup takes",
        Measure::Rows => "rows",
        Measure::Storage => "storage",
        Measure::Cost => "cost a month",
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes come from whole numbers, and a median between two of them is rounded"
)]
fn shown(what: Measure, value: f64) -> String {
    match what {
        Measure::BackupSize | Measure::Storage => Bytes(value.round() as u64).to_string(),
        Measure::RestoreSeconds | Measure::BackupSeconds => took(value),
        Measure::Rows => format!("{value:.0}"),
        Measure::Cost => Usd(value).to_string(),
    }
}

fn took(seconds: f64) -> String {
    let took = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Age(took).to_string()
}

/// When the last drill passed, and how many did not.
fn passes(view: &View<'_>) -> String {
    let (failures, drills) = (view.past.failures(), view.past.answering().count());
    let last = view.past.last_pass().map(|last| {
        let ago = u64::try_from(view.now.as_second() - last.as_second()).unwrap_or(0);
        let (last, ago) = (local(last, view.zone), Age::from_secs(ago));
        format!("last pass {last}, {ago} ago")
    });
    let last = last.unwrap_or_else(|| "no drill passed".to_owned());
    format!("{last}; {failures} of {drills} drills did not pass")
}

/// Local time with its distance to UTC.
fn local(time: Timestamp, zone: &TimeZone) -> String {
    let zoned = time.to_zoned_datetime(zone.clone());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests;
