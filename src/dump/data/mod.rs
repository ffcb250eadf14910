//! The data of a dump, followed as they pass: every block is there, is decoded to its end, and ends as `pg_dump` ends it.

mod blocks;
mod chunks;
mod feed;
mod frame;
mod member;
mod metered;
mod pool;
mod relay;
mod tarred;
mod witness;
mod zlib;

use std::{ops::Range, sync::Arc};

use super::Entry;
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

pub use blocks::stretch;
pub use frame::ROWS_END;
pub use member::{complete, member, unnamed};
pub use relay::{Relay, both};

pub(super) use blocks::custom;
pub(super) use member::missing;
pub(super) use metered::Metered;
pub(super) use tarred::tar;

/// Whose rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of<'a> {
    /// The entry that they belong to; none in a script.
    pub entry: Option<&'a Entry>,
    /// The table: its schema and its name in an archive, as it is written in a script.
    pub table: &'a str,
    /// The `COPY` statement that they follow; none where they are `INSERT` statements.
    pub copy: Option<&'a str>,
    /// The database that a script changed to; none where it did not.
    pub database: Option<&'a str>,
}

/// Is shown what a dump holds, table by table and object by object, while it passes. Several may be shown side by side.
pub trait Viewer: Send + Sync {
    /// Who wants to see the rows of this table; none when nobody does.
    fn table(&self, of: &Of<'_>) -> Option<Box<dyn Rows>>;

    /// Who wants to see the contents of the large object with this number; none when nobody does.
    fn object(&self, number: u32) -> Option<Box<dyn Rows>>;
}

/// A viewer who is also told about the dump itself.
pub trait Tap: Viewer {
    /// Something that does not end the reading, such as bytes after the end.
    fn remark(&self, finding: Finding);

    /// So many bytes more came out of a decompressor than were known before.
    ///
    /// # Errors
    /// When these are more than the dump may hold: that ends the reading.
    fn unpacked(&self, bytes: u64) -> Result<(), Broken>;

    /// Which bytes of an archive are followed elsewhere, and missing here: whole blocks. None where all of them pass. Asked
    /// once, when the first byte behind the table of contents was read.
    fn elsewhere(&self) -> Option<Range<u64>> {
        None
    }
}

/// A finding about bytes that follow the end of a dump.
pub(super) fn trailing(what: &str, at: u64) -> Finding {
    Finding::new(
        Code::DumpTrailing,
        format!("bytes after the end of the {what}"),
    )
    .detail(format!(
        "It ends after {at} bytes; what follows is neither part of it nor padding, and was not read."
    ))
}

/// Is shown the rows of one table, in pieces of any size: as `COPY` writes them, without the line `\.` that ends them, or as
/// statements, without the empty lines that end those. Or what one large object holds.
///
/// Dropped without [`Rows::end`] when the dump is damaged before their end.
pub trait Rows: Send {
    /// The next piece.
    fn piece(&mut self, bytes: &[u8]);
    /// There are no more of them: all were shown.
    fn end(self: Box<Self>);
}

/// Who is shown the rows.
pub type Shown = Arc<dyn Tap>;

/// Wants to see nothing.
struct Nobody;

impl Viewer for Nobody {
    fn table(&self, _: &Of<'_>) -> Option<Box<dyn Rows>> {
        None
    }

    fn object(&self, _: u32) -> Option<Box<dyn Rows>> {
        None
    }
}

impl Tap for Nobody {
    fn remark(&self, _: Finding) {}

    fn unpacked(&self, _: u64) -> Result<(), Broken> {
        Ok(())
    }
}

/// Nobody, for whom a dump is only followed.
#[must_use]
pub fn nobody() -> Shown {
    Arc::new(Nobody)
}
