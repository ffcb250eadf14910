//! Axes: few ticks at round places, in the unit that people use for figures of that size.

use std::time::Duration;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::units::{Age, Bytes, Usd};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, in powers of 1000 as storage is billed.
    Bytes,
    /// Seconds.
    Seconds,
    /// US dollars.
    Usd,
    /// How many.
    Count,
}

/// No figure of ours comes near; beyond it a sum could overflow and a label has no word.
const FARTHEST: f64 = 1e24;
/// The same for seconds: 30,000 years.
const LONGEST: f64 = 1e12;
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;
/// The same day in whole seconds.
const DAY_SECONDS: i64 = 86_400;
/// More ticks than this on the time axis run into each other on a phone.
const MOST_TIMES: i64 = 4;

/// Steps of time below which nobody counts in tens.
const TIME_STEPS: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0,
];

/// A figure in words, alone: `1.2 GB`, `3 min 20 s`, `8,780`.
#[must_use]
pub fn shown(unit: Unit, value: f64) -> String {
    if !value.is_finite() {
        return "missing".to_owned();
    }
    if value < 0.0 {
        return format!("−{}", shown(unit, -value));
    }
    match unit {
        Unit::Bytes => Bytes(whole(value)).to_string(),
        Unit::Seconds => Age(Duration::from_secs_f64(value.min(1e15))).to_string(),
        Unit::Usd => Usd(value).to_string(),
        Unit::Count => grouped(whole(value)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from float saturates, and the figure is not negative"
)]
const fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Thousands apart: `8,780`.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The axis of figures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    /// From low to high, with their labels.
    pub ticks: Vec<(f64, String)>,
}

/// What can be drawn of a figure.
pub(super) fn drawable(unit: Unit, value: f64) -> Option<f64> {
    let farthest = if unit == Unit::Seconds {
        LONGEST
    } else {
        FARTHEST
    };
    value.is_finite().then(|| value.clamp(-farthest, farthest))
}

/// An axis that begins at zero, so that a small change does not look like a large one.
pub(super) fn scale(unit: Unit, values: impl Iterator<Item = f64>) -> Scale {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for value in values.filter_map(|value| drawable(unit, value)) {
        low = low.min(value);
        high = high.max(value);
    }
    let least = match unit {
        Unit::Bytes | Unit::Count => 1.0,
        Unit::Seconds => 0.001,
        Unit::Usd => 0.01,
    };
    high = high.max(low + least);
    let step = step(unit, (high - low) / 4.0).max(least);
    let low = (low / step).floor() * step;
    let count = ((high - low) / step - 1e-9).ceil().max(1.0);
    let high = low + count * step;
    let mut ticks = Vec::new();
    let mut place = 0.0;
    while place <= count {
        let value = low + place * step;
        ticks.push((value, label(unit, value, step, high.max(-low))));
        place += 1.0;
    }
    Scale { low, high, ticks }
}

/// The next round step that is not smaller.
fn step(unit: Unit, raw: f64) -> f64 {
    if unit == Unit::Seconds && raw > 1.0 {
        let found = TIME_STEPS.into_iter().find(|step| *step >= raw);
        return found.unwrap_or_else(|| DAY * round_step(raw / DAY));
    }
    round_step(raw)
}

/// 1, 2 or 5 and zeros.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let found = [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= raw * 0.999_999);
    found.unwrap_or(10.0 * power)
}

/// A tick's label, in the unit of the largest one.
fn label(unit: Unit, value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step / 2.0 {
        return "0".to_owned();
    }
    let (size, name) = match unit {
        Unit::Seconds => time_unit(largest),
        Unit::Bytes => power(
            largest,
            ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"],
        ),
        Unit::Count => power(largest, ["", "k", "M", "G", "T", "P", "E", "Z", "Y"]),
        Unit::Usd => power(
            largest,
            [
                "USD", "kUSD", "MUSD", "GUSD", "TUSD", "PUSD", "EUSD", "ZUSD", "YUSD",
            ],
        ),
    };
    let decimals = [0, 1, 2, 3]
        .into_iter()
        .zip([1.0, 0.1, 0.01, 0.001])
        .find(|(_, least)| step / size >= least * 0.999);
    let decimals = decimals.map_or(3, |(decimals, _)| decimals);
    let text = format!("{:.decimals$} {name}", value / size);
    text.trim_end().replace('-', "−")
}

fn time_unit(largest: f64) -> (f64, &'static str) {
    match largest {
        x if x < 1.0 => (0.001, "ms"),
        x if x < 2.0 * MINUTE => (1.0, "s"),
        x if x < 2.0 * HOUR => (MINUTE, "min"),
        x if x < 2.0 * DAY => (HOUR, "h"),
        x if x < 10_000.0 * DAY => (DAY, "d"),
        _ => (365.0 * DAY, "y"),
    }
}

fn power(largest: f64, names: [&'static str; 9]) -> (f64, &'static str) {
    let mut found = (1.0, names[0]);
    let mut size = 1.0;
    for name in names {
        // Up to 9,999 reads better than 9.999 k.
        if largest >= size * if name == "k" { 10.0 } else { 1.0 } {
            found = (size, name);
        }
        size *= 1e3;
    }
    found
}

/// Ticks of the time axis between two instants in Unix seconds, with their labels in UTC.
pub(super) fn times(from: i64, until: i64) -> Vec<(i64, String)> {
    let span = until.saturating_sub(from).max(1);
    if span > 120 * DAY_SECONDS {
        return months(from, until, span);
    }
    let steps = [
        60,
        300,
        900,
        1_800,
        3_600,
        7_200,
        10_800,
        21_600,
        43_200,
        DAY_SECONDS,
        2 * DAY_SECONDS,
        7 * DAY_SECONDS,
        14 * DAY_SECONDS,
    ];
    let step = steps.into_iter().find(|step| span / step <= MOST_TIMES);
    let step = step.unwrap_or(28 * DAY_SECONDS);
    let format = if step < DAY_SECONDS { "%H:%M" } else { "%m-%d" };
    let first = from.div_euclid(step) + i64::from(from.rem_euclid(step) > 0);
    let last = until.div_euclid(step);
    (first..=last)
        .filter_map(|place| Some((place * step, written(place * step, format)?)))
        .collect()
}

fn written(second: i64, format: &str) -> Option<String> {
    let at = Timestamp::from_second(second).ok()?;
    Some(TimeZone::UTC.to_datetime(at).strftime(format).to_string())
}

/// The first days of months, so many months apart that they fit.
fn months(from: i64, until: i64, span: i64) -> Vec<(i64, String)> {
    let steps = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1_200, 6_000, 24_000];
    let fits = |step: &i64| span / (step * 30 * DAY_SECONDS) <= MOST_TIMES;
    let step = steps.into_iter().find(fits).unwrap_or(120_000);
    let Some(date) = Timestamp::from_second(from).ok() else {
        return Vec::new();
    };
    let date = TimeZone::UTC.to_datetime(date).date();
    let now = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    let mut ticks = Vec::new();
    let mut month = now.div_euclid(step) * step;
    while let Some(second) = first_of(month).filter(|second| *second <= until) {
        if second >= from {
            ticks.extend(written(second, "%Y-%m").map(|text| (second, text)));
        }
        month += step;
    }
    ticks
}

/// The first second of the month with this number, counted from the year 0.
fn first_of(month: i64) -> Option<i64> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let date = Date::new(year, month, 1).ok()?;
    let at = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(at.as_second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(unit: Unit, highest: f64) -> Vec<String> {
        let scale = scale(unit, [highest].into_iter());
        scale.ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_in_the_unit_that_people_use() {
        assert_eq!(
            labels(Unit::Bytes, 1.3e9),
            ["0", "0.5 GB", "1.0 GB", "1.5 GB"]
        );
        assert_eq!(
            labels(Unit::Seconds, 200.0),
            ["0", "1 min", "2 min", "3 min", "4 min"]
        );
        assert_eq!(
            labels(Unit::Seconds, 7.0),
            ["0", "2 s", "4 s", "6 s", "8 s"]
        );
        assert_eq!(
            labels(Unit::Usd, 0.9),
            ["0", "0.5 USD", "1.0 USD"].map(str::to_owned)
        );
        assert_eq!(labels(Unit::Count, 3.0), ["0", "1", "2", "3"]);
        assert_eq!(
            labels(Unit::Count, 87_800.0),
            ["0", "50 k", "100 k"].map(str::to_owned)
        );
    }

    #[test]
    fn nothing_at_all_still_has_an_axis() {
        assert_eq!(labels(Unit::Count, 0.0), ["0", "1"]);
        assert_eq!(labels(Unit::Bytes, f64::NAN), ["0", "1 B"]);
    }

    #[test]
    fn a_year_is_labelled_by_months_and_a_day_by_hours() {
        let names = |from, until| -> Vec<String> {
            let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
            let ticks = times(at(from), at(until));
            ticks.into_iter().map(|(_, label)| label).collect()
        };
        let year = names("2025-11-20T00:00:00Z", "2026-11-20T00:00:00Z");
        assert_eq!(year, ["2026-01", "2026-04", "2026-07", "2026-10"]);
        let day = names("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
        assert_eq!(day, ["00:00", "06:00", "12:00", "18:00", "00:00"]);
        let month = names("2026-11-01T00:00:00Z", "2026-11-30T00:00:00Z");
        assert_eq!(month, ["11-05", "11-12", "11-19", "11-26"]);
    }

    #[test]
    fn figures_alone_are_written_as_everywhere_else() {
        assert_eq!(shown(Unit::Count, 8_780.0), "8,780");
        assert_eq!(shown(Unit::Bytes, 1.24e9), "1.2 GB");
        assert_eq!(shown(Unit::Seconds, 200.0), "3 min 20 s");
        assert_eq!(shown(Unit::Seconds, 0.25), "250 ms");
        assert_eq!(shown(Unit::Usd, 1.5), "1.50 USD");
        assert_eq!(shown(Unit::Usd, f64::NAN), "missing");
    }

    proptest! {
        #[test]
        fn every_figure_lies_on_an_axis_with_few_short_different_labels(
            values in prop::collection::vec(prop::num::f64::ANY, 0..20),
            unit in prop::sample::select(vec![Unit::Bytes, Unit::Seconds, Unit::Usd, Unit::Count]),
        ) {
            let scale = scale(unit, values.iter().copied());
            prop_assert!(scale.low.is_finite() && scale.high.is_finite() && scale.low < scale.high);
            prop_assert!((2..=8).contains(&scale.ticks.len()), "{:?}", scale);
            for value in values.into_iter().filter_map(|value| drawable(unit, value)) {
                let pixel = (scale.high - scale.low) / 1e6;
                prop_assert!((scale.low - pixel..=scale.high + pixel).contains(&value));
            }
            let mut labels: Vec<_> = scale.ticks.iter().map(|(_, label)| label).collect();
            prop_assert!(labels.iter().all(|label| label.chars().count() <= 11), "{:?}", labels);
            let all = labels.len();
            labels.sort();
            labels.dedup();
            prop_assert_eq!(labels.len(), all, "{:?}", scale);
        }

        #[test]
        fn the_time_axis_has_few_ticks_in_order(
            from in -377_705_023_201_i64..253_402_207_200,
            span in 1_i64..600_000_000_000,
        ) {
            let until = from.saturating_add(span).min(253_402_207_200);
            prop_assume!(from < until);
            let ticks = times(from, until);
            prop_assert!(ticks.len() <= 6, "{:?}", ticks);
            prop_assert!(ticks.iter().all(|(at, _)| (from..=until).contains(at)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
