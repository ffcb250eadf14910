//! Numbers as people write them in a plan: exact decimals, shares, sizes and durations.

use std::{cmp::Ordering, fmt, str::FromStr};

use crate::units::{Age, Bytes, Percent};

/// A number with the unit that it was written with.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// An exact decimal, in PostgreSQL's plain notation: an optional sign, digits, and perhaps a fraction.
    Decimal(String),
    /// A share: `1%`.
    Percent(Percent),
    /// A size: `100MB`.
    Bytes(Bytes),
    /// A duration: `48h`.
    Age(Age),
}

impl Number {
    /// As an exact decimal: a size in bytes, a duration in seconds, a share in percent.
    #[must_use]
    pub fn decimal(&self) -> String {
        match self {
            Self::Decimal(text) => text.clone(),
            Self::Percent(share) => share.0.to_string(),
            Self::Bytes(size) => size.0.to_string(),
            Self::Age(age) => age.0.as_secs_f64().to_string(),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal(text) => out.write_str(text),
            Self::Percent(share) => share.fmt(out),
            Self::Bytes(size) => size.fmt(out),
            Self::Age(age) => age.fmt(out),
        }
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let plain = text.replace('_', "");
        if is_decimal(&plain) {
            return Ok(Self::Decimal(plain));
        }
        // A lone letter is no size: 5m are minutes, and 5M may be anything.
        let number = match text.chars().next_back() {
            Some('%') => text.parse().map(Self::Percent),
            Some('B' | 'b') => text.parse().map(Self::Bytes),
            Some('M') | None => Err(String::new()),
            Some(_) => text.parse().map(Self::Age),
        };
        let help = "write a number, a share (1%), a size (100MB) or a duration (48h)";
        number.map_err(|_| help.to_owned())
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

/// Compares two exact decimals of any length; `None` where one of them is none (such as `NaN`).
#[must_use]
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left_negative, left) = parts(left)?;
    let (right_negative, right) = parts(right)?;
    let zero = |(whole, fraction): &(&str, &str)| whole.is_empty() && fraction.is_empty();
    if zero(&left) && zero(&right) {
        return Some(Ordering::Equal);
    }
    let magnitude = || {
        (left.0.len().cmp(&right.0.len()))
            .then_with(|| left.0.cmp(right.0))
            .then_with(|| left.1.cmp(right.1))
    };
    Some(
        match (
            left_negative && !zero(&left),
            right_negative && !zero(&right),
        ) {
            (false, false) => magnitude(),
            (true, true) => magnitude().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        },
    )
}

/// Sign, whole part without leading zeros, fraction without trailing ones.
fn parts(text: &str) -> Option<(bool, (&str, &str))> {
    let text = text.trim();
    is_decimal(text).then_some(())?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let parts = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    Some((text.starts_with('-'), parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_any_length_compare_exactly() {
        let more = [
            ("9007199254740993", "9007199254740992"),
            ("0.10", "0.09"),
            ("-1", "-2"),
            ("0", "-0.5"),
            ("10", "9"),
        ];
        for (more, less) in more {
            assert_eq!(
                compare(more, less),
                Some(Ordering::Greater),
                "{more} {less}"
            );
            assert_eq!(compare(less, more), Some(Ordering::Less), "{more} {less}");
        }
        assert_eq!(compare("-0.0", "0"), Some(Ordering::Equal));
        assert_eq!(compare("007", "7.000"), Some(Ordering::Equal));
        assert_eq!(compare("NaN", "0"), None);
    }

    #[test]
    fn numbers_are_read_with_the_units_that_people_write() {
        assert_eq!("5_000_000".parse(), Ok(Number::Decimal("5000000".into())));
        assert_eq!("1%".parse(), Ok(Number::Percent(Percent(1.0))));
        assert_eq!("100MB".parse(), Ok(Number::Bytes(Bytes(100_000_000))));
        assert_eq!("48h".parse(), Ok(Number::Age(Age::from_secs(172_800))));
        assert_eq!("5m".parse(), Ok(Number::Age(Age::from_secs(300))));
        for wrong in ["many", "5M", "", "1e3", "0x10"] {
            assert!(wrong.parse::<Number>().is_err(), "{wrong}");
        }
    }
}
