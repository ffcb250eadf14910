//! The month day by day: what ran, what was missed, and on which days a backup was written.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{Span, drills::Expected, month::instant};
use crate::{
    history::Past,
    report::{Command, Report, Verdict},
};

/// What is known of the backups of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// One was seen that was written on this day.
    New,
    /// A later look showed none.
    None,
    /// Nobody looked in a way that would tell.
    Unknown,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Day {
    /// The date.
    pub date: Date,
    /// The day of the month.
    pub number: i8,
    /// What happened, in a word: `failed`, `unverified`, `passed`, `missed`, `looked`, `nothing`, `ahead`.
    pub word: &'static str,
    /// The sign for it.
    pub sign: &'static str,
    /// How many runs there were.
    pub runs: u64,
    /// Whether a backup was written.
    pub backup: Written,
}

/// The month in weeks from Monday to Sunday; days of other months are none.
pub(super) fn weeks(past: &Past, expected: &Expected, span: &Span) -> Vec<Vec<Option<Day>>> {
    let mut weeks = Vec::new();
    let mut week: Vec<Option<Day>> = Vec::new();
    let before = span.month.first().weekday().to_monday_zero_offset();
    week.resize(usize::from(before.unsigned_abs()), None);
    let written = Seen::of(past);
    for date in dates(span) {
        week.push(Some(day(date, past, expected, &written, span)));
        if week.len() == 7 {
            weeks.push(std::mem::take(&mut week));
        }
    }
    if !week.is_empty() {
        week.resize(7, None);
        weeks.push(week);
    }
    weeks
}

fn dates(span: &Span) -> impl Iterator<Item = Date> {
    let first = span.month.first();
    (1..=span.month.days()).filter_map(move |day| Date::new(first.year(), first.month(), day).ok())
}

fn day(date: Date, past: &Past, expected: &Expected, seen: &Seen, span: &Span) -> Day {
    let here = |at: Timestamp| date_of(at) == date;
    let runs: Vec<&Report> = past.runs.iter().filter(|run| here(run.started)).collect();
    let ended = |verdict| {
        let drill = |run: &&&Report| {
            run.command == Command::Verify && run.answers() && run.verdict == verdict
        };
        runs.iter().find(drill).is_some()
    };
    let (word, sign) = if ended(Verdict::Failed) {
        ("failed", "✗")
    } else if ended(Verdict::Unverified) {
        ("unverified", "?")
    } else if expected.missed.iter().any(|at| here(*at)) {
        ("missed", "○")
    } else if ended(Verdict::Passed) {
        ("passed", "✓")
    } else if !runs.is_empty() {
        ("looked", "·")
    } else if instant(date) > span.now {
        ("ahead", "")
    } else {
        ("nothing", "–")
    };
    Day {
        date,
        number: date.day(),
        word,
        sign,
        runs: runs.len() as u64,
        backup: seen.on(date),
    }
}

fn date_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// When backups were written, and between which instants none was.
struct Seen {
    on: BTreeSet<Date>,
    /// A look at the newest backup tells that none was written between it and the look.
    none: Vec<(Timestamp, Timestamp)>,
}

impl Seen {
    fn of(past: &Past) -> Self {
        let (mut on, mut none) = (BTreeSet::new(), Vec::new());
        for run in &past.runs {
            let Some(backup) = &run.backup else { continue };
            on.extend(backup.last_modified.map(date_of));
            // A drill may have been asked for an older backup; only a look from outside surely shows the newest.
            if run.command == Command::Health {
                let newest = backup.last_modified.unwrap_or(Timestamp::MIN);
                none.push((newest, run.started));
            }
        }
        Self { on, none }
    }

    fn on(&self, date: Date) -> Written {
        let tomorrow = date.tomorrow().map_or(Timestamp::MAX, instant);
        let whole =
            |(after, until): &(Timestamp, Timestamp)| *after < instant(date) && *until >= tomorrow;
        if self.on.contains(&date) {
            Written::New
        } else if self.none.iter().any(whole) {
            Written::None
        } else {
            Written::Unknown
        }
    }
}

/// How regularly backups came.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backups {
    /// Days on which one was written.
    pub days_with: u64,
    /// Days on which none was.
    pub days_without: Vec<Date>,
    /// Days of which nothing is known.
    pub days_unknown: u64,
    /// Days without any run of pgdrill.
    pub days_without_run: u64,
    /// Days of the month that are over.
    pub days_over: u64,
}

impl Backups {
    pub(super) fn of(weeks: &[Vec<Option<Day>>]) -> Self {
        let mut backups = Self::default();
        for day in weeks
            .iter()
            .flatten()
            .flatten()
            .filter(|day| day.word != "ahead")
        {
            backups.days_over += 1;
            backups.days_without_run += u64::from(day.runs == 0);
            match day.backup {
                Written::New => backups.days_with += 1,
                Written::None => backups.days_without.push(day.date),
                Written::Unknown => backups.days_unknown += 1,
            }
        }
        backups
    }
}
