//! What the report says of a check: its id, its limits in words, and where it is written.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{
    against, database, freshness, judge, names,
    question::{About, Comparing},
    sql,
};
use crate::{
    finding::Severity,
    plan::{
        Against, Bounds, DatabaseCheck, DatabaseKind, Expected, Limit, SqlCheck, TableBlock,
        TableCheck, TableKind,
    },
    units::hex,
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
        _ => judge::limits(&judge::none_unless_said(limit), &limit.warn),
    };
    About {
        table: Some(label.to_owned()),
        words: words(block, label, limit.name.as_deref()),
        looks_at_data: !matches!(kind, TableKind::Columns(_)),
        comparing: comparing(
            &limit.against,
            &[&limit.bounds, &limit.warn],
            &(kind, &block.filter),
        ),
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
        limit: with_comparisons(limit_text, &limit.against),
        place: Some(limit.place.clone()),
        description: limit.description.clone(),
        looks_at_data: check == DatabaseKind::SequencesBehind.name(),
        comparing: comparing(&limit.against, &[&limit.bounds, &limit.warn], &check),
    }
}

/// What else a figure is compared with, and a digest of what was asked for it.
fn comparing(against: &Against, bounds: &[&Bounds], asked: &impl fmt::Debug) -> Comparing {
    let digest = Sha256::digest(format!("{asked:?}").as_bytes());
    Comparing {
        against: against.clone(),
        bounded: bounds.iter().any(|bounds| !bounds.is_empty()),
        // 64 bits tell definitions of one plan apart.
        asked: Some(hex(&digest[..8])),
        whole: None,
    }
}

/// The limits in words, and what else the figure is compared with.
fn with_comparisons(limit: Option<String>, against: &Against) -> Option<String> {
    let parts = [limit, against::limits(against)];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
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
        comparing: Comparing::default(),
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
        limit: with_comparisons(sql::limit(check), &check.against),
        place: Some(check.place.clone()),
        description: check.description.clone(),
        looks_at_data: true,
        comparing: comparing(&check.against, &sql_bounds(check), &check.query),
    }
}

fn sql_bounds(check: &SqlCheck) -> Vec<&Bounds> {
    let hard = match &check.expected {
        Expected::Bounds(bounds) => Some(bounds),
        _ => None,
    };
    hard.into_iter().chain([&check.warn]).collect()
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
