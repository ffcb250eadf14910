//! Tells what a stream of bytes is, takes off what it is wrapped in, and reads its head.

use std::io::{self, Read};

use super::{
    Codec, Contents, Format, Shown, archive, codec, data,
    head::{self, Head},
    looks, nobody, plain, tar,
};
use crate::{
    error::{Broken, Error},
    finding::{Code, Finding},
};

/// How many codecs may lie around each other: a `.sql.gz` inside a `.zst` happens, more does not.
const LAYERS: usize = 2;

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
/// `dump.unreadable` when it is no dump; `backup.empty`, `dump.truncated`, `dump.corrupt` when it is a broken one; an error
/// of the run when it may hold one that cannot be got at, such as an encrypted file; and whatever the reader itself reported.
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
        return Err(other);
    }
    match plain::read(&mut head)? {
        Some(contents) => Ok(Opened::Script(contents.inside(codec), head.replay())),
        None => Err(looks::unreadable(head.kept())),
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
        let doing =
            format!("could not look into the backup: it is compressed more than {LAYERS} times");
        return Err(Error::new(doing, "Compress dumps once.").into());
    }
    if head.kept().is_empty() {
        let message = match outer {
            Codec::None => "the dump is empty".to_owned(),
            codec => format!("the dump is an empty {} stream", codec.name()),
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
