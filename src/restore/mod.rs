//! From a dump to a database in the sandbox, through PostgreSQL's own programs.

mod alone;
mod archive;
mod choose;
mod database;
mod errors;
mod extensions;
mod feed;
mod judge;
mod listed;
mod meaning;
mod messages;
mod prepare;
mod redact;
mod script;
mod spool;
mod stream;
mod versions;
mod watchdog;

use std::time::Duration;

use bytes::Bytes;

pub use archive::{directory, piped, schema, spooled};
pub use choose::{Choice, Facts, How, choose};
pub use database::{Loaded, Wanted};
pub use errors::{Complaint, Complaints};
pub use feed::broken;
pub use listed::listed;
pub use meaning::Class;
pub use prepare::{Prepared, prepare};
pub use script::{globals, script};
pub use stream::{Along, Arriving, Hooks, Whole, streamed, stretch};
pub use versions::{MENDED, vulnerable};
pub use watchdog::guarded;

use crate::{dump, error::Broken};

/// One file of a directory dump.
pub struct Member {
    /// Its name inside the dump's folder.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes.
    pub bytes: dump::Bytes,
}

/// The files of a directory dump.
pub struct Members {
    /// Their names and sizes.
    pub files: Vec<(String, u64)>,
    /// Opens one of them, once.
    pub open: Open,
}

/// Opens a file of a directory dump by its name.
pub type Open = Box<dyn FnMut(&str) -> Result<Member, Broken> + Send>;

/// What a restore came to.
#[derive(Debug, Default)]
pub struct Restored {
    /// `pg-restore`, `stream` or `psql`.
    pub engine: &'static str,
    /// Why this one, in sentences; none where there is no other.
    pub why: Option<String>,
    /// Whether several connections loaded side by side.
    pub side_by_side: bool,
    /// How long it took.
    pub took: Duration,
    /// How many bytes the tool was fed.
    pub bytes: u64,
    /// What the tool complained about.
    pub complaints: Complaints,
    /// Whether the tool stopped at a complaint, and did not run what follows: `psql` does.
    pub unrun: bool,
    /// How many tables' rows a script held; an archive tells it beforehand.
    pub tables: Option<u64>,
    /// Where the data is now, and what to know about how it got there.
    pub loaded: Loaded,
    /// What a script wrote into that database; none for an archive.
    pub seen: Option<dump::Seen>,
}

/// What is fed to a tool.
type Chunk = Result<Bytes, Broken>;
