//! How many rows point at nothing? NULL is no breach.

use super::{
    names,
    question::{Ask, Judged, Statement},
    subject::{Subject, no_table, qualified},
};
use crate::plan::Limit;

pub(super) fn ask(
    subject: &Subject<'_>,
    [column, other, key]: [&str; 3],
    limit: &Limit,
) -> Result<Ask, Judged> {
    let child = names::identifier(&subject.column(column)?.name);
    let Some(parent) = names::find(subject.catalog, other, subject.schema) else {
        return Err(no_table(subject.catalog, other, subject.schema));
    };
    let parent = Subject {
        table: parent,
        filter: None,
        ..*subject
    };
    let key = names::identifier(&parent.column(key)?.name);
    // An anti-join: the planner may hash it, where a subquery under an aggregate is run once a row.
    let sql = format!(
        "select count(*)::text, count({child})::text,
                (select count(*) from (select {child} as pointer from {rows}) as pgdrill
                 where pgdrill.pointer is not null
                   and not exists (select from {parent} as target where target.{key} = pgdrill.pointer))::text
         from {rows}",
        rows = subject.rows(),
        parent = qualified(parent.table),
    );
    let what = format!(
        "point at no row of \"{}\"",
        names::label(parent.table, subject.schema)
    );
    let statement = Statement {
        // Every row of a table is looked up by hashing, whatever is known of it.
        joins: subject.filter.is_some(),
        ..Statement::row(sql, limit.timeout)
    };
    Ok(subject.ask_breaches(limit, statement, what))
}
