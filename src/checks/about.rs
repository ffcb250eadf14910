//! What the report says of a check: its id, its limits in words, and where it is written.

use super::{database, freshness, judge, names, question::About, sql};
use crate::{
    finding::Severity,
    plan::{DatabaseCheck, DatabaseKind, Limit, SqlCheck, TableBlock, TableCheck, TableKind},
};

/// Of a check of a table.
pub(super) fn of_table(block: &TableBlock, check: &TableCheck, label: &str) -> About {
    let (kind, limit) = (&check.kind, &check.limit);
    let id = match columns_in_id(kind) {
        Some(column) => format!("{label}.{}.{}", kind.name(), names::shown(&column)),
        None => format!("{label}.{}", kind.name()),
    };
    let limit_text = match kind {
        TableKind::Columns(wanted) => Some(wanted.join(", ")),
        TableKind::Freshness(freshness) => judge::limits(
            &freshness::at_most(Some(freshness.max_age)),
            &freshness::at_most(freshness.warn),
        ),
        kind if needs_limit(kind) => judge::limits(&limit.bounds, &limit.warn),
        _ => judge::limits(
            &judge::none_unless_said(&limit.bounds, &limit.warn),
            &limit.warn,
        ),
    };
    About {
        table: Some(label.to_owned()),
        words: words(block, label, limit.name.as_deref()),
        looks_at_data: !matches!(kind, TableKind::Columns(_)),
        ..of(id, kind.name(), limit, limit_text)
    }
}

fn columns_in_id(kind: &TableKind) -> Option<String> {
    match kind {
        TableKind::RowCount | TableKind::Columns(_) => None,
        TableKind::Unique(columns) => Some(columns.join("+")),
        TableKind::Freshness(freshness) => Some(freshness.column.clone()),
        TableKind::NotNull(column)
        | TableKind::AcceptedValues(column, _)
        | TableKind::Matches(column, _)
        | TableKind::Range(column)
        | TableKind::References(column, ..)
        | TableKind::Sum(column)
        | TableKind::Avg(column)
        | TableKind::Distinct(column) => Some(column.clone()),
    }
}

/// Words by which a check of this block may be chosen.
fn words(block: &TableBlock, label: &str, name: Option<&str>) -> Vec<String> {
    let mut words = vec![label.to_owned(), block.table.clone()];
    words.extend(name.map(str::to_owned));
    words.extend(block.tags.iter().cloned());
    words
}

fn of(id: String, check: &'static str, limit: &Limit, limit_text: Option<String>) -> About {
    About {
        name: limit.name.clone(),
        id,
        table: None,
        check,
        words: limit.name.iter().cloned().collect(),
        severity: limit.severity,
        limit: limit_text,
        place: Some(limit.place.clone()),
        description: limit.description.clone(),
        looks_at_data: check == DatabaseKind::SequencesBehind.name(),
    }
}

/// Of a block that is skipped and holds no check.
pub(super) fn of_skipped(block: &TableBlock, label: &str) -> About {
    About {
        id: format!("{label}.skip"),
        name: None,
        table: Some(label.to_owned()),
        check: "skip",
        words: words(block, label, None),
        severity: Severity::Info,
        limit: None,
        place: Some(block.place.clone()),
        description: None,
        looks_at_data: false,
    }
}

/// Of a check of the database as a whole.
pub(super) fn of_database(check: &DatabaseCheck) -> About {
    let (kind, limit) = (&check.kind, &check.limit);
    let limit_text = match kind {
        DatabaseKind::Extensions(wanted) | DatabaseKind::Schemas(wanted) => Some(wanted.join(", ")),
        _ => judge::limits(&database::bounds(kind, limit), &limit.warn),
    };
    let id = format!("database.{}", kind.name());
    of(id, kind.name(), limit, limit_text)
}

/// Of a question in SQL.
pub(super) fn of_sql(check: &SqlCheck) -> About {
    let names = [check.name.clone()].into_iter();
    About {
        id: format!("sql.{}", names::slug(&check.name)),
        name: Some(check.name.clone()),
        table: None,
        check: "sql",
        words: names.chain(check.tags.iter().cloned()).collect(),
        severity: check.severity,
        limit: sql::limit(check),
        place: Some(check.place.clone()),
        description: check.description.clone(),
        looks_at_data: true,
    }
}

/// Whether a kind means nothing without a limit; the others count what is wrong, and none may be.
pub(super) const fn needs_limit(kind: &TableKind) -> bool {
    matches!(
        kind,
        TableKind::RowCount
            | TableKind::Range(_)
            | TableKind::Sum(_)
            | TableKind::Avg(_)
            | TableKind::Distinct(_)
    )
}
