//! How many rows hold NULL?

use super::{
    names,
    question::{Ask, Judged},
    subject::Subject,
};
use crate::plan::Limit;

pub(super) fn ask(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let quoted = names::identifier(&subject.column(column)?.name);
    let figures = [
        "count(*)".to_owned(),
        format!("(count(*) - count({quoted}))"),
    ];
    let what = format!("hold NULL in \"{}\"", names::shown(column));
    Ok(subject.ask_breaches(limit, subject.figures(limit, figures), what))
}
