//! When a schedule fires: cron fields read in the plan's time zone.

use std::{cmp::Ordering, str::FromStr as _};

use croner::{
    CivilDate, CivilDateTime, CivilTime, Cron, CronDateTime, Resolution, Weekday, errors::CronError,
};
use jiff::{
    SignedDuration, Timestamp, ZonedDateTime,
    civil::{self, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};

use super::SchedulePlan;

/// How many fields a schedule has.
const FIELDS: usize = 5;

impl SchedulePlan {
    /// The first time after an instant; `None` when there is none, or the schedule cannot be read.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let (cron, zone) = self.read()?;
        next(&cron, &Local(instant.to_zoned_datetime(zone)), false)
    }

    /// The times from one instant until before another, at most so many.
    #[must_use]
    pub fn between(&self, from: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
        let Some((cron, zone)) = self.read() else {
            return Vec::new();
        };
        let mut times = Vec::new();
        let mut at = next(&cron, &Local(from.to_zoned_datetime(zone.clone())), true);
        while let Some(time) = at.filter(|time| *time < until && times.len() < most) {
            times.push(time);
            at = next(&cron, &Local(time.to_zoned_datetime(zone.clone())), false);
        }
        times
    }

    fn read(&self) -> Option<(Cron, TimeZone)> {
        let zone = TimeZone::get(&self.timezone).ok()?;
        Some((Cron::from_str(&self.cron).ok()?, zone))
    }
}

/// What is wrong with a cron schedule, and what to write; nothing where it tells when to drill.
#[must_use]
pub fn wrong_cron(cron: &str) -> Option<(&'static str, &'static str)> {
    const HELP: &str = "write minute, hour, day, month and day of the week, such as \"0 0 1 * *\"";
    let Ok(read) = Cron::from_str(cron) else {
        return Some(("this is no cron schedule", HELP));
    };
    // The library knows seconds and years, too, which the cron of others does not.
    if cron.split_whitespace().count() > FIELDS {
        return Some(("this cron schedule has more than five fields", HELP));
    }
    let first = Local(Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC));
    let never = next(&read, &first, true).is_none();
    never.then_some((
        "this schedule never comes",
        "write a day that its month has, such as \"0 0 28 2 *\"",
    ))
}

fn next(cron: &Cron, from: &Local, inclusive: bool) -> Option<Timestamp> {
    let found = cron.find_next_occurrence(from, inclusive).ok()?;
    Some(found.0.timestamp())
}

/// A local time, as the cron library walks through it: it knows an older edition of our library of time.
#[derive(Clone)]
struct Local(ZonedDateTime);

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let at = self.0.datetime();
        let part = |number: i8| u32::from(number.unsigned_abs());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(i32::from(at.year()), part(at.month()), part(at.day())),
            CivilTime::from_parts_unchecked(part(at.hour()), part(at.minute()), part(at.second())),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.0.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::from(days.unsigned_abs()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let at = civil_time(civil).ok_or(CronError::InvalidTime)?;
        let there = self.0.time_zone().to_ambiguous_zoned_datetime(at);
        let local = |time: Result<ZonedDateTime, jiff::Error>| {
            time.map(Self).map_err(|_| CronError::InvalidTime)
        };
        Ok(match there.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(local(there.unambiguous())?),
            AmbiguousOffset::Fold { .. } => {
                Resolution::Ambiguous(local(there.clone().earlier())?, local(there.later())?)
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let moved = self.0.checked_add(SignedDuration::from_secs(seconds));
        moved.ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

fn civil_time(civil: CivilDateTime) -> Option<DateTime> {
    let part = |number: u32| i8::try_from(number).ok();
    let year = i16::try_from(civil.year()).ok()?;
    let date = civil::Date::new(year, part(civil.month())?, part(civil.day())?).ok()?;
    let time = civil::Time::new(
        part(civil.hour())?,
        part(civil.minute())?,
        part(civil.second())?,
        0,
    );
    Some(date.to_datetime(time.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(cron: &str, timezone: &str, from: &str, until: &str) -> Vec<String> {
        let plan = SchedulePlan {
            cron: cron.to_owned(),
            timezone: timezone.to_owned(),
        };
        let (from, until) = (from.parse().unwrap(), until.parse().unwrap());
        let times = plan.between(from, until, 100);
        times.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_monthly_schedule_fires_at_the_first_instant_and_not_at_the_last() {
        let times = times(
            "0 0 1 * *",
            "UTC",
            "2026-10-01T00:00:00Z",
            "2026-12-01T00:00:00Z",
        );
        assert_eq!(times, ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"]);
    }

    #[test]
    fn the_time_zone_of_the_plan_counts() {
        let times = times(
            "0 9 * * *",
            "Asia/Tokyo",
            "2026-10-01T00:00:00Z",
            "2026-10-03T00:00:00Z",
        );
        assert_eq!(times, ["2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"]);
    }

    #[test]
    fn a_night_without_half_past_two_and_one_with_two_of_them_drill_once() {
        let spring = times(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-30T12:00:00Z",
        );
        assert_eq!(spring.len(), 2, "{spring:?}");
        let autumn = times(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            "2026-10-25T12:00:00Z",
        );
        assert_eq!(autumn.len(), 1, "{autumn:?}");
    }

    #[test]
    fn a_schedule_that_never_comes_or_counts_seconds_is_refused() {
        for good in ["0 0 1 * *", "0 0 29 2 *", "@daily", "*/5 * * * MON-FRI"] {
            assert_eq!(wrong_cron(good), None, "{good}");
        }
        let wrong = |cron| wrong_cron(cron).unwrap().0;
        assert_eq!(wrong("0 0 30 2 *"), "this schedule never comes");
        assert!(wrong("* * * * * *").contains("five fields"));
        assert!(wrong("61 * * * *").contains("no cron schedule"));
    }

    #[test]
    fn a_day_that_never_comes_is_no_time() {
        let plan = SchedulePlan {
            cron: "0 0 30 2 *".to_owned(),
            timezone: "UTC".to_owned(),
        };
        assert_eq!(plan.next_after(Timestamp::UNIX_EPOCH), None);
    }
}
