//! Distances between decimals, without rounding as far as 38 digits go.

use std::cmp::Ordering;

use crate::plan::{Number, compare};

/// Whether two decimals are no further apart than allowed; a share is one of `whole`. `None` where one of them is no
/// finite number.
pub(super) fn within(one: &str, other: &str, allowed: &Number, whole: &str) -> Option<bool> {
    if compare(one, other)? == Ordering::Equal {
        return Some(true);
    }
    exactly(one, other, allowed, whole).or_else(|| roughly(one, other, allowed, whole))
}

/// In whole numbers; `None` where they would need more than 38 digits.
fn exactly(one: &str, other: &str, allowed: &Number, whole: &str) -> Option<bool> {
    let limit = allowed.decimal();
    let scale = [one, other, whole, &limit].into_iter().map(digits).max()?;
    let scaled = |text| scaled(text, scale);
    let distance = scaled(one)?.checked_sub(scaled(other)?)?.checked_abs()?;
    if !matches!(allowed, Number::Percent(_)) {
        return Some(distance <= scaled(&limit)?);
    }
    // distance / whole <= limit / 100, and the limit is scaled by 10^scale.
    let left = distance
        .checked_mul(100)?
        .checked_mul(10_i128.checked_pow(scale)?)?;
    Some(left <= scaled(whole)?.checked_abs()?.checked_mul(scaled(&limit)?)?)
}

fn roughly(one: &str, other: &str, allowed: &Number, whole: &str) -> Option<bool> {
    let limit: f64 = allowed.decimal().parse().ok()?;
    let distance = distance(one, other)?;
    Some(match allowed {
        Number::Percent(_) => distance * 100.0 <= whole.parse::<f64>().ok()?.abs() * limit,
        _ => distance <= limit,
    })
}

/// How far apart two decimals are, for people.
fn distance(one: &str, other: &str) -> Option<f64> {
    Some((one.parse::<f64>().ok()? - other.parse::<f64>().ok()?).abs())
}

/// How far apart two decimals are, as an exact decimal where 38 digits suffice.
pub(super) fn apart(one: &str, other: &str) -> String {
    let scale = digits(one).max(digits(other));
    let exact = || -> Option<String> {
        let whole = scaled(one, scale)?
            .checked_sub(scaled(other, scale)?)?
            .checked_abs()?
            .to_string();
        let places = usize::try_from(scale).ok()?;
        let padded = format!("{whole:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        Some(super::super::judge::tidy(&format!("{whole}.{fraction}")))
    };
    exact().unwrap_or_else(|| distance(one, other).unwrap_or(f64::INFINITY).to_string())
}

/// How far apart two decimals are, in percent of the whole.
pub(super) fn share(one: &str, other: &str, whole: &str) -> Option<f64> {
    let whole = whole.parse::<f64>().ok()?.abs();
    (whole > 0.0).then(|| distance(one, other).map(|distance| distance * 100.0 / whole))?
}

/// How many digits stand behind the point.
fn digits(text: &str) -> u32 {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    u32::try_from(fraction.len()).unwrap_or(u32::MAX)
}

/// A decimal times 10^scale, which must leave no fraction.
fn scaled(text: &str, scale: u32) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let missing = usize::try_from(scale).ok()?.checked_sub(fraction.len())?;
    // More digits than this do not fit anyway.
    (missing <= 38).then_some(())?;
    format!("{whole}{fraction}{}", "0".repeat(missing))
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(one: &str, other: &str, allowed: &str, whole: &str) -> Option<bool> {
        within(one, other, &allowed.parse().unwrap(), whole)
    }

    #[test]
    fn exactly_the_limit_is_within_it() {
        assert_eq!(holds("1000", "900", "10%", "1000"), Some(true));
        assert_eq!(holds("1000", "899", "10%", "1000"), Some(false));
        assert_eq!(holds("0.3", "0.27", "10%", "0.3"), Some(true));
        assert_eq!(holds("1000", "995", "0.5%", "1000"), Some(true));
        assert_eq!(holds("1000", "994.9", "0.5%", "1000"), Some(false));
        assert_eq!(holds("-10", "-11", "10%", "-10"), Some(true));
        assert_eq!(holds("5", "3", "2", "5"), Some(true));
        assert_eq!(holds("5", "2.999", "2", "5"), Some(false));
    }

    #[test]
    fn one_beyond_2_to_the_53_is_seen() {
        let (one, other) = ("9007199254740993", "9007199254740992");
        assert_eq!(holds(one, other, "0", one), Some(false));
        assert_eq!(holds(one, other, "0%", one), Some(false));
        assert_eq!(holds(one, one, "0", one), Some(true));
        assert_eq!(apart(one, other), "1");
    }

    #[test]
    fn numbers_that_are_too_long_are_compared_roughly() {
        let long = format!("1{}", "0".repeat(45));
        assert_eq!(holds(&long, "5", "10%", &long), Some(false));
        assert_eq!(holds(&long, "5", "100%", &long), Some(true));
    }

    #[test]
    fn what_is_no_number_has_no_distance() {
        assert_eq!(holds("NaN", "1", "10%", "1"), None);
        assert_eq!(share("5", "4", "0"), None);
    }

    #[test]
    fn distances_are_told_without_rounding() {
        assert_eq!(apart("0.30", "0.27"), "0.03");
        assert_eq!(apart("-5", "5"), "10");
    }
}
