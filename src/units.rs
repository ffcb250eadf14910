//! Quantities with their units, and secrets that do not print.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    time::Duration,
};

/// A size in bytes, printed in powers of 1000 as storage is billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // bytesize prints powers of 1024 unless told otherwise: 50GB would read 46.6 GiB.
        out.pad(&bytesize::ByteSize(self.0).display().si().to_string())
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare_number = text.trim().bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match text.trim().parse::<bytesize::ByteSize>() {
            Ok(size) if !bare_number => Ok(Self(size.as_u64())),
            _ => Err("write a size with its unit, such as 100MB, 50GB or 1GiB".to_owned()),
        }
    }
}

/// Bytes in hexadecimal, two lower-case digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How old something is, or how long something took: printed in the two largest units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age(pub Duration);

impl Age {
    /// From seconds; what is negative is no age.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many seconds in words; what is still to come has a minus sign.
    #[must_use]
    pub fn signed(seconds: i64) -> String {
        let sign = if seconds < 0 { "-" } else { "" };
        format!("{sign}{}", Self::from_secs(seconds.unsigned_abs()))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
        let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
        let text = match (days, hours, minutes) {
            (0, 0, 0) if seconds == 0 => format!("{} ms", self.0.as_millis()),
            (0, 0, 0) => format!("{rest} s"),
            (0, 0, _) => format!("{minutes} min {rest} s"),
            (0, _, _) => format!("{hours} h {minutes} min"),
            (1..=2, _, _) => format!("{} h", seconds / 3_600),
            _ => format!("{days} days"),
        };
        out.pad(&text)
    }
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A lone M would be months: 5m are minutes, and 5M may be anything.
        let read = humantime::parse_duration(text.trim()).ok();
        read.filter(|_| !text.contains('M'))
            .map(Self)
            .ok_or_else(|| "write a duration with its unit, such as 30s, 5m, 48h or 2d".to_owned())
    }
}

/// A share of a hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl fmt::Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("{} %", self.0))
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text
            .trim()
            .strip_suffix('%')
            .map(|n| n.trim().parse::<f64>());
        match number {
            Some(Ok(share)) if share.is_finite() && share >= 0.0 => Ok(Self(share)),
            _ => Err("write a share with its sign, such as 50%".to_owned()),
        }
    }
}

/// An amount of US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Usd(pub f64);

impl fmt::Display for Usd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("{:.2} USD", self.0))
    }
}

impl FromStr for Usd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text
            .trim()
            .strip_suffix("USD")
            .map(|n| n.trim().parse::<f64>());
        match number {
            Some(Ok(amount)) if amount.is_finite() && amount >= 0.0 => Ok(Self(amount)),
            _ => Err("write an amount with its currency, such as 10 USD".to_owned()),
        }
    }
}

/// Text that must not be printed: it shows as `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed_in_powers_of_1000() {
        assert_eq!("50GB".parse(), Ok(Bytes(50_000_000_000)));
        assert_eq!("1GiB".parse(), Ok(Bytes(1 << 30)));
        assert_eq!(Bytes(50_000_000_000).to_string(), "50.0 GB");
        assert!("50".parse::<Bytes>().is_err());
    }

    #[test]
    fn ages_are_read_with_a_unit_only() {
        assert_eq!("48h".parse(), Ok(Age::from_secs(172_800)));
        assert_eq!("2d".parse(), Ok(Age::from_secs(172_800)));
        for wrong in ["48", "5M", "1y 2M"] {
            assert!(wrong.parse::<Age>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ages_print_in_units_that_people_use() {
        let shown = |seconds| Age::from_secs(seconds).to_string();
        assert_eq!(shown(41), "41 s");
        assert_eq!(shown(61), "1 min 1 s");
        assert_eq!(shown(73 * 3_600), "3 days");
        assert_eq!(shown(49 * 3_600), "49 h");
    }

    #[test]
    fn money_and_shares_need_their_unit() {
        assert_eq!("10 USD".parse(), Ok(Usd(10.0)));
        assert!("10".parse::<Usd>().is_err());
        assert_eq!("50%".parse(), Ok(Percent(50.0)));
        assert!("50".parse::<Percent>().is_err());
        assert!("-1%".parse::<Percent>().is_err());
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }
}
