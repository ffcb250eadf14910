//! The sum, the mean, and the number of different values of a column.

use super::{
    judge::{self, Figure},
    names,
    question::{Ask, Judged, Statement},
    range::as_number,
    subject::Subject,
};
use crate::plan::Limit;

/// The sum.
pub(super) fn sum(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let number = as_number(subject.column(column)?)?;
    Ok(ask(subject, column, format!("sum({number})"), limit))
}

/// The mean.
pub(super) fn avg(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let number = as_number(subject.column(column)?)?;
    Ok(ask(subject, column, format!("avg({number})"), limit))
}

/// How many different values.
pub(super) fn distinct(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let quoted = names::identifier(&subject.column(column)?.name);
    let statement = figures(subject, column, format!("count(distinct {quoted})"), limit);
    // It sorts: beside others it would keep them from being counted by several workers.
    let alone = Statement {
        scan: None,
        ..statement
    };
    Ok(judged(subject, alone, limit))
}

fn ask(subject: &Subject<'_>, column: &str, aggregate: String, limit: &Limit) -> Ask {
    judged(subject, figures(subject, column, aggregate, limit), limit)
}

fn figures(subject: &Subject<'_>, column: &str, aggregate: String, limit: &Limit) -> Statement {
    let values = format!("count({})", names::identifier(column));
    subject.figures(limit, [values, aggregate])
}

fn judged(subject: &Subject<'_>, statement: Statement, limit: &Limit) -> Ask {
    let (hard, soft) = (limit.bounds.clone(), limit.warn.clone());
    subject.ask(statement, move |row| {
        let value = row.text(2).unwrap_or_default();
        judge::figure(&Figure::new(value), &hard, &soft)
    })
}
