//! What is asked without any plan: are there tables, are there rows, is anything broken?

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{
    Context,
    catalog::{Catalog, Table},
    database, expand, judge,
    question::{About, Answer, Ask, Comparing, Judged, Question, Scan, Statement},
    subject::qualified,
};
use crate::{
    finding::Severity,
    plan::{Against, Bounds, Checks, DatabaseKind, Limit, Number, Place, TableKind},
};

/// The check that counts every row.
pub(super) const ROWS: &str = "builtin.rows";

/// A whole table is counted, however large: longer than this is no drill.
const TIMEOUT: Duration = Duration::from_mins(30);

const PREFIX: &str = "builtin.";

/// Kinds that give way to the plan's own, with their severity: a plan knows its limits better.
const KINDS: [(DatabaseKind, Severity); 4] = [
    (DatabaseKind::RestoreErrors, Severity::Critical),
    (DatabaseKind::InvalidIndexes, Severity::Critical),
    // NOT VALID may be just what the source has.
    (DatabaseKind::UnvalidatedConstraints, Severity::Info),
    (DatabaseKind::SequencesBehind, Severity::Warning),
];

/// Whether a built-in check is called so.
pub(super) fn is_called(word: &str) -> bool {
    let kinds = KINDS.iter().map(|(kind, _)| kind.name());
    word.strip_prefix(PREFIX).is_some_and(|name| {
        ["tables", "rows"]
            .into_iter()
            .chain(kinds)
            .any(|k| k == name)
    })
}

/// Every built-in check that the plan does not ask for itself.
pub(super) fn questions(
    declared: &Checks,
    asked: &[Question],
    context: &Context,
    catalog: &Catalog,
) -> Vec<Question> {
    let own: HashSet<_> = (asked.iter())
        .filter(|question| question.about.table.is_none())
        .map(|question| question.about.check)
        .collect();
    let one = Bounds {
        min: Some(Number::Decimal("1".to_owned())),
        ..Bounds::default()
    };
    let mut questions = Vec::new();
    let mut add = |kind: &DatabaseKind, severity, bounds: Bounds| {
        if !own.contains(kind.name()) {
            questions.push(from_kind(kind, severity, bounds, context, catalog));
        }
    };
    add(&DatabaseKind::Tables, Severity::Critical, one);
    for (kind, severity) in KINDS {
        add(&kind, severity, Bounds::default());
    }
    let rows_stand = questions.len().min(1);
    questions.insert(rows_stand, rows(declared, context, catalog));
    questions
}

fn from_kind(
    kind: &DatabaseKind,
    severity: Severity,
    bounds: Bounds,
    context: &Context,
    catalog: &Catalog,
) -> Question {
    let limit = limit(severity, bounds);
    let bounds = database::bounds(kind, &limit);
    let about = about(kind.name(), severity, judge::limits(&bounds, &limit.warn));
    let ask = database::ask(kind, &limit, context, catalog);
    Question {
        about,
        ask,
        live: None,
    }
}

fn limit(severity: Severity, bounds: Bounds) -> Limit {
    Limit {
        bounds,
        warn: Bounds::default(),
        against: Against::default(),
        severity,
        name: None,
        description: None,
        timeout: TIMEOUT,
        place: Place {
            file: Arc::from(""),
            line: 0,
            column: 0,
        },
    }
}

fn about(name: &'static str, severity: Severity, limit: Option<String>) -> About {
    About {
        id: format!("{PREFIX}{name}"),
        name: None,
        table: None,
        check: name,
        words: Vec::new(),
        severity,
        limit,
        place: None,
        description: None,
        looks_at_data: ["rows", "sequences_behind"].contains(&name),
        comparing: Comparing::default(),
    }
}

/// Counts every row of every table, each row once. What was read whole already is not counted again.
fn rows(declared: &Checks, context: &Context, catalog: &Catalog) -> Question {
    let meant = context.only_schema || emptiness_is_meant(declared, catalog);
    let limit = (!meant).then(|| "min 1".to_owned());
    let about = about("rows", Severity::Critical, limit);
    let known = |table: &Table| {
        let name = (table.schema.clone(), table.name.clone());
        context.counted.get(&name).copied()
    };
    let known: Vec<_> = catalog.stored_tables().map(known).collect();
    let unknown = catalog.stored_tables().zip(&known);
    let unknown = unknown.filter(|(_, known)| known.is_none());
    let statements: Vec<_> = unknown.map(|(table, _)| count(table)).collect();
    if known.is_empty() {
        let ask = Ask::Known(Judged::skipped("no table was restored"));
        return Question {
            about,
            ask,
            live: None,
        };
    }
    let judge = move |answers: Vec<Answer>| {
        let mut counted = answers.iter().map(|answer| match answer {
            Answer::Row(row) => row.count(0),
            _ => 0,
        });
        let mut count = |known: &Option<u64>| known.or_else(|| counted.next()).unwrap_or_default();
        let parts: Vec<u64> = known.iter().map(&mut count).collect();
        let (total, tables) = (parts.iter().sum::<u64>(), parts.len());
        let judged = match (total, meant) {
            (0, false) => Judged::hard("finds no row: no restored table holds one")
                .detail(format!("{tables} tables were counted."))
                .hint("Check what the backup job dumps: the schema alone, or an empty database?"),
            (0, true) => Judged::held().saying("finds no row, as the plan allows"),
            _ => Judged::held(),
        };
        Judged {
            parts,
            ..judged.value(total.into())
        }
    };
    Question {
        about,
        ask: Ask::Statements(statements, Box::new(judge)),
        live: None,
    }
}

/// `only` counts the rows of a parent without those of the tables that inherit from it: they are counted themselves.
/// Where there are none, the plan's checks read the same rows.
fn count(table: &Table) -> Statement {
    let only = if table.has_heirs { "only " } else { "" };
    let scan = Scan {
        figures: vec!["count(*)".to_owned()],
        rows: format!("{only}{}", qualified(table)),
    };
    Statement::scan(scan, TIMEOUT)
}

/// Whether the plan says of every table that it may be empty, by a `row_count` over all its rows.
fn emptiness_is_meant(declared: &Checks, catalog: &Catalog) -> bool {
    let blocks = declared.tables.iter().filter(|block| {
        block.skip.is_none() && block.filter.is_none() && expand::may_be_empty(block)
    });
    let allowed: HashSet<u32> = blocks
        .flat_map(|block| expand::tables_of(block, declared, catalog).unwrap_or_default())
        .map(|table| table.oid)
        .collect();
    let is_allowed = |table: &Table| {
        let parents = std::iter::successors(Some(table), |t| catalog.by_oid(t.parent?));
        parents
            .into_iter()
            .any(|table| allowed.contains(&table.oid))
    };
    let demanded = declared.tables.iter().any(|block| {
        block.skip.is_none()
            && (block.checks.iter()).any(|check| {
                check.kind == TableKind::RowCount && !judge::allow_zero(&check.limit.bounds)
            })
    });
    !demanded && catalog.stored_tables().all(is_allowed)
}
