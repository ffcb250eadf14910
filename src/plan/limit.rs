//! Limits: what an answer must be, and how bad a breach is.

use super::{
    Against, Bounds, Limit, Number, against,
    bounds::{Unit, always_holds, bounds, names_a_bound, warn},
    keys,
    walk::{Entry, Fields, File},
    yaml::{Node, Value},
};
use crate::finding::Severity;

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
        against: Against::default(),
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
    settings(file, &fields, &mut limit);
    limit.bounds = bounds(file, &fields, unit);
    limit.warn = warn(file, &fields, unit, &limit.bounds);
    limit.against = against::read(file, &fields, unit);
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

/// Severity, name, description and timeout.
pub(super) fn settings(file: &File<'_>, fields: &Fields<'_>, limit: &mut Limit) {
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
    if let Some(timeout) = fields.get("timeout").and_then(|entry| file.patience(entry)) {
        limit.timeout = timeout.0;
    }
}
