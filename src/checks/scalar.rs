//! One value of any type, as far as it can be compared: number, truth, text, or duration.

use std::error::Error;

use jiff::{Timestamp, civil::Date};
use tokio_postgres::types::{FromSql, Kind, Type};

use super::numeric;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    /// NULL.
    Null,
    /// An exact decimal, in plain notation.
    Number(String),
    /// A truth value.
    Truth(bool),
    /// A text, or what PostgreSQL would print.
    Text(String),
    /// A duration in seconds, as an exact decimal.
    Seconds(String),
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
            // A float's shortest text, which Rust writes without an exponent.
            Type::FLOAT4 => Self::Number(f32::from_sql(kind, raw)?.to_string()),
            Type::FLOAT8 => Self::Number(f64::from_sql(kind, raw)?.to_string()),
            Type::NUMERIC => numeric::text(raw).map_or_else(|| other(kind), Self::Number),
            Type::BOOL => Self::Truth(bool::from_sql(kind, raw)?),
            Type::INTERVAL => seconds(raw).map_or_else(|| other(kind), Self::Seconds),
            Type::DATE => date(raw).map_or_else(|| other(kind), Self::Text),
            Type::TIMESTAMP => instant(raw, "").map_or_else(|| other(kind), Self::Text),
            Type::TIMESTAMPTZ => instant(raw, "+00").map_or_else(|| other(kind), Self::Text),
            Type::UUID => uuid(raw).map_or_else(|| other(kind), Self::Text),
            Type::JSONB => utf8(raw.get(1..)).map_or_else(|| other(kind), Self::Text),
            _ if is_text(kind) => utf8(Some(raw)).map_or_else(|| other(kind), Self::Text),
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

fn utf8(raw: Option<&[u8]>) -> Option<String> {
    String::from_utf8(raw?.to_vec()).ok()
}

/// Days from 1970-01-01 to PostgreSQL's own beginning, 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;

fn date(raw: &[u8]) -> Option<String> {
    let days = i32::from_be_bytes(raw.try_into().ok()?);
    let start = Date::constant(2000, 1, 1);
    let date = start.checked_add(jiff::Span::new().try_days(days).ok()?);
    Some(date.ok()?.to_string())
}

/// `2026-11-23 08:05:00.25`, as PostgreSQL prints it in UTC.
fn instant(raw: &[u8], zone: &str) -> Option<String> {
    let micros = i64::from_be_bytes(raw.try_into().ok()?);
    let since_1970 = micros.checked_add(EPOCH_DAYS * 86_400_000_000)?;
    let instant = Timestamp::from_microsecond(since_1970).ok()?;
    let fraction = since_1970.rem_euclid(1_000_000);
    let mut text = instant.strftime("%Y-%m-%d %H:%M:%S").to_string();
    if fraction != 0 {
        text += format!(".{fraction:06}").trim_end_matches('0');
    }
    Some(text + zone)
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
    fn floats_have_no_exponent() {
        let raw = 1e20_f64.to_be_bytes();
        assert_eq!(
            decoded(&Type::FLOAT8, &raw),
            Scalar::Number("100000000000000000000".into())
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
