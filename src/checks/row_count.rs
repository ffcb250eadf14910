//! How many rows?

use super::{
    judge::{self, Figure},
    question::Ask,
    subject::Subject,
};
use crate::plan::Limit;

pub(super) fn ask(subject: &Subject<'_>, limit: &Limit) -> Ask {
    let (hard, soft) = (limit.bounds.clone(), limit.warn.clone());
    Ask::row(subject.figures(limit, []), move |row| {
        judge::figure(&Figure::new(row.count(0).to_string()), &hard, &soft)
    })
}
