//! From the plan to questions: blocks over the tables that they name, checks over their columns.

use glob::Pattern;

use super::{
    Context, aggregate,
    catalog::{Catalog, Table},
    columns, database, freshness, judge, names, not_null,
    question::{About, Ask, Judged, Question},
    range, references, row_count, sql,
    subject::Subject,
    unique, values,
};
use crate::plan::{
    Checks, DatabaseCheck, DatabaseKind, Limit, SqlCheck, TableBlock, TableCheck, TableKind,
};

/// Everything that is declared, in the order of the plan.
pub(super) fn declared(checks: &Checks, context: &Context, catalog: &Catalog) -> Vec<Question> {
    let look = Look {
        checks,
        context,
        catalog,
        schema: checks.schema.as_deref().unwrap_or(names::PUBLIC),
    };
    let tables = checks.tables.iter().flat_map(|block| look.block(block));
    let database = checks.database.iter().map(|check| look.database(check));
    let sql = checks.sql.iter().map(sql_question);
    tables.chain(database).chain(sql).collect()
}

/// The tables that a block names, or why there is none.
pub(super) fn tables_of<'a>(
    block: &TableBlock,
    checks: &Checks,
    catalog: &'a Catalog,
) -> Result<Vec<&'a Table>, Judged> {
    let schema = checks.schema.as_deref().unwrap_or(names::PUBLIC);
    if let Some(table) = names::find(catalog, &block.table, schema) {
        return Ok(vec![table]);
    }
    let shown = names::shown(&block.table);
    if !names::is_glob(&block.table) {
        let judged = Judged::hard(format!("finds no table \"{shown}\""))
            .hint("Check the table's name in the plan, then the errors of the restore.");
        return Err(match names::alike(catalog, &block.table, schema) {
            Some(name) => judged.detail(format!("There is a table \"{name}\".")),
            None => judged,
        });
    }
    let pattern = |text: &str| {
        Pattern::new(text).map_err(|_| {
            let text = names::shown(text);
            Judged::unanswered(format!("cannot be asked: \"{text}\" is no glob"))
        })
    };
    let wanted = pattern(&block.table)?;
    let mut except = Vec::new();
    for text in &block.except {
        except.push(pattern(text)?);
    }
    let named = |table: &Table| {
        table.is_user_table()
            && names::matches(&wanted, table, schema)
            && !except.iter().any(|p| names::matches(p, table, schema))
            && !is_skipped(checks, catalog, table, schema)
    };
    let found: Vec<_> = catalog.tables.iter().filter(|t| named(t)).collect();
    let parent_found = |t: &Table| found.iter().any(|other| Some(other.oid) == t.parent);
    let roots: Vec<_> = (found.iter().copied())
        .filter(|table| !parent_found(table))
        .collect();
    if roots.is_empty() {
        return Err(Judged::unanswered(format!(
            "compared nothing: no table matches \"{shown}\""
        )));
    }
    Ok(roots)
}

/// A table that has a block of its own with `skip` is left out of globs, too.
fn is_skipped(checks: &Checks, catalog: &Catalog, table: &Table, schema: &str) -> bool {
    checks.tables.iter().any(|block| {
        block.skip.is_some()
            && names::find(catalog, &block.table, schema).is_some_and(|skip| skip.oid == table.oid)
    })
}

/// Whether a block says that its tables may hold no rows.
pub(super) fn may_be_empty(block: &TableBlock) -> bool {
    block
        .checks
        .iter()
        .any(|check| check.kind == TableKind::RowCount && judge::allow_zero(&check.limit.bounds))
}

struct Look<'a> {
    checks: &'a Checks,
    context: &'a Context,
    catalog: &'a Catalog,
    schema: &'a str,
}

impl Look<'_> {
    fn block(&self, block: &TableBlock) -> Vec<Question> {
        if let Some(reason) = &block.skip {
            return skipped(block, reason);
        }
        let known = |judged: &Judged| {
            let about = |check| about_table(block, check, &names::shown(&block.table));
            (block.checks.iter())
                .map(|check| Question {
                    about: about(check),
                    ask: Ask::Known(judged.clone()),
                })
                .collect()
        };
        match tables_of(block, self.checks, self.catalog) {
            Err(judged) => known(&judged),
            Ok(tables) => (tables.into_iter())
                .flat_map(|table| self.table(block, table))
                .collect(),
        }
    }

    fn table(&self, block: &TableBlock, table: &Table) -> Vec<Question> {
        let subject = Subject {
            table,
            filter: block.filter.as_deref(),
            may_be_empty: may_be_empty(block),
            catalog: self.catalog,
            schema: self.schema,
            context: self.context,
        };
        let label = names::label(table, self.schema);
        (block.checks.iter())
            .map(|check| Question {
                about: about_table(block, check, &label),
                ask: match database::out_of_reach(table.kind) {
                    Some(judged) => Ask::Known(judged),
                    None => ask(&subject, check).unwrap_or_else(Ask::Known),
                },
            })
            .collect()
    }

    fn database(&self, check: &DatabaseCheck) -> Question {
        let (kind, limit) = (&check.kind, &check.limit);
        let id = format!("database.{}", kind.name());
        let no_limit = limit.bounds.is_empty() && limit.warn.is_empty();
        let ask = if database::needs_limit(kind) && no_limit {
            Ask::Known(without_limit())
        } else {
            database::ask(kind, limit, self.context, self.catalog)
        };
        let limit_text = match kind {
            DatabaseKind::Extensions(wanted) | DatabaseKind::Schemas(wanted) => {
                Some(wanted.join(", "))
            }
            _ => judge::limits(&database::bounds(kind, limit), &limit.warn),
        };
        let about = about(id, kind.name(), limit, limit_text);
        Question { about, ask }
    }
}

/// One row a kind.
#[rustfmt::skip]
fn ask(subject: &Subject<'_>, check: &TableCheck) -> Result<Ask, Judged> {
    let limit = &check.limit;
    if needs_limit(&check.kind) && limit.bounds.is_empty() && limit.warn.is_empty() {
        return Err(without_limit());
    }
    match &check.kind {
        TableKind::RowCount                     => Ok(row_count::ask(subject, limit)),
        TableKind::Columns(wanted)              => Ok(columns::ask(subject, wanted)),
        TableKind::NotNull(column)              => not_null::ask(subject, column, limit),
        TableKind::Unique(columns)              => unique::ask(subject, columns, limit),
        TableKind::AcceptedValues(column, list) => values::accepted(subject, column, list, limit),
        TableKind::Matches(column, pattern)     => values::matching(subject, column, pattern, limit),
        TableKind::Range(column)                => range::ask(subject, column, limit),
        TableKind::Freshness(freshness)         => freshness::ask(subject, freshness, limit),
        TableKind::References(column, to, key)  => references::ask(subject, [column, to, key], limit),
        TableKind::Sum(column)                  => aggregate::sum(subject, column, limit),
        TableKind::Avg(column)                  => aggregate::avg(subject, column, limit),
        TableKind::Distinct(column)             => aggregate::distinct(subject, column, limit),
    }
}

const fn needs_limit(kind: &TableKind) -> bool {
    matches!(
        kind,
        TableKind::RowCount
            | TableKind::Range(_)
            | TableKind::Sum(_)
            | TableKind::Avg(_)
            | TableKind::Distinct(_)
    )
}

fn without_limit() -> Judged {
    Judged::unanswered("compared nothing: it has no limit")
        .hint("Give it `min`, `max` or `equals` in the plan.")
}

fn skipped(block: &TableBlock, reason: &str) -> Vec<Question> {
    let label = names::shown(&block.table);
    let ask = || Ask::Known(Judged::skipped(reason));
    if block.checks.is_empty() {
        let about = About {
            id: format!("{label}.skip"),
            table: Some(label.clone()),
            check: "skip",
            shown: label.clone(),
            words: words(block, &label, None),
            severity: crate::finding::Severity::Info,
            limit: None,
            place: Some(block.place.clone()),
            description: None,
            looks_at_data: false,
        };
        return vec![Question { about, ask: ask() }];
    }
    (block.checks.iter())
        .map(|check| Question {
            about: about_table(block, check, &label),
            ask: ask(),
        })
        .collect()
}

fn about_table(block: &TableBlock, check: &TableCheck, label: &str) -> About {
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
        ..about(id, kind.name(), limit, limit_text)
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

fn words(block: &TableBlock, label: &str, name: Option<&str>) -> Vec<String> {
    let mut words = vec![label.to_owned(), block.table.clone()];
    words.extend(name.map(str::to_owned));
    words.extend(block.tags.iter().cloned());
    words
}

fn about(id: String, check: &'static str, limit: &Limit, limit_text: Option<String>) -> About {
    About {
        shown: called(limit.name.as_deref(), &id),
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

/// What messages call a check.
fn called(name: Option<&str>, id: &str) -> String {
    name.map_or_else(
        || id.to_owned(),
        |name| format!("\"{}\"", names::shown(name)),
    )
}

fn sql_question(check: &SqlCheck) -> Question {
    let id = format!("sql.{}", names::slug(&check.name));
    let mut words = vec![check.name.clone()];
    words.extend(check.tags.iter().cloned());
    let about = About {
        shown: called(Some(&check.name), &id),
        id,
        table: None,
        check: "sql",
        words,
        severity: check.severity,
        limit: sql::limit(check),
        place: Some(check.place.clone()),
        description: check.description.clone(),
        looks_at_data: true,
    };
    let ask = match &check.skip {
        Some(reason) => Ask::Known(Judged::skipped(reason.clone())),
        None => sql::ask(check),
    };
    Question { about, ask }
}
