//! Walks through the tree of a file: takes what is right, notes what is wrong, and goes on.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use jiff::civil::Date;

use super::{
    Place,
    environment::Environment,
    keys::{Keys, instead},
    mistake::{Level, Mistake, Source},
    yaml::{Node, Value},
};
use crate::{finding::Severity, units::Age};

/// What all files of a plan share while they are read.
pub(super) struct Session<'a> {
    pub environment: Environment<'a>,
    pub today: Date,
    pub found: RefCell<Vec<Mistake>>,
    pub names: RefCell<BTreeMap<String, Place>>,
    pub reach: Cell<Reach>,
}

/// What a check may be compared with, as far as the plan's main file says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// Whether there is a backup to drill; a file that only holds checks has none, and is included by a plan that does.
    pub drills: bool,
    /// Whether runs are kept.
    pub history: bool,
    /// Whether a running database is named.
    pub live: bool,
}

/// What a file says once for all of its checks.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    pub severity: Severity,
    pub timeout: Duration,
    pub schema: Option<String>,
}

/// The file that is being read.
pub(super) struct File<'a> {
    pub session: &'a Session<'a>,
    pub source: Arc<Source>,
    pub folder: PathBuf,
    pub defaults: Defaults,
}

/// A key and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'n> {
    pub key: &'n Node,
    pub value: &'n Node,
}

impl<'n> Entry<'n> {
    /// The key; empty when it is no text.
    pub(super) fn name(&self) -> &'n str {
        self.key.text().unwrap_or_default()
    }
}

/// The entries of a mapping whose keys are all known.
pub(super) struct Fields<'n>(pub Vec<Entry<'n>>);

impl<'n> Fields<'n> {
    /// The entry with this key.
    pub(super) fn get(&self, key: &str) -> Option<Entry<'n>> {
        self.0.iter().find(|entry| entry.name() == key).copied()
    }

    /// Whether a value of the environment went into one of these.
    pub(super) fn filled(&self, keys: &[&str]) -> bool {
        let mut entries = keys.iter().filter_map(|key| self.get(key));
        entries.any(|entry| entry.value.is_filled())
    }
}

impl File<'_> {
    /// Notes a mistake.
    pub(super) fn error(&self, at: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.note(Level::Error, at, message.into(), help.into());
    }

    /// Notes a mistake in a line that must not be shown.
    pub(super) fn secret(&self, at: &Node, message: impl Into<String>, help: impl Into<String>) {
        let mistake = Mistake::at(&self.source, &at.span, message).help(help);
        self.session.found.borrow_mut().push(mistake.secret());
    }

    /// Notes something that the author should know.
    pub(super) fn warn(&self, at: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.note(Level::Warning, at, message.into(), help.into());
    }

    fn note(&self, level: Level, at: &Node, message: String, help: String) {
        let mistake = Mistake::at(&self.source, &at.span, message)
            .help(help)
            .level(level);
        self.session.found.borrow_mut().push(mistake);
    }

    /// Where a node is written.
    pub(super) fn place(&self, node: &Node) -> Place {
        Place {
            file: Arc::clone(&self.source.file),
            line: node.span.line,
            column: node.span.column,
        }
    }

    /// The entries of a mapping with any keys, which must be texts.
    pub(super) fn entries<'n>(&self, node: &'n Node, what: &str, help: &str) -> Vec<Entry<'n>> {
        let Value::Map(map) = &node.value else {
            self.error(node, format!("{what} must hold keys and values"), help);
            return Vec::new();
        };
        let texts = map.iter().map(|(key, value)| Entry { key, value });
        texts
            .filter(|entry| {
                let is_text = entry.key.text().is_some_and(|text| !text.is_empty());
                if !is_text {
                    self.error(entry.key, "a key must be a text", "write key: value");
                }
                is_text
            })
            .collect()
    }

    /// The entries of a mapping with known keys; the others are noted.
    pub(super) fn fields<'n>(&self, node: &'n Node, what: &str, keys: &Keys) -> Fields<'n> {
        let help = format!("known: {}", keys.known.join(", "));
        let mut entries = self.entries(node, what, &help);
        entries.retain(|entry| {
            let name = entry.name();
            let known = keys.known.contains(&name);
            if !known {
                let message = format!("unknown {} \"{name}\"", keys.what);
                self.error(entry.key, message, instead(name, keys.known));
            }
            known
        });
        Fields(entries)
    }

    /// The entries of the mapping under a key.
    pub(super) fn below<'n>(&self, entry: Entry<'n>, keys: &Keys) -> Fields<'n> {
        self.fields(entry.value, &format!("\"{}\"", entry.name()), keys)
    }

    /// A text that is not empty.
    pub(super) fn text<'n>(&self, entry: Entry<'n>) -> Option<&'n str> {
        self.text_of(entry.value, &format!("\"{}\"", entry.name()))
    }

    /// A text that is not empty, of something that has no key of its own.
    pub(super) fn text_of<'n>(&self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = node.text().filter(|text| !text.trim().is_empty());
        if text.is_none() || node.is_null() {
            let problem = match node.value {
                Value::Scalar(_) => format!("{what} has no value"),
                Value::List(_) | Value::Map(_) => format!("{what} must be a text"),
            };
            self.error(node, problem, "write a text");
            return None;
        }
        text
    }

    /// A list of texts, which may be a single one.
    pub(super) fn texts<'n>(&self, entry: Entry<'n>, help: &str) -> Vec<(&'n str, &'n Node)> {
        let what = format!("an entry of \"{}\"", entry.name());
        self.items(entry, help)
            .iter()
            .filter_map(|item| Some((self.text_of(item, &what)?, item)))
            .collect()
    }

    /// The items of a list that is not empty.
    pub(super) fn items<'n>(&self, entry: Entry<'n>, help: &str) -> &'n [Node] {
        let name = entry.name();
        match &entry.value.value {
            Value::List(list) if !list.is_empty() => list,
            Value::List(_) => {
                self.error(
                    entry.value,
                    format!("the list of \"{name}\" is empty"),
                    help,
                );
                &[]
            }
            Value::Scalar(_) | Value::Map(_) => {
                self.error(entry.value, format!("\"{name}\" must be a list"), help);
                &[]
            }
        }
    }

    /// A quantity with its unit; `kind` is what it should be, such as `a duration`.
    pub(super) fn quantity<T: FromStr<Err = String>>(
        &self,
        entry: Entry<'_>,
        kind: &str,
    ) -> Option<T> {
        let text = self.text(entry)?;
        text.parse()
            .map_err(|help: String| {
                self.error(
                    entry.value,
                    format!("\"{}\" is not {kind}", entry.name()),
                    help,
                );
            })
            .ok()
    }

    /// A duration.
    pub(super) fn age(&self, entry: Entry<'_>) -> Option<Age> {
        self.quantity(entry, "a duration")
    }

    /// A duration after which something is ended, which must leave time for it.
    pub(super) fn patience(&self, entry: Entry<'_>) -> Option<Age> {
        let age = self.age(entry)?;
        if age.0.is_zero() {
            let message = format!("\"{}\" leaves no time at all", entry.name());
            self.error(entry.value, message, "write a duration such as 10m");
            return None;
        }
        Some(age)
    }

    /// `true` or `false`.
    pub(super) fn truth(&self, entry: Entry<'_>) -> Option<bool> {
        let truth = entry.value.truth();
        if truth.is_none() {
            let message = format!("\"{}\" is neither true nor false", entry.name());
            self.error(entry.value, message, "write true or false");
        }
        truth
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&self, entry: Entry<'_>, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(entry)?;
        let chosen = known.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let message = if entry.value.is_filled() {
                format!("\"{}\" is none of the known words", entry.name())
            } else {
                format!("unknown {} \"{text}\"", entry.name())
            };
            self.error(entry.value, message, instead(text, &words));
        }
        chosen.map(|(_, value)| *value)
    }

    /// A severity.
    pub(super) fn severity(&self, entry: Entry<'_>) -> Option<Severity> {
        let known = Severity::ALL.map(|severity| (severity.name(), severity));
        self.choice(entry, &known)
    }

    /// A whole number from `least` on.
    pub(super) fn whole(&self, entry: Entry<'_>, least: u16) -> Option<u16> {
        let number = entry.value.text().and_then(|text| text.parse().ok());
        let number = number.filter(|number| *number >= least);
        if number.is_none() {
            let message = format!("\"{}\" is not a whole number from {least} on", entry.name());
            self.error(entry.value, message, "write a number such as 2");
        }
        number
    }

    /// Takes a glob that can be one.
    pub(super) fn glob(&self, text: &str, node: &Node) {
        if let Err(error) = glob::Pattern::new(text) {
            let help = format!("{} at character {}", error.msg, error.pos + 1);
            self.error(node, "this is not a glob", help);
        }
    }

    /// `samples`: accepted, but a row's values are never printed.
    pub(super) fn samples(&self, entry: Entry<'_>) {
        if self.whole(entry, 0).is_some_and(|samples| samples > 0) {
            self.warn(
                entry.key,
                "\"samples\" does nothing: the values of rows are never printed",
                "remove it; run with `--keep` to look at the rows",
            );
        }
    }
}
