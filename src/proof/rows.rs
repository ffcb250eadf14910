//! The rows of the dump and those of the restored tables, table by table.

use std::collections::BTreeMap;

use super::{
    Dump,
    back::Job,
    expected,
    fair::unfair,
    parts::Reads,
    reading::{Answer, Answers, Question, Way},
    tables::{Relation, Relations, name, schema},
};
use crate::{
    dump::{Form, Held, Ledger, Target},
    finding::{Code, Finding},
    rows::Rows,
};

/// How many tables one finding or one list names.
const NAMED: usize = 20;

/// A table of the dump: several parts are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) target: Target,
    pub(super) rows: Rows,
    /// Why only the number of rows counts.
    pub(super) unfair: Option<String>,
}

/// What is asked of a table, and why not more.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) whole: Whole,
    pub(super) standing: Standing,
}

/// How a table stands before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is read or counted.
    Compared,
    /// An extension brings rows of its own: at least the dump's must be there.
    AtLeast,
    /// It is not there.
    Missing,
    /// It cannot be compared, for this reason.
    Never(&'static str),
}

/// One table, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The table.
    pub target: Target,
    /// What the dump holds.
    pub dump: Rows,
    /// What was read from the restored one.
    pub answer: Option<Answer>,
}

/// The tables of a dump, each once.
pub(super) fn wholes(ledger: &Ledger) -> Vec<Whole> {
    let mut found: BTreeMap<(Option<&str>, &str), Whole> = BTreeMap::new();
    for Held { target, form, rows } in &ledger.tables {
        let inserted =
            (*form == Form::Inserts).then(|| "its rows are INSERT statements".to_owned());
        let key = (target.schema.as_deref(), target.table.as_str());
        if let Some(whole) = found.get_mut(&key) {
            whole.rows.absorb(*rows);
            let same = whole.target.columns == target.columns;
            let apart = (!same).then(|| "its parts name their columns in another order".to_owned());
            whole.unfair = whole.unfair.take().or(inserted).or(apart);
        } else {
            let whole = Whole {
                target: target.clone(),
                rows: *rows,
                unfair: inserted,
            };
            found.insert(key, whole);
        }
    }
    found.into_values().collect()
}

/// What to ask of which table.
pub(super) fn asked(dump: &Dump, relations: &Relations, server: u32) -> Vec<Asked> {
    let is_read = expected::is_read(dump.contents.encoding.as_deref());
    let asked = |mut whole: Whole| {
        let key = (schema(&whole.target).to_owned(), whole.target.table.clone());
        let relation = relations.get(&key);
        let standing = match relation {
            Some(relation) => standing(relation),
            None if !(is_read(&key.0) && is_read(&key.1)) => {
                Standing::Never("its name is in an encoding that is not read here")
            }
            None => Standing::Missing,
        };
        if whole.unfair.is_none() {
            whole.unfair =
                relation.and_then(|relation| unfair(relation, dump.contents.major(), server));
        }
        Asked { whole, standing }
    };
    if dump.ledger.trouble.is_some() {
        // What the dump holds is not known: nothing can be held against what was restored.
        return Vec::new();
    }
    wholes(&dump.ledger).into_iter().map(asked).collect()
}

fn standing(relation: &Relation) -> Standing {
    match relation.kind {
        'f' => Standing::Never("its rows are in another server"),
        'r' | 'p' if relation.of_extension => Standing::AtLeast,
        'r' | 'p' => Standing::Compared,
        _ => Standing::Never("it is no table"),
    }
}

/// The tables to ask.
pub(super) fn jobs(asked: &[Asked], dump: &Dump, relations: &Relations, major: u32) -> Vec<Job> {
    let job = |(number, asked): (usize, &Asked)| {
        if !matches!(asked.standing, Standing::Compared | Standing::AtLeast) {
            return None;
        }
        let target = &asked.whole.target;
        let relation = relations.get(&(schema(target).to_owned(), target.table.clone()))?;
        let bytes = relation.types.iter().any(|name| name == "bytea");
        let reads = Reads {
            target,
            partitioned: relation.kind == 'p',
            encoding: dump.contents.encoding.as_deref(),
            heap: relation.heap,
            major,
        };
        let whole = asked.whole.unfair.is_none() && asked.standing == Standing::Compared;
        Some(Job {
            number,
            questions: questions(number, reads, whole, relation.bytes),
            or_escaped: (whole && bytes).then_some(asked.whole.rows),
        })
    };
    asked.iter().enumerate().filter_map(job).collect()
}

/// What is asked of a table: its text, or only how many rows there are.
fn questions(number: usize, reads: Reads<'_>, whole: bool, bytes: u64) -> Vec<Question> {
    let question = |sql, way, bytes| Question {
        number,
        sql,
        way,
        bytes,
    };
    if whole {
        let all = reads.statements();
        let bytes = bytes / all.len().max(1) as u64;
        return all
            .into_iter()
            .map(|sql| question(sql, Way::Read, bytes))
            .collect();
    }
    let only = if reads.partitioned { "" } else { "only " };
    let sql = format!("select count(*) from {only}{}", name(reads.target));
    vec![question(sql, Way::Count, bytes)]
}

/// What comparing the rows came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) expected: u64,
    pub(super) digests: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) not_compared: Vec<String>,
    pub(super) complete: bool,
    pub(super) tables: Vec<Settled>,
}

/// Compares every table with its answer.
pub(super) fn judge(asked: Vec<Asked>, mut answers: Answers) -> Judged {
    let mut judged = Judged {
        complete: true,
        ..Judged::default()
    };
    let mut differing = Vec::new();
    for (number, asked) in asked.into_iter().enumerate() {
        judged.expected += asked.whole.rows.count;
        let answer = answers.remove(&number);
        if let Some(difference) = judged.table(&asked, answer) {
            differing.push((called(&asked.whole.target), difference));
        }
        judged.tables.push(Settled {
            target: asked.whole.target,
            dump: asked.whole.rows,
            answer,
        });
    }
    judged.findings.extend(finding(&differing));
    judged.complete &= differing.is_empty();
    judged
}

impl Judged {
    /// Compares one table; tells how it differs.
    fn table(&mut self, asked: &Asked, answer: Option<Answer>) -> Option<String> {
        let (whole, name) = (&asked.whole, called(&asked.whole.target));
        let expected = whole.rows;
        match (answer, &asked.standing) {
            (Some(Answer::Read(found)), _) if found == expected => self.digests += 1,
            (Some(Answer::Read(found)), _) if found.count == expected.count => {
                return Some(format!("{} rows, other contents", found.count));
            }
            (Some(Answer::Counted(found)), Standing::AtLeast) => {
                let reason =
                    "an extension brings rows of its own: it was looked for at least as many";
                self.not_compared.push(format!("{name}: {reason}"));
                if found < expected.count {
                    return Some(counts(found, expected.count));
                }
            }
            (Some(Answer::Counted(found)), _) => {
                let reason = whole.unfair.as_deref().unwrap_or("it was only counted");
                self.not_compared
                    .push(format!("{name}: {reason}; its rows were only counted"));
                if found != expected.count {
                    return Some(counts(found, expected.count));
                }
            }
            (Some(Answer::Read(found)), _) => return Some(counts(found.count, expected.count)),
            (Some(Answer::Refused(state)), _) => {
                let state = String::from_utf8_lossy(&state).into_owned();
                self.never(&name, &format!("it could not be read (SQLSTATE {state})"));
            }
            (None, Standing::Never(reason)) => self.never(&name, reason),
            (None, _) if expected.count == 0 => self.never(&name, "it is not there"),
            (None, _) => return Some(counts(0, expected.count)),
        }
        None
    }

    fn never(&mut self, name: &str, reason: &str) {
        self.not_compared.push(format!("{name}: {reason}"));
        self.complete = false;
    }
}

fn counts(found: u64, expected: u64) -> String {
    format!("{found} rows of {expected}")
}

/// `schema.name`.
pub(super) fn called(target: &Target) -> String {
    format!("{}.{}", schema(target), target.table)
}

fn finding(differing: &[(String, String)]) -> Option<Finding> {
    let (first, rest) = differing.split_first()?;
    let message = match rest.len() {
        0 => format!(
            "the table \"{}\" holds other rows than the dump: {}",
            first.0, first.1
        ),
        more => format!("{} tables hold other rows than the dump", more + 1),
    };
    let finding = Finding::new(Code::RestoreRows, message).about(&first.0);
    if rest.is_empty() {
        return Some(
            finding.detail("The rows in the dump were compared with those in the restored table."),
        );
    }
    let named: Vec<_> = differing
        .iter()
        .map(|(name, how)| format!("\"{name}\" ({how})"))
        .collect();
    Some(finding.detail(format!("They are {}.", bounded(&named))))
}

/// A list that does not grow without bounds.
pub(super) fn bounded(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(table: &str) -> Target {
        Target {
            schema: Some("public".to_owned()),
            table: table.to_owned(),
            columns: None,
        }
    }

    fn rows(count: u64, digest: u128) -> Rows {
        Rows { count, digest }
    }

    fn judged(standing: Standing, unfair: Option<&str>, answer: Option<Answer>) -> Judged {
        let whole = Whole {
            target: target("t"),
            rows: rows(3, 7),
            unfair: unfair.map(str::to_owned),
        };
        let answers = answer.map(|answer| (0, answer)).into_iter().collect();
        judge(vec![Asked { whole, standing }], answers)
    }

    #[test]
    fn equal_rows_are_complete_and_anything_else_is_not() {
        use Answer::{Counted, Read, Refused};
        use Standing::{AtLeast, Compared, Missing, Never};
        let unfair = Some("because");
        // (standing, unfair, answer, complete, found, not compared)
        let cases = [
            (Compared, None, Some(Read(rows(3, 7))), true, false, 0),
            (Compared, None, Some(Read(rows(3, 8))), false, true, 0),
            (Compared, None, Some(Read(rows(2, 7))), false, true, 0),
            (Compared, unfair, Some(Counted(3)), true, false, 1),
            (Compared, unfair, Some(Counted(2)), false, true, 1),
            (AtLeast, None, Some(Counted(9)), true, false, 1),
            (AtLeast, None, Some(Counted(2)), false, true, 1),
            (Compared, None, Some(Refused(*b"42501")), false, false, 1),
            (Missing, None, None, false, true, 0),
            (Never("x"), None, None, false, false, 1),
        ];
        for (number, (standing, unfair, answer, complete, found, not)) in
            cases.into_iter().enumerate()
        {
            let judged = judged(standing, unfair, answer);
            let seen = (
                judged.complete,
                !judged.findings.is_empty(),
                judged.not_compared.len(),
            );
            assert_eq!(seen, (complete, found, not), "case {number}");
        }
    }

    #[test]
    fn the_parts_of_a_table_are_one() {
        let held = |form, columns: Option<&str>, rows| Held {
            target: Target {
                columns: columns.map(|name| vec![name.to_owned()]),
                ..target("p")
            },
            form,
            rows,
        };
        let of = |tables| {
            let ledger = Ledger {
                tables,
                ..Ledger::default()
            };
            wholes(&ledger)
        };
        let lines = |columns, rows| held(Form::Lines, columns, rows);
        let one = of(vec![
            lines(Some("a"), rows(1, 5)),
            lines(Some("a"), rows(2, 6)),
        ]);
        assert_eq!(
            (one.len(), one[0].rows, one[0].unfair.is_some()),
            (1, rows(3, 11), false)
        );
        assert!(
            of(vec![
                lines(Some("a"), rows(1, 5)),
                lines(Some("b"), rows(2, 6))
            ])[0]
                .unfair
                .is_some()
        );
        assert!(
            of(vec![held(Form::Inserts, None, rows(1, 0))])[0]
                .unfair
                .is_some()
        );
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<_> = (0..25).map(|number| format!("t{number}")).collect();
        assert!(bounded(&names).ends_with("t19 and 5 more"));
    }
}
