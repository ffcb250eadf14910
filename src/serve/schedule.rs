//! When a drill is due: cron in the plan's own time zone. Pure; the only place that knows croner.

use std::{cmp::Ordering, str::FromStr as _};

use croner::{
    Cron,
    errors::CronError,
    time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday},
};
use jiff::{
    SignedDuration, Timestamp, ZonedDateTime,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use crate::{
    error::{OrStop as _, Result},
    plan::SchedulePlan,
};

/// A schedule, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// Reads what a plan says.
    pub(super) fn of(plan: &SchedulePlan) -> Result<Self> {
        let cron = Cron::from_str(&plan.cron).or_stop(
            || format!("\"{}\" is no cron schedule", plan.cron),
            "Write minute, hour, day, month and day of the week, such as \"0 0 1 * *\".",
        )?;
        // UTC needs no table of time zones, which a small container may lack.
        let zone = match plan.timezone.as_str() {
            "UTC" => Ok(TimeZone::UTC),
            name => TimeZone::get(name),
        };
        let zone = zone.or_stop(
            || format!("the time zone \"{}\" is not known here", plan.timezone),
            "Write UTC, or a name such as Asia/Tokyo, and install tzdata.",
        )?;
        Ok(Self { cron, zone })
    }
}

/// The first time after `after`. A time that the clock skips in spring is the first one after the gap; one that it
/// shows twice in autumn counts once. `None`: there is none, such as 30 February.
pub(super) fn next(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    let after = Local(after.to_zoned_datetime(schedule.zone.clone()));
    let next = schedule.cron.find_next_occurrence(&after, false).ok()?;
    Some(next.0.timestamp())
}

/// Whether a drill should have run since the last one. However many were missed, one makes up for them.
pub(super) fn missed(schedule: &Schedule, last_run: Timestamp, now: Timestamp) -> bool {
    next(schedule, last_run).is_some_and(|next| next <= now)
}

/// A moment in a time zone, as croner asks for it: its own support is for an older jiff.
#[derive(Clone)]
struct Local(ZonedDateTime);

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let at = &self.0;
        let unsigned = |part: i8| u32::from(part.unsigned_abs());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                i32::from(at.year()),
                unsigned(at.month()),
                unsigned(at.day()),
            ),
            CivilTime::from_parts_unchecked(
                unsigned(at.hour()),
                unsigned(at.minute()),
                unsigned(at.second()),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        let day = self.0.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::from(day.unsigned_abs()))
    }

    fn resolve_civil(
        &self,
        civil: CivilDateTime,
    ) -> std::result::Result<Resolution<Self>, CronError> {
        let ambiguous = self
            .0
            .time_zone()
            .to_ambiguous_zoned_datetime(datetime(civil)?);
        let local = |zoned: std::result::Result<ZonedDateTime, jiff::Error>| {
            zoned.map(Self).map_err(|_| CronError::InvalidTime)
        };
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Resolution::Single(local(ambiguous.unambiguous())?)
            }
            AmbiguousOffset::Fold { .. } => {
                let earlier = local(ambiguous.clone().earlier())?;
                Resolution::Ambiguous(earlier, local(ambiguous.later())?)
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

fn datetime(civil: CivilDateTime) -> std::result::Result<DateTime, CronError> {
    let small = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidDate);
    let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
    DateTime::new(
        year,
        small(civil.month())?,
        small(civil.day())?,
        small(civil.hour())?,
        small(civil.minute())?,
        small(civil.second())?,
        0,
    )
    .map_err(|_| CronError::InvalidDate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(cron: &str, timezone: &str) -> Schedule {
        Schedule::of(&SchedulePlan {
            cron: cron.to_owned(),
            timezone: timezone.to_owned(),
        })
        .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn after(schedule: &Schedule, text: &str) -> String {
        next(schedule, at(text)).unwrap().to_string()
    }

    #[test]
    fn the_first_of_the_month_is_that_of_the_plans_time_zone() {
        let utc = schedule("0 0 1 * *", "UTC");
        assert_eq!(after(&utc, "2026-11-23T09:00:00Z"), "2026-12-01T00:00:00Z");
        let tokyo = schedule("0 0 1 * *", "Asia/Tokyo");
        assert_eq!(
            after(&tokyo, "2026-11-23T09:00:00Z"),
            "2026-11-30T15:00:00Z"
        );
    }

    #[test]
    fn the_time_itself_is_not_after_itself() {
        let daily = schedule("0 4 * * *", "UTC");
        assert_eq!(
            after(&daily, "2026-11-23T04:00:00Z"),
            "2026-11-24T04:00:00Z"
        );
        assert_eq!(
            after(&daily, "2026-11-23T03:59:59.9Z"),
            "2026-11-23T04:00:00Z"
        );
    }

    #[test]
    fn the_last_day_of_the_month_is_as_long_as_the_month() {
        let last = schedule("30 2 L * *", "UTC");
        assert_eq!(after(&last, "2027-02-01T00:00:00Z"), "2027-02-28T02:30:00Z");
        assert_eq!(after(&last, "2028-02-01T00:00:00Z"), "2028-02-29T02:30:00Z");
        let thirty_first = schedule("0 0 31 * *", "UTC");
        assert_eq!(
            after(&thirty_first, "2027-01-31T00:00:00Z"),
            "2027-03-31T00:00:00Z"
        );
    }

    #[test]
    fn a_time_that_spring_skips_is_the_first_one_after_the_gap() {
        let berlin = schedule("30 2 * * *", "Europe/Berlin");
        // At 02:00 on 28 March 2027 the clock goes to 03:00.
        assert_eq!(
            after(&berlin, "2027-03-27T12:00:00Z"),
            "2027-03-28T01:00:00Z"
        );
        assert_eq!(
            after(&berlin, "2027-03-28T01:00:00Z"),
            "2027-03-29T00:30:00Z"
        );
    }

    #[test]
    fn a_time_that_autumn_shows_twice_counts_once() {
        let berlin = schedule("30 2 * * *", "Europe/Berlin");
        // At 03:00 on 31 October 2027 the clock goes back to 02:00.
        assert_eq!(
            after(&berlin, "2027-10-30T12:00:00Z"),
            "2027-10-31T00:30:00Z"
        );
        assert_eq!(
            after(&berlin, "2027-10-31T00:30:00Z"),
            "2027-11-01T01:30:00Z"
        );
    }

    #[test]
    fn a_day_that_never_comes_is_never_due() {
        let never = schedule("0 0 30 2 *", "UTC");
        assert_eq!(next(&never, at("2026-11-23T00:00:00Z")), None);
        assert!(!missed(
            &never,
            at("2020-01-01T00:00:00Z"),
            at("2026-11-23T00:00:00Z")
        ));
    }

    #[test]
    fn a_drill_was_missed_when_its_time_lies_between_the_last_one_and_now() {
        let monthly = schedule("0 0 1 * *", "UTC");
        let missed = |last, now| missed(&monthly, at(last), at(now));
        assert!(missed("2026-10-01T00:00:01Z", "2026-11-01T00:00:00Z"));
        assert!(missed("2026-01-01T00:00:01Z", "2026-11-23T00:00:00Z"));
        assert!(!missed("2026-10-01T00:00:01Z", "2026-10-31T23:59:59Z"));
        assert!(!missed("2026-11-01T00:00:01Z", "2026-11-23T00:00:00Z"));
    }

    #[test]
    fn a_clock_that_went_back_has_missed_nothing() {
        let daily = schedule("0 4 * * *", "UTC");
        assert!(!missed(
            &daily,
            at("2026-11-25T04:00:10Z"),
            at("2026-11-23T12:00:00Z")
        ));
    }
}
