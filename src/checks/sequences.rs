//! Would a sequence hand out a value that its column holds already?

use super::{
    catalog::{Catalog, Sequence, Table},
    judge::{self, Figure},
    names,
    question::{Answer, Ask, Judged, Row, Scan, Standing, Statement},
    subject::qualified,
};
use crate::plan::{Bounds, Limit};

pub(super) fn ask(catalog: &Catalog, limit: &Limit, hard: Bounds) -> Ask {
    let found: Vec<(Sequence, &Table)> = (catalog.sequences.iter())
        .filter_map(|sequence| Some((sequence.clone(), catalog.by_oid(sequence.table)?)))
        .collect();
    if found.is_empty() {
        return Ask::Known(Judged::skipped("no sequence fills a column"));
    }
    let statements = found
        .iter()
        .map(|(sequence, table)| Statement::scan(scan(sequence, table), limit.timeout));
    let statements = statements.collect();
    let sequences: Vec<Sequence> = found.into_iter().map(|(sequence, _)| sequence).collect();
    let soft = limit.warn.clone();
    let judge = move |answers: Vec<Answer>| judge(&sequences, &answers, &hard, &soft);
    Ask::Statements(statements, Box::new(judge))
}

/// Where the sequence stands, and the value of the column that it would meet first: figures of one row that all share, so
/// that one statement brings back many.
fn scan(sequence: &Sequence, table: &Table) -> Scan {
    let extreme = if sequence.increment < 0 { "min" } else { "max" };
    let name = format!(
        "{}.{}",
        names::identifier(&sequence.schema),
        names::identifier(&sequence.name)
    );
    let held = format!("{extreme}({})", names::identifier(&sequence.column));
    Scan {
        figures: vec![
            format!("(select last_value from {name})"),
            format!("(select is_called from {name})"),
            format!("(select {held} from {})", qualified(table)),
        ],
        rows: "(values (1)) as one".to_owned(),
    }
}

fn judge(sequences: &[Sequence], answers: &[Answer], hard: &Bounds, soft: &Bounds) -> Judged {
    let mut behind: Vec<String> = Vec::new();
    for (sequence, answer) in sequences.iter().zip(answers) {
        let name = format!("{}.{}", sequence.schema, sequence.name);
        if let Answer::Row(row) = answer
            && is_behind(sequence.increment, row) == Some(true)
            && !behind.contains(&name)
        {
            behind.push(name);
        }
    }
    let judged = judge::figure(&Figure::new(behind.len().to_string()), hard, soft);
    match judged.standing {
        Standing::Held => judged,
        _ => judged
            .detail(format!(
                "The next value of {} is one that the column has passed already.",
                names::list(&behind)
            ))
            .hint("Compare with the source; `select setval(…)` moves a sequence."),
    }
}

/// `None` for a column without values.
fn is_behind(increment: i64, row: &Row) -> Option<bool> {
    let last: i128 = row.text(0)?.parse().ok()?;
    let called = row.text(1)? == "true";
    let held: i128 = row.text(2)?.parse().ok()?;
    let next = if called {
        last + i128::from(increment)
    } else {
        last
    };
    Some(if increment < 0 {
        next >= held
    } else {
        next <= held
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_behind_when_its_next_value_is_taken() {
        let behind = |increment, last: &str, called: &str, held: Option<&str>| {
            let row = Row(vec![
                Some(last.into()),
                Some(called.into()),
                held.map(Into::into),
            ]);
            is_behind(increment, &row)
        };
        assert_eq!(behind(1, "5", "true", Some("5")), Some(false));
        assert_eq!(behind(1, "4", "true", Some("5")), Some(true));
        assert_eq!(behind(1, "5", "false", Some("5")), Some(true));
        assert_eq!(behind(1, "1", "false", None), None);
        assert_eq!(behind(-1, "-5", "true", Some("-5")), Some(false));
        assert_eq!(behind(-1, "-4", "true", Some("-5")), Some(true));
        let top = "9223372036854775807";
        assert_eq!(behind(1, top, "true", Some(top)), Some(false));
    }
}
