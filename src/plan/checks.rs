//! What a plan declares about the restored data.

use std::time::Duration;

use super::{Number, Place};
use crate::{finding::Severity, units::Age};

/// Every declared check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checks {
    /// The schema of tables that are named without one; `None` is `public`.
    pub schema: Option<String>,
    /// Checks on tables, in the order of the file.
    pub tables: Vec<TableBlock>,
    /// Checks on the database as a whole.
    pub database: Vec<DatabaseCheck>,
    /// Questions in SQL.
    pub sql: Vec<SqlCheck>,
}

impl Checks {
    /// Whether nothing was declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.database.is_empty() && self.sql.is_empty()
    }
}

/// What must hold in a table, or in every table that a glob names.
#[derive(Clone, Debug, PartialEq)]
pub struct TableBlock {
    /// `users`, `billing.users`, or a glob such as `public.*`.
    pub table: String,
    /// Where it is written.
    pub place: Place,
    /// Only rows for which this SQL condition holds.
    pub filter: Option<String>,
    /// Whether a value of the environment went into the condition: what the server says about it may quote that.
    pub filled: bool,
    /// Tables that the glob leaves out; globs themselves.
    pub except: Vec<String>,
    /// Why this table is not checked.
    pub skip: Option<String>,
    /// For choosing checks by `--only`.
    pub tags: Vec<String>,
    /// What must hold.
    pub checks: Vec<TableCheck>,
}

/// One thing that must hold in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableCheck {
    /// What is asked.
    pub kind: TableKind,
    /// What the answer must be.
    pub limit: Limit,
}

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableKind {
    /// How many rows.
    RowCount,
    /// Whether these columns exist.
    Columns(Vec<String>),
    /// How many rows hold NULL in this column: a count, or a share where the limit is one.
    NotNull(String),
    /// How many rows share these columns' values with another row.
    Unique(Vec<String>),
    /// How many rows hold something else than these values. NULL is no breach.
    AcceptedValues(String, Vec<String>),
    /// How many rows do not match this PostgreSQL regular expression. NULL is no breach.
    Matches(String, String),
    /// The smallest and the largest value of this column.
    Range(String),
    /// The newest value of this column.
    Freshness(Freshness),
    /// How many rows point at nothing: column, then the other table and its column.
    References(String, String, String),
    /// The sum of this column.
    Sum(String),
    /// The mean of this column.
    Avg(String),
    /// How many different values this column holds.
    Distinct(String),
}

impl TableKind {
    /// The word in plans and reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RowCount => "row_count",
            Self::Columns(_) => "columns",
            Self::NotNull(_) => "not_null",
            Self::Unique(_) => "unique",
            Self::AcceptedValues(..) => "accepted_values",
            Self::Matches(..) => "matches",
            Self::Range(_) => "range",
            Self::Freshness(_) => "freshness",
            Self::References(..) => "references",
            Self::Sum(_) => "sum",
            Self::Avg(_) => "avg",
            Self::Distinct(_) => "distinct",
        }
    }
}

/// How old the newest value of a column may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The column.
    pub column: String,
    /// Older is a breach.
    pub max_age: Age,
    /// Older is a warning.
    pub warn: Option<Age>,
    /// Measured from when.
    pub relative_to: RelativeTo,
}

/// From when the age of data is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelativeTo {
    /// From the time of the dump: a drill of an old dump would fail otherwise.
    #[default]
    Backup,
    /// From now.
    Now,
}

/// What an answer must be, and how bad a breach is.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The hard bounds.
    pub bounds: Bounds,
    /// The soft ones: a breach is a warning.
    pub warn: Bounds,
    /// What else the answer is compared with.
    pub against: Against,
    /// How bad a breach of the hard bounds is.
    pub severity: Severity,
    /// A name to show in place of the check's own.
    pub name: Option<String>,
    /// Why it must hold.
    pub description: Option<String>,
    /// How long the database may take.
    pub timeout: Duration,
    /// Where it is written.
    pub place: Place,
}

/// What an answer is compared with besides fixed bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Against {
    /// What the same check found in the last proven run.
    pub previous: Option<Previous>,
    /// What the running database answers.
    pub live: Option<Live>,
}

impl Against {
    /// Whether it is compared with nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.previous.is_none() && self.live.is_none()
    }
}

/// How far a figure may be from what it was; each limit is inclusive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Previous {
    /// It may fall by so much: a share of what it was, or a number.
    pub max_drop: Option<Number>,
    /// It may grow by so much: a share of what it was, or a number.
    pub max_growth: Option<Number>,
    /// It must be what it was.
    pub equals: bool,
    /// How bad a breach is; `None` is the check's own severity.
    pub severity: Option<Severity>,
}

/// How far a figure may be from the running database's.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// So far, inclusive: a share of the running database's figure, or a number.
    pub tolerance: Number,
    /// How bad a breach is: never critical, as the running database has moved on since the dump.
    pub severity: Severity,
}

/// Bounds, each inclusive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// At least this.
    pub min: Option<Number>,
    /// At most this.
    pub max: Option<Number>,
    /// Exactly this.
    pub equals: Option<Number>,
}

impl Bounds {
    /// Whether they allow everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.min.is_none() && self.max.is_none() && self.equals.is_none()
    }
}

/// One thing that must hold in the database as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseCheck {
    /// What is asked.
    pub kind: DatabaseKind,
    /// What the answer must be.
    pub limit: Limit,
}

/// What is asked of the database as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// Whether these extensions are there.
    Extensions(Vec<String>),
    /// Whether these schemas are there.
    Schemas(Vec<String>),
    /// How many tables.
    Tables,
    /// How large on disk, in bytes.
    Size,
    /// How many indexes are invalid.
    InvalidIndexes,
    /// How many constraints were never validated.
    UnvalidatedConstraints,
    /// How many sequences would hand out a value that their column holds already.
    SequencesBehind,
    /// How many errors the restore tool reported, without those that the plan ignores.
    RestoreErrors,
}

impl DatabaseKind {
    /// The word in plans and reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Extensions(_) => "extensions",
            Self::Schemas(_) => "schemas",
            Self::Tables => "tables",
            Self::Size => "size",
            Self::InvalidIndexes => "invalid_indexes",
            Self::UnvalidatedConstraints => "unvalidated_constraints",
            Self::SequencesBehind => "sequences_behind",
            Self::RestoreErrors => "restore_errors",
        }
    }
}

/// A question in SQL.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlCheck {
    /// Its name, unique in the plan.
    pub name: String,
    /// The one statement; read already, where the plan names a file.
    pub query: String,
    /// What must come back.
    pub expected: Expected,
    /// Soft bounds on the first column of the one row: a breach is a warning.
    pub warn: Bounds,
    /// What else the first column of the one row is compared with.
    pub against: Against,
    /// How bad a breach is.
    pub severity: Severity,
    /// How long the database may take.
    pub timeout: Duration,
    /// Whether the value must never be printed.
    pub secret: bool,
    /// Whether a value of the environment went into the query or the pattern: neither is quoted.
    pub filled: bool,
    /// For choosing checks by `--only`.
    pub tags: Vec<String>,
    /// Why it is not asked.
    pub skip: Option<String>,
    /// Why it must hold.
    pub description: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// What a question in SQL must answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// No limit was given: no row at all.
    NoRows,
    /// The first column of the one row, as a number or a size or a duration.
    Bounds(Bounds),
    /// The first column of the one row, as text.
    Text(String),
    /// The first column of the one row, as a number where it is one, and as text otherwise: what reads as a number and
    /// comes from the environment, which has no quotes.
    NumberOrText(String),
    /// The first column of the one row is this truth value.
    Truth(bool),
    /// The first column of the one row is NULL.
    Null,
    /// The first column of the one row matches this PostgreSQL regular expression.
    Matches(String),
}
