//! What a dump holds for each table: its rows are counted and digested while they pass by on their way to PostgreSQL.
//!
//! The stream is read once and no file is needed: a copy of its bytes goes to a thread that follows the archive, takes
//! off the compression and adds up the lines. At most a few megabytes wait for it. The members of a directory dump may be
//! read side by side: each has a thread of its own.

mod blocks;
mod copy;
mod counters;
mod inserts;
mod large;
mod members;
mod packed;
mod tee;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, mpsc},
};

use tokio::task::JoinHandle;

pub use counters::Counters;
pub use large::Large;
use packed::Packing;
use tee::Watch;

use super::{Bytes, Contents, Detail, Format};
use crate::rows::Rows;

/// The table that rows are written into.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Its schema; none where a script leaves that to the search path.
    pub schema: Option<String>,
    /// Its name.
    pub table: String,
    /// The columns in the order of the values; none where the statement names none.
    pub columns: Option<Vec<String>>,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As lines of COPY: counted and digested.
    Lines,
    /// As INSERT statements: only counted.
    Inserts,
}

/// What a dump holds for one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The table.
    pub target: Target,
    /// How its rows are written.
    pub form: Form,
    /// How many, and which.
    pub rows: Rows,
}

/// Everything that a dump holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The tables whose rows it holds; one that is loaded in several parts is there several times.
    pub tables: Vec<Held>,
    /// Large objects: how many, and a digest of their numbers and contents.
    pub large: Rows,
    /// Why not everything could be counted, as a sentence.
    pub trouble: Option<String>,
}

/// What must be known of an archive to follow its data.
struct Plan {
    targets: HashMap<u64, Known>,
    packing: Packing,
    data: u64,
    int: usize,
}

/// An entry with data.
enum Known {
    Lines(Target),
    Inserts(Target),
}

impl Plan {
    fn of(contents: &Contents) -> Self {
        let entries = contents
            .toc
            .iter()
            .filter(|entry| &*entry.desc == "TABLE DATA");
        let targets = entries.map(|entry| {
            let known = match &entry.detail {
                Detail::Lines(target) => Known::Lines((**target).clone()),
                _ => Known::Inserts(Target {
                    schema: entry.namespace.as_deref().map(str::to_owned),
                    table: entry.tag.to_string(),
                    columns: None,
                }),
            };
            (u64::from(entry.id.unsigned_abs()), known)
        });
        Self {
            targets: targets.collect(),
            packing: Packing::named(contents.compression.as_deref()),
            data: contents.data.map_or(0, |data| data.at),
            int: contents.data.map_or(4, |data| data.int),
        }
    }

    /// Adds up the data of one entry.
    fn entry(&self, id: u64, data: &mut dyn io::Read, ledger: &mut Ledger) -> io::Result<()> {
        let Some(known) = self.targets.get(&id) else {
            // Data of a kind that is no table's.
            return io::copy(data, &mut io::sink()).map(|_| ());
        };
        ledger.tables.push(match known {
            Known::Lines(target) => Held {
                target: target.clone(),
                form: Form::Lines,
                rows: copy::count(data)?,
            },
            Known::Inserts(target) => {
                let (named, rows) = inserts::count(data)?;
                Held {
                    target: named.unwrap_or_else(|| target.clone()),
                    form: Form::Inserts,
                    rows,
                }
            }
        });
        Ok(())
    }
}

/// The thread that counts; it ends when the dump's bytes do.
#[derive(Debug)]
pub struct Counting(JoinHandle<Ledger>);

impl Counting {
    /// What was counted, once every byte has passed. Never fails: what could not be counted is told in it.
    pub async fn finish(self) -> Ledger {
        self.0
            .await
            .unwrap_or_else(|_| troubled("The thread that counts the dump's rows ended early."))
    }
}

impl Ledger {
    /// With what another part of the same dump holds.
    fn and(mut self, other: Self) -> Self {
        self.tables.extend(other.tables);
        self.large.absorb(other.large);
        self.trouble = self.trouble.or(other.trouble);
        self
    }
}

fn troubled(why: &str) -> Ledger {
    Ledger {
        trouble: Some(why.to_owned()),
        ..Ledger::default()
    }
}

/// Passes an archive on, and counts what passes. Must be called inside a Tokio runtime.
#[must_use]
pub fn archive(contents: &Contents, bytes: Bytes) -> (Bytes, Counting) {
    let (tee, watch) = tee::pair();
    let plan = Plan::of(contents);
    let follows = match contents.format {
        Format::Custom if contents.data.is_some() => blocks::follow,
        Format::Tar => members::follow_tar,
        _ => unknown,
    };
    let counting = tokio::task::spawn_blocking(move || add_up(&plan, watch, follows));
    (tee.whole(bytes), Counting(counting))
}

/// Counts the members of a directory dump: each is to be passed through the [`Counters`] under its name. Must be called
/// inside a Tokio runtime.
#[must_use]
pub fn directory(contents: &Contents) -> (Counters, Counting) {
    let (sender, parts) = mpsc::channel();
    let counters = Counters::new(Arc::new(Plan::of(contents)), sender);
    let all = move || parts.iter().fold(Ledger::default(), Ledger::and);
    (counters, Counting(tokio::task::spawn_blocking(all)))
}

fn add_up(
    plan: &Plan,
    mut watch: Watch,
    follow: impl FnOnce(&Plan, &mut Watch, &mut Ledger) -> io::Result<()>,
) -> Ledger {
    let mut ledger = Ledger::default();
    let followed = follow(plan, &mut watch, &mut ledger);
    if let Err(error) = followed {
        let said = crate::error::sentence(&crate::error::whole(&error));
        ledger.trouble = Some(format!("The rows in the dump could not be counted: {said}"));
    }
    // Whoever passes the bytes on must never wait for us.
    drop(watch);
    ledger
}

fn unknown(_: &Plan, _: &mut Watch, _: &mut Ledger) -> io::Result<()> {
    Err(io::Error::other("how its data are laid out is not known"))
}
