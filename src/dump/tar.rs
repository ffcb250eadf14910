//! Tar archives: `pg_dump -Ft`, and directory dumps that somebody packed.

use std::io::Read;

use super::{
    Format,
    archive::{self, Archive},
    directory::member_name_ok,
    head::Head,
    looks,
};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// The unit of a tar archive, in bytes.
pub const BLOCK: usize = 512;
/// How much of an archive is searched for a name that tells what it is, in bytes.
const SEARCHED: usize = 1 << 20;

/// What a tar archive is.
pub(super) enum Kind {
    /// `pg_dump -Ft`.
    Dump(Box<Archive>),
    /// A directory dump.
    Wrapped,
}

/// Whether a stream starts with a tar header.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(..BLOCK)
        .is_some_and(|block| size(block).is_some() && &block[257..262] == b"ustar")
}

/// Tells what an archive is; `dump.unreadable` when it is neither.
pub(super) fn read(head: &mut Head) -> Result<Kind, Broken> {
    if let Some(end) = written_by_pg_dump(head.fill(BLOCK)?) {
        let archive = archive::read(head, BLOCK, Some(end), Format::Tar)?;
        return Ok(Kind::Dump(Box::new(archive)));
    }
    let kept = head.fill(SEARCHED)?;
    let names = names(kept);
    if names.iter().any(|name| member_name_ok(base(name))) {
        return Ok(Kind::Wrapped);
    }
    Err(looks::tar(&names, &inside(kept)))
}

/// Where `toc.dat` ends in an archive that `pg_dump` itself wrote: it comes first, and belongs to
/// the user 04000 and the group 02000 of `pg_backup_tar.c`, which no packer of files writes.
fn written_by_pg_dump(head: &[u8]) -> Option<usize> {
    let header = tar::Header::from_byte_slice(head.get(..BLOCK)?);
    let ids = (header.uid().ok()?, header.gid().ok()?);
    let ours = &*header.path_bytes() == b"toc.dat" && ids == (0o4000, 0o2000);
    let size = usize::try_from(header.size().ok()?).ok()?;
    ours.then(|| BLOCK.saturating_add(size))
}

/// The names in the first bytes of an archive.
fn names(head: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(head);
    let Ok(entries) = archive.entries() else {
        return Vec::new();
    };
    entries
        .map_while(Result::ok)
        .filter(|entry| {
            let kind = entry.header().entry_type();
            !(kind.is_dir() || kind.is_pax_global_extensions())
        })
        .map(|entry| String::from_utf8_lossy(&entry.path_bytes()).into_owned())
        .take(1000)
        .collect()
}

/// The first bytes of the first file.
fn inside(head: &[u8]) -> Vec<u8> {
    let mut archive = tar::Archive::new(head);
    let file = archive.entries().ok().and_then(|entries| {
        entries
            .map_while(Result::ok)
            .find(|entry| entry.header().entry_type().is_file())
    });
    let mut bytes = Vec::new();
    if let Some(file) = file {
        // What cannot be read is not looked at.
        let _ = file.take(4096).read_to_end(&mut bytes);
    }
    bytes
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// The size in a header whose checksum is right.
fn size(block: &[u8]) -> Option<u64> {
    let header = tar::Header::from_byte_slice(block);
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, &byte)| u32::from(if (148..156).contains(&at) { b' ' } else { byte }))
        .sum();
    (header.cksum().ok()? == sum).then_some(())?;
    header.entry_size().ok()
}

/// The name and the size of the member whose header this is; none when it is no header.
#[must_use]
pub(super) fn member(block: &[u8]) -> Option<(String, u64)> {
    let size = size(block)?;
    size.checked_next_multiple_of(BLOCK as u64)?;
    let name = tar::Header::from_byte_slice(block).path_bytes();
    Some((String::from_utf8_lossy(&name).into_owned(), size))
}

pub(super) fn truncated(at: u64) -> Broken {
    Finding::new(Code::DumpTruncated, "the tar archive ends too early")
        .detail(format!(
            "It ends after {at} bytes, without the empty blocks that close it."
        ))
        .into()
}
