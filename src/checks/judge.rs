//! Figures against limits: pure, exact, without the database.

use std::cmp::Ordering;

use serde_json::Value;

use super::question::{Judged, Standing};
use crate::{
    plan::{Bounds, Limit, Number, compare},
    units::{Age, Bytes, Percent},
};

/// A figure that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// As an exact decimal.
    decimal: String,
    /// The whole that it is a part of, where it is one.
    whole: Option<u64>,
}

impl Figure {
    /// An exact decimal.
    pub(super) fn new(decimal: impl Into<String>) -> Self {
        Self {
            decimal: tidy(&decimal.into()),
            whole: None,
        }
    }

    /// So many of a whole: limits may be shares.
    pub(super) fn part(count: u64, whole: u64) -> Self {
        Self {
            decimal: count.to_string(),
            whole: Some(whole),
        }
    }

    /// In percent of the whole. Both counts are exact below 2^53, so a share on the limit is on the limit.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 rows")]
    fn share(&self) -> Option<f64> {
        let whole = self.whole.filter(|whole| *whole > 0)?;
        let count: u64 = self.decimal.parse().ok()?;
        Some((count as f64 * 100.0) / whole as f64)
    }

    fn against(&self, limit: &Number) -> Option<Ordering> {
        match limit {
            Number::Percent(Percent(percent)) => self.share()?.partial_cmp(percent),
            _ => compare(&self.decimal, &limit.decimal()),
        }
    }

    /// In the unit of the limit that it is compared with.
    fn shown(&self, limit: &Number) -> String {
        let (rough, exact) = match limit {
            Number::Decimal(_) => return self.decimal.clone(),
            Number::Percent(_) => {
                let share = self.share().unwrap_or_default();
                let rough = (share * 1_000.0).round() / 1_000.0;
                (Percent(rough).to_string(), Percent(share).to_string())
            }
            Number::Bytes(_) => {
                let size = self.decimal.parse().map(|size| Bytes(size).to_string());
                let exact = format!("{} bytes", self.decimal);
                (size.unwrap_or_else(|_| exact.clone()), exact)
            }
            Number::Age(_) => {
                let whole = self.decimal.split('.').next().unwrap_or_default();
                let age = whole.parse().map(|age| Age::from_secs(age).to_string());
                let exact = format!("{} s", self.decimal);
                (age.unwrap_or_else(|_| exact.clone()), exact)
            }
        };
        if rough == limit.to_string() {
            exact
        } else {
            rough
        }
    }
}

/// Says how a figure stands to hard and soft bounds.
pub(super) fn figure(figure: &Figure, hard: &Bounds, soft: &Bounds) -> Judged {
    let judged = match first_breach(figure, hard) {
        Ok(None) => match first_breach(figure, soft) {
            Ok(None) => Judged::held(),
            Ok(Some(message)) => Judged::new(Standing::Soft).saying(message),
            Err(judged) => judged,
        },
        Ok(Some(message)) => Judged::hard(message),
        Err(judged) => judged,
    };
    judged.value(json(&figure.decimal))
}

fn first_breach(figure: &Figure, bounds: &Bounds) -> Result<Option<String>, Judged> {
    let limits = [
        ("at least", &bounds.min, Ordering::Less),
        ("at most", &bounds.max, Ordering::Greater),
    ];
    for (words, limit, breach) in limits {
        if let Some(limit) = limit
            && order(figure, limit)? == breach
        {
            return Ok(Some(said(figure, words, limit)));
        }
    }
    match &bounds.equals {
        Some(limit) if order(figure, limit)? != Ordering::Equal => {
            Ok(Some(said(figure, "exactly", limit)))
        }
        _ => Ok(None),
    }
}

fn order(figure: &Figure, limit: &Number) -> Result<Ordering, Judged> {
    figure.against(limit).ok_or_else(|| {
        let why = match limit {
            Number::Percent(_) => "there is no whole that it is a share of",
            _ => "it is not a finite number",
        };
        Judged::unanswered(format!("cannot be compared with {limit}: {why}"))
    })
}

fn said(figure: &Figure, words: &str, limit: &Number) -> String {
    format!("is {}, {words} {limit} was asked for", figure.shown(limit))
}

/// A decimal as JSON: a number where that loses nothing, a text where it would.
pub(super) fn json(decimal: &str) -> Value {
    if let Ok(number) = decimal.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = decimal.parse::<u64>() {
        return number.into();
    }
    match decimal.parse::<f64>() {
        Ok(number) if number.is_finite() && number.to_string() == decimal => number.into(),
        _ => decimal.into(),
    }
}

/// A decimal without an exponent and without zeros at the end of its fraction.
pub(super) fn tidy(decimal: &str) -> String {
    let plain = if decimal.contains(['e', 'E']) && !decimal.contains("nf") {
        decimal
            .parse::<f64>()
            .map_or_else(|_| decimal.to_owned(), |number| number.to_string())
    } else {
        decimal.to_owned()
    };
    if plain.contains('.') {
        plain.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        plain
    }
}

/// Limits in the report's words: `min 1000, warn min 5000`.
pub(super) fn limits(hard: &Bounds, soft: &Bounds) -> Option<String> {
    let words = |bounds: &Bounds, prefix: &str| -> Vec<String> {
        let named = [
            ("min", &bounds.min),
            ("max", &bounds.max),
            ("equals", &bounds.equals),
        ];
        (named.into_iter())
            .filter_map(|(name, limit)| Some(format!("{prefix}{name} {}", limit.as_ref()?)))
            .collect()
    };
    let all = [words(hard, ""), words(soft, "warn ")].concat();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Whether bounds were given that an empty table keeps.
pub(super) fn allow_zero(bounds: &Bounds) -> bool {
    !bounds.is_empty() && matches!(first_breach(&Figure::part(0, 0), bounds), Ok(None))
}

/// Whether bounds name 0 themselves, and an empty table keeps them: a `max` of a million says how large a table may
/// grow, and not that it may be empty.
pub(super) fn declare_empty(bounds: &Bounds) -> bool {
    let named = [&bounds.min, &bounds.max, &bounds.equals];
    let is_zero = |limit: &Number| compare(&limit.decimal(), "0") == Some(Ordering::Equal);
    named.into_iter().flatten().any(is_zero) && allow_zero(bounds)
}

/// The bounds of a check that counts what is wrong: none may be, unless the plan says otherwise.
pub(super) fn none_unless_said(limit: &Limit) -> Bounds {
    if limit.bounds.is_empty() && limit.warn.is_empty() && limit.against.is_empty() {
        Bounds {
            max: Some(Number::Decimal("0".to_owned())),
            ..Bounds::default()
        }
    } else {
        limit.bounds.clone()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bounds from what people write: `bounds("1000", "", "")`.
    pub(in crate::checks) fn bounds(min: &str, max: &str, equals: &str) -> Bounds {
        Bounds {
            min: min.parse().ok(),
            max: max.parse().ok(),
            equals: equals.parse().ok(),
        }
    }

    fn judged(value: &str, hard: &Bounds, soft: &Bounds) -> (Standing, Option<String>) {
        let judged = figure(&Figure::new(value), hard, soft);
        (judged.standing, judged.message)
    }

    #[test]
    fn a_bound_is_inclusive_and_named_when_it_breaks() {
        let soft = Bounds::default();
        let at_least = bounds("1000", "", "");
        assert_eq!(judged("1000", &at_least, &soft).0, Standing::Held);
        assert_eq!(
            judged("5", &at_least, &soft),
            (
                Standing::Hard,
                Some("is 5, at least 1000 was asked for".into())
            )
        );
        assert_eq!(judged("0", &bounds("", "0", ""), &soft).0, Standing::Held);
        assert_eq!(judged("1", &bounds("", "0", ""), &soft).0, Standing::Hard);
        assert_eq!(judged("1.0", &bounds("", "", "1"), &soft).0, Standing::Held);
        assert_eq!(judged("2", &bounds("", "", "1"), &soft).0, Standing::Hard);
    }

    #[test]
    fn the_hard_bound_is_heard_before_the_soft_one() {
        let (hard, soft) = (bounds("1000", "", ""), bounds("5000", "", ""));
        assert_eq!(judged("5000", &hard, &soft).0, Standing::Held);
        assert_eq!(judged("4999", &hard, &soft).0, Standing::Soft);
        assert_eq!(judged("999", &hard, &soft).0, Standing::Hard);
    }

    #[test]
    fn sums_beyond_2_to_the_53_are_compared_exactly() {
        let equals = bounds("", "", "9007199254740992");
        let soft = Bounds::default();
        assert_eq!(judged("9007199254740992", &equals, &soft).0, Standing::Held);
        assert_eq!(judged("9007199254740993", &equals, &soft).0, Standing::Hard);
    }

    #[test]
    fn a_share_on_the_limit_holds() {
        let limit = bounds("", "1%", "");
        let stands = |count| {
            let judged = figure(&Figure::part(count, 300), &limit, &Bounds::default());
            (judged.standing, judged.message)
        };
        assert_eq!(stands(3).0, Standing::Held);
        assert_eq!(
            stands(4),
            (
                Standing::Hard,
                Some("is 1.333 %, at most 1 % was asked for".into())
            )
        );
    }

    #[test]
    fn a_value_that_rounds_to_its_limit_is_told_exactly() {
        let (_, message) = judged("172805", &bounds("", "48h", ""), &Bounds::default());
        assert_eq!(
            message.as_deref(),
            Some("is 172805 s, at most 48 h was asked for")
        );
        let (_, message) = judged("999", &bounds("1GiB", "", ""), &Bounds::default());
        assert_eq!(
            message.as_deref(),
            Some("is 999 B, at least 1.1 GB was asked for")
        );
    }

    #[test]
    fn what_is_no_number_is_no_answer() {
        for value in ["NaN", "Infinity", "inf"] {
            let (standing, _) = judged(value, &bounds("", "0", ""), &Bounds::default());
            assert_eq!(standing, Standing::Unanswered, "{value}");
        }
    }

    #[test]
    fn json_never_rounds() {
        assert_eq!(json("5"), Value::from(5));
        assert_eq!(json("18446744073709551615"), Value::from(u64::MAX));
        assert_eq!(json("1.5"), Value::from(1.5));
        assert_eq!(json("0.1234567890123456789"), "0.1234567890123456789");
        assert_eq!(tidy("12.3400000"), "12.34");
        assert_eq!(tidy("100"), "100");
        assert_eq!(tidy("1e+20"), "100000000000000000000");
        assert_eq!(tidy("-Infinity"), "-Infinity");
    }

    #[test]
    fn zero_is_allowed_only_where_bounds_say_so() {
        assert!(!allow_zero(&Bounds::default()));
        assert!(!allow_zero(&bounds("1", "", "")));
        assert!(allow_zero(&bounds("0", "", "")));
        assert!(allow_zero(&bounds("", "", "0")));
        assert!(allow_zero(&bounds("", "5000000", "")));
    }

    #[test]
    fn a_table_may_be_empty_only_where_bounds_name_zero() {
        for (min, max, equals) in [("0", "", ""), ("", "0", ""), ("", "", "0"), ("0", "5", "")] {
            assert!(
                declare_empty(&bounds(min, max, equals)),
                "{min} {max} {equals}"
            );
        }
        for (min, max, equals) in [
            ("", "", ""),
            ("", "5000000", ""),
            ("1", "", ""),
            ("", "", "3"),
        ] {
            assert!(
                !declare_empty(&bounds(min, max, equals)),
                "{min} {max} {equals}"
            );
        }
    }
}
