//! What a dump is and what is in it, told by its content and never by its name.

mod archive;
mod codec;
mod data;
mod directory;
mod head;
mod ledger;
mod looks;
mod plain;
mod scan;
mod script;
mod sql;
mod tar;

use std::io::{self, Read};

pub use archive::{
    Data, Detail, Entry, LARGE_BLOCK, Recast, Section, TABLE_BLOCK, as_custom, number,
};
pub use data::{
    Of, ROWS_END, Relay, Rows, Shown, Tap, Viewer, both, complete, member, nobody, stretch,
};
use directory::listed;
pub use directory::{check_blobs, listed_are_there, member_name_ok, members};
pub use ledger::{Form, Held, Large, Ledger, Tally, Target};
pub use scan::{scan, scan_members};
pub use script::{Script, Seen};
pub use sql::{Grant, Granted, Made, Said, Says, Subject, defaults, identified, words_of};

pub use tar::BLOCK as TAR_BLOCK;

use self::head::Head;
use crate::{
    error::{Broken, Error},
    finding::{Code, Finding},
    report::DumpFacts,
};

/// How many codecs may lie around each other: a `.sql.gz` inside a `.zst` happens, more does not.
const LAYERS: usize = 2;

/// The shape of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `pg_dump -Fc`.
    Custom,
    /// `pg_dump -Fd`.
    Directory,
    /// `pg_dump -Ft`.
    Tar,
    /// `pg_dump -Fp`.
    Plain,
    /// `pg_dumpall`.
    PlainAll,
}

/// What a dump is wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Nothing.
    #[default]
    None,
    /// gzip, of one member or several.
    Gzip,
    /// Zstandard.
    Zstd,
    /// lz4 frames.
    Lz4,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

/// What a dump says of itself before any of its data is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The shape.
    pub format: Format,
    /// What it is wrapped in.
    pub codec: Codec,
    /// The compression inside an archive: `none`, `gzip`, `lz4` or `zstd`.
    pub compression: Option<String>,
    /// The archive format's version, such as `1.14`.
    pub archive_version: Option<String>,
    /// The server that it was taken from, such as `15.4 (Debian 15.4-1)`.
    pub server_version: Option<String>,
    /// The `pg_dump` that wrote it.
    pub pg_dump_version: Option<String>,
    /// When it says that it was written: the writer's local time, without a zone.
    pub created: Option<String>,
    /// The database that it was taken from.
    pub database: Option<String>,
    /// The encoding of its text, such as `UTF8`.
    pub encoding: Option<String>,
    /// The locale of the database that it was taken from.
    pub locale: Locale,
    /// Extensions that it creates.
    pub extensions: Vec<String>,
    /// Roles that own something, are granted something, or are named by a policy.
    pub roles: Vec<String>,
    /// Whether it creates the schema `public` itself, which a new database has already.
    pub creates_public: bool,
    /// How many tables carry data.
    pub tables: Option<u64>,
    /// How many entries the table of contents holds.
    pub entries: Option<u64>,
    /// The table of contents; empty for a script.
    pub toc: Vec<Entry>,
    /// Where the data of an archive start; none for a script, and for a version that is not known.
    pub data: Option<DataStart>,
}

/// Where the data of an archive start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataStart {
    /// From the first byte of the archive, in bytes.
    pub at: u64,
    /// How many bytes a number takes, without its sign.
    pub int: usize,
}

/// The locale of a database, as far as a dump names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locale {
    /// `libc`, `icu` or `builtin`.
    pub provider: Option<String>,
    /// `LC_COLLATE`.
    pub collate: Option<String>,
    /// `LC_CTYPE`.
    pub ctype: Option<String>,
    /// The ICU or builtin locale.
    pub locale: Option<String>,
}

/// Decoded bytes of a dump. Errors carry a [`Broken`].
pub type Bytes = Box<dyn Read + Send>;

/// A dump whose head was read.
pub enum Opened {
    /// A custom or tar archive: all of it, from its first byte, for `pg_restore`'s standard input.
    Archive(Contents, Bytes),
    /// SQL: all of it, from its first byte, for a `Script`.
    Script(Contents, Bytes),
    /// A directory dump inside a tar: what it holds is known only when its `toc.dat` was met.
    Wrapped(Codec, Bytes),
}

/// Tells what a stream of bytes is, and reads its head.
///
/// # Errors
/// `dump.unreadable` when it is no dump; `backup.empty`, `dump.truncated`, `dump.corrupt` when it is a broken one;
/// and whatever the reader itself reported.
pub fn open(reader: impl Read + Send + 'static) -> Result<Opened, Broken> {
    open_shown(reader, nobody())
}

/// Like [`open`], and shows the rows of an archive as they pass.
///
/// # Errors
/// As [`open`].
pub fn open_shown(reader: impl Read + Send + 'static, tap: Shown) -> Result<Opened, Broken> {
    let (codec, mut head) = unwrap(Head::new(reader), &tap)?;
    if head.kept().starts_with(archive::MAGIC) {
        let archive = archive::read(&mut head, 0, None, Format::Custom)?;
        let checked = data::custom(head.replay(), &archive, tap);
        return Ok(Opened::Archive(archive.contents.inside(codec), checked));
    }
    if tar::is_tar(head.fill(tar::BLOCK)?) {
        return match tar::read(&mut head)? {
            tar::Kind::Dump(archive) => {
                let checked = data::tar(head.replay(), &archive, tap);
                Ok(Opened::Archive(archive.contents.inside(codec), checked))
            }
            tar::Kind::Wrapped => Ok(Opened::Wrapped(codec, head.replay())),
        };
    }
    if let Some(other) = looks::known(head.kept()) {
        return Err(other.into());
    }
    match plain::read(&mut head)? {
        Some(contents) => Ok(Opened::Script(contents.inside(codec), head.replay())),
        None => Err(looks::unreadable(head.kept()).into()),
    }
}

/// The header and the table of contents of an archive, for a `pg_restore` that needs no data, from its first bytes.
///
/// # Errors
/// As [`open`]; `dump.truncated` when more bytes are needed. An error of the run when it has no table of contents in
/// front.
pub fn head(start: bytes::Bytes) -> Result<(Contents, bytes::Bytes), Broken> {
    let Opened::Archive(contents, mut reader) = open(io::Cursor::new(start))? else {
        return Err(no_contents().into());
    };
    match before_data(&contents, &mut reader)? {
        Some(head) => Ok((contents, head)),
        None => Err(no_contents().into()),
    }
}

/// What stands before the data of an archive, read from its first byte; none where nobody knows how long that is.
///
/// # Errors
/// What the reader itself reports.
pub fn before_data(
    contents: &Contents,
    reader: &mut impl Read,
) -> Result<Option<bytes::Bytes>, Broken> {
    let length = match (contents.format, contents.data) {
        (_, None) => return Ok(None),
        (Format::Tar, Some(data)) => data.at.next_multiple_of(tar::BLOCK as u64),
        (_, Some(data)) => data.at,
    };
    let mut head = Vec::new();
    let read = reader.take(length).read_to_end(&mut head);
    read.map_err(|error| head::broken(&error))?;
    Ok(Some(head.into()))
}

fn no_contents() -> Error {
    Error::new(
        "the dump has no table of contents in front that could be restored alone",
        "Use `--tier full`.",
    )
}

/// Takes off what a dump is wrapped in; gives the outermost codec.
fn unwrap(mut head: Head, tap: &Shown) -> Result<(Codec, Head), Broken> {
    let outer = codec::sniff(head.fill(codec::SNIFFED)?);
    let mut codec = outer;
    for _ in 0..LAYERS {
        if codec == Codec::None {
            break;
        }
        let decoder = codec::Decoder::new(codec, head.replay()).telling(tap.clone());
        head = Head::new(data::Metered::new(decoder, tap));
        codec = codec::sniff(head.fill(codec::SNIFFED)?);
    }
    if codec != Codec::None {
        let message = format!("the dump is compressed more than {LAYERS} times");
        return Err(Finding::new(Code::DumpUnreadable, message).into());
    }
    if head.kept().is_empty() {
        let message = match outer {
            Codec::None => "the newest dump is empty".to_owned(),
            codec => format!("the newest dump is an empty {} stream", codec.name()),
        };
        return Err(Finding::new(Code::BackupEmpty, message).into());
    }
    Ok((outer, head))
}

/// What the `toc.dat` of a directory dump says.
///
/// # Errors
/// `dump.corrupt` or `dump.truncated` when it cannot be read.
pub fn directory(toc: &[u8]) -> Result<Contents, Broken> {
    let mut head = Head::new(std::io::Cursor::new(toc.to_vec()));
    let archive = archive::read(&mut head, 0, None, Format::Directory)?;
    match archive.data {
        Some(end) if end < head.kept().len() => Err(Finding::new(
            Code::DumpCorrupt,
            "bytes after the end of the table of contents",
        )
        .detail(format!("\"toc.dat\" should end after {end} bytes."))
        .into()),
        _ => Ok(archive.contents),
    }
}

impl Format {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Directory => "directory",
            Self::Tar => "tar",
            Self::Plain => "plain",
            Self::PlainAll => "plain-all",
        }
    }
}

impl Contents {
    /// The PostgreSQL major that it was taken from.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        major(self.server_version.as_deref()?)
    }

    /// The `pg_dump` major that wrote it.
    #[must_use]
    pub fn tools_major(&self) -> Option<u32> {
        major(self.pg_dump_version.as_deref()?)
    }

    /// For the report.
    #[must_use]
    pub fn facts(&self) -> DumpFacts {
        let inner = self.compression.as_deref();
        let codec = match self.codec {
            Codec::None => inner.unwrap_or(Codec::None.name()),
            outer => outer.name(),
        };
        DumpFacts {
            format: self.format.name().to_owned(),
            codec: codec.to_owned(),
            archive_version: self.archive_version.clone(),
            server_version: self.server_version.clone(),
            pg_dump_version: self.pg_dump_version.clone(),
            created: self.created.clone(),
            database: self.database.clone(),
            tables: self.tables,
            entries: self.entries,
        }
    }

    fn inside(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }
}

/// `15` of `15.4 (Debian 15.4-1)`, `18` of `18beta1`.
#[must_use]
pub fn major(version: &str) -> Option<u32> {
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

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
    /// The next bytes are rows of this table, or the first `INSERT` of the script.
    Rows(String),
    /// What was written into the current database: the last piece of it.
    Seen(Box<Seen>),
    /// The next bytes continue in this database (`\connect` of `pg_dumpall`).
    Connect(String),
}

#[cfg(test)]
mod tests;
