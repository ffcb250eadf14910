//! The table of contents of an archive, entry by entry.

use std::{collections::HashSet, ops::Range, sync::Arc};

use super::{
    super::{Target, directory::member_name_ok, sql},
    groups::Groups,
    wire::Wire,
};
use crate::error::Broken;

/// More entries than this are not believed.
const MOST: i64 = 50_000_000;

/// One object of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the dump; what others depend on, and what their data are found by.
    pub id: i32,
    /// The OID of its row in the catalogue, as the source had it; 0 for what has none.
    pub oid: u32,
    /// Its name; for a function with its arguments, for a constraint with its table.
    pub tag: Box<str>,
    /// What it is: `TABLE`, `TABLE DATA`, `INDEX`, ….
    pub desc: Arc<str>,
    /// Its schema.
    pub namespace: Option<Arc<str>>,
    /// Who owns it.
    pub owner: Option<Arc<str>>,
    /// When it is restored.
    pub section: Section,
    /// The `COPY … FROM stdin;` that its data belong to; none where they are statements or large objects.
    pub copy: Option<Box<str>>,
    /// The numbers of the entries that must be restored before it.
    pub depends: Box<[i32]>,
    /// Where its data are.
    pub data: Data,
    /// What its statements say beyond that.
    pub detail: Detail,
}

/// The part of a restore that an entry belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// Not told: `pg_dump` before 8.4, and what is no object at all, such as the encoding.
    #[default]
    None,
    /// Before the data.
    PreData,
    /// The data.
    Data,
    /// Indexes, constraints, triggers.
    PostData,
}

/// Where the data of an entry are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Data {
    /// It has none.
    #[default]
    Nowhere,
    /// Somewhere behind the table of contents: the archive could not be sought in when it was written.
    Somewhere,
    /// At this byte of the archive, counted from its own first one.
    At(u64),
    /// In this member of a tar or a directory dump; for large objects, in the files that it lists.
    Member(Box<str>),
}

impl Entry {
    /// Its name with its schema, as messages show it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.namespace {
            Some(schema) => format!("{schema}.{}", self.tag),
            None => self.tag.to_string(),
        }
    }

    /// Whether it has data in the archive.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.data != Data::Nowhere
    }

    /// Whether it is a setting that every restore begins with, and no object.
    #[must_use]
    pub fn is_setting(&self) -> bool {
        matches!(&*self.desc, "ENCODING" | "STDSTRINGS" | "SEARCHPATH")
    }

    /// Whether its data are the rows of a table.
    #[must_use]
    pub fn is_table_data(&self) -> bool {
        &*self.desc == "TABLE DATA"
    }

    /// Whether its data are large objects.
    #[must_use]
    pub fn is_large_data(&self) -> bool {
        &*self.desc == "BLOBS"
    }

    /// Whether it has data of a kind that no `pg_dump` writes: what they are is not known.
    #[must_use]
    pub fn has_unknown_data(&self) -> bool {
        // Comments on large objects were data before 9.0.
        let known = self.is_table_data() || self.is_large_data() || &*self.desc == "BLOB COMMENTS";
        self.has_data() && !known
    }
}

/// What the statements of an entry say, as far as it is compared with what was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Nothing that is compared.
    #[default]
    None,
    /// Its rows are lines for this table.
    Lines(Box<Target>),
    /// A sequence's value, and whether it was used up.
    Value(i64, bool),
    /// A constraint that was never validated.
    NotValid,
    /// Privileges that it gives and takes.
    Granted(Box<sql::Granted>),
    /// Comments or labels.
    Says(Box<sql::Says>),
}

impl Detail {
    fn of(desc: &str, definition: &str, copy: &str, escapes: bool) -> Self {
        match desc {
            "TABLE DATA" => sql::copied_into(copy).map(|target| Self::Lines(Box::new(target))),
            "SEQUENCE SET" => {
                sql::set_value(definition).map(|(_, value, called)| Self::Value(value, called))
            }
            "CHECK CONSTRAINT" | "FK CONSTRAINT" | "CONSTRAINT" => {
                sql::unvalidated(definition).then_some(Self::NotValid)
            }
            "ACL" | "DEFAULT ACL" => Some(Self::Granted(Box::new(sql::granted(definition)))),
            "COMMENT" | "SECURITY LABEL" => {
                Some(Self::Says(Box::new(sql::says(definition, escapes))))
            }
            _ => None,
        }
        .unwrap_or_default()
    }
}

/// An entry as it is met: what is kept, and what is only looked at.
pub(super) struct Met<'a> {
    pub(super) entry: &'a Entry,
    /// The statement that creates it.
    pub(super) definition: &'a str,
    /// At which byte of the table of contents it starts.
    pub(super) start: usize,
    /// Which bytes hold the statement that loads its data, with its length in front.
    pub(super) copy: Range<usize>,
    /// Which say where its data are; it ends with them.
    pub(super) place: Range<usize>,
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
    let mut shared = Shared::default();
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(entry(wire, version, place, &mut shared, each)?);
    }
    Ok(entries)
}

/// The number that a text begins with, as `pg_restore` takes it.
fn leading(text: &str) -> u32 {
    let end = text.find(|next: char| !next.is_ascii_digit());
    text[..end.unwrap_or(text.len())]
        .parse()
        .unwrap_or_default()
}

fn entry(
    wire: &mut Wire<'_>,
    version: (u8, u8),
    place: Place,
    shared: &mut Shared,
    each: &mut dyn FnMut(&Met<'_>),
) -> Result<Entry, Broken> {
    let start = wire.at();
    let id = id(wire)?;
    let dumped = wire.int()? != 0;
    wire.text()?; // the catalogue's OID
    let oid = wire.text()?.map(|oid| leading(&oid));
    let tag = wire.text()?.unwrap_or_default().into_boxed_str();
    let desc = wire.text()?.unwrap_or_default();
    let section = section(wire, version)?;
    let definition = wire.text()?.unwrap_or_default();
    wire.text()?; // the statement that drops it
    let before_copy = wire.at();
    let copy = wire.text()?.filter(|copy| !copy.is_empty());
    let after_copy = wire.at();
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
    let depends = depends(wire)?;
    let from = wire.at();
    let data = data(wire, place)?;
    shared.note(&desc, &definition);
    let loads = copy.as_deref().unwrap_or_default();
    let mut detail = Detail::of(&desc, &definition, loads, shared.escapes);
    shared.groups.keep(id, &desc, &definition);
    if let Detail::Granted(granted) = &mut detail {
        shared.groups.repeat(&tag, &depends, granted);
    }
    let names = &mut shared.names;
    let mut name = |name: Option<String>| {
        name.filter(|name| !name.is_empty())
            .map(|name| names.keep(&name))
    };
    let entry = Entry {
        detail,
        id,
        oid: oid.unwrap_or_default(),
        namespace: name(namespace),
        owner: name(owner),
        tag,
        desc: names.keep(&desc),
        section,
        copy: copy.map(String::into_boxed_str),
        depends,
        data: if dumped { data } else { Data::Nowhere },
    };
    each(&Met {
        entry: &entry,
        definition: &definition,
        start,
        copy: before_copy..after_copy,
        place: from..wire.at(),
    });
    Ok(entry)
}

fn id(wire: &mut Wire<'_>) -> Result<i32, Broken> {
    let id = wire.int()?;
    i32::try_from(id)
        .ok()
        .filter(|&id| id > 0)
        .ok_or_else(|| wire.nonsense(&format!("an entry has the number {id}")))
}

fn section(wire: &mut Wire<'_>, version: (u8, u8)) -> Result<Section, Broken> {
    if version < (1, 11) {
        return Ok(Section::None);
    }
    match wire.int()? {
        0 | 1 => Ok(Section::None),
        2 => Ok(Section::PreData),
        3 => Ok(Section::Data),
        4 => Ok(Section::PostData),
        section => Err(wire.nonsense(&format!("an entry is in section {section}"))),
    }
}

/// What it depends on: numbers, written as texts.
fn depends(wire: &mut Wire<'_>) -> Result<Box<[i32]>, Broken> {
    let mut on = Vec::new();
    while let Some(text) = wire.text()? {
        match text.parse() {
            Ok(id) => on.push(id),
            Err(_) => return Err(wire.nonsense("an entry depends on something that is no number")),
        }
    }
    Ok(on.into_boxed_slice())
}

/// Where its data are. `pg_restore` before 15.20 opens whatever file is named here.
fn data(wire: &mut Wire<'_>, place: Place) -> Result<Data, Broken> {
    if place == Place::Offset {
        return Ok(match wire.offset()? {
            (2, at) => Data::At(at),
            (3, _) => Data::Nowhere,
            _ => Data::Somewhere,
        });
    }
    match wire.text()? {
        Some(name) if name.is_empty() => Ok(Data::Nowhere),
        Some(name) if member_name_ok(&name) => Ok(Data::Member(name.into_boxed_str())),
        Some(_) => Err(wire.nonsense("an entry names a file that pg_dump does not write")),
        None => Ok(Data::Nowhere),
    }
}

/// What entries share with those before them.
#[derive(Default)]
struct Shared {
    /// Whether a backslash escapes in plain strings: the entry that says so comes before all that are restored.
    escapes: bool,
    names: Names,
    groups: Groups,
}

impl Shared {
    /// Notes a setting that says how the entries after it are to be read.
    fn note(&mut self, desc: &str, definition: &str) {
        if desc == "STDSTRINGS" {
            let standard = sql::setting(definition, "standard_conforming_strings");
            self.escapes = standard.is_some_and(|value| value == "off");
        }
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
