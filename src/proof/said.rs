//! The comments and labels of the dump, and those of the restored database.

use std::collections::{BTreeMap, HashMap};

use super::attributes::Attributes;
use crate::dump::{Said, Subject};

/// What comparing comments and labels came to: names, as they are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) expected: u64,
    /// Those that are not there.
    pub(super) missing: Vec<String>,
    /// Those that say something else.
    pub(super) other: Vec<String>,
    /// How many labels belong to a provider that the server does not have, by its name.
    pub(super) without: BTreeMap<String, u64>,
}

type Key<'a> = (&'a Subject, Option<&'a str>);

/// Compares; `utf8` tells that the dump is written in UTF-8.
pub(super) fn judge(said: &[Said], found: &Attributes, utf8: bool) -> Judged {
    let mut wanted: BTreeMap<Key<'_>, Vec<&Said>> = BTreeMap::new();
    for said in said {
        let all = wanted.entry((&said.on, said.by.as_deref())).or_default();
        // Routines of one name are several; anything else is said anew.
        if said.on.kind != "routine" {
            all.clear();
        }
        all.push(said);
    }
    let mut there: HashMap<Key<'_>, &[u128]> = HashMap::new();
    for ((subject, by), words) in &found.said {
        there.insert((subject, by.as_deref()), words);
    }
    let mut judged = Judged::default();
    for (key, mut wanted) in wanted {
        wanted.retain(|said| said.words.is_some());
        judged.expected += wanted.len() as u64;
        let found = there.get(&key).copied().unwrap_or_default();
        judged.one(key, &wanted, found, utf8);
    }
    judged.providers(found);
    judged
}

impl Judged {
    fn one(&mut self, (subject, by): Key<'_>, wanted: &[&Said], found: &[u128], utf8: bool) {
        let name = match by {
            Some(by) => format!(
                "security label of {by} on the {} \"{}\"",
                subject.kind, subject.name
            ),
            None => format!("comment on the {} \"{}\"", subject.kind, subject.name),
        };
        for said in wanted {
            // An extension brings its own words, which may be another version's.
            let exact = (utf8 || said.plain) && subject.kind != "extension";
            let same = if exact {
                said.words.is_some_and(|words| found.contains(&words))
            } else {
                !found.is_empty()
            };
            match (same, by) {
                (true, _) => {}
                (false, Some(by)) if found.is_empty() => {
                    *self.without.entry(by.to_owned()).or_default() += 1;
                    self.missing.push(name.clone());
                }
                (false, _) if found.len() < wanted.len() => self.missing.push(name.clone()),
                (false, _) => self.other.push(name.clone()),
            }
        }
    }

    /// A provider without a single label was not loaded: its labels are counted, and not missed one by one.
    fn providers(&mut self, found: &Attributes) {
        let loaded = |by: &str| {
            let mut labels = found.said.keys();
            labels.any(|(_, other)| other.as_deref() == Some(by))
        };
        self.without.retain(|by, _| !loaded(by));
        let of = |name: &String| {
            let mut names = self.without.keys();
            names.any(|by| name.starts_with(&format!("security label of {by} on ")))
        };
        self.missing.retain(|name| !of(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(kind: &'static str, name: &str) -> Subject {
        let name = name.to_owned();
        Subject { kind, name }
    }

    fn said(kind: &'static str, name: &str, by: Option<&str>, words: u128) -> Said {
        Said {
            on: on(kind, name),
            by: by.map(str::to_owned),
            words: (words > 0).then_some(words),
            plain: true,
        }
    }

    fn there(all: &[(&'static str, &str, Option<&str>, &[u128])]) -> Attributes {
        let one = |&(kind, name, by, words): &(&'static str, &str, Option<&str>, &[u128])| {
            ((on(kind, name), by.map(str::to_owned)), words.to_vec())
        };
        Attributes {
            said: all.iter().map(one).collect(),
            ..Attributes::default()
        }
    }

    #[test]
    fn what_is_missing_and_what_says_something_else_is_told() {
        let all = [
            said("relation", "s.t", None, 1),
            said("column", "s.t.a", None, 2),
            said("schema", "public", None, 0),
        ];
        let whole = there(&[
            ("relation", "s.t", None, &[1]),
            ("column", "s.t.a", None, &[2]),
        ]);
        let judged = judge(&all, &whole, true);
        assert_eq!(
            (judged.expected, judged.missing.len(), judged.other.len()),
            (2, 0, 0)
        );
        let judged = judge(&all, &there(&[("relation", "s.t", None, &[9])]), true);
        assert_eq!(judged.missing, ["comment on the column \"s.t.a\""]);
        assert_eq!(judged.other, ["comment on the relation \"s.t\""]);
    }

    #[test]
    fn words_that_an_encoding_may_change_only_have_to_be_there() {
        let mut one = said("relation", "s.t", None, 1);
        one.plain = false;
        let found = there(&[("relation", "s.t", None, &[9])]);
        assert_eq!(judge(&[one.clone()], &found, true).other.len(), 1);
        assert_eq!(judge(&[one], &found, false).other.len(), 0);
    }

    #[test]
    fn routines_of_one_name_have_a_comment_each() {
        let all = [
            said("routine", "s.f", None, 1),
            said("routine", "s.f", None, 2),
        ];
        let found = |words| there(&[("routine", "s.f", None, words)]);
        assert_eq!(judge(&all, &found(&[2, 1]), true).missing.len(), 0);
        assert_eq!(judge(&all, &found(&[2]), true).missing.len(), 1);
    }

    #[test]
    fn labels_of_a_provider_that_is_not_loaded_are_counted() {
        let all = [
            said("relation", "s.t", Some("anon"), 1),
            said("column", "s.t.a", Some("anon"), 2),
        ];
        let judged = judge(&all, &there(&[]), true);
        assert_eq!(judged.without, [("anon".to_owned(), 2)].into());
        assert_eq!(judged.missing, [""; 0]);
        let judged = judge(
            &all,
            &there(&[("relation", "s.t", Some("anon"), &[1])]),
            true,
        );
        assert_eq!(
            judged.missing,
            ["security label of anon on the column \"s.t.a\""]
        );
    }
}
