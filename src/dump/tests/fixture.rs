//! A custom archive that is written by hand, and how it is read.

use std::io::{Cursor, Read as _, Write as _};

use super::super::*;
use crate::{error::Broken, finding::Finding};

fn int(value: i32) -> Vec<u8> {
    let mut bytes = vec![u8::from(value < 0)];
    bytes.extend(value.unsigned_abs().to_le_bytes());
    bytes
}

pub(super) fn text(text: &str) -> Vec<u8> {
    [
        int(i32::try_from(text.len()).unwrap()),
        text.as_bytes().to_vec(),
    ]
    .concat()
}

/// A custom archive of one table, as the `pg_dump` of this minor version would write it.
pub(super) fn archive(minor: u8, entries: i32) -> Vec<u8> {
    let mut bytes = head(minor, entries);
    bytes.extend(entry(minor, 1, "TABLE DATA"));
    let rows = zlib(ROWS);
    let length = int(i32::try_from(rows.len()).unwrap());
    bytes.extend([vec![1], int(1), length, rows, int(0)].concat());
    bytes
}

/// The table of contents of such an archive, of entries with these numbers and kinds.
pub(in crate::dump) fn listing(minor: u8, entries: &[(i32, &str)]) -> Vec<u8> {
    let mut bytes = head(minor, i32::try_from(entries.len()).unwrap());
    for (id, desc) in entries {
        bytes.extend(entry(minor, *id, desc));
    }
    bytes
}

/// The `toc.dat` of a directory or tar dump, of entries with these numbers, kinds and files.
pub(super) fn folder(entries: &[(i32, &str, &str)]) -> Vec<u8> {
    let mut bytes = head(14, i32::try_from(entries.len()).unwrap());
    bytes[10] = 3;
    for (id, desc, file) in entries {
        let mut entry = entry(14, *id, desc);
        entry.truncate(entry.len() - 9);
        bytes.extend([entry, text(file)].concat());
    }
    bytes
}

fn head(minor: u8, entries: i32) -> Vec<u8> {
    let mut bytes = [&b"PGDMP\x01"[..], &[minor, 0, 4, 8, 1]].concat();
    bytes.extend(if minor >= 15 { vec![1] } else { int(-1) });
    for figure in [10, 20, 3, 24, 10, 126, 0] {
        bytes.extend(int(figure));
    }
    bytes.extend([text("shop"), text("15.4 (Debian 15.4-1)"), text("16.1")].concat());
    bytes.extend(int(entries));
    bytes
}

/// An archive of tables with so many rows each, and where the data of each begin; the last place is the end of all.
pub(super) fn tables(rows: &[usize]) -> (Vec<u8>, Vec<u64>) {
    let numbered = || (1..).zip(rows);
    let blocks = numbered().map(|(id, rows)| {
        let rows = zlib(&[&b"1\n".repeat(*rows)[..], ROWS_END].concat());
        let length = int(i32::try_from(rows.len()).unwrap());
        [vec![1], int(id), length, rows, int(0)].concat()
    });
    let blocks: Vec<Vec<u8>> = blocks.collect();
    let mut bytes = head(14, i32::try_from(rows.len()).unwrap());
    let start = bytes.len() + rows.len() * entry(14, 1, "TABLE DATA").len();
    let mut at = vec![start as u64];
    at.extend(blocks.iter().scan(start, |end, block| {
        *end += block.len();
        Some(*end as u64)
    }));
    for ((id, _), at) in numbered().zip(&at) {
        let mut entry = entry(14, id, "TABLE DATA");
        let place = entry.len() - 9;
        entry[place] = 2;
        entry[place + 1..].copy_from_slice(&at.to_le_bytes());
        bytes.extend(entry);
    }
    bytes.extend(blocks.concat());
    (bytes, at)
}

fn entry(minor: u8, id: i32, desc: &str) -> Vec<u8> {
    let mut bytes = [int(id), int(1), text("1259"), text("16385"), text("t")].concat();
    bytes.extend(text(desc));
    if minor >= 11 {
        bytes.extend(int(3));
    }
    bytes.extend([text(""), text(""), text("COPY public.t FROM stdin;\n")].concat());
    bytes.extend([text("public"), text("")].concat());
    if minor >= 14 {
        bytes.extend(text("heap"));
    }
    if minor >= 16 {
        bytes.extend(int(0));
    }
    bytes.extend([text("we\"ird"), text("false"), int(-1)].concat());
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// The data of a table of one row, as `pg_dump` ends them.
pub(super) const ROWS: &[u8] = b"1\n\\.\n\n\n";

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn drained(bytes: &[u8]) -> Result<Contents, Finding> {
    let (contents, mut rest) = match open(Cursor::new(bytes.to_vec())) {
        Ok(Opened::Archive(contents, rest)) => (contents, rest),
        Ok(_) => panic!("taken for no archive"),
        Err(Broken::Backup(finding)) => return Err(finding),
        Err(Broken::Run(error)) => panic!("{error}"),
    };
    let mut all = Vec::new();
    match rest.read_to_end(&mut all) {
        Ok(_) if all == bytes => Ok(contents),
        Ok(_) => panic!("came out changed"),
        Err(error) => Err(Broken::inside(&error).unwrap().clone().into()),
    }
}
