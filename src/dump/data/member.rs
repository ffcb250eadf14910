//! The members of a directory dump: all that the table of contents names are there, and each is whole.

use std::{
    collections::{BTreeMap, HashSet},
    io::{self, Read},
};

use super::{Metered, Shown, frame::Frame, witness::witness, zlib::Zlib};
use crate::{
    dump::{Bytes, Codec, Contents, Data, Entry, codec::Decoder},
    error::{Broken, sentence, whole},
    finding::{Code, Finding},
};

/// What may stand behind the name that the table of contents gives, and what the member is then wrapped in.
const ENDINGS: [(&str, Codec); 4] = [
    ("", Codec::None),
    (".gz", Codec::Gzip),
    (".lz4", Codec::Lz4),
    (".zst", Codec::Zstd),
];

/// A decoder of the data inside a custom archive.
pub(super) fn decoder(compression: &str, mut from: Bytes, tap: &Shown) -> io::Result<Bytes> {
    let mut first = [0; 1];
    // No bytes at all are no stream: `pg_dump` from 16 on begins one with the first byte only.
    let count = from.read(&mut first)?;
    if count == 0 {
        return Ok(Box::new(io::empty()));
    }
    let from: Bytes = Box::new(io::Cursor::new(first).chain(from));
    Ok(match compression {
        "gzip" => Box::new(Metered::new(Zlib::new(from), tap)),
        "lz4" => unwrapped(Codec::Lz4, from, tap),
        "zstd" => unwrapped(Codec::Zstd, from, tap),
        _ => from,
    })
}

/// What a decoder's error says about an entry's data.
pub(super) fn spoiled(name: &str, error: &io::Error, at: u64) -> Broken {
    if let Some(other) = Broken::inside(error).filter(|broken| !is_damage(broken)) {
        return other.clone();
    }
    let said = match Broken::inside(error) {
        Some(Broken::Backup(finding)) => finding.message.clone(),
        _ => whole(error),
    };
    Finding::new(
        Code::DumpCorrupt,
        format!("the data of \"{name}\" are damaged"),
    )
    .detail(format!(
        "The decoder stopped before byte {at} of the archive: {}",
        sentence(&said)
    ))
    .about(name)
    .into()
}

/// Whether it is the data that are damaged, and not the run, nor more of them than a dump may hold.
fn is_damage(broken: &Broken) -> bool {
    matches!(broken, Broken::Backup(finding) if finding.code != Code::DumpUnexpected)
}

/// The entry that a member belongs to, and what the member is wrapped in.
fn owner<'a>(contents: &'a Contents, name: &str) -> Option<(&'a Entry, Codec)> {
    contents.toc.iter().find_map(|entry| {
        let Data::Member(named) = &entry.data else {
            return None;
        };
        let ending = name.strip_prefix(&**named)?;
        let (_, codec) = ENDINGS.iter().find(|(known, _)| *known == ending)?;
        Some((entry, *codec))
    })
}

/// Passes a member's bytes through, and follows its rows to their end.
///
/// # Errors
/// The reader that it gives fails at its end with `dump.truncated` or `dump.corrupt` when the member is not whole.
#[must_use]
pub fn member(contents: &Contents, name: &str, bytes: Bytes, tap: &Shown) -> Bytes {
    let rows = owner(contents, name).filter(|(entry, _)| entry.is_table_data());
    let (mut frame, codec) = match (rows, object(name)) {
        (Some((entry, codec)), _) => (Frame::table(entry, &**tap), codec),
        (None, Some((number, codec))) => (Frame::object(number, &**tap), codec),
        (None, None) => return bytes,
    };
    let (tap, name) = (tap.clone(), name.to_owned());
    witness(bytes, move |feed| {
        let read = frame.read(&mut *unwrapped(codec, Box::new(feed), &tap));
        read.map_err(|error| in_member(frame.name(), &name, &error))?;
        frame.finish()
    })
}

fn unwrapped(codec: Codec, from: Bytes, tap: &Shown) -> Bytes {
    match codec {
        Codec::None => from,
        codec => Box::new(Metered::new(Decoder::small(codec, from), tap)),
    }
}

/// The number of the large object that a member holds.
pub(super) fn object(name: &str) -> Option<(u32, Codec)> {
    let (number, ending) = name.strip_prefix("blob_")?.split_once(".dat")?;
    let (_, codec) = ENDINGS.iter().find(|(known, _)| *known == ending)?;
    Some((number.parse().ok()?, *codec))
}

/// The name that the table of contents gives to a member with the rows of a table; none for any other member.
fn bare(name: &str) -> Option<&str> {
    let endings = ENDINGS.iter().rev();
    let mut bare = endings.filter_map(|(ending, _)| name.strip_suffix(ending));
    let bare = bare.next()?;
    let number = bare.strip_suffix(".dat")?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(bare)
}

/// Whether a member of this name holds the rows of a table.
pub(super) fn holds_rows(name: &str) -> bool {
    bare(name).is_some()
}

/// The members with rows that the table of contents does not name. What another dump left in the same folder is no damage.
#[must_use]
pub fn unnamed(contents: &Contents, members: &BTreeMap<String, u64>) -> Option<Finding> {
    // Of a version that is not known no entry was read.
    contents.data?;
    let named = contents.toc.iter().filter_map(|entry| match &entry.data {
        Data::Member(name) => Some(&**name),
        _ => None,
    });
    let named: HashSet<&str> = named.collect();
    let unnamed = |name: &&String| bare(name).is_some_and(|bare| !named.contains(bare));
    let mut others = members.keys().filter(unnamed);
    let first = others.next()?;
    let count = others.count() + 1;
    let message = "there are files in the directory dump that its table of contents does not name";
    Some(
        Finding::new(Code::DumpTrailing, message)
            .detail(format!("They are {count}; the first is \"{first}\". They were not restored."))
            .hint("Write every dump into a folder of its own, and let nothing of an older one remain there.")
            .about(first.as_str()),
    )
}

fn in_member(what: &str, name: &str, error: &io::Error) -> Broken {
    let finding = match Broken::inside(error) {
        Some(other) if !is_damage(other) => return other.clone(),
        Some(other) => Finding::from(other.clone()),
        None => Finding::new(Code::DumpCorrupt, sentence(&whole(error))),
    };
    let message = match finding.code {
        Code::DumpTruncated => format!("the data of \"{what}\" end too early"),
        _ => format!("the data of \"{what}\" are damaged"),
    };
    let detail = finding.detail.unwrap_or(finding.message);
    Finding::new(finding.code, message)
        .detail(format!("In the member \"{name}\": {detail}"))
        .about(what)
        .into()
}

/// Judges the members of a directory dump by their names and sizes: every one that the table of contents names must be
/// there, and none that holds rows may be empty.
///
/// # Errors
/// `dump.incomplete` for a missing member, `dump.truncated` for an empty one.
pub fn complete(contents: &Contents, members: &BTreeMap<String, u64>) -> Result<(), Broken> {
    for entry in &contents.toc {
        let Data::Member(named) = &entry.data else {
            continue;
        };
        let mut there = ENDINGS.iter().filter_map(|(ending, _)| {
            let name = format!("{named}{ending}");
            members.get(&name).map(|&size| (name, size))
        });
        match there.next() {
            None => return Err(missing(&entry.name(), named)),
            Some((name, 0)) if entry.is_table_data() || named.ends_with(".toc") => {
                return Err(empty(&entry.name(), &name));
            }
            Some(_) => {}
        }
    }
    objects(members)
}

/// Large objects: gzip writes a head even for one of no bytes; zstd and lz4 begin with the first byte only.
fn objects(members: &BTreeMap<String, u64>) -> Result<(), Broken> {
    for (name, size) in members {
        if let (0, Some((number, Codec::Gzip))) = (size, object(name)) {
            return Err(empty(&format!("large object {number}"), name));
        }
    }
    Ok(())
}

/// A member is not there.
pub(in super::super) fn missing(what: &str, name: &str) -> Broken {
    Finding::new(
        Code::DumpIncomplete,
        format!("the data of \"{what}\" are not in the dump"),
    )
    .detail(format!("The member \"{name}\" is missing."))
    .about(what)
    .into()
}

fn empty(what: &str, name: &str) -> Broken {
    Finding::new(
        Code::DumpTruncated,
        format!("the data of \"{what}\" are empty"),
    )
    .detail(format!(
        "The member \"{name}\" has no bytes; even a table without rows has some."
    ))
    .about(what)
    .into()
}
