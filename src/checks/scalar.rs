//! One value of any type, as far as it can be compared: number, truth, text, or duration.

use std::{
    error::Error,
    fmt::{Display, LowerExp},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio_postgres::types::{FromSql, Kind, Type};

use super::numeric;

/// More of a text than this is not kept: a row may hold a gigabyte.
const LARGEST: usize = 1_048_576;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    /// NULL.
    Null,
    /// An exact decimal as PostgreSQL prints it: only a float has an exponent.
    Number(String),
    /// A truth value.
    Truth(bool),
    /// A text, or what PostgreSQL would print.
    Text(String),
    /// A duration in seconds, as an exact decimal.
    Seconds(String),
    /// A text of more than 1 MiB, which is not kept.
    TooLarge,
    /// A value of this type, which cannot be compared.
    Other(String),
}

impl<'a> FromSql<'a> for Scalar {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        if let Kind::Domain(base) = kind.kind() {
            return Self::from_sql(base, raw);
        }
        let decoded = match *kind {
            Type::INT2 => Self::Number(i16::from_sql(kind, raw)?.to_string()),
            Type::INT4 => Self::Number(i32::from_sql(kind, raw)?.to_string()),
            Type::INT8 => Self::Number(i64::from_sql(kind, raw)?.to_string()),
            Type::OID => Self::Number(u32::from_sql(kind, raw)?.to_string()),
            Type::FLOAT4 => Self::Number(float(f32::from_sql(kind, raw)?, 6)),
            Type::FLOAT8 => Self::Number(float(f64::from_sql(kind, raw)?, 15)),
            Type::NUMERIC => numeric::text(raw).map_or_else(|| other(kind), Self::Number),
            Type::BOOL => Self::Truth(bool::from_sql(kind, raw)?),
            Type::INTERVAL => seconds(raw).map_or_else(|| other(kind), Self::Seconds),
            Type::DATE => date(raw).map_or_else(|| other(kind), Self::Text),
            Type::TIMESTAMP => instant(raw, "").map_or_else(|| other(kind), Self::Text),
            Type::TIMESTAMPTZ => instant(raw, "+00").map_or_else(|| other(kind), Self::Text),
            Type::UUID => uuid(raw).map_or_else(|| other(kind), Self::Text),
            Type::JSONB => raw
                .get(1..)
                .map_or_else(|| other(kind), |raw| text(kind, raw)),
            _ if is_text(kind) => text(kind, raw),
            _ => other(kind),
        };
        Ok(decoded)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn other(kind: &Type) -> Scalar {
    Scalar::Other(kind.name().to_owned())
}

/// Types whose binary form is their text.
fn is_text(kind: &Type) -> bool {
    let own = [
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::UNKNOWN,
        Type::JSON,
        Type::XML,
    ];
    own.contains(kind) || kind.name() == "citext" || matches!(kind.kind(), Kind::Enum(_))
}

fn text(kind: &Type, raw: &[u8]) -> Scalar {
    if raw.len() > LARGEST {
        return Scalar::TooLarge;
    }
    let text = std::str::from_utf8(raw);
    text.map_or_else(|_| other(kind), |text| Scalar::Text(text.to_owned()))
}

/// Days from 1970-01-01 to PostgreSQL's own beginning, 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;

/// The shortest text that reads as this float again, with an exponent from this many digits on.
fn float<F: Display + LowerExp>(number: F, digits: i32) -> String {
    let (plain, with_exponent) = (number.to_string(), format!("{number:e}"));
    match plain.as_str() {
        "inf" => return "Infinity".to_owned(),
        "-inf" => return "-Infinity".to_owned(),
        _ => {}
    }
    let parts = with_exponent.split_once('e');
    let parts = parts.and_then(|(m, exponent)| Some((m, exponent.parse::<i32>().ok()?)));
    match parts {
        Some((mantissa, exponent)) if exponent < -4 || exponent >= digits => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => plain,
    }
}

fn date(raw: &[u8]) -> Option<String> {
    let days = i32::from_be_bytes(raw.try_into().ok()?);
    let start = Date::constant(2000, 1, 1);
    let date = start.checked_add(jiff::Span::new().try_days(days).ok()?);
    let (day, era) = day(date.ok()?);
    Some(day + era)
}

/// A day in the year that people count, and what stands behind it: before year 1 comes 1 BC.
fn day(date: Date) -> (String, &'static str) {
    let (year, era) = match date.year() {
        year @ 1.. => (year, ""),
        year => (1 - year, " BC"),
    };
    (
        format!("{year:04}-{:02}-{:02}", date.month(), date.day()),
        era,
    )
}

/// `2026-11-23 08:05:00.25`, as PostgreSQL prints it in UTC.
fn instant(raw: &[u8], zone: &str) -> Option<String> {
    let micros = i64::from_be_bytes(raw.try_into().ok()?);
    let since_1970 = micros.checked_add(EPOCH_DAYS * 86_400_000_000)?;
    let instant = Timestamp::from_microsecond(since_1970).ok()?;
    let fraction = since_1970.rem_euclid(1_000_000);
    let (mut text, era) = day(TimeZone::UTC.to_datetime(instant).date());
    text += &instant.strftime(" %H:%M:%S").to_string();
    if fraction != 0 {
        text += format!(".{fraction:06}").trim_end_matches('0');
    }
    Some(text + zone + era)
}

/// An interval in seconds as `extract(epoch …)` counts them: 365.25 days a year, 30 days a month.
fn seconds(raw: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(raw.get(..8)?.try_into().ok()?);
    let days = i32::from_be_bytes(raw.get(8..12)?.try_into().ok()?);
    let months = i32::from_be_bytes(raw.get(12..16)?.try_into().ok()?);
    let whole_days = i128::from(months % 12) * 30 + i128::from(days);
    let total = i128::from(months / 12) * 31_557_600_000_000
        + whole_days * 86_400_000_000
        + i128::from(micros);
    let sign = if total < 0 { "-" } else { "" };
    let (whole, fraction) = (
        total.unsigned_abs() / 1_000_000,
        total.unsigned_abs() % 1_000_000,
    );
    Some(format!("{sign}{whole}.{fraction:06}"))
}

fn uuid(raw: &[u8]) -> Option<String> {
    let number = u128::from_be_bytes(raw.try_into().ok()?);
    let hex = format!("{number:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(kind: &Type, raw: &[u8]) -> Scalar {
        Scalar::from_sql(kind, raw).unwrap()
    }

    #[test]
    fn times_read_as_postgresql_prints_them() {
        let text = |text: &str| Scalar::Text(text.to_owned());
        let micros = 250_000_i64.to_be_bytes();
        assert_eq!(
            decoded(&Type::TIMESTAMPTZ, &micros),
            text("2000-01-01 00:00:00.25+00")
        );
        assert_eq!(
            decoded(&Type::TIMESTAMP, &(-1_000_000_i64).to_be_bytes()),
            text("1999-12-31 23:59:59")
        );
        assert_eq!(
            decoded(&Type::DATE, &(-1_i32).to_be_bytes()),
            text("1999-12-31")
        );
        let infinity = i64::MAX.to_be_bytes();
        assert_eq!(
            decoded(&Type::TIMESTAMPTZ, &infinity),
            Scalar::Other("timestamptz".into())
        );
    }

    #[test]
    fn of_a_text_no_more_than_a_mebibyte_is_kept() {
        let mut raw = vec![b'x'; LARGEST];
        let kept = decoded(&Type::TEXT, &raw);
        assert!(matches!(kept, Scalar::Text(text) if text.len() == LARGEST));
        raw.push(b'x');
        assert_eq!(decoded(&Type::TEXT, &raw), Scalar::TooLarge);
        // The first byte of a jsonb is its version.
        let json = decoded(&Type::JSONB, &raw);
        assert!(matches!(json, Scalar::Text(text) if text.len() == LARGEST));
    }

    #[test]
    fn an_interval_is_seconds() {
        let mut raw = 1_500_000_i64.to_be_bytes().to_vec();
        raw.extend(2_i32.to_be_bytes());
        raw.extend(13_i32.to_be_bytes());
        let seconds = 1 + 2 * 86_400 + 30 * 86_400 + 31_557_600;
        assert_eq!(
            decoded(&Type::INTERVAL, &raw),
            Scalar::Seconds(format!("{seconds}.500000"))
        );
    }

    #[test]
    fn floats_read_as_postgresql_prints_them() {
        let long = [
            (1e20, "1e+20"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e-7, "1e-07"),
            (-1.5e-300, "-1.5e-300"),
            (0.0001, "0.0001"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ];
        for (number, text) in long {
            let found = decoded(&Type::FLOAT8, &f64::to_be_bytes(number));
            assert_eq!(found, Scalar::Number(text.into()));
        }
        for (number, text) in [
            (1e6, "1e+06"),
            (123_456.0, "123456"),
            (0.1, "0.1"),
            (1.5e-5, "1.5e-05"),
        ] {
            let found = decoded(&Type::FLOAT4, &f32::to_be_bytes(number));
            assert_eq!(found, Scalar::Number(text.into()));
        }
    }

    #[test]
    fn years_before_the_first_read_as_postgresql_prints_them() {
        // 0044-03-15 BC is -43-03-15: so many days before 2000-01-01.
        let days = -746_117_i32;
        let text = |text: &str| Scalar::Text(text.to_owned());
        let micros = (i64::from(days) * 86_400_000_000).to_be_bytes();
        assert_eq!(
            decoded(&Type::DATE, &days.to_be_bytes()),
            text("0044-03-15 BC")
        );
        assert_eq!(
            decoded(&Type::TIMESTAMP, &micros),
            text("0044-03-15 00:00:00 BC")
        );
        assert_eq!(
            decoded(&Type::TIMESTAMPTZ, &micros),
            text("0044-03-15 00:00:00+00 BC")
        );
    }

    #[test]
    fn a_type_that_cannot_be_compared_says_so() {
        assert_eq!(decoded(&Type::BYTEA, b"x"), Scalar::Other("bytea".into()));
        assert_eq!(
            decoded(&Type::UUID, &[0xAB; 16]),
            Scalar::Text("abababab-abab-abab-abab-abababababab".into())
        );
    }
}
