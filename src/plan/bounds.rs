//! Bounds, hard and soft: what they may be written in, and whether they leave anything to breach.

use std::cmp::Ordering;

use super::{
    Bounds, Limit, Number, compare, keys,
    walk::{Entry, Fields, File},
    yaml::{Node, Value},
};
use crate::units::Percent;

/// What a bound may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// How many: a number that is not negative.
    Count,
    /// How many, or a share of all rows.
    CountOrShare,
    /// A size with its unit.
    Size,
    /// A number, a size or a duration.
    Quantity,
}

impl Unit {
    /// Whether a change, or a distance, may be written so: as a bound, or as a share of what it was.
    pub(super) fn accepts_change(self, number: &Number) -> bool {
        let negative = matches!(number, Number::Decimal(text) if text.starts_with('-'));
        matches!(number, Number::Percent(_)) || (!negative && self.accepts(number))
    }

    /// Whether what is counted is never below zero, so that it cannot fall by more than the whole.
    pub(super) const fn is_never_negative(self) -> bool {
        !matches!(self, Self::Quantity)
    }

    fn accepts(self, number: &Number) -> bool {
        match (self, number) {
            (Self::Count | Self::CountOrShare, Number::Decimal(text)) => !text.starts_with('-'),
            (Self::CountOrShare, Number::Percent(_)) | (Self::Size, Number::Bytes(_)) => true,
            (Self::Quantity, number) => !matches!(number, Number::Percent(_)),
            _ => false,
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Count => "write a number that is not negative",
            Self::CountOrShare => "write a number that is not negative, or a share such as 1%",
            Self::Size => "write a size with its unit, such as 100MB, 50GB or 1GiB",
            Self::Quantity => "write a number, a size (100MB) or a duration (48h)",
        }
    }
}

/// `min`, `max` and `equals`, which must leave something that is allowed.
pub(super) fn bounds(file: &File<'_>, fields: &Fields<'_>, unit: Unit) -> Bounds {
    let read = |key| fields.get(key).and_then(|entry| number(file, entry, unit));
    let bounds = Bounds {
        min: read("min"),
        max: read("max"),
        equals: read("equals"),
    };
    exactly(file, fields);
    if let (Some(min), Some(max), Some(entry)) = (&bounds.min, &bounds.max, fields.get("max")) {
        match order(min, max) {
            Some(Ordering::Greater) => {
                let message = format!("no value is at least {min} and at most {max}");
                let message = shown(fields, message, "no value is between \"min\" and \"max\"");
                file.error(entry.value, message, "swap them, or remove one");
            }
            Some(_) => {}
            None => file.error(
                entry.value,
                "\"min\" and \"max\" have different units",
                "write both in the same unit",
            ),
        }
    }
    bounds
}

/// Whether a bound was meant, be it well written or not.
pub(super) fn names_a_bound(fields: &Fields<'_>) -> bool {
    let words = ["min", "max", "equals", "warn", "previous", "live"];
    words.iter().any(|word| fields.get(word).is_some())
}

/// `equals` stands alone.
fn exactly(file: &File<'_>, fields: &Fields<'_>) {
    if let Some(entry) = fields.get("equals")
        && (fields.get("min").is_some() || fields.get("max").is_some())
    {
        let message = "\"equals\" leaves no room for \"min\" and \"max\"";
        file.error(entry.key, message, "keep \"equals\" alone, or remove it");
    }
}

/// A message with values, unless one of them came from the environment.
fn shown(fields: &Fields<'_>, with_values: String, without: &str) -> String {
    let hidden = fields.0.iter().any(
        |entry| matches!(&entry.value.value, Value::Scalar(scalar) if scalar.from_environment),
    );
    if hidden {
        without.to_owned()
    } else {
        with_values
    }
}

fn number(file: &File<'_>, entry: Entry<'_>, unit: Unit) -> Option<Number> {
    let text = file.text(entry)?;
    let number = text.parse().ok().filter(|number| unit.accepts(number));
    if number.is_none() {
        let is_date = text
            .get(..10)
            .is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok());
        let help = if is_date {
            "dates are compared by \"freshness\" or by a check in \"sql\""
        } else {
            unit.wanted()
        };
        file.error(
            entry.value,
            format!("\"{}\" cannot be this", entry.name()),
            help,
        );
    }
    number
}

/// The order of two numbers of the same unit.
fn order(left: &Number, right: &Number) -> Option<Ordering> {
    let same = std::mem::discriminant(left) == std::mem::discriminant(right);
    same.then(|| compare(&left.decimal(), &right.decimal()))?
}

/// The soft bounds, which must be met before the hard ones.
pub(super) fn warn(file: &File<'_>, fields: &Fields<'_>, unit: Unit, hard: &Bounds) -> Bounds {
    let Some(entry) = fields.get("warn") else {
        return Bounds::default();
    };
    let inner = file.below(entry, &keys::BOUNDS);
    let soft = bounds(file, &inner, unit);
    if soft.is_empty() && !names_a_bound(&inner) && matches!(entry.value.value, Value::Map(_)) {
        file.error(
            entry.key,
            "\"warn\" sets no limit",
            "write min, max or equals",
        );
    }
    let reached =
        |soft: &Option<Number>, hard: &Option<Number>, wanted: Ordering| match (soft, hard) {
            (Some(soft), Some(hard)) => order(soft, hard) == Some(wanted),
            _ => true,
        };
    let min = reached(&soft.min, &hard.min, Ordering::Greater);
    let max = reached(&soft.max, &hard.max, Ordering::Less);
    if !(min && max) {
        file.warn(
            entry.key,
            "this \"warn\" is never reached: the hard limit comes first",
            SOFTER,
        );
    }
    soft
}

pub(super) const SOFTER: &str = "write a \"warn\" that is breached before the hard limit is";

/// A count is never below zero, and a share never above the whole: `min: 0` or `max: 100%` alone asks nothing.
pub(super) fn always_holds(file: &File<'_>, key: &Node, unit: Unit, limit: &Limit) {
    let bounds = &limit.bounds;
    let counted = matches!(unit, Unit::Count | Unit::CountOrShare);
    let only_min = bounds.max.is_none() && bounds.equals.is_none();
    let from_zero = (bounds.min.as_ref())
        .is_some_and(|min| compare(&min.decimal(), "0") == Some(Ordering::Equal));
    if counted && only_min && from_zero {
        file.warn(
            key,
            "this limit always holds: nothing counts less than 0",
            "write { min: 1 }, or { min: 0, max: 1000 } where a table may be empty",
        );
    }
    let whole = |max: &Number| matches!(max, Number::Percent(share) if *share >= Percent(100.0));
    let only_max = bounds.min.is_none() && limit.warn.is_empty() && limit.against.is_empty();
    if only_max && bounds.max.as_ref().is_some_and(whole) {
        file.warn(
            key,
            "this limit always holds: no share is above the whole",
            "write a share below 100%",
        );
    }
}
