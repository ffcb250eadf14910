//! The table of contents of an archive, entry by entry.

use std::{collections::HashSet, sync::Arc};

use super::{super::directory::member_name_ok, wire::Wire};
use crate::error::Broken;

/// More entries than this are not believed.
const MOST: i64 = 50_000_000;

/// One object of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; for a function with its arguments, for a constraint with its table.
    pub tag: Box<str>,
    /// What it is: `TABLE`, `TABLE DATA`, `INDEX`, ….
    pub desc: Arc<str>,
    /// Its schema.
    pub namespace: Option<Arc<str>>,
    /// Who owns it.
    pub owner: Option<Arc<str>>,
}

/// An entry as it is met: what is kept, and what is only looked at.
pub(super) struct Met<'a> {
    pub(super) entry: &'a Entry,
    /// The statement that creates it.
    pub(super) definition: &'a str,
    /// Whether data are written for it.
    pub(super) data: bool,
}

/// Where an archive says that an entry's data are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An offset in the file.
    Offset,
    /// The name of a member.
    Member,
}

pub(super) fn read(
    wire: &mut Wire<'_>,
    version: (u8, u8),
    place: Place,
    each: &mut dyn FnMut(&Met<'_>),
) -> Result<Vec<Entry>, Broken> {
    let count = wire.int()?;
    if !(1..=MOST).contains(&count) {
        return Err(wire.nonsense(&format!("it counts {count} entries")));
    }
    let mut names = Names::default();
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(entry(wire, version, place, &mut names, each)?);
    }
    Ok(entries)
}

fn entry(
    wire: &mut Wire<'_>,
    version: (u8, u8),
    place: Place,
    names: &mut Names,
    each: &mut dyn FnMut(&Met<'_>),
) -> Result<Entry, Broken> {
    let id = wire.int()?;
    if id <= 0 {
        return Err(wire.nonsense(&format!("an entry has the number {id}")));
    }
    let dumped = wire.int()? != 0;
    wire.text()?; // the catalogue's OID
    wire.text()?; // the object's OID
    let tag = wire.text()?.unwrap_or_default().into_boxed_str();
    let desc = wire.text()?.unwrap_or_default();
    if version >= (1, 11) {
        let section = wire.int()?;
        if !(0..=4).contains(&section) {
            return Err(wire.nonsense(&format!("an entry is in section {section}")));
        }
    }
    let definition = wire.text()?.unwrap_or_default();
    wire.text()?; // the statement that drops it
    wire.text()?; // the COPY statement
    let namespace = wire.text()?;
    wire.text()?; // the tablespace
    if version >= (1, 14) {
        wire.text()?; // the table's access method
    }
    if version >= (1, 16) {
        wire.int()?; // the kind of relation
    }
    let owner = wire.text()?;
    wire.text()?; // "true" once meant WITH OIDS
    while wire.text()?.is_some() {} // what it depends on
    let data = match place {
        Place::Offset => wire.offset()?.0 != 3,
        Place::Member => member(wire)?,
    };
    let entry = Entry {
        tag,
        desc: names.keep(&desc),
        namespace: namespace
            .filter(|name| !name.is_empty())
            .map(|name| names.keep(&name)),
        owner: owner
            .filter(|name| !name.is_empty())
            .map(|name| names.keep(&name)),
    };
    each(&Met {
        entry: &entry,
        definition: &definition,
        data: dumped && data,
    });
    Ok(entry)
}

/// Whether an entry has a member. `pg_restore` before 15.20 opens whatever file is named here.
fn member(wire: &mut Wire<'_>) -> Result<bool, Broken> {
    match wire.text()? {
        Some(name) if name.is_empty() => Ok(false),
        Some(name) if member_name_ok(&name) => Ok(true),
        Some(_) => Err(wire.nonsense("an entry names a file that pg_dump does not write")),
        None => Ok(false),
    }
}

/// Texts that many entries share.
#[derive(Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn keep(&mut self, name: &str) -> Arc<str> {
        if let Some(kept) = self.0.get(name) {
            return Arc::clone(kept);
        }
        let kept: Arc<str> = name.into();
        self.0.insert(Arc::clone(&kept));
        kept
    }
}
