//! The header and the table of contents that every archive of `pg_dump` starts with.

mod groups;
mod header;
mod recast;
mod sound;
mod toc;
mod wire;

use std::collections::BTreeSet;

pub use recast::{Recast, as_custom};
pub use toc::{Data, Detail, Entry, Section};
use wire::Wire;
pub use wire::number;

use super::{Codec, Contents, DataStart, Format, Locale, head::Head, sql};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// How an archive starts.
pub(super) const MAGIC: &[u8] = b"PGDMP";

/// The byte that the block of a table's data starts with, and the one of large objects.
pub const TABLE_BLOCK: u8 = 1;
/// See [`TABLE_BLOCK`].
pub const LARGE_BLOCK: u8 = 3;

/// What was read, and what a reader of the data must know.
pub(super) struct Archive {
    pub(super) contents: Contents,
    /// Where the data start, from the first byte of the stream; none when the version is not known.
    pub(super) data: Option<usize>,
}

/// Reads the head of an archive that starts at `at` and cannot go past `end`.
pub(super) fn read(
    head: &mut Head,
    at: usize,
    end: Option<usize>,
    format: Format,
) -> Result<Archive, Broken> {
    let read = contents(&mut Wire::new(head, at, end), format);
    match read {
        Err(Broken::Backup(_)) if went_through_text_mode(head.kept()) => Err(text_mode()),
        other => other,
    }
}

fn contents(wire: &mut Wire<'_>, format: Format) -> Result<Archive, Broken> {
    let header = header::read(wire)?;
    let mut contents = Contents::new(format);
    contents.archive_version = Some(format!("{}.{}", header.version.0, header.version.1));
    let Some(rest) = header.rest else {
        return Ok(Archive {
            contents,
            data: None,
        });
    };
    let expected = if format == Format::Custom { 1 } else { 3 };
    if rest.format != expected {
        return Err(wire.nonsense(&format!("its format is {}", rest.format)));
    }
    contents.compression = Some(rest.compression.to_owned());
    contents.created = rest.created;
    contents.database = rest.database;
    contents.server_version = rest.server_version;
    contents.pg_dump_version = rest.pg_dump_version;
    entries(wire, header.version, &mut contents)?;
    contents.data = Some(DataStart {
        at: wire.at() as u64,
        int: wire.int_size(),
    });
    Ok(Archive {
        contents,
        data: Some(wire.at()),
    })
}

/// Reads the entries into `contents`.
fn entries(wire: &mut Wire<'_>, version: (u8, u8), contents: &mut Contents) -> Result<(), Broken> {
    let place = match contents.format {
        Format::Custom => toc::Place::Offset,
        _ => toc::Place::Member,
    };
    let mut roles = BTreeSet::new();
    let mut tables = 0;
    let toc = toc::read(wire, version, place, &mut |met| {
        tables += u64::from(met.entry.is_table_data());
        note(met, contents, &mut roles);
    })?;
    sound::sound(&toc)?;
    contents.roles = roles.into_iter().collect();
    contents.tables = Some(tables);
    contents.entries = Some(toc.len() as u64);
    contents.toc = toc;
    Ok(())
}

/// Takes from one entry what the target needs to know.
fn note(met: &toc::Met<'_>, contents: &mut Contents, roles: &mut BTreeSet<String>) {
    if let Some(owner) = met.entry.owner.as_deref()
        && sql::must_exist(owner)
    {
        roles.insert(owner.to_owned());
    }
    match &*met.entry.desc {
        "ENCODING" => contents.encoding = sql::setting(met.definition, "client_encoding"),
        "DATABASE" => contents.locale = Locale::of(met.definition),
        "EXTENSION" => contents.extensions.push(met.entry.tag.to_string()),
        "SCHEMA" => contents.creates_public |= sql::facts(met.definition).creates_public,
        "ACL" | "DEFAULT ACL" | "POLICY" | "USER MAPPING" | "DATABASE PROPERTIES" => {
            roles.extend(sql::facts(met.definition).roles);
        }
        _ => {}
    }
}

/// Whether every line feed has a carriage return before it: chance does not do that.
fn went_through_text_mode(head: &[u8]) -> bool {
    let mut feeds = memchr::memchr_iter(b'\n', head).peekable();
    feeds.peek().is_some() && feeds.all(|at| at > 0 && head[at - 1] == b'\r')
}

fn text_mode() -> Broken {
    Finding::new(
        Code::DumpCorrupt,
        "the dump was changed by a transfer in text mode",
    )
    .detail("Every line feed in its table of contents has a carriage return before it, and its lengths no longer fit.")
    .hint("Transfer dumps in binary mode, and write them with `pg_dump -f` instead of a redirection on Windows.")
    .into()
}

impl Contents {
    /// A dump that says nothing of itself.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self::new(Format::Custom)
    }

    /// Nothing but a format.
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            codec: Codec::None,
            compression: None,
            archive_version: None,
            server_version: None,
            pg_dump_version: None,
            created: None,
            database: None,
            encoding: None,
            locale: Locale::default(),
            extensions: Vec::new(),
            roles: Vec::new(),
            creates_public: false,
            tables: None,
            entries: None,
            toc: Vec::new(),
            data: None,
        }
    }
}
