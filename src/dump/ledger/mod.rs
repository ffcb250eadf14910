//! What a dump holds for each table: its rows are counted and digested while they pass by on their way to PostgreSQL.

mod copy;
mod inserts;
mod large;
mod tally;

pub use large::Large;
pub use tally::Tally;

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
    /// As such lines that a carriage return ends: only counted.
    Returns,
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
