//! Limits: what an answer must be, and how bad a breach is.

use std::cmp::Ordering;

use super::{
    Bounds, Freshness, Limit, Number, RelativeTo, compare, keys,
    walk::{Entry, Fields, File},
    yaml::{Node, Value},
};
use crate::{finding::Severity, units::Age};

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

/// What a limit is when it names no bound itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// A mistake.
    Refused,
    /// None at all.
    Zero,
}

/// A limit that was not written: no breach is allowed.
pub(super) fn zero(file: &File<'_>, node: &Node, severity: Severity) -> Limit {
    let bounds = Bounds {
        max: Some(Number::Decimal("0".to_owned())),
        ..Bounds::default()
    };
    Limit {
        bounds,
        ..unbounded(file, node, severity)
    }
}

/// A limit of which only the severity and the time count.
pub(super) fn unbounded(file: &File<'_>, node: &Node, severity: Severity) -> Limit {
    Limit {
        bounds: Bounds::default(),
        warn: Bounds::default(),
        severity,
        name: None,
        description: None,
        timeout: file.defaults.timeout,
        place: file.place(node),
    }
}

/// Reads the limit under a key.
pub(super) fn limit(
    file: &File<'_>,
    entry: Entry<'_>,
    severity: Severity,
    unit: Unit,
    otherwise: Otherwise,
) -> Limit {
    let mut limit = unbounded(file, entry.key, severity);
    if !is_mapping(file, entry) {
        return limit;
    }
    let fields = file.below(entry, &keys::LIMIT);
    not_yet(file, &fields);
    settings(file, &fields, &mut limit);
    limit.bounds = bounds(file, &fields, unit);
    limit.warn = warn(file, &fields, unit, &limit.bounds);
    if limit.bounds.is_empty() && !names_a_bound(&fields) {
        match otherwise {
            Otherwise::Zero => limit.bounds = zero(file, entry.key, severity).bounds,
            Otherwise::Refused => {
                let message = format!("\"{}\" sets no limit", entry.name());
                file.error(entry.key, message, "write min, max or equals");
            }
        }
    }
    always_holds(file, entry.key, unit, &limit);
    limit
}

/// Whether a bound was meant, be it well written or not.
fn names_a_bound(fields: &Fields<'_>) -> bool {
    let words = ["min", "max", "equals", "warn", "previous", "live"];
    words.iter().any(|word| fields.get(word).is_some())
}

/// Refuses what people write in place of a mapping, and says what they may have meant.
fn is_mapping(file: &File<'_>, entry: Entry<'_>) -> bool {
    let name = entry.name();
    match &entry.value.value {
        Value::Map(map) if !map.is_empty() => return true,
        Value::Scalar(scalar) if !scalar.from_environment => {
            let text = scalar.text.trim();
            if text.is_empty() || text.starts_with(['<', '>', '=', '!']) || entry.value.is_null() {
                let message = format!("\"{name}\" needs limits in words");
                let help =
                    "write { min: 1 }, { max: 1 } or { equals: 1 }; operators are not understood";
                file.error(entry.value, message, help);
            } else if text.parse::<Number>().is_ok() {
                let message = format!("\"{name}: {text}\" could mean \"at least\" or \"exactly\"");
                let help = format!("write {{ min: {text} }} or {{ equals: {text} }}");
                file.error(entry.value, message, help);
            } else {
                let message = format!("\"{name}\" needs a limit, not a text");
                file.error(
                    entry.value,
                    message,
                    "write min, max or equals, such as { min: 1 }",
                );
            }
        }
        Value::Map(_) | Value::Scalar(_) | Value::List(_) => {
            let message = format!("\"{name}\" sets no limit");
            file.error(
                entry.value,
                message,
                "write min, max or equals, such as { min: 1 }",
            );
        }
    }
    false
}

/// Refuses comparisons that a later version makes: a check that is not made must not look as if it were.
pub(super) fn not_yet(file: &File<'_>, fields: &Fields<'_>) {
    let later = [
        (
            "previous",
            "compares with the last proven run, which this version does not keep yet",
        ),
        (
            "live",
            "compares with the live database, which this version does not ask yet",
        ),
    ];
    for (key, does) in later {
        if let Some(entry) = fields.get(key) {
            let help = format!("remove \"{key}\" until then, and write min, max or equals");
            file.error(entry.key, format!("\"{key}\" {does}"), help);
        }
    }
}

/// Severity, name, description and timeout.
fn settings(file: &File<'_>, fields: &Fields<'_>, limit: &mut Limit) {
    if let Some(severity) = fields
        .get("severity")
        .and_then(|entry| file.severity(entry))
    {
        limit.severity = severity;
    }
    if let Some(entry) = fields.get("name") {
        limit.name = file.text(entry).map(ToOwned::to_owned);
        if let Some(name) = &limit.name {
            file.claim(name, entry.value);
        }
    }
    let description = fields.get("description").and_then(|entry| file.text(entry));
    limit.description = description.map(ToOwned::to_owned);
    if let Some(timeout) = fields.get("timeout").and_then(|entry| file.age(entry)) {
        limit.timeout = timeout.0;
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

const SOFTER: &str = "write a \"warn\" that is breached before the hard limit is";

/// A count is never below zero: `min: 0` alone asks nothing.
fn always_holds(file: &File<'_>, key: &Node, unit: Unit, limit: &Limit) {
    let counted = matches!(unit, Unit::Count | Unit::CountOrShare);
    let only_min = limit.bounds.max.is_none() && limit.bounds.equals.is_none();
    let from_zero = (limit.bounds.min.as_ref())
        .is_some_and(|min| compare(&min.decimal(), "0") == Some(Ordering::Equal));
    if counted && only_min && from_zero {
        file.warn(
            key,
            "this limit always holds: nothing counts less than 0",
            "write { min: 1 }",
        );
    }
}

/// Reads how old the newest value of a column may be.
pub(super) fn freshness(
    file: &File<'_>,
    entry: Entry<'_>,
    severity: Severity,
) -> Option<(Freshness, Limit)> {
    let mut limit = unbounded(file, entry.key, severity);
    let mut freshness = Freshness {
        column: entry.name().to_owned(),
        max_age: Age::default(),
        warn: None,
        relative_to: RelativeTo::default(),
    };
    if !matches!(entry.value.value, Value::Map(_)) {
        freshness.max_age = file.age(entry)?;
        return Some((freshness, limit));
    }
    let fields = file.below(entry, &keys::AGE);
    settings(file, &fields, &mut limit);
    let Some(max_age) = fields.get("max_age") else {
        let message = format!("\"{}\" does not say how old is too old", entry.name());
        file.error(entry.key, message, "write { max_age: 48h }");
        return None;
    };
    freshness.max_age = file.age(max_age)?;
    freshness.warn = warn_age(file, &fields, freshness.max_age);
    if let Some(entry) = fields.get("relative_to") {
        let known = [("backup", RelativeTo::Backup), ("now", RelativeTo::Now)];
        freshness.relative_to = file.choice(entry, &known).unwrap_or_default();
    }
    Some((freshness, limit))
}

fn warn_age(file: &File<'_>, fields: &Fields<'_>, hard: Age) -> Option<Age> {
    let entry = fields.get("warn")?;
    let inner = file.below(entry, &keys::AGE_WARN);
    let Some(max_age) = inner.get("max_age") else {
        if matches!(entry.value.value, Value::Map(_)) {
            file.error(
                entry.key,
                "\"warn\" sets no limit",
                "write { max_age: 24h }",
            );
        }
        return None;
    };
    let soft = file.age(max_age)?;
    if soft >= hard {
        file.warn(
            entry.key,
            "this \"warn\" is never reached: the hard limit comes first",
            SOFTER,
        );
    }
    Some(soft)
}
