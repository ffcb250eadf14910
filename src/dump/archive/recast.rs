//! The table of contents of an archive, as a custom archive has it whose data are not compressed and follow in any order.

use std::{
    io::Cursor,
    iter::{once, repeat_n},
    ops::Range,
};

use bytes::Bytes;

use super::{
    super::head::Head,
    MAGIC, header,
    toc::{self, Met, Place},
    wire::{Wire, number},
};
use crate::error::Broken;

/// Where the sizes of a number and of an offset stand, behind the three bytes of the version; the format and the
/// compression follow them.
const SIZES: usize = MAGIC.len() + 3;

/// The format of a custom archive.
const CUSTOM: u8 = 1;

/// An offset that is not known, one that is, and that of an entry without data.
const SOMEWHERE: u8 = 1;
const HERE: u8 = 2;
const NOWHERE: u8 = 3;

/// A table of contents that was written once more.
#[derive(Debug, Default)]
pub struct Recast {
    whole: Bytes,
    /// How many bytes a number takes, without its sign.
    int: usize,
    /// How many bytes an offset takes, without its flag.
    offset: usize,
    /// How long it is before the number of its entries.
    start: usize,
    /// Its entries, by their number.
    entries: Vec<Part>,
}

/// One entry of it.
#[derive(Debug)]
struct Part {
    id: i32,
    bytes: Range<usize>,
    /// The statement that loads its data, with its length in front, where the table may be emptied first.
    copy: Option<Range<usize>>,
    is_setting: bool,
}

impl Recast {
    /// All of it.
    #[must_use]
    pub const fn whole(&self) -> &Bytes {
        &self.whole
    }

    /// All of it, as if the data of these entries, the largest first, lay in it in sizes that shrink: `pg_restore -j` knows
    /// the sizes of tables by their offsets only, and begins with the indexes of the largest ones. No data can be read by it.
    #[must_use]
    pub fn ranked(&self, largest_first: &[i32]) -> Bytes {
        let count = largest_first.len();
        let Some(mut at) = self.whole.len().checked_sub(count * (count + 1) / 2) else {
            return self.whole.clone();
        };
        let mut out = self.whole.to_vec();
        let place = |part: &Part| part.bytes.end - 1 - self.offset;
        let mut data: Vec<&Part> = (self.entries.iter())
            .filter(|part| out[place(part)] == SOMEWHERE)
            .collect();
        data.sort_by_key(|part| part.bytes.start);
        for part in data {
            let place = place(part);
            out[place] = HERE;
            let bytes = (at as u64).to_le_bytes();
            let few = self.offset.min(bytes.len());
            out[place + 1..][..few].copy_from_slice(&bytes[..few]);
            let rank = largest_first.iter().position(|&id| id == part.id);
            at += rank.map_or(0, |rank| count - rank);
        }
        out.into()
    }

    /// A table of contents of these entries alone, in this order, behind the settings that every restore begins with:
    /// `pg_restore` reads all that it is given, each time.
    #[must_use]
    pub fn only(&self, ids: &[i32]) -> Bytes {
        let parts: Vec<&Part> = (ids.iter()).flat_map(|&id| self.parts(id)).collect();
        let mut out = self.begin(parts.len());
        for part in parts {
            out.extend_from_slice(&self.whole[part.bytes.clone()]);
        }
        out.into()
    }

    /// The same of the data of one table, which is emptied in the transaction that loads it where the dump itself makes
    /// it.
    ///
    /// Then there is no log of its rows, and they need no second look at who may see them: `pg_restore -j` does the first
    /// by itself, though only where it makes the table in the same run.
    #[must_use]
    pub fn emptied(&self, id: i32) -> Bytes {
        self.emptying(id).unwrap_or_else(|| self.only(&[id]))
    }

    fn emptying(&self, id: i32) -> Option<Bytes> {
        let [part] = self.parts(id) else {
            return None;
        };
        let copy = part.copy.clone()?;
        let text = emptying(&self.whole[copy.start + 1 + self.int..copy.end])?;
        let mut out = self.begin(1);
        out.extend_from_slice(&self.whole[part.bytes.start..copy.start]);
        out.extend(counted(&text, self.int));
        out.extend_from_slice(&self.whole[copy.end..part.bytes.end]);
        Some(out.into())
    }

    /// The entries of this number; more than one only where a dump was tampered with.
    fn parts(&self, id: i32) -> &[Part] {
        let from = self.entries.partition_point(|part| part.id < id);
        let count = self.entries[from..].partition_point(|part| part.id == id);
        &self.entries[from..from + count]
    }

    /// The header, how many entries there are if so many follow, and the settings.
    fn begin(&self, more: usize) -> Vec<u8> {
        let settings = || self.entries.iter().filter(|part| part.is_setting);
        let count = i32::try_from(settings().count() + more).unwrap_or(i32::MAX);
        let mut out = [&self.whole[..self.start], &number(count, self.int)].concat();
        for part in settings() {
            out.extend_from_slice(&self.whole[part.bytes.clone()]);
        }
        out
    }
}

/// Writes it once more: `pg_restore` reads a custom archive from its standard input, and a directory from nowhere else than
/// a folder. The entries in `ours`, in ascending order, load tables that are made by the dump itself.
///
/// # Errors
/// When it cannot be read, or its version is not known.
pub fn as_custom(toc: &[u8], ours: &[i32]) -> Result<Recast, Broken> {
    let mut head = Head::new(Cursor::new(toc.to_vec()));
    let mut wire = Wire::new(&mut head, 0, None);
    let header = header::read(&mut wire)?;
    let version = header.version;
    let Some(rest) = header.rest else {
        return Err(wire.nonsense(&format!("its version is {}.{}", version.0, version.1)));
    };
    let place = match rest.format {
        CUSTOM => Place::Offset,
        _ => Place::Member,
    };
    let (int, offset) = (usize::from(toc[SIZES]), usize::from(toc[SIZES + 1]));
    let compression = if version < (1, 15) { 1 + int } else { 1 };
    let mut writer = Writer {
        toc,
        from: SIZES + 3 + compression,
        out: toc[..SIZES + 2].to_vec(),
        entries: Vec::new(),
    };
    writer
        .out
        .extend(once(CUSTOM).chain(repeat_n(0, compression)));
    let before = wire.at() - writer.from + writer.out.len();
    toc::read(&mut wire, version, place, &mut |met| {
        let is_ours = ours.binary_search(&met.entry.id).is_ok();
        writer.entry(met, is_ours, &placed(met, offset));
    })?;
    let Writer {
        out, mut entries, ..
    } = writer;
    entries.sort_by_key(|part| part.id);
    Ok(Recast {
        whole: out.into(),
        int,
        offset,
        start: before,
        entries,
    })
}

/// Says only whether there are data.
fn placed(met: &Met<'_>, offset: usize) -> Vec<u8> {
    let flag = if met.entry.has_data() {
        SOMEWHERE
    } else {
        NOWHERE
    };
    once(flag).chain(repeat_n(0, offset)).collect()
}

/// A text behind its length.
fn counted(text: &[u8], int: usize) -> Vec<u8> {
    // It came from a text of an archive, and is hardly longer.
    let length = i32::try_from(text.len()).unwrap_or(i32::MAX);
    [number(length, int).as_slice(), text].concat()
}

/// The statement with what empties its table in front, in the same message and so in the same transaction; none where it
/// is not as `pg_dump` writes it.
fn emptying(copy: &[u8]) -> Option<Vec<u8>> {
    let what = copy
        .strip_prefix(b"COPY ")?
        .strip_suffix(b" FROM stdin;\n")?;
    let mut quoted = false;
    let end = what.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b' ' && !quoted
    });
    let table = &what[..end.unwrap_or(what.len())];
    let parts: [&[u8]; 5] = [
        b"TRUNCATE TABLE ONLY ",
        table,
        b";\nCOPY ",
        what,
        b" FROM stdin WITH (FREEZE);\n",
    ];
    Some(parts.concat())
}

/// What is written once more, up to where it was read.
struct Writer<'a> {
    toc: &'a [u8],
    from: usize,
    out: Vec<u8>,
    entries: Vec<Part>,
}

impl Writer<'_> {
    /// Everything up to an entry, and the entry with this in the place of where its data are.
    fn entry(&mut self, met: &Met<'_>, is_ours: bool, place: &[u8]) {
        let start = self.out.len() + met.start - self.from;
        self.out
            .extend_from_slice(&self.toc[self.from..met.place.start]);
        self.out.extend_from_slice(place);
        self.from = met.place.end;
        let copy = met.copy.start - met.start + start..met.copy.end - met.start + start;
        self.entries.push(Part {
            id: met.entry.id,
            bytes: start..self.out.len(),
            copy: is_ours.then_some(copy),
            is_setting: met.entry.is_setting(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::tests::fixture::listing;

    /// The numbers of the entries, and the statements that load their data, as they are read.
    fn read(toc: &[u8]) -> Vec<(i32, String)> {
        let mut head = Head::new(Cursor::new(toc.to_vec()));
        let mut wire = Wire::new(&mut head, 0, None);
        let version = header::read(&mut wire).unwrap().version;
        let read = toc::read(&mut wire, version, Place::Offset, &mut |_| {}).unwrap();
        assert_eq!(wire.at(), toc.len(), "something follows the last entry");
        let told = |entry: super::super::Entry| (entry.id, entry.copy.unwrap_or_default().into());
        read.into_iter().map(told).collect()
    }

    #[test]
    fn some_entries_are_a_table_of_contents_of_their_own_in_every_version() {
        let entries = [
            (7, "TABLE DATA"),
            (9, "BLOBS"),
            (2, "ENCODING"),
            (1, "TABLE DATA"),
        ];
        for minor in 10..=16 {
            let recast = as_custom(&listing(minor, &entries), &[1]).unwrap();
            let ids = |toc: &[u8]| read(toc).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
            assert_eq!(ids(recast.whole()), [7, 9, 2, 1], "1.{minor}");
            assert_eq!(ids(&recast.only(&[1, 7])), [2, 1, 7], "1.{minor}");
            assert_eq!(ids(&recast.only(&[5])), [2], "1.{minor}");
            let plain = "COPY public.t FROM stdin;\n";
            let emptied =
                "TRUNCATE TABLE ONLY public.t;\nCOPY public.t FROM stdin WITH (FREEZE);\n";
            let of = |id| read(&recast.emptied(id)).pop().unwrap();
            assert_eq!(of(1), (1, emptied.to_owned()), "1.{minor}");
            assert_eq!(of(7), (7, plain.to_owned()), "of nobody's own");
        }
    }

    fn of(copy: &str) -> Option<String> {
        emptying(copy.as_bytes()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_table_is_emptied_in_front_of_its_rows() {
        assert_eq!(
            of("COPY public.t (a, \"b c\") FROM stdin;\n").unwrap(),
            "TRUNCATE TABLE ONLY public.t;\nCOPY public.t (a, \"b c\") FROM stdin WITH (FREEZE);\n"
        );
        assert_eq!(
            of("COPY \"a b\".\"c \"\"d\"  FROM stdin;\n").unwrap(),
            "TRUNCATE TABLE ONLY \"a b\".\"c \"\"d\";\nCOPY \"a b\".\"c \"\"d\"  FROM stdin WITH (FREEZE);\n"
        );
        assert_eq!(of("COPY public.t FROM '/a/file';\n"), None);
        assert_eq!(of(""), None);
    }
}
