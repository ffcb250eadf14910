//! The privileges that the dump gives and takes, and those that the restored database has.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::{Attributes, Rights};
use crate::dump::{Grant, Subject, defaults};

/// PostgreSQL 17 knows one privilege on tables more.
const MAINTAIN: u32 = 17;

/// What comparing privileges came to: names, as they are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    /// How many objects have privileges in the dump.
    pub(super) expected: u64,
    /// Privileges that are not there.
    pub(super) missing: Vec<String>,
    /// Privileges that the dump takes away and that are there.
    pub(super) left: Vec<String>,
    /// Routines of one name that could not be told apart: only what is missing from all of them is noticed.
    pub(super) alike: Vec<String>,
}

/// What the dump wants: to whom and which, on one object.
#[derive(Debug, Default)]
struct Wanted<'a> {
    of: &'static str,
    rights: BTreeMap<(&'a str, &'static str), Right>,
}

/// What a dump says of one privilege in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Given { option: bool },
    Taken,
}

/// Compares.
pub(super) fn judge(grants: &[Grant], found: &Attributes, major: u32) -> Judged {
    let mut judged = Judged::default();
    for (subject, wanted) in wanted(grants, found, major) {
        judged.expected += 1;
        if found.overloaded.contains_key(&subject) {
            judged.alike.push(subject.name.clone());
        }
        judged.subject(&subject, &wanted, found);
    }
    judged
}

/// What a grant is on: a routine that shares its name is told by its arguments, where the server writes them as the dump does.
/// The names among them may be those of another version of an extension.
fn subject(grant: &Grant, found: &Attributes) -> Subject {
    let whole = |arguments: &String| grant.on.with(arguments);
    let (whole, of_one_name) = (
        grant.arguments.as_ref().map(whole),
        found.overloaded.get(&grant.on),
    );
    whole
        .filter(|whole| of_one_name.is_some_and(|all| all.contains(whole)))
        .unwrap_or_else(|| grant.on.clone())
}

/// What the statements come to, one after another.
fn wanted<'a>(
    grants: &'a [Grant],
    found: &Attributes,
    major: u32,
) -> BTreeMap<Subject, Wanted<'a>> {
    let mut all: BTreeMap<Subject, Wanted<'_>> = BTreeMap::new();
    for grant in grants {
        let subject = subject(grant, found);
        // What one of several gives that are not told apart, another may take.
        let alike = found.overloaded.contains_key(&subject);
        let wanted = all.entry(subject).or_default();
        wanted.of = grant.of;
        for what in meant(grant, major) {
            let key = (grant.to.as_str(), what);
            let stays = alike && wanted.rights.contains_key(&key);
            if grant.given {
                let option = grant.option;
                wanted.rights.insert(key, Right::Given { option });
            } else if !stays {
                wanted.rights.insert(key, Right::Taken);
            }
        }
    }
    all
}

/// The privileges that one statement means on this server.
fn meant(grant: &Grant, major: u32) -> Vec<&'static str> {
    let all: &[&str] = match grant.of {
        "relation" => &[
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "TRUNCATE",
            "REFERENCES",
            "TRIGGER",
            "MAINTAIN",
        ],
        "column" => &["SELECT", "INSERT", "UPDATE", "REFERENCES"],
        "sequence" => &["USAGE", "SELECT", "UPDATE"],
        "large object" => &["SELECT", "UPDATE"],
        "schema" => &["USAGE", "CREATE"],
        "routine" => &["EXECUTE"],
        _ => &["USAGE"],
    };
    let known = |what: &&'static str| *what != "MAINTAIN" || major >= MAINTAIN;
    match grant.what {
        "ALL" => all.iter().copied().filter(known).collect(),
        what => Some(what).filter(known).into_iter().collect(),
    }
}

impl Judged {
    fn subject(&mut self, subject: &Subject, wanted: &Wanted<'_>, found: &Attributes) {
        let none = Rights::new();
        let rights = found.rights.get(subject);
        let (mut missing, mut left) = (Lines::default(), Lines::default());
        for ((to, what), right) in &wanted.rights {
            // Where the role could not be made, the report says so.
            if *to != "public" && !found.roles.contains(*to) {
                continue;
            }
            let has = rights
                .unwrap_or(&none)
                .get(&((*to).to_owned(), (*what).to_owned()));
            match *right {
                Right::Given { option } if has.is_none_or(|&passes| option && !passes) => {
                    missing.add(to, what);
                }
                Right::Taken if has.is_some() || born_with(subject, wanted.of, to, rights) => {
                    if !found.overloaded.contains_key(subject) {
                        left.add(to, what);
                    }
                }
                Right::Given { .. } | Right::Taken => {}
            }
        }
        self.missing.extend(missing.told(subject));
        self.left.extend(left.told(subject));
    }
}

/// Whether nothing at all was done about an object's privileges, so that it has those it was born with.
fn born_with(subject: &Subject, of: &str, to: &str, rights: Option<&Rights>) -> bool {
    if rights.is_some() {
        return false;
    }
    let by_birth = to == "public" && ["routine", "type", "language"].contains(&of);
    match subject.kind {
        // Without a privilege of its own a column has none.
        "column" => false,
        // A row that says what holds anyway is not kept.
        "default privileges" => {
            by_birth && !subject.name.contains(" in ") || *subject == defaults(to, "", of)
        }
        _ => by_birth,
    }
}

/// Privileges of one object, by whom they belong to.
#[derive(Default)]
struct Lines<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Lines<'a> {
    fn add(&mut self, to: &'a str, what: &'a str) {
        self.0.entry(to).or_default().insert(what);
    }

    /// As they are told: one for each role.
    fn told(self, subject: &Subject) -> Vec<String> {
        let one = |(to, what): (&str, BTreeSet<&str>)| {
            let what: Vec<_> = what.into_iter().collect();
            let on = format!("privilege on the {} \"{}\"", subject.kind, subject.name);
            format!("{on} ({} for {to})", what.join(", "))
        };
        self.0.into_iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn on(kind: &'static str) -> Subject {
        let name = "s.x".to_owned();
        Subject { kind, name }
    }

    fn grant(kind: &'static str, what: &'static str, to: &str, given: bool) -> Grant {
        Grant {
            on: on(kind),
            arguments: None,
            of: kind,
            to: to.to_owned(),
            what,
            given,
            option: false,
        }
    }

    fn has(kind: &'static str, rights: &[(&str, &str)]) -> Attributes {
        let rights = rights
            .iter()
            .map(|(to, what)| (((*to).to_owned(), (*what).to_owned()), false));
        Attributes {
            superuser: true,
            roles: ["r", "o"].map(str::to_owned).into(),
            rights: [(on(kind), rights.collect())].into(),
            ..Attributes::default()
        }
    }

    /// How many are missing, and how many are left.
    fn judged(grants: &[Grant], found: &Attributes, major: u32) -> (usize, usize) {
        let judged = judge(grants, found, major);
        (judged.missing.len(), judged.left.len())
    }

    #[test]
    fn what_is_given_is_there_and_what_is_taken_is_not() {
        let grants = [
            grant("relation", "ALL", "o", false),
            grant("relation", "SELECT", "o", true),
            grant("relation", "SELECT", "r", true),
        ];
        let whole = has("relation", &[("o", "SELECT"), ("r", "SELECT")]);
        assert_eq!(judged(&grants, &whole, 17), (0, 0));
        assert_eq!(
            judged(&grants, &has("relation", &[("o", "SELECT")]), 17),
            (1, 0)
        );
        let more = has(
            "relation",
            &[("o", "SELECT"), ("r", "SELECT"), ("o", "DELETE")],
        );
        assert_eq!(
            judge(&grants, &more, 17).left,
            ["privilege on the relation \"s.x\" (DELETE for o)"]
        );
    }

    #[test]
    fn all_means_what_the_server_knows() {
        let grants = [grant("relation", "ALL", "r", true)];
        let seven = [
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "TRUNCATE",
            "REFERENCES",
            "TRIGGER",
        ];
        let found = has("relation", &seven.map(|what| ("r", what)));
        assert_eq!(judged(&grants, &found, 16), (0, 0));
        assert_eq!(judged(&grants, &found, 17), (1, 0));
    }

    #[test]
    fn a_role_that_is_not_there_is_not_compared() {
        let grants = [grant("relation", "ALL", "nobody", true)];
        assert_eq!(judged(&grants, &has("relation", &[]), 17), (0, 0));
    }

    #[test]
    fn a_lost_revoke_is_noticed_where_everybody_may_by_birth() {
        let grants = [grant("routine", "ALL", "public", false)];
        let untouched = Attributes::default();
        assert_eq!(judged(&grants, &untouched, 17), (0, 1));
        assert_eq!(judged(&grants, &has("routine", &[]), 17), (0, 0));
        let grants = [grant("column", "ALL", "public", false)];
        assert_eq!(judged(&grants, &untouched, 17), (0, 0));
    }

    #[test]
    fn routines_of_one_name_are_told_apart_by_their_arguments() {
        let of = |arguments: &str, to: &str, given| Grant {
            arguments: Some(arguments.to_owned()),
            ..grant("routine", "ALL", to, given)
        };
        let grants = [
            of("(integer)", "public", false),
            of("(integer)", "r", true),
            of("(text)", "r", true),
        ];
        let with = |arguments: &str| on("routine").with(arguments);
        let held = |rights: &[(&str, &str)]| has("routine", rights).rights.remove(&on("routine"));
        let mut found = has("routine", &[("r", "EXECUTE"), ("public", "EXECUTE")]);
        let both = ["(integer)", "(text)"].map(with);
        found.overloaded.insert(on("routine"), both.into());
        found
            .rights
            .extend(held(&[("r", "EXECUTE")]).map(|held| (with("(integer)"), held)));
        let all = [("r", "EXECUTE"), ("public", "EXECUTE")];
        found
            .rights
            .extend(held(&all).map(|held| (with("(text)"), held)));
        assert_eq!(judged(&grants, &found, 17), (0, 0));
        found.rights.remove(&with("(text)"));
        let lost = judge(&grants, &found, 17);
        assert_eq!(
            lost.missing,
            ["privilege on the routine \"s.x(text)\" (EXECUTE for r)"]
        );
        found.rights.remove(&with("(integer)"));
        assert_eq!(
            judged(&grants, &found, 17),
            (2, 1),
            "everybody may by birth"
        );
    }

    #[test]
    fn routines_of_one_name_that_are_not_told_apart_are_not_taken_for_each_other() {
        let grants = [
            grant("routine", "ALL", "r", true),
            grant("routine", "ALL", "public", false),
        ];
        let mut found = has("routine", &[("r", "EXECUTE"), ("public", "EXECUTE")]);
        assert_eq!(judged(&grants, &found, 17), (0, 1));
        found.overloaded.insert(on("routine"), HashSet::new());
        assert_eq!(judged(&grants, &found, 17), (0, 0));
        assert_eq!(judge(&grants, &found, 17).alike, ["s.x"]);
    }

    #[test]
    fn the_right_to_pass_on_belongs_to_it() {
        let mut grants = [grant("schema", "USAGE", "r", true)];
        let found = has("schema", &[("r", "USAGE")]);
        assert_eq!(judged(&grants, &found, 17), (0, 0));
        grants[0].option = true;
        assert_eq!(judged(&grants, &found, 17), (1, 0));
    }
}
