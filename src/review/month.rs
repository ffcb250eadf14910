//! A month and a quarter, in UTC: the same for everybody who reads the same history.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

impl Month {
    /// The month of an instant.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = TimeZone::UTC.to_datetime(at).date();
        Self {
            first: date.first_of_month(),
        }
    }

    /// The one so many months later; earlier when it is negative. Stays where it is at the end of the calendar.
    #[must_use]
    pub fn later(self, months: i32) -> Self {
        let first = self.first.checked_add(months.months());
        first.map_or(self, |first| Self { first })
    }

    /// Its first day.
    #[must_use]
    pub const fn first(self) -> Date {
        self.first
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> i8 {
        self.first.days_in_month()
    }

    /// Its first instant.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        instant(self.first)
    }

    /// The first instant after it.
    #[must_use]
    pub fn ends(self) -> Timestamp {
        self.later(1).begins()
    }

    /// The first month of its quarter.
    #[must_use]
    pub fn quarter(self) -> Self {
        self.later(-i32::from((self.first.month() - 1) % 3))
    }

    /// Its quarter as people write it: `2026 Q4`.
    #[must_use]
    pub fn quarter_name(self) -> String {
        format!("{} Q{}", self.first.year(), (self.first.month() + 2) / 3)
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        Self::of(at) == self
    }
}

/// The first instant of a day in UTC.
pub(super) fn instant(date: Date) -> Timestamp {
    let at = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
    at.unwrap_or(Timestamp::MAX)
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a month as YYYY-MM, such as 2026-11".to_owned();
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits =
            |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let first = format!("{text}-01").parse().map_err(|_| wrong())?;
        Ok(Self { first })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.first.strftime("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_written_as_four_digits_and_two() {
        assert_eq!(month("2026-11").to_string(), "2026-11");
        for wrong in [
            "2026-13",
            "2026-1",
            "26-11",
            "2026",
            "2026-11-01",
            "+026-11",
            "",
        ] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_begins_and_ends_at_midnight_in_utc() {
        let february = month("2028-02");
        assert_eq!(february.begins().to_string(), "2028-02-01T00:00:00Z");
        assert_eq!(february.ends().to_string(), "2028-03-01T00:00:00Z");
        assert_eq!(february.days(), 29);
        assert!(!february.holds(february.ends()));
        assert!(february.holds(february.begins()));
    }

    #[test]
    fn its_quarter_begins_in_january_april_july_or_october() {
        let of = |text| month(text).quarter().to_string();
        assert_eq!(
            (of("2026-12"), of("2026-10")),
            ("2026-10".into(), "2026-10".into())
        );
        assert_eq!(month("2026-03").quarter_name(), "2026 Q1");
        assert_eq!(month("2026-01").later(-1).to_string(), "2025-12");
    }
}
