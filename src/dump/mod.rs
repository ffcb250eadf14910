//! What a dump is and what is in it, told by its content and never by its name.

mod archive;
mod codec;
mod contents;
mod data;
mod directory;
mod head;
mod ledger;
mod looks;
mod messages;
mod open;
mod plain;
mod scan;
mod script;
mod sql;
mod tar;

pub use archive::{
    Data, Detail, Entry, LARGE_BLOCK, Recast, Section, TABLE_BLOCK, as_custom, number,
};
pub use contents::{Codec, Contents, DataStart, Format, Locale, major};
pub use data::{
    Of, ROWS_END, Relay, Rows, Shown, Tap, Viewer, both, complete, member, nobody, stretch, unnamed,
};
use directory::listed;
pub use directory::{check_blobs, listed_are_there, member_name_ok, members};
pub use ledger::{Form, Held, Large, Ledger, Tally, Target};
pub use open::{Bytes, Opened, before_data, directory, head, open, open_shown};
pub use scan::{scan, scan_members, tables};
pub use script::{Script, Seen};
pub use sql::{
    Grant, Granted, Made, Said, Says, Subject, arguments, defaults, identified, is_half_named,
    words_of,
};

pub use tar::BLOCK as TAR_BLOCK;

/// A part of a script, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes for `psql`.
    Sql(bytes::Bytes),
    /// The next bytes name this role: it must exist before they are fed.
    Role(String),
    /// The next bytes create this extension: the server must have it.
    Extension(String),
    /// The next bytes create the schema `public`.
    CreatesPublic,
    /// The next bytes create a database of their own.
    CreatesDatabase,
    /// The next bytes create a tablespace, in a folder of the machine that they were taken from.
    CreatesTablespace,
    /// The next bytes are rows of this foreign table: another server takes them.
    ForeignRows(String),
    /// The next bytes are rows of this table, or the first `INSERT` of the script.
    Rows(String),
    /// What was written into the current database: the last piece of it.
    Seen(Box<Seen>),
    /// The next bytes continue in this database (`\connect` of `pg_dumpall`).
    Connect(String),
}

#[cfg(test)]
mod tests;
