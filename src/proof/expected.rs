//! What must exist after the restore, from a dump's table of contents or from a script's statements.

use std::collections::BTreeMap;

use super::catalogue::SequenceValue;
use crate::dump::{Contents, Detail, Entry, Grant, Made, Said, Seen, Subject, is_half_named};

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

/// Entries that hold no data and create nothing: where they cannot be compared, that keeps nothing from being complete. An
/// error of the restore would have told of them.
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
    pub(super) kind: String,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) owner: Option<String>,
    /// Whether it must be valid, validated or populated.
    pub(super) good: bool,
}

/// What must exist after the restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub(super) objects: Vec<Wanted>,
    pub(super) sequences: Vec<SequenceValue>,
    /// Who owns what, where that is told apart from the objects.
    pub(super) owners: BTreeMap<Subject, String>,
    pub(super) grants: Vec<Grant>,
    pub(super) said: Vec<Said>,
    /// How many entries of which kind are not compared.
    pub(super) attributes: BTreeMap<String, u64>,
    pub(super) unknown: BTreeMap<String, u64>,
    /// What a heading of a script announces and no statement under it makes.
    pub(super) announced: Vec<Wanted>,
    /// Whether only what was recognised in a script is expected.
    pub of_script: bool,
}

/// What must exist, from an archive's table of contents.
#[must_use]
pub fn expected(contents: &Contents) -> Expected {
    let mut expected = Expected::default();
    let is_read = is_read(contents.encoding.as_deref());
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
        let known = named
            && entry.namespace.as_deref() != Some("pg_catalog")
            && !is_half_named(self::kind(kind), &entry.tag);
        if known && is_read(&entry.tag) {
            expected.objects.push(Wanted::of(entry));
        } else if ATTRIBUTES.contains(&kind) {
            expected.attribute(entry, &is_read);
        } else {
            *expected.unknown.entry(kind.to_owned()).or_default() += 1;
        }
    }
    expected
}

/// Whether a name in a dump of this encoding is read as the server tells it.
pub(super) fn is_read(encoding: Option<&str>) -> impl Fn(&str) -> bool + use<> {
    let any = matches!(encoding, None | Some("UTF8" | "LATIN1" | "SQL_ASCII"));
    move |name| any || name.is_ascii()
}

/// What must exist, as far as it was recognised in the statements of a script of this encoding.
#[must_use]
pub fn expected_of_script(seen: &Seen, encoding: Option<&str>) -> Expected {
    let wanted = |made: &Made| Wanted {
        kind: made.kind.to_owned(),
        schema: made.schema.clone(),
        name: made.name.clone(),
        owner: None,
        good: seen.validated.contains(made),
    };
    let value =
        |((schema, name), (value, called)): (&(String, String), &(i64, bool))| SequenceValue {
            schema: schema.clone(),
            name: name.clone(),
            value: *value,
            called: *called,
        };
    let mut expected = Expected {
        objects: seen.made.iter().map(wanted).collect(),
        sequences: seen.values.iter().map(value).collect(),
        unknown: seen
            .objects_unforeseen
            .iter()
            .map(|what| (what.clone(), 1))
            .collect(),
        announced: seen.announced.difference(&seen.made).map(wanted).collect(),
        of_script: true,
        ..Expected::default()
    };
    // What else it did may have taken them away again.
    if seen.objects_unforeseen.is_empty() {
        expected.owners.clone_from(&seen.owners);
        expected.grants.clone_from(&seen.granted.grants);
        expected.said.clone_from(&seen.says.said);
        expected.unread("GRANT", seen.granted.unread);
        expected.unread("COMMENT", seen.says.unread);
    }
    expected.keep(&is_read(encoding));
    expected
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
            name: match kind {
                // `--quote-all-identifiers` quotes the language here, too.
                "TRANSFORM" => entry.tag.replace('"', ""),
                _ => entry.tag.to_string(),
            },
            owner: entry.owner.as_deref().filter(|_| owned).map(str::to_owned),
            good: entry.detail != Detail::NotValid,
        }
    }

    /// Its name with its schema; a routine without its arguments.
    pub(super) fn whole_name(&self) -> String {
        let name = self
            .name
            .split_once('(')
            .map_or(&*self.name, |(name, _)| name);
        match self.schema.as_str() {
            "" => name.to_owned(),
            schema => format!("{schema}.{name}"),
        }
    }

    /// As it is told.
    pub(super) fn called(&self) -> String {
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

impl Expected {
    /// Whatever has a name that was not read as the server tells it is not looked for.
    fn keep(&mut self, told: &impl Fn(&str) -> bool) {
        let (kept, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.objects)
            .into_iter()
            .partition(|wanted| told(&wanted.name) && told(&wanted.schema));
        self.objects = kept;
        for other in others {
            *self.unknown.entry(other.kind).or_default() += 1;
        }
        self.sequences
            .retain(|one| told(&one.schema) && told(&one.name));
        self.owners
            .retain(|on, owner| told(&on.name) && told(owner));
        self.grants
            .retain(|grant| told(&grant.on.name) && told(&grant.to));
        self.said.retain(|said| told(&said.on.name));
    }

    /// What an entry says about an object.
    fn attribute(&mut self, entry: &Entry, told: &impl Fn(&str) -> bool) {
        match &entry.detail {
            Detail::Granted(granted) => {
                let known = |grant: &&Grant| told(&grant.on.name) && told(&grant.to);
                self.grants
                    .extend(granted.grants.iter().filter(known).cloned());
                self.unread(&entry.desc, granted.unread);
            }
            Detail::Says(says) => {
                let known = |said: &&Said| told(&said.on.name);
                self.said.extend(says.said.iter().filter(known).cloned());
                self.unread(&entry.desc, says.unread);
            }
            _ => self.unread(&entry.desc, 1),
        }
    }

    /// Whether some of its privileges are on what every server has: those names have lost their schema, or name its own.
    pub(super) fn is_about_built_in(&self) -> bool {
        self.grants.iter().any(|grant| {
            let (kind, name) = (grant.on.kind, &grant.on.name);
            let in_schema = ["relation", "routine", "type", "sequence", "column"].contains(&kind);
            let dots = if kind == "column" { 2 } else { 1 };
            in_schema
                && (name.matches('.').count() < dots || name.starts_with("information_schema."))
        })
    }

    fn unread(&mut self, kind: &str, count: u64) {
        if count > 0 {
            *self.attributes.entry(kind.to_owned()).or_default() += count;
        }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let list = |kinds: &BTreeMap<String, u64>| {
            let each = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
            each.collect::<Vec<_>>().join(", ")
        };
        let mut notes = Vec::new();
        if self.of_script {
            notes.push(
                "A script has no table of contents: tables, views, indexes, constraints, sequences, functions, types, \
                 triggers, policies, owners, privileges and comments were recognised in its statements."
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
