//! What a dump says of itself before any of its data is read.

use super::Entry;
use crate::report::DumpFacts;

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

/// The locale of a database and its encoding, as far as a dump names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locale {
    /// What its text is encoded in, which may be another encoding than that of the dump (`pg_dump -E`).
    pub encoding: Option<String>,
    /// `libc`, `icu` or `builtin`.
    pub provider: Option<String>,
    /// `LC_COLLATE`.
    pub collate: Option<String>,
    /// `LC_CTYPE`.
    pub ctype: Option<String>,
    /// The ICU or builtin locale.
    pub locale: Option<String>,
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

    /// The same inside of this.
    pub(super) fn inside(mut self, codec: Codec) -> Self {
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
