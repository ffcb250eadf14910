//! Directory dumps: the names that they may hold, and their members inside a tar.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    io::{self, Read},
};

use super::{
    head::broken,
    looks::closed,
    tar::{base, truncated},
};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// Whether `pg_dump -Fd` writes a file of this name.
#[must_use]
pub fn member_name_ok(name: &str) -> bool {
    if name == "toc.dat" || name == "blobs.toc" {
        return true;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(list) = name.strip_suffix(".toc") {
        return list.strip_prefix("blobs_").is_some_and(digits);
    }
    let bare = [".gz", ".lz4", ".zst"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    bare.strip_suffix(".dat")
        .is_some_and(|data| digits(data.strip_prefix("blob_").unwrap_or(data)))
}

/// Judges a list of large objects (`blobs.toc`): `pg_restore` before 15.20 opens whatever file it names.
///
/// # Errors
/// `dump.corrupt` when a line is not a number and the name of a member.
pub fn check_blobs(list: &[u8]) -> Result<(), Broken> {
    for (at, line) in list.split(|&byte| byte == b'\n').enumerate() {
        let line = std::str::from_utf8(line).unwrap_or("?");
        let good = line.is_empty()
            || line.split_once(' ').is_some_and(|(oid, name)| {
                oid.parse::<u32>().is_ok() && name.starts_with("blob_") && member_name_ok(name)
            });
        if !good {
            return Err(Finding::new(
                Code::DumpCorrupt,
                "the list of large objects names a file that pg_dump does not write",
            )
            .detail(format!("It is in line {} of the list.", at + 1))
            .into());
        }
    }
    Ok(())
}

/// The members that a list of large objects names, and the number of each object.
#[must_use]
pub(super) fn listed(list: &[u8]) -> HashMap<String, u32> {
    let lines = list.split(|&byte| byte == b'\n');
    let parts = lines.filter_map(|line| std::str::from_utf8(line).ok()?.split_once(' '));
    parts
        .filter_map(|(oid, name)| Some((name.to_owned(), oid.parse().ok()?)))
        .collect()
}

/// Judges whether the members that a list of large objects names are there.
///
/// # Errors
/// `dump.incomplete` when one is not.
pub fn listed_are_there(list: &[u8], there: &dyn Fn(&str) -> bool) -> Result<(), Broken> {
    for (name, number) in listed(list) {
        if ENDINGS
            .iter()
            .all(|ending| !there(&format!("{name}{ending}")))
        {
            return Err(super::data::missing(
                &format!("large object {number}"),
                &name,
            ));
        }
    }
    Ok(())
}

/// What may stand behind the names that a table of contents gives.
const ENDINGS: [&str; 4] = ["", ".gz", ".lz4", ".zst"];

/// Hands out the members of a directory dump inside a tar, one after another: their name, their size in
/// bytes and what they hold. Files that `pg_dump` does not write are passed over.
///
/// # Errors
/// `dump.corrupt` for a name that leads outside or stands for no file, `dump.truncated` for a cut archive,
/// `dump.incomplete` when there is no `toc.dat`; and what `each` and the reader report.
pub fn members(
    reader: impl Read,
    each: &mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> Result<(), Broken> {
    let watched = Watched {
        reader: RefCell::new(reader),
        passed: Cell::new(0),
        ended: Cell::new(false),
        heading: Cell::new(None),
    };
    let mut archive = tar::Archive::new(&watched);
    let mut folder = Folder::default();
    let mut entries = archive.entries().map_err(|error| watched.fault(&error))?;
    while let Some(entry) = watched.heading(|| entries.next()) {
        let mut entry = entry.map_err(|error| watched.fault(&error))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(name) = folder.member(&path, entry.header().entry_type())? {
            let size = entry.size();
            each(name, size, &mut entry).map_err(|error| watched.fault(&error))?;
        }
        io::copy(&mut entry, &mut io::sink()).map_err(|error| watched.fault(&error))?;
    }
    watched.end()?;
    if folder.toc {
        return Ok(());
    }
    Err(Finding::new(
        Code::DumpIncomplete,
        "the directory dump has no \"toc.dat\"",
    )
    .detail("Without its table of contents nothing of it can be restored.")
    .into())
}

/// The folder that all members lie in.
#[derive(Default)]
struct Folder {
    path: Option<String>,
    toc: bool,
    names: std::collections::HashSet<String>,
}

impl Folder {
    /// The name of a member; none for what is no part of the dump.
    fn member<'a>(
        &mut self,
        path: &'a str,
        kind: tar::EntryType,
    ) -> Result<Option<&'a str>, Broken> {
        // What holds for all members that follow is no member itself.
        if kind.is_pax_global_extensions() {
            return Ok(None);
        }
        let parts = || path.split('/');
        if is_packed_whole(path) {
            return Err(otherwise(
                "a tar archive with absolute paths",
                "Pack the folder of the dump without `-P`.",
            ));
        }
        if path.starts_with('/') || path.contains('\\') || parts().any(|part| part == "..") {
            return Err(refused("a member's name leads outside of the dump", path));
        }
        if kind.is_dir() {
            return Ok(None);
        }
        if kind.is_gnu_sparse() || parts().any(|part| part.starts_with("GNUSparseFile.")) {
            return Err(otherwise(
                "a tar archive with sparse files",
                "Pack the folder of the dump without `--sparse`.",
            ));
        }
        let name = base(path);
        if !(kind.is_file() || kind.is_contiguous()) {
            return Err(refused("a member of the dump is no file", path));
        }
        if !member_name_ok(name) {
            return Ok(None);
        }
        let folder = parts().filter(|part| !part.is_empty() && *part != ".");
        let mut folder: Vec<_> = folder.collect();
        folder.pop();
        let folder = folder.join("/");
        if self.path.get_or_insert_with(|| folder.clone()) != &folder {
            return Err(otherwise(
                "a tar archive that holds several directory dumps",
                "Store each dump in an archive of its own.",
            ));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(refused("a member of the dump is there twice", path));
        }
        self.toc |= name == "toc.dat";
        Ok(Some(name))
    }
}

/// Whether a path is that of a member as `tar -P` packs it, and leads nowhere else.
fn is_packed_whole(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains('\\')
        && path.split('/').all(|part| part != "..")
        && (path.ends_with('/') || member_name_ok(base(path)))
}

/// A good dump may be inside, packed in a way that nobody unpacks here.
fn otherwise(what: &str, hint: &str) -> Broken {
    closed(what, hint).into()
}

fn endless_heading(at: u64) -> Finding {
    Finding::new(Code::DumpCorrupt, "the tar archive is damaged").detail(format!(
        "The name of a member before byte {at} is longer than 1 MiB."
    ))
}

fn refused(message: &str, path: &str) -> Broken {
    Finding::new(Code::DumpCorrupt, message)
        .detail(format!("The member is \"{}\".", path.escape_debug()))
        .about(path.escape_debug().to_string())
        .into()
}

/// The longest heading of a member, in bytes: a name and its attributes, which are held in memory.
const HEADING: u64 = 1 << 20;

/// A reader that remembers whether it met its end.
struct Watched<R> {
    reader: RefCell<R>,
    passed: Cell<u64>,
    ended: Cell<bool>,
    /// Where the heading of a member began that is being read.
    heading: Cell<Option<u64>>,
}

impl<R: Read> Read for &Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let began = self.heading.get();
        if began.is_some_and(|began| self.passed.get() - began > HEADING) {
            return Err(Broken::from(endless_heading(self.passed.get())).into());
        }
        let count = self.reader.borrow_mut().read(into)?;
        self.passed.set(self.passed.get() + count as u64);
        self.ended.set(count == 0 && !into.is_empty());
        Ok(count)
    }
}

impl<R: Read> Watched<R> {
    /// Reads the heading of a member, which may not go on for ever.
    fn heading<T>(&self, read: impl FnOnce() -> T) -> T {
        self.heading.set(Some(self.passed.get()));
        let read = read();
        self.heading.set(None);
        read
    }

    fn fault(&self, error: &io::Error) -> Broken {
        let inner = Broken::inside(error).or_else(|| inside(error));
        if let Some(inner) = inner {
            return inner.clone();
        }
        if self.ended.get() {
            return truncated(self.passed.get());
        }
        if error.raw_os_error().is_some() {
            return broken(error);
        }
        Finding::new(Code::DumpCorrupt, "the tar archive is damaged")
            .detail(format!("The damage is before byte {}.", self.passed.get()))
            .into()
    }

    /// Reads what follows the last member, so that a codec around it is checked to its end.
    fn end(&self) -> Result<(), Broken> {
        if self.ended.get() {
            return Err(truncated(self.passed.get()));
        }
        let mut rest = vec![0; 64 * 1024];
        loop {
            let count = (&mut &*self).read(&mut rest);
            match count {
                Ok(0) => return Ok(()),
                Ok(count) if rest[..count].iter().all(|&byte| byte == 0) => {}
                Ok(_) => {
                    return Err(Finding::new(
                        Code::DumpCorrupt,
                        "bytes after the end of the tar archive",
                    )
                    .into());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(&error)),
            }
        }
    }
}

/// A [`Broken`] that somebody else wrapped.
fn inside(error: &io::Error) -> Option<&Broken> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(broken) = error.downcast_ref() {
            return Some(broken);
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(Broken::inside) {
            return Some(inner);
        }
        source = error.source();
    }
    None
}
