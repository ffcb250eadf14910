//! What a script writes into a database: rows, large objects and objects, noted as its statements pass by.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use super::{Piece, Script};
use crate::{
    dump::{
        Form, Held, Large, Ledger, Target,
        sql::{self, Deed, Granted, Made, Says, Subject},
    },
    rows::{Counter, Rows},
};

/// How much of a statement is looked at for the name of its table.
pub(super) const NAMED: usize = 600;

/// What a script wrote into one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its rows and large objects.
    pub ledger: Ledger,
    /// The objects that it made and did not take away again.
    pub made: BTreeSet<Made>,
    /// Those of them that are constraints which hold for all rows.
    pub validated: BTreeSet<Made>,
    /// Who owns what.
    pub owners: BTreeMap<Subject, String>,
    /// The privileges that it gave and took.
    pub granted: Granted,
    /// What it said about objects.
    pub says: Says,
    /// The values that it gave to sequences, by schema and name.
    pub values: BTreeMap<(String, String), (i64, bool)>,
    /// What it did that cannot be followed, by the words of its statements: rows.
    pub rows_unforeseen: BTreeSet<String>,
    /// The same for objects.
    pub objects_unforeseen: BTreeSet<String>,
    /// The objects that a heading announced and no statement under it made.
    pub announced: BTreeSet<Made>,
    /// Whether the script ended here, and no closing line says that this is its end.
    pub unclosed: bool,
}

impl Seen {
    /// Whether it made anything, or wrote rows.
    #[must_use]
    pub fn filled(&self) -> bool {
        !self.made.is_empty()
            || !self.ledger.tables.is_empty()
            || !self.rows_unforeseen.is_empty()
            || !self.objects_unforeseen.is_empty()
    }

    /// The rows, with what kept them from being foretold.
    #[must_use]
    pub fn told(mut self) -> Self {
        if !self.rows_unforeseen.is_empty() {
            let words: Vec<_> = self.rows_unforeseen.iter().map(String::as_str).collect();
            self.ledger.trouble = Some(format!(
                "The script changes rows in ways that cannot be foretold from its text: {}.",
                words.join(", ")
            ));
        }
        self
    }
}

/// What is open while a script passes by.
#[derive(Default)]
pub(super) struct Seeing {
    pub(super) seen: Seen,
    /// The COPY whose rows pass by.
    copying: Option<(Target, Counter)>,
    large: Option<Large>,
    /// How many rows the INSERT statements for one table wrote.
    inserted: BTreeMap<(Option<String>, String), u64>,
    inserting: Inserting,
    /// What the last heading announced, until a statement under it makes that.
    pub(super) announced: Option<Made>,
    /// Whether a backslash escapes in plain strings.
    pub(super) escapes: bool,
}

/// The table that the current statement inserts into.
#[derive(Default)]
enum Inserting {
    /// It is no INSERT.
    #[default]
    Nothing,
    /// This one, with its schema.
    Table(Option<String>, String),
    /// It cannot be told.
    Unknown,
}

impl<R: Read> Script<R> {
    /// Notes rows that pass by.
    pub(super) fn note_rows(&mut self, count: usize) {
        if let Some((_, counter)) = &mut self.seeing.copying {
            counter.feed(&self.bytes[self.at..self.at + count]);
        }
    }

    /// The rows are at their end; carriage returns are no part of what COPY writes.
    pub(super) fn note_end_of_rows(&mut self, returns: bool) {
        let Some((target, counter)) = self.seeing.copying.take() else {
            return;
        };
        let rows = counter.finish().unwrap_or_else(|rows| rows);
        let form = if returns { Form::Returns } else { Form::Lines };
        self.seeing
            .seen
            .ledger
            .tables
            .push(Held { target, form, rows });
    }

    /// Hands over what was noted for the current database.
    pub(super) fn hand_over_seen(&mut self) {
        let mut seeing = std::mem::take(&mut self.seeing);
        seeing.nothing_made();
        for ((schema, table), count) in seeing.inserted {
            seeing.seen.ledger.tables.push(Held {
                target: Target {
                    schema,
                    table,
                    columns: None,
                },
                form: Form::Inserts,
                rows: Rows { count, digest: 0 },
            });
        }
        self.ready
            .push_back(Piece::Seen(Box::new(seeing.seen.told())));
    }
}

impl Seeing {
    /// Takes the first bytes of a statement, or all of it.
    pub(super) fn head(&mut self, first: &[u8], text: &str, whole: bool) {
        self.announced_is_made(text);
        match first {
            b"copy" => match sql::copied_into(text).filter(|_| whole) {
                Some(target) => self.copying = Some((target, Counter::default())),
                None => self.unforeseen("COPY with options"),
            },
            b"insert" => {
                self.inserting = match sql::inserted_into(text) {
                    Some(target) => Inserting::Table(target.schema, target.table),
                    None => Inserting::Unknown,
                };
                self.values_may_move("INSERT behind the values of sequences");
            }
            b"select" => self.select(text),
            b"create" | b"drop" => self.object(text, whole),
            b"alter" => {
                self.granted(text, true);
                self.owned(text);
                if sql::has_word(text, "restart") {
                    self.values_may_move("ALTER SEQUENCE … RESTART");
                }
                self.object(text, whole);
            }
            b"grant" | b"revoke" => self.granted(text, whole),
            b"comment" | b"security" => self.says(text, whole),
            b"do" | b"call" | b"execute" | b"rollback" | b"abort" | b"explain" | b"fetch" => {
                let what = sql::decode(first).to_uppercase();
                self.unforeseen(&what);
                self.may_be_gone(&what);
            }
            // What `pg_dumpall --clean` does before it drops a template is of the cluster, and of no row here.
            b"update" if sql::frees_a_template(text) => {}
            b"update" | b"delete" | b"truncate" | b"merge" | b"with" | b"values" | b"import" => {
                let what = sql::decode(first).to_uppercase();
                self.unforeseen(&what);
                let may_insert = matches!(first, b"merge" | b"with");
                if may_insert || sql::has_word(text, "restart") {
                    self.values_may_move(&format!("{what} behind the values of sequences"));
                }
            }
            b"reassign" => {
                let what = "REASSIGN OWNED".to_owned();
                self.seen.objects_unforeseen.insert(what);
            }
            _ => {}
        }
    }

    /// A statement is at its end; an INSERT wrote this many rows.
    pub(super) fn end(&mut self, rows: u64) {
        match std::mem::take(&mut self.inserting) {
            Inserting::Table(schema, table) if rows > 0 => {
                *self.inserted.entry((schema, table)).or_default() += rows;
            }
            Inserting::Table(..) | Inserting::Unknown => self.unforeseen("INSERT … SELECT"),
            Inserting::Nothing => {}
        }
    }

    fn says(&mut self, text: &str, whole: bool) {
        let says = sql::says(text, self.escapes);
        self.seen.says.unread += says.unread.max(u64::from(!whole));
        self.seen.says.said.extend(says.said);
    }

    fn object(&mut self, text: &str, whole: bool) {
        match sql::deed(text) {
            Deed::Makes(made) => {
                if whole && made.kind == "CONSTRAINT" && !sql::unvalidated(text) {
                    self.seen.validated.insert(made.clone());
                }
                self.seen.made.insert(made);
            }
            Deed::Drops(made) => {
                // What belonged to a table went with it, and so did a function under its whole name.
                let belongs = |name: &str| {
                    let rest = name.strip_prefix(&made.name);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
                };
                self.seen
                    .made
                    .retain(|other| other.schema != made.schema || !belongs(&other.name));
                if matches!(
                    made.kind,
                    "TABLE" | "MATERIALIZED VIEW" | "FOREIGN TABLE" | "SEQUENCE"
                ) {
                    // Its indexes and sequences have names of their own.
                    self.may_be_gone("DROP TABLE");
                }
                let gone = format!("{}.{}", made.schema, made.name);
                let stays = |subject: &Subject| !subject.name.contains(&gone);
                self.seen.owners.retain(|subject, _| stays(subject));
                self.seen.granted.grants.retain(|grant| stays(&grant.on));
                self.seen.says.said.retain(|said| stays(&said.on));
                self.seen.ledger.tables.retain(|held| {
                    held.target.table != made.name
                        || held.target.schema.as_deref() != Some(&made.schema)
                });
            }
            Deed::Unmakes(what) => {
                self.may_be_gone(what);
                let seen = !self.seen.ledger.tables.is_empty() || !self.inserted.is_empty();
                if seen && what != sql::DROP {
                    self.unforeseen(what);
                }
            }
            Deed::Unforeseen(what) => _ = self.seen.objects_unforeseen.insert(what.to_owned()),
            Deed::Nothing => {}
        }
    }

    /// `SELECT` sets sequences, writes large objects, or calls whatever it likes.
    fn select(&mut self, text: &str) {
        if let Some((name, value, called)) = sql::set_value(text) {
            match sql::name_of(&name) {
                Some((Some(schema), name)) => {
                    _ = self.seen.values.insert((schema, name), (value, called));
                }
                _ => {
                    _ = self
                        .seen
                        .objects_unforeseen
                        .insert("a name without its schema".to_owned());
                }
            }
        } else if let Some(call) = sql::large_call(text) {
            self.large(call);
        } else if !sql::is_harmless_select(text) {
            self.unforeseen("SELECT");
            self.may_be_gone("SELECT");
        }
    }

    fn large(&mut self, call: sql::LargeCall) {
        use sql::LargeCall::{Close, Create, Open, Write};
        match call {
            Create => {}
            Open(oid) => self.large = Some(Large::new(oid)),
            Write(bytes) => {
                if let Some(large) = &mut self.large {
                    large.feed(&bytes);
                }
            }
            Close => {
                if let Some(large) = self.large.take() {
                    large.add_to(&mut self.seen.ledger.large);
                }
            }
        }
    }
}
