//! The table that a check is about, and what the kinds of checks share when they ask about its rows.

use super::{
    Context,
    catalog::{Catalog, Column, Table},
    judge::{self, Figure},
    names,
    question::{Ask, Judged, Row, Scan, Standing, Statement},
};
use crate::plan::Limit;

/// The table that a check is about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The table.
    pub(super) table: &'a Table,
    /// Only rows for which this holds.
    pub(super) filter: Option<&'a str>,
    /// Whether the server's words about the condition must be kept back.
    pub(super) secret: bool,
    /// Whether the same block says that there may be no rows.
    pub(super) may_be_empty: bool,
    /// Everything that was restored.
    pub(super) catalog: &'a Catalog,
    /// The schema of tables that are named without one.
    pub(super) schema: &'a str,
    /// What is known of the run.
    pub(super) context: &'a Context,
}

impl<'a> Subject<'a> {
    /// A column, or what there is to say when it is missing: that is about the backup.
    pub(super) fn column(&self, name: &str) -> Result<&'a Column, Judged> {
        let columns = &self.table.columns;
        columns
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| {
                let table = names::label(self.table, self.schema);
                Judged::hard(format!(
                    "finds no column \"{}\" in \"{table}\"",
                    names::shown(name)
                ))
                .hint("Check the column's name in the plan, then the errors of the restore.")
            })
    }

    /// `"public"."users" where (…)`; the condition is the user's own SQL and may end in a comment.
    pub(super) fn rows(&self) -> String {
        let table = qualified(self.table);
        match self.filter {
            Some(filter) => format!("{table} where (\n{filter}\n)"),
            None => table,
        }
    }

    /// Asks for the number of rows and for these figures over them, in a reading that others may share.
    pub(super) fn figures<const N: usize>(&self, limit: &Limit, figures: [String; N]) -> Statement {
        let count = "count(*)".to_owned();
        let scan = Scan {
            figures: [count].into_iter().chain(figures).collect(),
            rows: self.rows(),
        };
        Statement {
            secret: self.secret,
            ..Statement::scan(scan, limit.timeout)
        }
    }

    /// Judges the rows, the values among them, and whatever else, unless there was nothing to compare.
    pub(super) fn ask(
        &self,
        statement: Statement,
        judge: impl FnOnce(&Row) -> Judged + Send + 'static,
    ) -> Ask {
        let nothing = Nothing::of(self);
        let statement = Statement {
            secret: self.secret,
            ..statement
        };
        Ask::row(statement, move |row| {
            nothing
                .found(row.count(0), row.count(1))
                .unwrap_or_else(|| judge(&row))
        })
    }

    /// The same for a check that counts wrong rows in the third column, of the compared ones in the second.
    pub(super) fn ask_breaches(&self, limit: &Limit, statement: Statement, what: String) -> Ask {
        let hard = judge::none_unless_said(limit);
        let soft = limit.warn.clone();
        self.ask(statement, move |row| {
            let (compared, wrong) = (row.count(1), row.count(2));
            let judged = judge::figure(&Figure::part(wrong, compared), &hard, &soft);
            let rows = if compared == 1 { "row" } else { "rows" };
            match judged.standing {
                Standing::Held => judged,
                _ => judged.detail(format!("{wrong} of {compared} {rows} {what}.")),
            }
        })
    }
}

/// What there is to say about a table that was not restored, or that is called otherwise.
pub(super) fn no_table(catalog: &Catalog, name: &str, schema: &str) -> Judged {
    let judged = Judged::hard(format!("finds no table \"{}\"", names::shown(name)))
        .hint("Check the table's name in the plan, then the errors of the restore.");
    match names::alike(catalog, name, schema) {
        Some(name) => judged.detail(format!("There is a table \"{name}\".")),
        None => judged,
    }
}

/// A table's name in SQL.
pub(super) fn qualified(table: &Table) -> String {
    format!(
        "{}.{}",
        names::identifier(&table.schema),
        names::identifier(&table.name)
    )
}

/// Says that nothing was compared, which is never a pass.
#[derive(Clone, Copy)]
struct Nothing {
    filtered: bool,
    may_be_empty: bool,
}

impl Nothing {
    const fn of(subject: &Subject<'_>) -> Self {
        Self {
            filtered: subject.filter.is_some(),
            may_be_empty: subject.may_be_empty,
        }
    }

    fn found(self, rows: u64, values: u64) -> Option<Judged> {
        let why = match (rows, values, self.filtered) {
            (0, _, true) => "no row meets the filter",
            (0, _, false) => "the table is empty",
            (_, 0, _) => "every value is NULL",
            _ => return None,
        };
        Some(if rows == 0 && self.may_be_empty {
            Judged::skipped(format!("{why}, as the plan allows"))
        } else {
            Judged::unanswered(format!("compared nothing: {why}")).hint(
                "Let the check look at rows, or say by `min: 0` in a row_count that there may be none.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_compared_is_never_a_pass() {
        let stands = |may_be_empty, rows, values| {
            let nothing = Nothing {
                filtered: false,
                may_be_empty,
            };
            nothing.found(rows, values).map(|judged| judged.standing)
        };
        assert_eq!(stands(false, 0, 0), Some(Standing::Unanswered));
        assert_eq!(stands(false, 5, 0), Some(Standing::Unanswered));
        assert_eq!(stands(true, 0, 0), Some(Standing::Skipped));
        assert_eq!(stands(true, 5, 0), Some(Standing::Unanswered));
        assert_eq!(stands(false, 5, 1), None);
    }
}
