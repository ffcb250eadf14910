//! How many rows share their values with another row? NULLs are distinct, as in SQL.

use super::{
    names,
    question::{Ask, Judged, Statement},
    subject::Subject,
};
use crate::plan::Limit;

pub(super) fn ask(subject: &Subject<'_>, columns: &[String], limit: &Limit) -> Result<Ask, Judged> {
    if columns.is_empty() {
        return Err(Judged::unanswered("compared nothing: no column is named"));
    }
    let mut quoted = Vec::new();
    for column in columns {
        quoted.push(names::identifier(&subject.column(column)?.name));
    }
    let whole: Vec<_> = (quoted.iter())
        .map(|column| format!("{column} is not null"))
        .collect();
    let sql = format!(
        "select coalesce(sum(n), 0)::text, coalesce(sum(n) filter (where whole), 0)::text,
                coalesce(sum(n) filter (where whole and n > 1), 0)::text
         from (select count(*) as n, ({}) as whole from {} group by {}) as pgdrill",
        whole.join(" and "),
        subject.rows(),
        quoted.join(", ")
    );
    let what = format!("share their {} with another row", names::list(columns));
    Ok(subject.ask_breaches(limit, Statement::row(sql, limit.timeout), what))
}
