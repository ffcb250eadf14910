//! A dump read to its end for its own sake: everything that can be known of it without a server.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use super::{
    Bytes, Contents, Opened, Piece, Script, Shown, check_blobs, complete, data::member, directory,
    head::broken, listed_are_there, member_name_ok, members, open_shown, unnamed,
};
use crate::{
    error::{Broken, Error},
    finding::{Code, Finding},
};

/// The longest table of contents and list of large objects that is held, in bytes.
const HELD: u64 = 256 << 20;

/// Reads a dump of one file to its end.
///
/// Of a directory dump inside a tar the rows are shown only of the members that follow its `toc.dat`.
///
/// # Errors
/// Whatever is wrong with it, and whatever the reader itself reported.
pub fn scan(reader: impl Read + Send + 'static, tap: &Shown) -> Result<Contents, Broken> {
    match open_shown(reader, tap.clone())? {
        Opened::Archive(contents, mut rest) => {
            io::copy(&mut rest, &mut io::sink()).map_err(|error| broken(&error))?;
            Ok(contents)
        }
        Opened::Script(mut contents, rest) => {
            contents.tables = Some(tables(Script::shown(rest, tap.clone()))?);
            Ok(contents)
        }
        Opened::Wrapped(codec, rest) => packed(rest, tap).map(|contents| contents.inside(codec)),
    }
}

/// Reads a script to its end; gives how many tables have data.
///
/// # Errors
/// Whatever is wrong with it.
pub fn tables<R: Read>(script: Script<R>) -> Result<u64, Broken> {
    let mut tables = 0;
    for piece in script {
        tables += u64::from(matches!(piece?, Piece::Rows(_)));
    }
    Ok(tables)
}

/// A directory dump inside a tar: its members are there, and none is cut.
fn packed(rest: Bytes, tap: &Shown) -> Result<Contents, Broken> {
    let mut toc = Vec::new();
    let mut lists = Vec::new();
    let mut sizes = BTreeMap::new();
    members(rest, &mut |name, size, from| {
        sizes.insert(name.to_owned(), size);
        if name == "toc.dat" {
            toc = held(from)?;
        } else if name.starts_with("blobs") {
            lists.push(held(from)?);
        } else {
            io::copy(from, &mut io::sink())?;
        }
        Ok(())
    })?;
    let contents = directory(&toc)?;
    complete(&contents, &sizes)?;
    if let Some(others) = unnamed(&contents, &sizes) {
        tap.remark(others);
    }
    for list in lists {
        check_blobs(&list)?;
        listed_are_there(&list, &|name| sizes.contains_key(name))?;
    }
    Ok(contents)
}

fn held(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(HELD + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > HELD {
        let error = Error::new(
            "could not hold a part of the dump in memory",
            "Run a drill instead.",
        );
        return Err(Broken::from(error.because("It is longer than 256 MiB.")).into());
    }
    Ok(bytes)
}

/// Reads the members of a directory dump to their ends, each with its size.
///
/// # Errors
/// Whatever is wrong with one of them, or with all of them together.
pub fn scan_members(all: Vec<(String, u64, Bytes)>, tap: &Shown) -> Result<Contents, Broken> {
    let known = all.into_iter().filter(|(name, ..)| member_name_ok(name));
    let (mut toc, others): (Vec<_>, Vec<_>) = known.partition(|(name, ..)| name == "toc.dat");
    let Some((_, _, mut bytes)) = toc.pop() else {
        return Err(Finding::new(
            Code::DumpIncomplete,
            "the directory dump has no \"toc.dat\"",
        )
        .into());
    };
    let contents = directory(&held(&mut bytes).map_err(|error| broken(&error))?)?;
    let sizes: BTreeMap<String, u64> = others
        .iter()
        .map(|(name, size, _)| (name.clone(), *size))
        .collect();
    complete(&contents, &sizes)?;
    if let Some(others) = unnamed(&contents, &sizes) {
        tap.remark(others);
    }
    for (name, _, mut bytes) in others {
        if name.starts_with("blobs") {
            let list = held(&mut bytes).map_err(|error| broken(&error))?;
            check_blobs(&list)?;
            listed_are_there(&list, &|name| sizes.contains_key(name))?;
        } else {
            let mut followed = member(&contents, &name, bytes, tap);
            io::copy(&mut followed, &mut io::sink()).map_err(|error| broken(&error))?;
        }
    }
    Ok(contents)
}
