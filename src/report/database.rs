//! What was in the restored database: names and counts, never a row's value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was in the restored database. Names are written as `schema.name`, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// The size on disk, in bytes.
    pub size_bytes: u64,
    /// Tables that hold rows themselves.
    pub tables: Vec<TableFacts>,
    /// Indexes, those of constraints among them.
    pub indexes: Vec<String>,
    /// Sequences and where they stand.
    pub sequences: Vec<SequenceFacts>,
    /// The newest moment in the data that is not later than the dump: a third clock beside the storage's and the dump's.
    #[serde(default)]
    pub newest: Option<Timestamp>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFacts {
    /// Its name.
    pub name: String,
    /// How many rows were counted.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The partitioned table that it is a part of, the one at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<String>,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceFacts {
    /// Its name.
    pub name: String,
    /// The value that it gave last; none when it never gave one.
    pub last_value: Option<i64>,
    /// Its step; negative when it counts down.
    pub increment: i64,
}
