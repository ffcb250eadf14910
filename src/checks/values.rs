//! How many values are not among those that are accepted, or do not match? NULL is no breach.

use super::{
    catalog::Column,
    names::{self, literal},
    question::{Ask, Judged},
    subject::Subject,
};
use crate::plan::{Limit, compare};

/// Only these values.
pub(super) fn accepted(
    subject: &Subject<'_>,
    column: &str,
    values: &[String],
    limit: &Limit,
) -> Result<Ask, Judged> {
    let found = subject.column(column)?;
    if values.is_empty() {
        return Err(Judged::unanswered("compared nothing: no value is accepted"));
    }
    let condition = not_among(found, values);
    let what = format!(
        "hold another value in \"{}\" than the accepted ones",
        names::shown(column)
    );
    Ok(subject.ask_breaches(
        limit,
        subject.figures(limit, figures(found, &condition)),
        what,
    ))
}

/// Only values that match this PostgreSQL regular expression.
pub(super) fn matching(
    subject: &Subject<'_>,
    column: &str,
    pattern: &str,
    limit: &Limit,
) -> Result<Ask, Judged> {
    let found = subject.column(column)?;
    let condition = format!(
        "{}::text !~ {}",
        names::identifier(&found.name),
        literal(pattern)
    );
    let what = format!(
        "hold a value in \"{}\" that does not match",
        names::shown(column)
    );
    Ok(subject.ask_breaches(
        limit,
        subject.figures(limit, figures(found, &condition)),
        what,
    ))
}

fn figures(column: &Column, condition: &str) -> [String; 2] {
    let quoted = names::identifier(&column.name);
    let breaches = format!("count(*) filter (where {quoted} is not null and {condition})");
    [format!("count({quoted})"), breaches]
}

/// Numbers are compared as numbers, so that 1 is 1.00; everything else as the text that PostgreSQL prints.
fn not_among(column: &Column, values: &[String]) -> String {
    let quoted = names::identifier(&column.name);
    let literals: Vec<_> = values.iter().map(|value| literal(value)).collect();
    let literals = literals.join(", ");
    let numbers = column.category == 'N' && values.iter().all(|v| compare(v, "0").is_some());
    if numbers {
        format!("{quoted}::numeric <> all (array[{literals}]::numeric[])")
    } else {
        format!("{quoted}::text <> all (array[{literals}]::text[])")
    }
}
