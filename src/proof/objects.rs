//! What must exist after the restore and what the catalogue holds, object by object.

use std::collections::{HashMap, HashSet};

use super::{
    catalogue::{Catalogue, SequenceValue, Thing},
    expected::{Expected, Wanted},
    rows::bounded,
};
use crate::finding::{Code, Finding};

/// What comparing the objects came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) expected: u64,
    pub(super) found: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<String>,
    pub(super) complete: bool,
    /// The names of those that are missing, with their schemas.
    pub(super) absent: HashSet<String>,
}

/// Compares what must exist with what exists.
pub(super) fn judge(expected: &Expected, catalogue: &Catalogue, refused: &[String]) -> Judged {
    let (mut missing, mut broken, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
    let mut absent = HashSet::new();
    let in_one_line = in_one_line(expected, catalogue);
    for wanted in &expected.objects {
        let key = (
            wanted.kind.clone(),
            wanted.schema.clone(),
            wanted.name.clone(),
        );
        let thing = catalogue.things.get(&key);
        match thing.or_else(|| in_one_line.get(&key).copied()) {
            None => {
                missing.push(wanted.called());
                absent.insert(wanted.whole_name());
            }
            Some(thing) if wanted.good && !thing.good => broken.push(wanted.called()),
            Some(thing) => {
                if let (Some(wanted_owner), Some(owner)) = (&wanted.owner, &thing.owner)
                    && wanted_owner != owner
                    && !refused.contains(wanted_owner)
                {
                    strangers.push(wanted.called());
                }
            }
        }
    }
    let moved = moved(&expected.sequences, &catalogue.sequences);
    let all = expected.objects.len() as u64;
    let findings = [
        finding(&missing, "is missing", "objects of the dump are missing"),
        finding(
            &broken,
            "is not valid, validated or populated",
            "objects are not valid, validated or populated",
        ),
        finding(
            &strangers,
            "does not belong to whom the dump says",
            "objects do not belong to whom the dump says",
        ),
        finding(
            &moved,
            "does not have the value that the dump sets",
            "sequences do not have the values that the dump sets",
        ),
    ];
    let announced = announced(expected, catalogue, &in_one_line);
    let findings: Vec<_> = findings.into_iter().flatten().chain(announced).collect();
    Judged {
        expected: all,
        found: all - missing.len() as u64,
        complete: findings.is_empty() && expected.unknown.is_empty(),
        findings,
        notes: expected.notes(),
        absent,
    }
}

/// What only headings of a script name: who edits a script takes statements out, and so does damage. Which of them it was
/// nobody can tell, so it is missing unless the plan says otherwise.
fn announced(
    expected: &Expected,
    catalogue: &Catalogue,
    in_one_line: &HashMap<(String, String, String), &Thing>,
) -> Option<Finding> {
    let is_absent = |wanted: &&Wanted| {
        let key = (
            wanted.kind.clone(),
            wanted.schema.clone(),
            wanted.name.clone(),
        );
        !catalogue.things.contains_key(&key) && !in_one_line.contains_key(&key)
    };
    let absent = expected.announced.iter().filter(is_absent);
    let names: Vec<_> = absent.map(Wanted::called).collect();
    let found = finding(
        &names,
        "is announced by a heading, and no statement under it makes that",
        "objects are announced by headings, and no statements under them make those",
    )?;
    let why = "Its text was changed after pg_dump wrote it, or statements are lost.";
    let detail = match &found.detail {
        Some(all) if names.len() > 1 => format!("{all} {why}"),
        _ => why.to_owned(),
    };
    let hint = "Look at what changes the script after pg_dump; where that is meant, set the severity of `restore.missing` in the plan.";
    Some(found.detail(detail).hint(hint))
}

/// What has line ends in its name, under the names that the headings of a script give it: a heading is one line.
fn in_one_line<'a>(
    expected: &Expected,
    catalogue: &'a Catalogue,
) -> HashMap<(String, String, String), &'a Thing> {
    const LINE_ENDS: [char; 2] = ['\r', '\n'];
    let broken = |name: &str| expected.of_script && name.contains(LINE_ENDS);
    let things = catalogue.things.iter();
    let things = things.filter(|((_, schema, name), _)| broken(schema) || broken(name));
    let named = things.map(|((kind, schema, name), thing)| {
        let (schema, name) = (schema.replace(LINE_ENDS, " "), name.replace(LINE_ENDS, " "));
        ((kind.clone(), schema, name), thing)
    });
    named.collect()
}

/// Sequences that are there and have another value.
fn moved(expected: &[SequenceValue], found: &[SequenceValue]) -> Vec<String> {
    let found: HashMap<_, _> = found.iter().map(|s| ((&s.schema, &s.name), s)).collect();
    let other = |wanted: &&SequenceValue| {
        let there = found.get(&(&wanted.schema, &wanted.name));
        there.is_some_and(|there| (there.value, there.called) != (wanted.value, wanted.called))
    };
    expected
        .iter()
        .filter(other)
        .map(|wanted| format!("sequence \"{}.{}\"", wanted.schema, wanted.name))
        .collect()
}

pub(super) fn finding(names: &[String], one: &str, several: &str) -> Option<Finding> {
    let first = names.first()?;
    let subject = first.split('"').nth(1).unwrap_or(first).to_owned();
    let finding = match names.len() {
        1 => Finding::new(Code::RestoreMissing, format!("the {first} {one}"))
            .detail("It was looked for after the restore, as the dump names it."),
        count => Finding::new(Code::RestoreMissing, format!("{count} {several}"))
            .detail(format!("They are: {}.", bounded(names))),
    };
    Some(finding.about(subject))
}

#[cfg(test)]
mod tests {
    use super::{super::expected::expected, *};
    use crate::{
        dump::{Data, Detail, Entry, Section},
        finding::Severity,
    };

    fn entry(desc: &str, tag: &str, owner: Option<&str>, detail: Detail) -> Entry {
        Entry {
            id: 1,
            oid: 0,
            section: Section::None,
            copy: None,
            depends: Box::default(),
            data: Data::Nowhere,
            tag: tag.into(),
            desc: desc.into(),
            namespace: (desc != "SCHEMA").then(|| "s".into()),
            owner: owner.map(Into::into),
            detail,
        }
    }

    fn of(toc: Vec<Entry>) -> Expected {
        let mut contents = crate::dump::Contents::empty();
        contents.toc = toc;
        expected(&contents)
    }

    fn there(objects: &[(&str, &str, Option<&str>, bool)]) -> Catalogue {
        let thing = |&(kind, name, owner, good): &(&str, &str, Option<&str>, bool)| {
            let thing = Thing {
                owner: owner.map(str::to_owned),
                good,
            };
            ((kind.to_owned(), "s".to_owned(), name.to_owned()), thing)
        };
        Catalogue {
            major: 17,
            things: objects.iter().map(thing).collect(),
            ..Catalogue::default()
        }
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_there_is_counted() {
        let expected = of(vec![
            entry("TABLE", "t", Some("o"), Detail::None),
            entry("INDEX", "i", None, Detail::None),
            entry("FK CONSTRAINT", "t k", None, Detail::None),
            entry("TABLE DATA", "t", None, Detail::None),
            entry("COMMENT", "TABLE t", None, Detail::None),
        ]);
        let whole = there(&[
            ("TABLE", "t", Some("o"), true),
            ("INDEX", "i", None, true),
            ("CONSTRAINT", "t k", None, true),
        ]);
        let judged = judge(&expected, &whole, &[]);
        assert_eq!(
            (judged.expected, judged.found, judged.complete),
            (3, 3, true)
        );
        assert_eq!(
            judged.notes,
            ["Entries that hold no data were restored and not compared: 1 COMMENT."]
        );
        let judged = judge(&expected, &there(&[("TABLE", "t", Some("o"), true)]), &[]);
        assert_eq!((judged.found, judged.complete), (1, false));
        assert_eq!(
            judged.findings[0].message,
            "2 objects of the dump are missing"
        );
        assert!(
            judged.findings[0]
                .detail
                .as_ref()
                .unwrap()
                .contains("\"s.i\", constraint \"s.t k\"")
        );
    }

    #[test]
    fn a_heading_names_what_has_a_line_end_in_its_name() {
        let mut expected = of(vec![
            entry("TABLE", "new line", None, Detail::None),
            entry("INDEX", "i  x", None, Detail::None),
        ]);
        let whole = there(&[
            ("TABLE", "new\nline", None, true),
            ("INDEX", "i\r\nx", None, true),
        ]);
        // A table of contents keeps names as they are.
        assert!(!judge(&expected, &whole, &[]).complete);
        expected.of_script = true;
        let judged = judge(&expected, &whole, &[]);
        assert_eq!((judged.found, judged.findings), (2, Vec::new()));
        let other = there(&[
            ("TABLE", "new_line", None, true),
            ("INDEX", "i\r\nx", None, true),
        ]);
        assert!(!judge(&expected, &other, &[]).complete);
    }

    #[test]
    fn what_only_a_heading_names_is_missing_where_it_is_not_there() {
        let mut expected = of(vec![entry("TABLE", "t", None, Detail::None)]);
        let announced = of(vec![
            entry("INDEX", "i", None, Detail::None),
            entry("VIEW", "v", None, Detail::None),
        ]);
        expected.announced = announced.objects;
        let all = [
            ("TABLE", "t", None, true),
            ("INDEX", "i", None, true),
            ("VIEW", "v", None, true),
        ];
        let judged = judge(&expected, &there(&all), &[]);
        assert_eq!((judged.findings.len(), judged.complete), (0, true));
        let judged = judge(&expected, &there(&all[..2]), &[]);
        assert_eq!(
            (judged.expected, judged.found, judged.complete),
            (1, 1, false)
        );
        let found = &judged.findings[0];
        assert_eq!(found.severity, Severity::Critical);
        assert!(
            found.message.starts_with("the view \"s.v\" is announced"),
            "{found:?}"
        );
        let judged = judge(&expected, &there(&all[..1]), &[]);
        let found = &judged.findings[0];
        assert!(
            found.message.starts_with("2 objects are announced"),
            "{found:?}"
        );
        assert!(found.detail.as_ref().unwrap().starts_with("They are: "));
    }

    #[test]
    fn validity_and_owners_are_compared() {
        let constraint = |detail| of(vec![entry("CHECK CONSTRAINT", "t k", None, detail)]);
        let unvalidated = there(&[("CONSTRAINT", "t k", None, false)]);
        assert!(!judge(&constraint(Detail::None), &unvalidated, &[]).complete);
        assert!(judge(&constraint(Detail::NotValid), &unvalidated, &[]).complete);
        let table = of(vec![entry("TABLE", "t", Some("o"), Detail::None)]);
        let other = there(&[("TABLE", "t", Some("x"), true)]);
        assert!(!judge(&table, &other, &[]).complete);
        assert!(judge(&table, &other, &["o".to_owned()]).complete);
    }

    #[test]
    fn a_sequence_has_the_dumps_value() {
        let expected = of(vec![entry(
            "SEQUENCE SET",
            "q",
            None,
            Detail::Value(42, true),
        )]);
        let at = |value| Catalogue {
            sequences: vec![SequenceValue {
                schema: "s".to_owned(),
                name: "q".to_owned(),
                value,
                called: true,
            }],
            ..Catalogue::default()
        };
        assert!(judge(&expected, &at(42), &[]).complete);
        assert!(!judge(&expected, &at(41), &[]).complete);
    }

    #[test]
    fn an_unknown_kind_is_told_and_nothing_is_complete() {
        let judged = judge(
            &of(vec![entry("GIZMO", "g", None, Detail::None)]),
            &Catalogue::default(),
            &[],
        );
        assert!(!judged.complete && judged.findings.is_empty());
        assert_eq!(
            judged.notes,
            ["Entries that could not be compared: 1 GIZMO."]
        );
    }
}
