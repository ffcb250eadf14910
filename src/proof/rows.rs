//! The rows of the dump and those of the restored tables, table by table.

use std::collections::BTreeMap;

use super::{
    Dump,
    back::{Job, Told},
    expected,
    fair::unfair,
    partitions::{self, Name},
    parts::Reads,
    reading::{Answer, Question, Style, Way},
    session::quoted,
    tables::{Relation, Relations, name, schema},
};
use crate::{
    dump::{Form, Held, Ledger, Target},
    finding::{Code, Finding},
    rows::Rows,
};

/// Why other contents prove nothing of a table with XML.
const XML: &str = "it holds xml, which PostgreSQL does not always write as it read it";

/// Why a table is only counted that another server holds rows of.
const ELSEWHERE: &str = "some of its partitions are in another server";

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
    /// The rows of its partitions that the dump holds apart: whoever reads a partitioned table reads them, too.
    pub(super) below: Rows,
    /// Why other contents are no proof of a difference.
    pub(super) loose: Option<&'static str>,
    pub(super) standing: Standing,
}

impl Asked {
    /// What reading it should give.
    fn expected(&self) -> Rows {
        let mut rows = self.whole.rows;
        rows.absorb(self.below);
        rows
    }
}

/// How a table stands before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is read or counted.
    Compared,
    /// An extension brings rows of its own: at least the dump's must be there.
    AtLeast,
    /// The dump makes it and holds no rows for it: there should be none.
    Empty,
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
    /// Whether the same rows may be written otherwise than they were before they were restored.
    pub loose: bool,
}

/// The tables of a dump, each once.
pub(super) fn wholes(ledger: &Ledger) -> Vec<Whole> {
    let mut found: BTreeMap<(Option<&str>, &str), Whole> = BTreeMap::new();
    for Held { target, form, rows } in &ledger.tables {
        let otherwise = match form {
            Form::Lines => None,
            Form::Returns => Some("its lines end in carriage returns".to_owned()),
            Form::Inserts => Some("its rows are INSERT statements".to_owned()),
        };
        let key = (target.schema.as_deref(), target.table.as_str());
        if let Some(whole) = found.get_mut(&key) {
            whole.rows.absorb(*rows);
            let same = whole.target.columns == target.columns;
            let apart = (!same).then(|| "its parts name their columns in another order".to_owned());
            whole.unfair = whole.unfair.take().or(otherwise).or(apart);
        } else {
            let whole = Whole {
                target: target.clone(),
                rows: *rows,
                unfair: otherwise,
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
        if partitions::local(&key, relations).is_some() {
            whole.unfair.get_or_insert_with(|| ELSEWHERE.to_owned());
        }
        let holds_xml =
            relation.is_some_and(|relation| relation.types.iter().any(|held| held == "xml"));
        Asked {
            whole,
            below: Rows::default(),
            loose: holds_xml.then_some(XML),
            standing,
        }
    };
    if dump.ledger.trouble.is_some() {
        // What the dump holds is not known: nothing can be held against what was restored.
        return Vec::new();
    }
    let mut asked: Vec<_> = wholes(&dump.ledger).into_iter().map(asked).collect();
    let empty = partitions::empty(&dump.expected, &asked, relations);
    partitions::add(&mut asked, relations);
    asked.extend(empty);
    asked.extend(partitions::astray(&dump.contents, relations));
    asked
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
        use Standing::{AtLeast, Compared, Empty};
        if !matches!(asked.standing, Compared | AtLeast | Empty) {
            return None;
        }
        let target = &asked.whole.target;
        let key = (schema(target).to_owned(), target.table.clone());
        let relation = relations.get(&key)?;
        let bytes = relation.types.iter().any(|name| name == "bytea");
        let names = relation.types.iter().any(|name| name.starts_with("reg"));
        let reads = Reads {
            target,
            partitioned: relation.kind == 'p',
            encoding: dump.contents.encoding.as_deref(),
            heap: relation.heap,
            major,
        };
        let whole = asked.whole.unfair.is_none() && asked.standing == Standing::Compared;
        let questions = match partitions::local(&key, relations) {
            Some(local) => vec![Question {
                number,
                sql: count_of(&local),
                way: Way::Count,
                bytes: relation.bytes,
            }],
            None => questions(number, reads, whole, relation.bytes),
        };
        Some(Job {
            number,
            questions,
            expected: asked.expected(),
            styles: Style::of(whole && bytes, whole && names),
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

/// How many rows some tables hold together.
fn count_of(tables: &[Name]) -> String {
    let count = |(schema, table): &Name| {
        let (schema, table) = (quoted(schema), quoted(table));
        format!("select count(*) from only {schema}.{table}")
    };
    let counts: Vec<_> = tables.iter().map(count).collect();
    match counts.join(" union all ").as_str() {
        "" => "select 0::bigint".to_owned(),
        counts => format!("select sum(count)::bigint from ({counts}) held"),
    }
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
pub(super) fn judge(asked: Vec<Asked>, mut told: Told) -> Judged {
    let mut judged = Judged {
        complete: true,
        ..Judged::default()
    };
    let mut differing = Vec::new();
    for (number, asked) in asked.into_iter().enumerate() {
        judged.expected += asked.whole.rows.count;
        let answer = told.answers.remove(&number);
        // What the dump holds and what the source held are compared apart: the manifest is written in one way only.
        let seen = match answer {
            Some(Answer::Read(_)) if told.otherwise.contains(&number) => {
                Some(Answer::Read(asked.expected()))
            }
            other => other,
        };
        if let Some(difference) = judged.table(&asked, seen) {
            differing.push((called(&asked.whole.target), difference));
        }
        if asked.standing != Standing::Empty {
            judged.tables.push(Settled {
                target: asked.whole.target,
                dump: asked.whole.rows,
                answer,
                loose: asked.loose.is_some(),
            });
        }
    }
    judged.findings.extend(finding(&differing));
    judged.complete &= differing.is_empty();
    judged
}

impl Judged {
    /// Compares one table; tells how it differs.
    fn table(&mut self, asked: &Asked, answer: Option<Answer>) -> Option<String> {
        let (whole, name) = (&asked.whole, called(&asked.whole.target));
        let expected = asked.expected();
        match (answer, &asked.standing) {
            (Some(Answer::Read(found)), _) if found == expected => self.digests += 1,
            (Some(Answer::Read(found)), _) if found.count == expected.count => {
                let Some(reason) = asked.loose else {
                    return Some(format!("{} rows, other contents", found.count));
                };
                self.never(&name, &format!("{reason}; its rows were only counted"));
            }
            (Some(Answer::Counted(0)), Standing::Empty) => {}
            (Some(Answer::Counted(_)), Standing::Empty) => {
                self.never(&name, "it holds rows, and the dump holds none for it");
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
        let told = Told {
            answers: answer.map(|answer| (0, answer)).into_iter().collect(),
            ..Told::default()
        };
        let asked = Asked {
            whole,
            below: Rows::default(),
            loose: None,
            standing,
        };
        judge(vec![asked], told)
    }

    #[test]
    fn equal_rows_are_complete_and_anything_else_is_not() {
        use Answer::{Counted, Read, Refused};
        use Standing::{AtLeast, Compared, Empty, Missing, Never};
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
            (Empty, None, Some(Counted(0)), true, false, 0),
            (Empty, None, Some(Counted(4)), false, false, 1),
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

    /// A table of which the dump holds these rows, and which was asked.
    fn one(whole: Rows, loose: Option<&'static str>) -> Asked {
        let whole = Whole {
            target: target("t"),
            rows: whole,
            unfair: None,
        };
        Asked {
            whole,
            below: Rows::default(),
            loose,
            standing: Standing::Compared,
        }
    }

    fn told(found: Rows, otherwise: bool) -> Told {
        Told {
            answers: [(0, Answer::Read(found))].into(),
            otherwise: otherwise.then_some(0).into_iter().collect(),
        }
    }

    #[test]
    fn what_is_the_same_in_another_style_is_compared_and_told_to_a_manifest_as_it_was_read() {
        let (dump, found) = (rows(3, 7), rows(3, 8));
        let judged = judge(vec![one(dump, None)], told(found, true));
        assert_eq!((judged.complete, judged.digests), (true, 1));
        assert_eq!(judged.tables[0].answer, Some(Answer::Read(found)));
        assert!(!judge(vec![one(dump, None)], told(found, false)).complete);
    }

    #[test]
    fn other_contents_prove_nothing_where_text_may_come_back_otherwise() {
        let of = |count| {
            judge(
                vec![one(rows(3, 7), Some(XML))],
                told(rows(count, 8), false),
            )
        };
        let same = of(3);
        assert!(!same.complete && same.findings.is_empty() && same.tables[0].loose);
        assert_eq!(same.not_compared.len(), 1);
        assert_eq!(of(2).findings.len(), 1);
    }

    #[test]
    fn rows_of_partitions_that_are_loaded_apart_belong_to_the_whole() {
        let above = Asked {
            below: rows(2, 1),
            ..one(rows(3, 7), None)
        };
        let judged = judge(vec![above], told(rows(5, 8), false));
        assert!(judged.complete);
        assert_eq!(judged.expected, 3, "those of the partition are its own");
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
