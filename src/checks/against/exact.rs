//! Distances between decimals of any length, without rounding.

use std::cmp::Ordering;

use crate::plan::{Number, compare};

/// Whether two decimals are no further apart than allowed; a share is one of `whole`. `None` where one of them is no
/// finite number.
pub(super) fn within(one: &str, other: &str, allowed: &Number, whole: &str) -> Option<bool> {
    compare(one, other)?;
    compare(whole, "0")?;
    let limit = allowed.decimal();
    if !matches!(allowed, Number::Percent(_)) {
        return Some(compare(&apart(one, other), &limit)? != Ordering::Greater);
    }
    let scale = [one, other, whole].map(places).into_iter().max()?;
    let distance = distance(&Digits::of(one, scale), &Digits::of(other, scale));
    // distance / whole <= limit / 100: both sides times 10 for each place of the limit, and for the hundred.
    let left = shifted(distance, places(&limit) + 2);
    let limit = Digits::of(&limit, places(&limit)).digits;
    let right = product(&Digits::of(whole, scale).digits, &limit);
    Some(order(&left, &right) != Ordering::Greater)
}

/// How far apart two decimals are, as an exact decimal where both are finite.
pub(super) fn apart(one: &str, other: &str) -> String {
    if compare(one, other).is_none() {
        return f64::INFINITY.to_string();
    }
    let scale = places(one).max(places(other));
    let mut digits = distance(&Digits::of(one, scale), &Digits::of(other, scale));
    digits.resize(digits.len().max(scale + 1), 0);
    let letter = |digit: &u8| char::from(b'0' + digit);
    let whole: String = digits[scale..].iter().rev().map(letter).collect();
    let fraction: String = digits[..scale].iter().rev().map(letter).collect();
    super::super::judge::tidy(&format!("{whole}.{fraction}"))
}

/// How far apart two decimals are, in percent of the whole: for people.
pub(super) fn share(one: &str, other: &str, whole: &str) -> Option<f64> {
    let whole = whole.parse::<f64>().ok()?.abs();
    let distance = apart(one, other).parse::<f64>().ok()?;
    (whole > 0.0).then_some(distance * 100.0 / whole)
}

/// How many digits stand behind the point.
fn places(text: &str) -> usize {
    text.trim()
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len())
}

/// A decimal times a power of ten that leaves no fraction: its digits, the last one first and no zero at the other end.
struct Digits {
    negative: bool,
    digits: Vec<u8>,
}

impl Digits {
    fn of(text: &str, scale: usize) -> Self {
        let written = text.bytes().rev().filter(u8::is_ascii_digit);
        let mut digits = vec![0; scale.saturating_sub(places(text))];
        digits.extend(written.map(|digit| digit - b'0'));
        Self {
            negative: text.trim_start().starts_with('-'),
            digits: trimmed(digits),
        }
    }
}

fn trimmed(mut digits: Vec<u8>) -> Vec<u8> {
    let used = digits.iter().rposition(|digit| *digit != 0);
    digits.truncate(used.map_or(0, |last| last + 1));
    digits
}

fn order(one: &[u8], other: &[u8]) -> Ordering {
    let lengths = one.len().cmp(&other.len());
    lengths.then_with(|| one.iter().rev().cmp(other.iter().rev()))
}

fn distance(one: &Digits, other: &Digits) -> Vec<u8> {
    let (one, more) = match order(&one.digits, &other.digits) {
        Ordering::Greater => (other, one),
        _ => (one, other),
    };
    let mut less = one.digits.iter();
    let mut carry = 0_i8;
    let mut digits = Vec::with_capacity(more.digits.len() + 1);
    for digit in &more.digits {
        let (digit, by) = (
            digit.cast_signed(),
            less.next().map_or(0, |by| by.cast_signed()),
        );
        let sum = if one.negative == more.negative {
            digit - by + carry
        } else {
            digit + by + carry
        };
        carry = sum.div_euclid(10);
        digits.push(sum.rem_euclid(10).cast_unsigned());
    }
    // The larger one is taken from: nothing is left to carry but what a sum carried.
    digits.push(carry.cast_unsigned());
    trimmed(digits)
}

/// Times so many tens.
fn shifted(digits: Vec<u8>, tens: usize) -> Vec<u8> {
    let mut shifted = vec![0; tens];
    shifted.extend(digits);
    trimmed(shifted)
}

fn product(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut sums = vec![0_u64; one.len() + other.len()];
    for (at, digit) in one.iter().enumerate() {
        for (by, other) in other.iter().enumerate() {
            sums[at + by] += u64::from(digit * other);
        }
    }
    let mut carry = 0;
    let mut digits = Vec::with_capacity(sums.len());
    for sum in sums {
        let sum = sum + carry;
        digits.push(u8::try_from(sum % 10).unwrap_or_default());
        carry = sum / 10;
    }
    trimmed(digits)
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
    fn numbers_of_any_length_are_compared_exactly() {
        let (one, more) = (
            "1234567890123456789012345678901234567891",
            "1234567890123456789012345678901234568891",
        );
        assert_eq!(holds(one, more, "0", more), Some(false));
        assert_eq!(holds(one, more, "0%", more), Some(false));
        assert_eq!(holds(one, more, "999", more), Some(false));
        assert_eq!(holds(one, more, "1000", more), Some(true));
        assert_eq!(holds(more, one, "1000", one), Some(true));
        assert_eq!(apart(one, more), "1000");
        assert_eq!(
            apart(one, &format!("-{one}")),
            "2469135780246913578024691357802469135782"
        );
        let long = format!("1{}", "0".repeat(45));
        assert_eq!(holds(&long, "5", "10%", &long), Some(false));
        assert_eq!(holds(&long, "5", "100%", &long), Some(true));
        assert_eq!(holds(&long, "-1", "100%", &long), Some(false));
        let tenth = format!("9{}", "0".repeat(44));
        assert_eq!(holds(&tenth, &long, "10%", &long), Some(true));
        assert_eq!(
            holds(&format!("{tenth}.1"), &long, "10%", &long),
            Some(true)
        );
        assert_eq!(
            holds(&tenth, &format!("{long}.1"), "10%", &long),
            Some(false)
        );
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
