//! Instants in a line of COPY, brought to UTC: their text depends on the time zone of the session that wrote it, which no
//! dump names.
//!
//! `2026-11-23 09:00:00+09` and `2026-11-23 00:00:00+00` are the same instant. Whatever looks like one is rewritten, also
//! inside arrays and ranges and inside plain text: the same is done on both sides, so that equal lines stay equal.

use std::io::Write;

/// The line with every instant in UTC; the line itself where there is none in another zone.
pub(super) fn in_utc<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let mut copied = 0;
    let mut from = 0;
    scratch.clear();
    while let Some(at) = memchr::memchr(b':', &line[from..]) {
        let at = from + at;
        from = at + 1;
        let Some(found) = instant(line, at, copied) else {
            continue;
        };
        from = found.end;
        if found.offset == 0 {
            continue;
        }
        scratch.extend_from_slice(&line[copied..found.start]);
        found.write(scratch);
        copied = found.end;
    }
    if copied == 0 {
        return line;
    }
    scratch.extend_from_slice(&line[copied..]);
    scratch
}

/// An instant in a line.
struct Instant<'a> {
    start: usize,
    end: usize,
    /// Days since 1970-01-01 and seconds of that day, in its own zone.
    days: i64,
    seconds: i64,
    /// What follows the seconds, with its point.
    fraction: &'a [u8],
    /// Seconds east of UTC.
    offset: i64,
}

/// Reads the instant whose hours end at `colon`; nothing before `least` belongs to it.
fn instant(line: &[u8], colon: usize, least: usize) -> Option<Instant<'_>> {
    let hours = digits(line, colon.checked_sub(2)?, 2)?;
    let minutes = digits(line, colon + 1, 2)?;
    let seconds = after(line, colon + 3, b':')?;
    let mut at = colon + 6;
    let fraction = at;
    if line.get(at) == Some(&b'.') {
        at += 1 + line[at + 1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
    }
    let fraction = &line[fraction..at];
    let sign = match line.get(at)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut offset = digits(line, at + 1, 2)? * 3600;
    at += 3;
    for unit in [60, 1] {
        let Some(part) = after(line, at, b':') else {
            break;
        };
        offset += part * unit;
        at += 3;
    }
    let (start, year, month, day) = date(line, colon.checked_sub(3)?, least)?;
    let before_christ = line[at..].starts_with(b" BC");
    let (year, end) = if before_christ {
        (1 - year, at + 3)
    } else {
        (year, at)
    };
    Some(Instant {
        start,
        end,
        days: days(year, month, day),
        seconds: hours * 3600 + minutes * 60 + seconds,
        fraction,
        offset: sign * offset,
    })
}

/// Two digits behind this sign.
fn after(line: &[u8], at: usize, sign: u8) -> Option<i64> {
    (line.get(at) == Some(&sign)).then(|| digits(line, at + 1, 2))?
}

/// The date that ends before the space at `space`: where it starts, year, month, day.
fn date(line: &[u8], space: usize, least: usize) -> Option<(usize, i64, i64, i64)> {
    let year_ends = space.checked_sub(6)?;
    let shaped = line[space] == b' ' && line[year_ends] == b'-' && line[year_ends + 3] == b'-';
    if !shaped || year_ends < least {
        return None;
    }
    let figures = line[least..year_ends].iter().rev();
    let long = figures.take_while(|b| b.is_ascii_digit()).count();
    let month = digits(line, year_ends + 1, 2).filter(|month| (1..=12).contains(month))?;
    let day = digits(line, year_ends + 4, 2).filter(|day| (1..=31).contains(day))?;
    // PostgreSQL's calendar ends in the year 294276.
    if !(4..=6).contains(&long) {
        return None;
    }
    let start = year_ends - long;
    Some((start, digits(line, start, long)?, month, day))
}

fn digits(line: &[u8], at: usize, count: usize) -> Option<i64> {
    let figures = line.get(at..at + count)?;
    let all = figures.iter().all(u8::is_ascii_digit);
    all.then(|| {
        figures
            .iter()
            .fold(0, |value, b| value * 10 + i64::from(b - b'0'))
    })
}

/// Days since 1970-01-01 in the Gregorian calendar, which PostgreSQL uses for all times; the year 0 is 1 BC.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

impl Instant<'_> {
    /// Writes it as a session in UTC would.
    fn write(&self, out: &mut Vec<u8>) {
        let seconds = self.days * 86_400 + self.seconds - self.offset;
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let clock = seconds.rem_euclid(86_400);
        let (hours, minutes, seconds) = (clock / 3600, clock / 60 % 60, clock % 60);
        let (shown, era) = if year < 1 {
            (1 - year, " BC")
        } else {
            (year, "")
        };
        // Writing into memory cannot fail.
        let _ = write!(
            out,
            "{shown:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}"
        );
        out.extend_from_slice(self.fraction);
        let _ = write!(out, "+00{era}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(line: &str) -> String {
        let mut scratch = Vec::new();
        String::from_utf8(in_utc(line.as_bytes(), &mut scratch).to_vec()).unwrap()
    }

    #[test]
    fn instants_of_every_zone_come_out_in_utc() {
        for (from, to) in [
            ("2026-11-23 09:00:00+09", "2026-11-23 00:00:00+00"),
            (
                "2026-03-08 01:59:59.123456-05",
                "2026-03-08 06:59:59.123456+00",
            ),
            ("2026-03-08 03:00:00-04", "2026-03-08 07:00:00+00"),
            ("2026-11-23 05:45:00+05:45", "2026-11-23 00:00:00+00"),
            ("1880-01-01 09:18:59+09:18:59", "1880-01-01 00:00:00+00"),
            ("0001-01-01 05:00:00+09 ", "0001-12-31 20:00:00+00 BC "),
            (
                "0044-03-15 12:00:00+09:18:59 BC",
                "0044-03-15 02:41:01+00 BC",
            ),
            ("0001-12-31 23:00:00-05 BC", "0001-01-01 04:00:00+00"),
            ("294276-12-31 23:59:59.9+09", "294276-12-31 14:59:59.9+00"),
            ("2024-02-28 23:00:00-05", "2024-02-29 04:00:00+00"),
        ] {
            assert_eq!(utc(from), to);
        }
    }

    #[test]
    fn they_are_found_among_other_columns_in_arrays_and_in_ranges() {
        assert_eq!(
            utc("7\t{\"2026-01-01 09:00:00+09\",NULL,infinity}\t[\"2026-01-01 09:00:00+09\",)\tx"),
            "7\t{\"2026-01-01 00:00:00+00\",NULL,infinity}\t[\"2026-01-01 00:00:00+00\",)\tx"
        );
    }

    #[test]
    fn what_is_no_instant_stays_as_it_is() {
        for line in [
            "2026-11-23 09:00:00",
            "09:00:00+09",
            "2026-13-23 09:00:00+09",
            "::::::",
            "a: 10:20:30+40",
            "1-01-01 00:00:00+09",
            "12:34",
            "2026-11-23 09:00:00+0",
            "2026-11-23 09:00:00+00",
        ] {
            assert_eq!(utc(line), line);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(line in prop::collection::vec(any::<u8>(), 0..60), odd in "[0-9: +.BC-]{0,60}") {
            let mut scratch = Vec::new();
            let _ = in_utc(&line, &mut scratch);
            let once = utc(&odd);
            prop_assert_eq!(utc(&once), once);
        }

        #[test]
        fn days_and_dates_are_each_others_inverse(day in -2_000_000_i64..108_000_000) {
            let (year, month, of_month) = civil(day);
            prop_assert_eq!(days(year, month, of_month), day);
        }
    }
}
