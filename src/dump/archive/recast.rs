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

/// An offset that is not known, and that of an entry without data.
const SOMEWHERE: u8 = 1;
const NOWHERE: u8 = 3;

/// A table of contents that was written once more.
#[derive(Clone, Debug)]
pub struct Recast {
    /// With the statements that it had.
    pub plain: Bytes,
    /// The same, where rows are loaded into tables that are emptied in the same transaction.
    pub emptied: Bytes,
}

/// Writes it once more: `pg_restore` reads a custom archive from its standard input, and a directory from nowhere else than
/// a folder. The entries in `ours`, in ascending order, load tables that are made by the dump itself.
///
/// A table that was emptied in the transaction that loads it needs no log of its rows, and these need no second look at
/// who may see them: `pg_restore -j` does the first by itself, though only where it makes the table in the same run.
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
    let mut start = toc[..SIZES + 2].to_vec();
    start.extend(once(CUSTOM).chain(repeat_n(0, compression)));
    let [mut plain, mut emptied] = [0; 2].map(|_| Writer {
        toc,
        from: SIZES + 3 + compression,
        out: start.clone(),
    });
    toc::read(&mut wire, version, place, &mut |met| {
        let copy = &toc[met.copy.start + 1 + int..met.copy.end];
        let text = ours
            .binary_search(&met.entry.id)
            .is_ok()
            .then(|| emptying(copy));
        if let Some(text) = text.flatten() {
            emptied.replace(&met.copy, &counted(&text, int));
        }
        let place = placed(met, offset);
        plain.replace(&met.place, &place);
        emptied.replace(&met.place, &place);
    })?;
    let [plain, emptied] = [plain, emptied].map(|writer| writer.out.into());
    Ok(Recast { plain, emptied })
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
}

impl Writer<'_> {
    /// Everything up to these bytes, and something in their place.
    fn replace(&mut self, range: &Range<usize>, by: &[u8]) {
        self.out
            .extend_from_slice(&self.toc[self.from..range.start]);
        self.out.extend_from_slice(by);
        self.from = range.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
