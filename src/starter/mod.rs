//! Checks to start with, from what restored data look like.

mod look;
mod suggest;
mod write;

use jiff::Timestamp;

pub use look::look;
pub use write::checks;

/// What restored data look like. It holds names, counts and ages, and no row's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The tables of users, by name; partitions count to their table.
    pub tables: Vec<Table>,
    /// How many tables there are in all, partitions among them.
    pub count: u64,
    /// The extensions that are installed, without `plpgsql`.
    pub extensions: Vec<String>,
    /// Whether a sequence fills a column.
    pub sequences: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// How many rows it holds.
    pub rows: u64,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// The columns of each unique index.
    pub uniques: Vec<Vec<String>>,
    /// Its foreign keys of one column.
    pub references: Vec<Reference>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it is declared NOT NULL.
    pub required: bool,
    /// How many rows hold NULL in it.
    pub nulls: u64,
    /// Whether it is a date or a timestamp, which `freshness` can be asked of.
    pub is_time: bool,
    /// Its newest finite moment.
    pub newest: Option<Timestamp>,
}

/// A foreign key of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The column that points.
    pub column: String,
    /// The schema of the other table.
    pub schema: String,
    /// The other table.
    pub table: String,
    /// The other table's column.
    pub key: String,
}
