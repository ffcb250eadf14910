//! The sum, the mean, and the number of different values of a column.

use super::{
    judge::{self, Figure},
    names,
    question::{Ask, Judged},
    range::as_number,
    subject::Subject,
};
use crate::plan::Limit;

/// The sum.
pub(super) fn sum(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let number = as_number(subject.column(column)?)?;
    Ok(ask(subject, column, &format!("sum({number})"), limit))
}

/// The mean.
pub(super) fn avg(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let number = as_number(subject.column(column)?)?;
    Ok(ask(subject, column, &format!("avg({number})"), limit))
}

/// How many different values.
pub(super) fn distinct(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let quoted = names::identifier(&subject.column(column)?.name);
    let counted = format!("count(distinct {quoted})");
    Ok(ask(subject, column, &counted, limit))
}

fn ask(subject: &Subject<'_>, column: &str, aggregate: &str, limit: &Limit) -> Ask {
    let sql = format!(
        "select count(*)::text, count({})::text, {aggregate}::text from {}",
        names::identifier(column),
        subject.rows()
    );
    let (hard, soft) = (limit.bounds.clone(), limit.warn.clone());
    subject.ask(limit, sql, move |row| {
        let value = row.text(2).unwrap_or_default();
        judge::figure(&Figure::new(value), &hard, &soft)
    })
}
