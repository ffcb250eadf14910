//! From the plan to questions: blocks over the tables that they name, checks over their columns.

use glob::Pattern;

use super::{
    Context, about, aggregate,
    catalog::{Catalog, Table},
    columns, cut_off, database, freshness, inventory, judge, names, not_null,
    question::{About, Ask, Judged, Question},
    range, references, row_count, sql,
    subject::{self, Subject},
    unique, values,
};
use crate::plan::{Checks, DatabaseCheck, Limit, SqlCheck, TableBlock, TableCheck, TableKind};

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
    let sql = checks.sql.iter().map(|check| look.question_in_sql(check));
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
        return Err(subject::no_table(catalog, &block.table, schema));
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
        // Where a table reads a foreign one its other partitions stand for it.
        table.is_user_table()
            && !table.reads_foreign
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
    (block.checks.iter())
        .any(|check| check.kind == TableKind::RowCount && judge::declare_empty(&check.limit.bounds))
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
        let all_known = |judged: &Judged| {
            let about = |check| about::of_table(block, check, &names::shown(&block.table));
            (block.checks.iter())
                .map(|check| known(about(check), judged.clone()))
                .collect()
        };
        match tables_of(block, self.checks, self.catalog) {
            Err(judged) => all_known(&judged),
            Ok(tables) => (tables.into_iter())
                .flat_map(|table| self.table(block, table))
                .collect(),
        }
    }

    fn table(&self, block: &TableBlock, table: &Table) -> Vec<Question> {
        let label = names::label(table, self.schema);
        let whole_name = names::label(table, "");
        let about_of = |check| {
            let mut about = about::of_table(block, check, &label);
            about.words.push(whole_name.clone());
            about
        };
        let filled = |filter: &String| cut_off::fill(filter, self.context.backup_time);
        let filter = match block.filter.as_ref().map(filled).transpose() {
            Ok(filter) => filter,
            Err(judged) => {
                let checks = block.checks.iter();
                return checks
                    .map(|check| known(about_of(check), judged.clone()))
                    .collect();
            }
        };
        let subject = Subject {
            table,
            filter: filter.as_deref(),
            secret: block.filled,
            may_be_empty: may_be_empty(block),
            catalog: self.catalog,
            schema: self.schema,
            context: self.context,
        };
        (block.checks.iter())
            .map(|check| subject_question(&subject, check, about_of(check)))
            .collect()
    }

    fn database(&self, check: &DatabaseCheck) -> Question {
        let (kind, limit) = (&check.kind, &check.limit);
        let ask = if database::needs_limit(kind) && asks_nothing(limit) {
            Ask::Known(without_limit())
        } else {
            database::ask(kind, limit, self.context, self.catalog)
        };
        Question {
            about: about::of_database(check),
            ask,
            live: None,
        }
    }

    fn question_in_sql(&self, check: &SqlCheck) -> Question {
        let about = about::of_sql(check);
        if let Some(reason) = &check.skip {
            return known(about, Judged::skipped(reason.clone()));
        }
        let ask = || sql::ask(check, self.context.backup_time);
        Question {
            about,
            ask: ask(),
            live: check.against.live.is_some().then(ask),
        }
    }
}

/// A check of a table that can be asked, and the same to the live database.
fn subject_question(subject: &Subject<'_>, check: &TableCheck, mut about: About) -> Question {
    if let Some(judged) = database::out_of_reach(subject.table) {
        return known(about, judged);
    }
    if check.kind == TableKind::RowCount && subject.filter.is_none() {
        about.comparing.whole = Some(inventory::full_name(subject.table));
    }
    let ask = || ask(subject, check).unwrap_or_else(Ask::Known);
    Question {
        about,
        ask: ask(),
        live: check.limit.against.live.is_some().then(ask),
    }
}

/// A check whose answer is known already.
fn known(about: About, judged: Judged) -> Question {
    Question {
        about,
        ask: Ask::Known(judged),
        live: None,
    }
}

fn asks_nothing(limit: &Limit) -> bool {
    limit.bounds.is_empty() && limit.warn.is_empty() && limit.against.is_empty()
}

/// One row a kind.
#[rustfmt::skip]
fn ask(subject: &Subject<'_>, check: &TableCheck) -> Result<Ask, Judged> {
    let limit = &check.limit;
    if about::needs_limit(&check.kind) && asks_nothing(limit) {
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

fn without_limit() -> Judged {
    Judged::unanswered("compared nothing: it has no limit")
        .hint("Give it `min`, `max` or `equals` in the plan.")
}

fn skipped(block: &TableBlock, reason: &str) -> Vec<Question> {
    let label = names::shown(&block.table);
    let skipped = |about| known(about, Judged::skipped(reason));
    if block.checks.is_empty() {
        return vec![skipped(about::of_skipped(block, &label))];
    }
    (block.checks.iter())
        .map(|check| skipped(about::of_table(block, check, &label)))
        .collect()
}
