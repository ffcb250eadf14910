//! The dump's table of contents and the restored catalogue, object by object.

use std::collections::{BTreeMap, HashMap};

use super::{
    catalogue::{Catalogue, SequenceValue},
    rows::bounded,
};
use crate::{
    dump::{Contents, Detail, Entry, Made, Seen},
    finding::{Code, Finding},
};

/// Kinds of entries that are looked for by their names in the catalogue.
const COMPARED: [&str; 44] = [
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "CHECK CONSTRAINT",
    "COLLATION",
    "CONSTRAINT",
    "CONVERSION",
    "DEFAULT",
    "DOMAIN",
    "EVENT TRIGGER",
    "EXTENSION",
    "FK CONSTRAINT",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "FUNCTION",
    "INDEX",
    "INDEX ATTACH",
    "MATERIALIZED VIEW",
    "MATERIALIZED VIEW DATA",
    "OPERATOR",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "POLICY",
    "PROCEDURAL LANGUAGE",
    "PROCEDURE",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "PUBLICATION TABLES IN SCHEMA",
    "ROW SECURITY",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SEQUENCE OWNED BY",
    "SERVER",
    "SHELL TYPE",
    "STATISTICS",
    "SUBSCRIPTION",
    "TABLE",
    "TABLE ATTACH",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "VIEW",
];

/// Kinds that are looked for by their names alone, but whose exact names need more than a table of contents gives.
const MORE_COMPARED: [&str; 5] = [
    "DOMAIN CONSTRAINT",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
];

/// Entries that are no objects, whose content is compared elsewhere, or that a restore into a database of another name
/// leaves out.
const NO_OBJECTS: [&str; 11] = [
    "BLOB",
    "BLOB COMMENTS",
    "BLOB METADATA",
    "BLOBS",
    "DATABASE",
    "DATABASE PROPERTIES",
    "ENCODING",
    "SEARCHPATH",
    "SEQUENCE SET",
    "STDSTRINGS",
    "TABLE DATA",
];

/// Entries that hold no data and create nothing: what becomes of them is not compared, and keeps nothing from being
/// complete. An error of the restore would have told of them.
const ATTRIBUTES: [&str; 5] = [
    "ACL",
    "COMMENT",
    "DEFAULT ACL",
    "SECURITY LABEL",
    "STATISTICS DATA",
];

/// One object that must exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    kind: String,
    schema: String,
    name: String,
    owner: Option<String>,
    /// Whether it must be valid, validated or populated.
    good: bool,
}

/// What must exist after the restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    objects: Vec<Wanted>,
    sequences: Vec<SequenceValue>,
    /// How many entries of which kind are not compared.
    attributes: BTreeMap<String, u64>,
    unknown: BTreeMap<String, u64>,
    /// Whether only what was recognised in a script is expected.
    pub of_script: bool,
}

/// What must exist, from an archive's table of contents.
#[must_use]
pub fn expected(contents: &Contents) -> Expected {
    let mut expected = Expected::default();
    // Names in another encoding were not read as the server tells them.
    let readable = matches!(
        contents.encoding.as_deref(),
        None | Some("UTF8" | "LATIN1" | "SQL_ASCII")
    );
    for entry in &contents.toc {
        let kind = &*entry.desc;
        if let Detail::Value(value, called) = entry.detail {
            expected.sequences.push(SequenceValue {
                schema: text(entry.namespace.as_deref()),
                name: entry.tag.to_string(),
                value,
                called,
            });
        }
        if NO_OBJECTS.contains(&kind) {
            continue;
        }
        let named = COMPARED.contains(&kind) || MORE_COMPARED.contains(&kind);
        let known = named && entry.namespace.as_deref() != Some("pg_catalog");
        if known && (readable || entry.tag.is_ascii()) {
            expected.objects.push(Wanted::of(entry));
        } else if ATTRIBUTES.contains(&kind) {
            *expected.attributes.entry(kind.to_owned()).or_default() += 1;
        } else {
            *expected.unknown.entry(kind.to_owned()).or_default() += 1;
        }
    }
    expected
}

/// What must exist, as far as it was recognised in a script's statements.
#[must_use]
pub fn expected_of_script(seen: &Seen) -> Expected {
    let wanted = |made: &Made| Wanted {
        kind: made.kind.to_owned(),
        schema: made.schema.clone(),
        name: made.name.clone(),
        owner: None,
        good: false,
    };
    let value =
        |((schema, name), (value, called)): (&(String, String), &(i64, bool))| SequenceValue {
            schema: schema.clone(),
            name: name.clone(),
            value: *value,
            called: *called,
        };
    Expected {
        objects: seen.made.iter().map(wanted).collect(),
        sequences: seen.values.iter().map(value).collect(),
        unknown: seen
            .objects_unforeseen
            .iter()
            .map(|what| (what.clone(), 1))
            .collect(),
        of_script: true,
        ..Expected::default()
    }
}

fn text(name: Option<&str>) -> String {
    name.unwrap_or_default().to_owned()
}

/// Constraints are one kind in the catalogue.
fn kind(desc: &str) -> &str {
    match desc {
        "CHECK CONSTRAINT" | "FK CONSTRAINT" | "DOMAIN CONSTRAINT" => "CONSTRAINT",
        other => other,
    }
}

impl Wanted {
    fn of(entry: &Entry) -> Self {
        let kind = kind(&entry.desc);
        // `public` is everybody's, and who owns it depends on the server's version.
        let owned = !(kind == "SCHEMA" && &*entry.tag == "public");
        Self {
            kind: kind.to_owned(),
            schema: schema(kind, entry.namespace.as_deref()),
            name: entry.tag.to_string(),
            owner: entry.owner.as_deref().filter(|_| owned).map(str::to_owned),
            good: entry.detail != Detail::NotValid,
        }
    }

    /// As it is told.
    fn called(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.schema.is_empty() {
            format!("{kind} \"{}\"", self.name)
        } else {
            format!("{kind} \"{}.{}\"", self.schema, self.name)
        }
    }
}

/// Kinds that lie in no schema, whatever an entry says.
fn schema(kind: &str, namespace: Option<&str>) -> String {
    const NOWHERE: [&str; 13] = [
        "ACCESS METHOD",
        "CAST",
        "EVENT TRIGGER",
        "EXTENSION",
        "FOREIGN DATA WRAPPER",
        "PROCEDURAL LANGUAGE",
        "PUBLICATION",
        "PUBLICATION TABLES IN SCHEMA",
        "SCHEMA",
        "SERVER",
        "SUBSCRIPTION",
        "TRANSFORM",
        "USER MAPPING",
    ];
    if NOWHERE.contains(&kind) {
        String::new()
    } else {
        text(namespace)
    }
}

/// What comparing the objects came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) expected: u64,
    pub(super) found: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<String>,
    pub(super) complete: bool,
}

/// Compares what must exist with what exists.
pub(super) fn judge(expected: &Expected, catalogue: &Catalogue, refused: &[String]) -> Judged {
    let (mut missing, mut broken, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
    for wanted in &expected.objects {
        let key = (
            wanted.kind.clone(),
            wanted.schema.clone(),
            wanted.name.clone(),
        );
        match catalogue.things.get(&key) {
            None => missing.push(wanted.called()),
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
    let findings: Vec<_> = findings.into_iter().flatten().collect();
    Judged {
        expected: all,
        found: all - missing.len() as u64,
        complete: findings.is_empty() && expected.unknown.is_empty(),
        findings,
        notes: expected.notes(),
    }
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

fn finding(names: &[String], one: &str, several: &str) -> Option<Finding> {
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

impl Expected {
    fn notes(&self) -> Vec<String> {
        let list = |kinds: &BTreeMap<String, u64>| {
            let each = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
            each.collect::<Vec<_>>().join(", ")
        };
        let mut notes = Vec::new();
        if self.of_script {
            notes.push(
                "A script has no table of contents: tables, views, indexes, constraints, sequences, functions, types, \
                 triggers and policies were recognised in its statements; owners and privileges were not compared."
                    .to_owned(),
            );
        }
        if !self.attributes.is_empty() {
            let what = list(&self.attributes);
            notes.push(format!(
                "Entries that hold no data were restored and not compared: {what}."
            ));
        }
        if !self.unknown.is_empty() {
            let what = list(&self.unknown);
            notes.push(format!("Entries that could not be compared: {what}."));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::{super::catalogue::Thing, *};
    use crate::dump::{Data, Section};

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
            sequences: Vec::new(),
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
