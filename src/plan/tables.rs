//! `tables`: what must hold in a table, or in every table that a glob names.

use super::{
    Limit, TableBlock, TableCheck, TableKind, against,
    bounds::Unit,
    freshness, keys,
    limit::{self, Otherwise, zero},
    pattern, plain,
    walk::{Entry, Fields, File},
    yaml::{Node, Value},
};
use crate::finding::Severity;

/// Reads `tables`.
pub(super) fn tables(file: &File<'_>, entry: Entry<'_>) -> Vec<TableBlock> {
    let help =
        "write the name of a table and its checks below, such as users: { row_count: { min: 1 } }";
    let mut blocks = Vec::new();
    for table in file.entries(entry.value, "\"tables\"", help) {
        file.glob(table.name(), table.key);
        known_form(file, table);
        match &table.value.value {
            Value::List(list) if !list.is_empty() => {
                blocks.extend(list.iter().map(|item| block(file, table, item, item)));
            }
            _ => blocks.push(block(file, table, table.value, table.key)),
        }
    }
    blocks
}

/// `users` or `billing.users`; a dot inside quotes belongs to the name.
fn known_form(file: &File<'_>, table: Entry<'_>) {
    let name = table.name();
    let parts: Vec<&str> = name.split('.').collect();
    let empty = parts.iter().any(|part| part.is_empty());
    if !name.contains('"') && (parts.len() > 2 || empty) {
        let message = format!("\"{name}\" is not the name of a table");
        file.error(table.key, message, "write table or schema.table");
    }
}

fn block(file: &File<'_>, table: Entry<'_>, node: &Node, at: &Node) -> TableBlock {
    let name = table.name();
    let what = format!("table \"{name}\"");
    let fields = file.fields(node, &what, &keys::TABLE);
    let own = fields
        .get("severity")
        .and_then(|entry| file.severity(entry));
    let severity = own.unwrap_or(file.defaults.severity);
    let text = |key| {
        fields
            .get(key)
            .and_then(|entry| file.text(entry))
            .map(ToOwned::to_owned)
    };
    let block = TableBlock {
        table: name.to_owned(),
        place: file.place(at),
        filter: text("where"),
        filled: fields.filled(&["where"]),
        except: except(file, name, &fields),
        skip: skip(file, &fields),
        tags: tags(file, &fields),
        checks: fields
            .0
            .iter()
            .flat_map(|entry| checks(file, *entry, severity))
            .collect(),
    };
    let compares_live = |check: &TableCheck| check.limit.against.live.is_some();
    let cut_off = block.filter.as_deref().is_some_and(against::cuts_off);
    if block.checks.iter().any(compares_live) && !cut_off {
        against::without_cut_off(file, at, &what);
    }
    if !asks(node) {
        let help = "write a check such as row_count: { min: 1 }, or skip: and the reason";
        file.error(at, format!("{what} has no check"), help);
    }
    block
}

/// Whether a block says anything about its table, be it well written or not.
fn asks(node: &Node) -> bool {
    let settings = ["where", "except", "severity", "tags"].map(Some);
    match &node.value {
        Value::Map(map) => map.iter().any(|(key, _)| !settings.contains(&key.text())),
        Value::Scalar(_) | Value::List(_) => true,
    }
}

fn except(file: &File<'_>, table: &str, fields: &Fields<'_>) -> Vec<String> {
    let Some(entry) = fields.get("except") else {
        return Vec::new();
    };
    if !table.contains(['*', '?', '[']) {
        let message = format!("\"except\" does nothing: \"{table}\" is one table, not a glob");
        file.error(
            entry.key,
            message,
            "remove it, or write a glob such as \"public.*\"",
        );
    }
    let excepted = file.texts(entry, "write [public.schema_migrations, \"public.tmp_*\"]");
    for (glob, node) in &excepted {
        file.glob(glob, node);
    }
    excepted
        .into_iter()
        .map(|(glob, _)| glob.to_owned())
        .collect()
}

/// `skip` holds the reason, so that the next reader knows it.
pub(super) fn skip(file: &File<'_>, fields: &Fields<'_>) -> Option<String> {
    let entry = fields.get("skip")?;
    if plain::is_no_words(entry.value) {
        let help = "write why, such as skip: dropped in 2025, or remove the key";
        file.error(entry.value, "\"skip\" needs a reason", help);
        return None;
    }
    file.text(entry).map(ToOwned::to_owned)
}

/// `tags`, for choosing checks on the command line.
pub(super) fn tags(file: &File<'_>, fields: &Fields<'_>) -> Vec<String> {
    fields
        .get("tags")
        .map_or_else(Vec::new, |entry| names(file, entry))
}

/// A list of names.
pub(super) fn names(file: &File<'_>, entry: Entry<'_>) -> Vec<String> {
    let texts = file.texts(entry, "write a list such as [id, email]");
    texts.into_iter().map(|(text, _)| text.to_owned()).collect()
}

/// The checks under one key of a block.
fn checks(file: &File<'_>, entry: Entry<'_>, severity: Severity) -> Vec<TableCheck> {
    let measured = |kind: fn(String) -> TableKind, unit| -> Vec<TableCheck> {
        let limit = |column| limit::limit(file, column, severity, unit, Otherwise::Refused);
        columns(file, entry, |column| {
            Some((kind(column.name().to_owned()), limit(column)))
        })
    };
    match entry.name() {
        "row_count" => {
            let limit = limit::limit(file, entry, severity, Unit::Count, Otherwise::Refused);
            vec![TableCheck {
                kind: TableKind::RowCount,
                limit,
            }]
        }
        "columns" => {
            let limit = limit::unbounded(file, entry.key, severity);
            let kind = TableKind::Columns(names(file, entry));
            vec![TableCheck { kind, limit }]
        }
        "not_null" => not_null(file, entry, severity),
        "unique" => unique(file, entry, severity),
        "accepted_values" => columns(file, entry, |column| accepted(file, column, severity)),
        "matches" => columns(file, entry, |column| matches(file, column, severity)),
        "range" => columns(file, entry, |column| {
            against::not_for_extremes(file, column);
            let unit = Unit::Quantity;
            let limit = limit::limit(file, column, severity, unit, Otherwise::Refused);
            Some((TableKind::Range(column.name().to_owned()), limit))
        }),
        "freshness" => columns(file, entry, |column| {
            let (freshness, limit) = freshness::freshness(file, column, severity)?;
            Some((TableKind::Freshness(freshness), limit))
        }),
        "references" => columns(file, entry, |column| references(file, column, severity)),
        "sum" => measured(TableKind::Sum, Unit::Quantity),
        "avg" => measured(TableKind::Avg, Unit::Quantity),
        "distinct" => measured(TableKind::Distinct, Unit::Count),
        _ => Vec::new(),
    }
}

/// One check a column.
fn columns<'n>(
    file: &File<'_>,
    entry: Entry<'n>,
    check: impl FnMut(Entry<'n>) -> Option<(TableKind, Limit)>,
) -> Vec<TableCheck> {
    let what = format!("\"{}\"", entry.name());
    let help = format!("write the name of a column below \"{}\"", entry.name());
    let columns = file.entries(entry.value, &what, &help);
    if columns.is_empty() && matches!(entry.value.value, Value::Map(_)) {
        file.error(entry.value, format!("{what} names no column"), help);
    }
    let checks = columns.into_iter().filter_map(check);
    checks
        .map(|(kind, limit)| TableCheck { kind, limit })
        .collect()
}

/// A list allows no NULL at all; a mapping says how many.
fn not_null(file: &File<'_>, entry: Entry<'_>, severity: Severity) -> Vec<TableCheck> {
    if matches!(entry.value.value, Value::Map(_)) {
        return columns(file, entry, |column| {
            let unit = Unit::CountOrShare;
            let limit = limit::limit(file, column, severity, unit, Otherwise::Zero);
            Some((TableKind::NotNull(column.name().to_owned()), limit))
        });
    }
    let help = "write [id, email], or actor_id: { max: 1% } below it";
    let texts = file.texts(entry, help).into_iter();
    texts
        .map(|(column, node)| TableCheck {
            kind: TableKind::NotNull(column.to_owned()),
            limit: zero(file, node, severity),
        })
        .collect()
}

/// A column, or a list whose items are columns or lists of columns that are unique together.
fn unique(file: &File<'_>, entry: Entry<'_>, severity: Severity) -> Vec<TableCheck> {
    let help = "write email, [id, email] or [[tenant_id, slug]]";
    let check = |columns: Vec<&str>, node: &Node| TableCheck {
        kind: TableKind::Unique(columns.into_iter().map(ToOwned::to_owned).collect()),
        limit: zero(file, node, severity),
    };
    if matches!(entry.value.value, Value::Scalar(_)) {
        let column = file.text(entry).into_iter();
        return column
            .map(|column| check(vec![column], entry.key))
            .collect();
    }
    let mut checks = Vec::new();
    for item in file.items(entry, help) {
        let together = match &item.value {
            Value::List(_) => file.texts(
                Entry {
                    key: entry.key,
                    value: item,
                },
                help,
            ),
            _ => file
                .text_of(item, "a column of \"unique\"")
                .map(|text| (text, item))
                .into_iter()
                .collect(),
        };
        if !together.is_empty() {
            checks.push(check(
                together.into_iter().map(|(text, _)| text).collect(),
                item,
            ));
        }
    }
    checks
}

fn accepted(file: &File<'_>, column: Entry<'_>, severity: Severity) -> Option<(TableKind, Limit)> {
    let items = file.items(column, "write the values, such as [active, deleted]");
    let mut values = Vec::new();
    for item in items {
        match item.text() {
            _ if item.is_null() => {
                let help = "remove it: NULL is accepted anyway; use \"not_null\" to refuse it";
                file.error(item, "NULL is not a value", help);
            }
            Some(_) if plain::refused(file, item) => {}
            Some(text) => values.push(text.to_owned()),
            None => file.error(
                item,
                "a value must be a text, a number or a truth value",
                "write [active, deleted]",
            ),
        }
    }
    let kind = TableKind::AcceptedValues(column.name().to_owned(), values);
    (!items.is_empty()).then(|| (kind, zero(file, column.key, severity)))
}

fn matches(file: &File<'_>, column: Entry<'_>, severity: Severity) -> Option<(TableKind, Limit)> {
    let regex = file.text(column)?;
    pattern::check(file, column.value, regex);
    let kind = TableKind::Matches(column.name().to_owned(), regex.to_owned());
    Some((kind, zero(file, column.key, severity)))
}

fn references(
    file: &File<'_>,
    column: Entry<'_>,
    severity: Severity,
) -> Option<(TableKind, Limit)> {
    let target = file.text(column)?;
    let dots = target.matches('.').count();
    let parts = target.rsplit_once('.').filter(|(table, column)| {
        let whole = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
        whole(table) && whole(column) && (dots <= 2 || target.contains('"'))
    });
    let Some((table, other)) = parts else {
        let message = format!("\"{}\" must reference a column", column.name());
        file.error(
            column.value,
            message,
            "write table.column or schema.table.column, such as users.id",
        );
        return None;
    };
    let kind = TableKind::References(column.name().to_owned(), table.to_owned(), other.to_owned());
    Some((kind, zero(file, column.key, severity)))
}
