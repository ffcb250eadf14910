//! `database` and `sql`: what must hold in the database as a whole, and questions of the user's own.

use std::fs;

use super::{
    Against, Bounds, DatabaseCheck, DatabaseKind, Expected, Number, SqlCheck, against,
    bounds::{self, Unit},
    compare, keys,
    limit::{self, Otherwise},
    nul, pattern, plain, tables,
    walk::{Entry, Fields, File},
    yaml::{Node, Style, Value},
};

/// Reads `database`.
pub(super) fn database(file: &File<'_>, entry: Entry<'_>) -> Vec<DatabaseCheck> {
    let fields = file.below(entry, &keys::DATABASE);
    if fields.0.is_empty() && matches!(&entry.value.value, Value::Map(map) if map.is_empty()) {
        let help = format!("known: {}", keys::DATABASE.known.join(", "));
        file.error(entry.key, "\"database\" has no check", help);
    }
    fields
        .0
        .iter()
        .filter_map(|check| one(file, *check))
        .collect()
}

fn one(file: &File<'_>, entry: Entry<'_>) -> Option<DatabaseCheck> {
    let severity = file.defaults.severity;
    let measured = |kind, unit, otherwise| {
        against::without_live(file, entry);
        DatabaseCheck {
            kind,
            limit: limit::limit(file, entry, severity, unit, otherwise),
        }
    };
    let named = |kind: fn(Vec<String>) -> DatabaseKind| DatabaseCheck {
        kind: kind(tables::names(file, entry)),
        limit: limit::unbounded(file, entry.key, severity),
    };
    let none = |kind| measured(kind, Unit::Count, Otherwise::Zero);
    Some(match entry.name() {
        "extensions" => named(DatabaseKind::Extensions),
        "schemas" => named(DatabaseKind::Schemas),
        "tables" => measured(DatabaseKind::Tables, Unit::Count, Otherwise::Refused),
        "size" => measured(DatabaseKind::Size, Unit::Size, Otherwise::Refused),
        "invalid_indexes" => none(DatabaseKind::InvalidIndexes),
        "unvalidated_constraints" => none(DatabaseKind::UnvalidatedConstraints),
        "sequences_behind" => none(DatabaseKind::SequencesBehind),
        "restore_errors" => none(DatabaseKind::RestoreErrors),
        _ => return None,
    })
}

/// Reads `sql`.
pub(super) fn sql(file: &File<'_>, entry: Entry<'_>) -> Vec<SqlCheck> {
    let help = "write - name: and query: for each question";
    let items = file.items(entry, help).iter();
    items.filter_map(|item| question(file, item)).collect()
}

fn question(file: &File<'_>, node: &Node) -> Option<SqlCheck> {
    let fields = file.fields(node, "a check in \"sql\"", &keys::SQL);
    if !matches!(node.value, Value::Map(_)) {
        return None;
    }
    let text = |key| {
        fields
            .get(key)
            .and_then(|entry| file.text(entry))
            .map(ToOwned::to_owned)
    };
    let name = named(file, node, &fields);
    let query = query(file, node, &fields);
    let expected = expected(file, &fields);
    let severity = fields
        .get("severity")
        .and_then(|entry| file.severity(entry));
    let timeout = fields.get("timeout").and_then(|entry| file.patience(entry));
    if let Some(entry) = fields.get("samples") {
        file.samples(entry);
    }
    let (expected, warn) = softened(file, &fields, expected);
    let (expected, against) = compared(file, &fields, expected, query.as_deref());
    Some(SqlCheck {
        name: name?,
        query: query?,
        expected,
        warn,
        against,
        severity: severity.unwrap_or(file.defaults.severity),
        timeout: timeout.map_or(file.defaults.timeout, |age| age.0),
        secret: fields
            .get("secret")
            .and_then(|entry| file.truth(entry))
            .unwrap_or(false),
        filled: fields.filled(&["query", "matches"]),
        tags: tables::tags(file, &fields),
        skip: tables::skip(file, &fields),
        description: text("description"),
        place: file.place(node),
    })
}

fn named(file: &File<'_>, node: &Node, fields: &Fields<'_>) -> Option<String> {
    let Some(entry) = fields.get("name") else {
        file.error(
            node,
            "this check has no name",
            "write name: and what must hold",
        );
        return None;
    };
    let name = file.text(entry)?;
    file.claim(name, entry.value);
    Some(name.to_owned())
}

fn query(file: &File<'_>, node: &Node, fields: &Fields<'_>) -> Option<String> {
    match (fields.get("query"), fields.get("file")) {
        (Some(query), None) => file.text(query).map(ToOwned::to_owned),
        (None, Some(path)) => read(file, path),
        (Some(_), Some(path)) => {
            let message = "this check has both \"query\" and \"file\"";
            file.error(path.key, message, "keep one of them");
            None
        }
        (None, None) => {
            let help = "write query: and the SQL, or file: and where it is";
            file.error(node, "this check asks nothing", help);
            None
        }
    }
}

fn read(file: &File<'_>, entry: Entry<'_>) -> Option<String> {
    let written = file.text(entry)?;
    let content = fs::read_to_string(file.folder.join(written));
    match content.map(without_mark) {
        Ok(query) if !query.trim().is_empty() => {
            nul::refuse_in(file, entry.value, &query);
            Some(query)
        }
        Ok(_) => {
            file.error(entry.value, "this file is empty", "write the SQL into it");
            None
        }
        Err(error) => {
            let help = format!(
                "paths are relative to the folder of \"{}\"",
                file.source.file
            );
            let message = format!("this file cannot be read: {}", error.kind());
            file.error(entry.value, message, help);
            None
        }
    }
}

/// A text without the byte order mark that some editors begin a file with: PostgreSQL takes it for a word.
fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// What must come back; without any limit, no row.
fn expected(file: &File<'_>, fields: &Fields<'_>) -> Expected {
    let bounded = fields.get("min").is_some() || fields.get("max").is_some();
    if let Some(entry) = fields.get("matches") {
        if bounded || fields.get("equals").is_some() {
            let message = "\"matches\" leaves no room for \"min\", \"max\" and \"equals\"";
            file.error(entry.key, message, "keep one of them");
        }
        let regex = file.text(entry).unwrap_or_default();
        pattern::check(file, entry.value, regex);
        return Expected::Matches(regex.to_owned());
    }
    match fields.get("equals") {
        Some(entry) if !bounded => equals(file, entry),
        None if !bounded => Expected::NoRows,
        _ => Expected::Bounds(bounds::bounds(file, fields, Unit::Quantity)),
    }
}

/// What is in quotes is text, byte for byte: `0123` is not 123. What comes from the environment has no quotes: it is a
/// number where the answer is one.
fn equals(file: &File<'_>, entry: Entry<'_>) -> Expected {
    let Value::Scalar(scalar) = &entry.value.value else {
        file.error(
            entry.value,
            "\"equals\" needs one value",
            "write a number, a text, true, false or null",
        );
        return Expected::NoRows;
    };
    if entry.value.is_null() && scalar.text.is_empty() {
        file.error(
            entry.key,
            "\"equals\" has no value",
            "write null when NULL is meant, '' for an empty text",
        );
    }
    if entry.value.is_null() {
        return Expected::Null;
    }
    let text = scalar.text.clone();
    if scalar.style == Style::Plain && scalar.from_environment && compare(&text, "0").is_some() {
        return Expected::NumberOrText(text);
    }
    if scalar.style != Style::Plain || scalar.from_environment {
        return Expected::Text(text);
    }
    if let Some(truth) = entry.value.truth() {
        return Expected::Truth(truth);
    }
    if plain::refused(file, entry.value) {
        return Expected::NoRows;
    }
    match text.parse() {
        Err(_) => Expected::Text(text),
        Ok(Number::Percent(_)) => {
            let help = "write it in quotes for a text, or write a number";
            file.error(entry.value, "\"equals\" cannot be this", help);
            Expected::NoRows
        }
        Ok(number) => Expected::Bounds(Bounds {
            equals: Some(number),
            ..Bounds::default()
        }),
    }
}

/// The soft bounds: they need a number to look at.
fn softened(file: &File<'_>, fields: &Fields<'_>, expected: Expected) -> (Expected, Bounds) {
    let Some(entry) = fields.get("warn") else {
        return (expected, Bounds::default());
    };
    let hard = match &expected {
        Expected::Bounds(bounds) => bounds.clone(),
        Expected::NoRows => Bounds::default(),
        Expected::Text(_)
        | Expected::NumberOrText(_)
        | Expected::Truth(_)
        | Expected::Null
        | Expected::Matches(_) => {
            let message = "\"warn\" needs a number to look at";
            file.error(entry.key, message, "remove it, or write min or max");
            return (expected, Bounds::default());
        }
    };
    let soft = bounds::warn(file, fields, Unit::Quantity, &hard);
    (Expected::Bounds(hard), soft)
}

/// What else the number is compared with; without bounds of its own it is a number all the same.
fn compared(
    file: &File<'_>,
    fields: &Fields<'_>,
    expected: Expected,
    query: Option<&str>,
) -> (Expected, Against) {
    let against = against::read(file, fields, Unit::Quantity);
    let Some(entry) = fields.get("live").or_else(|| fields.get("previous")) else {
        return (expected, against);
    };
    let name = entry.name();
    if against.live.is_some() && query.is_some_and(|query| !against::cuts_off(query)) {
        against::without_cut_off(file, entry.key, "this query");
    }
    if let Some(secret) = fields.get("secret")
        && secret.value.truth() == Some(true)
    {
        let message = format!(
            "a figure that is \"secret\" is not kept, so \"{name}\" has nothing to compare"
        );
        file.error(entry.key, message, "remove one of them");
    }
    match expected {
        Expected::NoRows => (Expected::Bounds(Bounds::default()), against),
        Expected::Bounds(_) => (expected, against),
        Expected::Text(_)
        | Expected::NumberOrText(_)
        | Expected::Truth(_)
        | Expected::Null
        | Expected::Matches(_) => {
            let message = format!("\"{name}\" needs a number to look at");
            file.error(
                entry.key,
                message,
                "remove it, or write min, max or no limit at all",
            );
            (expected, against)
        }
    }
}
