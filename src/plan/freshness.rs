//! `freshness`: how old the newest value of a column may be.

use super::{
    Freshness, Limit, RelativeTo,
    bounds::SOFTER,
    keys,
    limit::{settings, unbounded},
    walk::{Entry, Fields, File},
    yaml::Value,
};
use crate::{finding::Severity, units::Age};

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
