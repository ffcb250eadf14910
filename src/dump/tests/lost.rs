//! A table of contents of which one bit, or one word, says that rows are not there.

use std::{collections::BTreeMap, io::Cursor};

use super::{
    super::*,
    fixture::{ROWS, archive, drained, folder, listing},
    tarred,
};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

fn refused(toc: &[u8]) -> Finding {
    match directory(toc) {
        Err(Broken::Backup(finding)) => finding,
        other => panic!("{other:?}"),
    }
}

/// The table of contents of one table whose entry says that no program wrote its data.
fn unwritten(toc: &[u8]) -> Vec<u8> {
    let mut toc = toc.to_vec();
    let catalogue = toc.windows(4).position(|four| four == b"1259").unwrap();
    // The flag stands before the length of the catalogue's number.
    let flag = catalogue - 5 - 4;
    assert_eq!(toc[flag], 1);
    toc[flag] = 0;
    toc
}

#[test]
fn an_entry_of_rows_without_data_is_damage() {
    for kind in ["TABLE DATA", "BLOBS"] {
        let toc = folder(&[(1, kind, "1.dat")]);
        directory(&toc).unwrap();
        assert_eq!(refused(&unwritten(&toc)).code, Code::DumpCorrupt, "{kind}");
        assert_eq!(refused(&folder(&[(1, kind, "")])).code, Code::DumpCorrupt);
    }
    let whole = archive(14, 1);
    drained(&whole).unwrap();
    assert_eq!(
        drained(&unwritten(&whole)).unwrap_err().code,
        Code::DumpCorrupt
    );
    let mut nowhere = whole;
    let place = listing(14, &[(1, "TABLE DATA")]).len() - 9;
    nowhere[place] = 3;
    assert_eq!(drained(&nowhere).unwrap_err().code, Code::DumpCorrupt);
}

#[test]
fn an_entry_of_another_kind_needs_no_data() {
    directory(&unwritten(&folder(&[(1, "TABLE", "")]))).unwrap();
}

#[test]
fn two_entries_with_the_same_data_are_damage() {
    let two = |one, other| folder(&[(1, "TABLE DATA", one), (2, "TABLE DATA", other)]);
    directory(&two("1.dat", "2.dat")).unwrap();
    let finding = refused(&two("1.dat", "1.dat"));
    assert_eq!(finding.code, Code::DumpCorrupt);
    let twice = folder(&[(1, "TABLE DATA", "1.dat"), (1, "TABLE DATA", "2.dat")]);
    assert_eq!(refused(&twice).code, Code::DumpCorrupt);
}

#[test]
fn a_file_of_rows_that_no_entry_names_is_told_and_other_files_are_not() {
    let contents = directory(&folder(&[(1, "TABLE DATA", "1.dat")])).unwrap();
    let told = |names: &[&str]| {
        let members: BTreeMap<_, _> = names.iter().map(|name| (name.to_string(), 9)).collect();
        unnamed(&contents, &members).map(|finding| finding.code)
    };
    let own = [
        "toc.dat",
        "1.dat.gz",
        "blobs.toc",
        "blob_7.dat.gz",
        "SHA256SUMS",
        "1.dat.md5",
    ];
    assert_eq!(told(&own), None);
    assert_eq!(
        told(&["toc.dat", "1.dat", "9999.dat.zst"]),
        Some(Code::DumpTrailing)
    );
}

/// A tar as `pg_dump` writes it: what it holds is its own.
fn written(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members: Vec<_> = members
        .iter()
        .map(|(name, bytes)| (*name, ::tar::EntryType::Regular, *bytes))
        .collect();
    let mut bytes = tarred(&members);
    let mut header = ::tar::Header::new_gnu();
    header.as_mut_bytes().copy_from_slice(&bytes[..512]);
    header.set_uid(0o4000);
    header.set_gid(0o2000);
    header.set_cksum();
    bytes[..512].copy_from_slice(header.as_bytes());
    bytes
}

#[test]
fn rows_in_a_tar_that_no_entry_names_are_damage() {
    let toc = folder(&[(1, "TABLE DATA", "1.dat")]);
    let own = [
        ("toc.dat", &toc[..]),
        ("1.dat", ROWS),
        ("restore.sql", b"--"),
    ];
    drained(&written(&own)).unwrap();
    let more = [("toc.dat", &toc[..]), ("1.dat", ROWS), ("2.dat", ROWS)];
    assert_eq!(
        drained(&written(&more)).unwrap_err().code,
        Code::DumpCorrupt
    );
}

/// Why the rows of such an archive could not be counted.
fn trouble(bytes: Vec<u8>) -> Option<String> {
    let Ok(Opened::Archive(contents, _)) = open(Cursor::new(bytes)) else {
        panic!("taken for no archive")
    };
    let tally = Tally::default();
    let entry = &contents.toc[0];
    let of = Of {
        entry: Some(entry),
        table: "public.t",
        copy: entry.copy.as_deref(),
        database: None,
    };
    let mut rows = tally.table(&of).unwrap();
    rows.piece(b"1\n");
    rows.end();
    tally.ledger(&contents).trouble
}

#[test]
fn rows_that_are_not_loaded_as_pg_dump_loads_them_are_not_counted() {
    let replaced = |from: &[u8], to: &[u8]| {
        let mut bytes = archive(14, 1);
        let at = bytes.windows(from.len()).position(|part| part == from);
        let at = at.unwrap();
        bytes[at..at + from.len()].copy_from_slice(to);
        bytes
    };
    assert_eq!(trouble(archive(14, 1)), None);
    assert!(trouble(replaced(b"FROM stdin", b"FROM 'nul'")).is_some());
    assert!(trouble(replaced(b"TABLE DATA", b"TABLE DATB")).is_some());
}
