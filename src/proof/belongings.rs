//! What belongs to the objects of a dump without being one: owners of a script's objects, privileges, comments, labels.

use std::collections::HashSet;

use super::{
    attributes::Attributes,
    catalogue::{Catalogue, Thing},
    expected::Expected,
    objects::finding,
    rights,
    rows::bounded,
    said,
};
use crate::{
    dump::{Grant, Said, Subject},
    finding::Finding,
};

/// What comparing them came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) expected: u64,
    pub(super) found: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<String>,
    pub(super) complete: bool,
}

/// What there is to compare with.
#[derive(Clone, Copy)]
pub(super) struct Restored<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// None where the server does not tell them.
    pub(super) attributes: Option<&'a Attributes>,
}

/// Compares. What belongs to an object that is missing itself is not missed again.
pub(super) fn judge(
    expected: &Expected,
    restored: &Restored<'_>,
    absent: &HashSet<String>,
    utf8: bool,
) -> Judged {
    let catalogue = restored.catalogue;
    let mut judged = Judged {
        complete: true,
        ..Judged::default()
    };
    let Some(attributes) = restored.attributes else {
        if !expected.grants.is_empty() || !expected.said.is_empty() {
            judged.complete = false;
            judged.notes.push(
                "The server does not tell privileges and comments: they were not compared."
                    .to_owned(),
            );
        }
        return judged;
    };
    let there = |subject: &Subject| !is_of(subject, absent);
    let grants = expected.grants.iter().filter(|grant| there(&grant.on));
    let grants: Vec<Grant> = grants.cloned().collect();
    let words = expected.said.iter().filter(|said| there(&said.on));
    let words: Vec<Said> = words.cloned().collect();
    let rights = rights::judge(&grants, attributes, catalogue.major);
    let said = said::judge(&words, attributes, utf8);
    let strangers = strangers(expected, catalogue, attributes);
    judged.count(&rights, &said);
    judged.notes.extend(said.without.iter().map(|(by, count)| {
        format!("Security labels of a provider that the server does not have: {count} of \"{by}\".")
    }));
    judged.notes.extend(alike(&rights.alike));
    judged.tell(
        differences(&strangers, &rights, &said),
        attributes.superuser,
    );
    judged.complete &= rights.alike.is_empty();
    judged
}

/// What differs, in findings.
fn differences(strangers: &[String], rights: &rights::Judged, said: &said::Judged) -> Vec<Finding> {
    let found = [
        finding(
            strangers,
            "does not belong to whom the dump says",
            "objects do not belong to whom the dump says",
        ),
        finding(
            &rights.missing,
            "is missing",
            "privileges of the dump are missing",
        ),
        finding(
            &rights.left,
            "is there, and the dump takes it away",
            "privileges are there, and the dump takes them away",
        ),
        finding(
            &said.missing,
            "is missing",
            "comments or labels of the dump are missing",
        ),
        finding(
            &said.other,
            "has other words than in the dump",
            "comments or labels have other words than in the dump",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// What is said of routines that could not be told apart.
fn alike(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| {
        format!(
            "Privileges on routines that share their name could not be told apart: {}.",
            bounded(names)
        )
    })
}

impl Judged {
    fn count(&mut self, rights: &rights::Judged, said: &said::Judged) {
        self.expected = rights.expected + said.expected;
        let rights: HashSet<_> = rights.missing.iter().chain(&rights.left).collect();
        let without: u64 = said.without.values().sum();
        let lost = (rights.len() + said.missing.len() + said.other.len()) as u64 + without;
        self.found = self.expected.saturating_sub(lost);
    }

    /// Who is no superuser cannot restore all of it, which says nothing against the backup.
    fn tell(&mut self, findings: Vec<Finding>, superuser: bool) {
        self.complete = findings.is_empty();
        if superuser {
            self.findings = findings;
            return;
        }
        self.notes.extend(findings.into_iter().map(|finding| {
            let detail = finding.detail.unwrap_or_default();
            format!(
                "Restored without a superuser's rights: {}. {detail}",
                finding.message
            )
        }));
    }
}

/// Whether something belongs to one of these objects.
fn is_of(subject: &Subject, objects: &HashSet<String>) -> bool {
    let name = subject.name.as_str();
    let table = name.rsplit_once(" on ").map(|(_, table)| table);
    let column = name.rsplit_once('.').map(|(table, _)| table);
    [Some(name), table, column]
        .into_iter()
        .flatten()
        .any(|name| objects.contains(name))
}

/// Objects of a script that belong to somebody else.
fn strangers(expected: &Expected, catalogue: &Catalogue, attributes: &Attributes) -> Vec<String> {
    let other = |(subject, wanted): &(&Subject, &String)| {
        // A role that could not be made owns nothing.
        let there = attributes.roles.contains(*wanted);
        let owner = owner(subject, catalogue);
        there && owner.is_some_and(|owner| owner != *wanted)
    };
    expected
        .owners
        .iter()
        .filter(other)
        .map(|(subject, _)| format!("{} \"{}\"", subject.kind, subject.name))
        .collect()
}

/// Who owns an object, where that is certain.
fn owner<'a>(subject: &Subject, catalogue: &'a Catalogue) -> Option<&'a String> {
    let kinds: &[&str] = match subject.kind {
        "relation" | "sequence" => &[
            "TABLE",
            "VIEW",
            "MATERIALIZED VIEW",
            "FOREIGN TABLE",
            "SEQUENCE",
        ],
        "routine" => &["FUNCTION NAMED", "PROCEDURE NAMED", "AGGREGATE NAMED"],
        "type" => &["TYPE", "DOMAIN"],
        // `public` is everybody's, and who owns it depends on the server's version.
        "schema" if subject.name != "public" => &["SCHEMA"],
        _ => return None,
    };
    let (schema, name) = subject
        .name
        .split_once('.')
        .unwrap_or(("", subject.name.as_str()));
    let thing = |kind: &&str| -> Option<&Thing> {
        let key = ((*kind).to_owned(), schema.to_owned(), name.to_owned());
        catalogue.things.get(&key)
    };
    let mut things = kinds.iter().filter_map(thing);
    match (things.next(), things.next()) {
        (Some(only), None) => only.owner.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: &'static str, name: &str) -> Subject {
        let name = name.to_owned();
        Subject { kind, name }
    }

    fn attributes(superuser: bool) -> Attributes {
        Attributes {
            superuser,
            roles: ["o", "r"].map(str::to_owned).into(),
            ..Attributes::default()
        }
    }

    fn judged(expected: &Expected, superuser: bool, absent: &HashSet<String>) -> Judged {
        let restored = Restored {
            catalogue: &catalogue(),
            attributes: Some(&attributes(superuser)),
        };
        judge(expected, &restored, absent, true)
    }

    fn catalogue() -> Catalogue {
        let key = ("TABLE".to_owned(), "s".to_owned(), "t".to_owned());
        let thing = Thing {
            owner: Some("o".to_owned()),
            good: true,
        };
        Catalogue {
            major: 17,
            things: [(key, thing)].into(),
            ..Catalogue::default()
        }
    }

    fn expected() -> Expected {
        Expected {
            grants: vec![Grant {
                on: subject("relation", "s.t"),
                arguments: None,
                of: "relation",
                to: "r".to_owned(),
                what: "SELECT",
                given: true,
                option: false,
            }],
            said: vec![Said {
                on: subject("column", "s.t.a"),
                by: None,
                words: Some(1),
                plain: true,
            }],
            owners: [(subject("relation", "s.t"), "r".to_owned())].into(),
            ..Expected::default()
        }
    }

    #[test]
    fn each_loss_is_named() {
        let judged = judged(&expected(), true, &HashSet::new());
        let told: Vec<_> = judged.findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(
            told,
            [
                "the relation \"s.t\" does not belong to whom the dump says",
                "the privilege on the relation \"s.t\" (SELECT for r) is missing",
                "the comment on the column \"s.t.a\" is missing",
            ]
        );
        assert_eq!(
            (judged.expected, judged.found, judged.complete),
            (2, 0, false)
        );
    }

    #[test]
    fn what_belongs_to_a_missing_object_is_not_missed_again() {
        let absent = ["s.t".to_owned()].into();
        let mut expected = expected();
        expected.owners.clear();
        let judged = judged(&expected, true, &absent);
        assert_eq!((judged.findings.len(), judged.complete), (0, true));
    }

    #[test]
    fn what_the_server_does_not_tell_is_not_complete() {
        let restored = Restored {
            catalogue: &catalogue(),
            attributes: None,
        };
        let of = |expected: &Expected| judge(expected, &restored, &HashSet::new(), true).complete;
        assert!(!of(&expected()));
        assert!(of(&Expected::default()), "nothing to compare");
    }

    #[test]
    fn without_a_superusers_rights_a_loss_is_a_note() {
        let judged = judged(&expected(), false, &HashSet::new());
        assert_eq!((judged.findings.len(), judged.complete), (0, false));
        assert_eq!(judged.notes.len(), 3);
    }
}
