//! A directory dump that lies in a tar: unpacked into a private folder, file by file, within what the disk can take.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use bytes::Bytes;

use super::source;
use crate::{
    dump::{self, Codec, Contents},
    error::{Broken, Error, OrStop, sentence},
    finding::{Code, Finding},
    restore::{Member, Members},
};

const HINT: &str = "Free space in the temporary folder, or set TMPDIR to a larger one.";

/// Unpacks it; gives its `toc.dat` besides. What it holds is known only when that was met, and that may be its last member.
///
/// # Errors
/// When the tar is broken or holds no dump, or the disk is too small.
pub(super) fn unpack(
    codec: Codec,
    bytes: dump::Bytes,
    shown: &dump::Shown,
) -> Result<(Contents, Bytes, Members), Broken> {
    let folder = tempfile::Builder::new()
        .prefix("pgdrill-unpack-")
        .tempdir()
        .or_stop(doing, HINT)?;
    let mut names = Vec::new();
    let mut room = room(folder.path())?;
    dump::members(bytes, &mut |name, size, from| {
        let file = File::create_new(folder.path().join(name)).map_err(|cause| ours(&cause))?;
        let room = &mut room;
        io::copy(from, &mut Spool { file, room })?;
        names.push((name.to_owned(), size));
        Ok(())
    })?;
    match names.iter().find(|(name, _)| name == "toc.dat") {
        None => return Err(no_toc().into()),
        Some((_, size)) if *size > source::TOC_LIMIT => return Err(long_toc().into()),
        Some(_) => {}
    }
    let toc = fs::read(folder.path().join("toc.dat")).or_stop(doing, HINT)?;
    let contents = Contents {
        codec,
        ..dump::directory(&toc)?
    };
    let sizes: BTreeMap<String, u64> = names.iter().cloned().collect();
    dump::complete(&contents, &sizes)?;
    if let Some(others) = dump::unnamed(&contents, &sizes) {
        shown.remark(others);
    }
    let (held, shown) = (contents.clone(), shown.clone());
    let open = move |name: &str| {
        let path = folder.path().join(name);
        let size = *sizes.get(name).ok_or_else(source::unknown)?;
        let file = File::open(&path).or_stop(doing, HINT)?;
        // The open file stays readable: its name is removed so that the disk holds the dump only once.
        fs::remove_file(&path).or_stop(doing, HINT)?;
        let member = Member {
            name: name.to_owned(),
            size,
            bytes: Box::new(file),
        };
        source::harmless(member, &sizes).map(|member| source::followed(member, &held, &shown))
    };
    let open = Box::new(open);
    Ok((contents, toc.into(), Members { files: names, open }))
}

fn no_toc() -> Finding {
    Finding::new(Code::DumpUnreadable, "the tar archive holds no dump")
        .detail("A directory dump has a \"toc.dat\"; none of its members is one.")
}

fn long_toc() -> Error {
    Error::new(
        "could not read the table of contents",
        "Tell us: this dump is the first of its kind.",
    )
    .because("It is longer than 1 GiB.")
}

fn doing() -> String {
    "could not unpack the dump into the temporary folder".to_owned()
}

/// An error of our own disk, for whom it must not be the dump's.
fn ours(cause: &io::Error) -> io::Error {
    let error = Error::new(doing(), HINT).because(sentence(&cause.to_string()));
    Broken::from(error).into()
}

/// How many bytes may be unpacked: nine tenths of what is free, for the sandbox needs some of it, too.
fn room(folder: &Path) -> Result<u64, Broken> {
    let disk = nix::sys::statvfs::statvfs(folder).or_stop(doing, HINT)?;
    Ok(disk.blocks_available() * disk.fragment_size() / 10 * 9)
}

/// Writes to our own disk as long as there is room.
struct Spool<'a> {
    file: File,
    room: &'a mut u64,
}

impl Write for Spool<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.room.checked_sub(bytes.len() as u64) else {
            return Err(ours(&io::ErrorKind::StorageFull.into()));
        };
        *self.room = left;
        // Whole, so that what was counted is what was written.
        self.file.write_all(bytes).map_err(|cause| ours(&cause))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|cause| ours(&cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_never_fills_the_disk() {
        let file = tempfile::tempfile().unwrap();
        let mut room = 10;
        let mut spool = Spool {
            file,
            room: &mut room,
        };
        assert!(spool.write_all(b"12345").is_ok());
        let error = spool.write_all(b"123456").unwrap_err();
        assert!(matches!(Broken::inside(&error), Some(Broken::Run(_))));
    }
}
