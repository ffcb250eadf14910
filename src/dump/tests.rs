//! Tests of what a dump is told to be.

use std::{
    io::{Cursor, Read},
    sync::Arc,
};

use ::tar;
use fixture::{ROWS, archive, drained, text, zlib};
use packed::tarred;
use proptest::prelude::*;

use super::*;
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

pub(super) mod fixture;
mod lost;
mod packed;
mod stretch;

fn found(bytes: &[u8]) -> Finding {
    match open(Cursor::new(bytes.to_vec())) {
        Err(Broken::Backup(finding)) => finding,
        Err(Broken::Run(error)) => panic!("{error}"),
        Ok(_) => panic!("taken for a dump: {}", String::from_utf8_lossy(bytes)),
    }
}

/// Remembers what was remarked.
#[derive(Default)]
struct Told(std::sync::Mutex<Vec<Finding>>);

impl Viewer for Told {
    fn table(&self, _: &Of<'_>) -> Option<Box<dyn Rows>> {
        None
    }

    fn object(&self, _: u32) -> Option<Box<dyn Rows>> {
        None
    }
}

impl Tap for Told {
    fn remark(&self, finding: Finding) {
        self.0.lock().unwrap().push(finding);
    }

    fn unpacked(&self, _: u64) -> Result<(), Broken> {
        Ok(())
    }
}

#[test]
fn every_known_version_of_the_archive_is_read() {
    for minor in 10..=16 {
        let contents = drained(&archive(minor, 1)).unwrap();
        assert_eq!(contents.archive_version, Some(format!("1.{minor}")));
        assert_eq!(contents.roles, ["we\"ird"]);
        assert_eq!(contents.tables, Some(1));
        assert_eq!(contents.compression.as_deref(), Some("gzip"));
        assert_eq!(contents.created.as_deref(), Some("2026-11-24T03:20:10"));
        assert_eq!(
            (contents.major(), contents.tools_major()),
            (Some(15), Some(16))
        );
        assert_eq!(&*contents.toc[0].tag, "t");
    }
}

#[test]
fn a_newer_version_is_passed_on_without_guessing() {
    let contents = drained(&archive(17, 1)).unwrap();
    assert_eq!(contents.archive_version.as_deref(), Some("1.17"));
    assert_eq!((contents.entries, contents.major()), (None, None));
}

#[test]
fn an_archive_cut_anywhere_is_truncated() {
    let whole = archive(16, 1);
    for end in 5..whole.len() {
        let finding = drained(&whole[..end]).unwrap_err();
        assert_eq!(finding.code, Code::DumpTruncated, "cut after {end}");
    }
}

#[test]
fn absurd_figures_are_corrupt() {
    for entries in [0, -1, 60_000_000, i32::MAX] {
        assert_eq!(
            drained(&archive(14, entries)).unwrap_err().code,
            Code::DumpCorrupt
        );
    }
    let mut long = archive(14, 1);
    let at = long.windows(4).position(|four| four == b"shop").unwrap();
    long[at - 1] = 0x7f;
    assert_eq!(drained(&long).unwrap_err().code, Code::DumpCorrupt);
}

#[test]
fn bytes_after_the_data_are_told_and_zeros_are_padding() {
    let padded = [&archive(14, 1)[..], &[0; 700]].concat();
    drained(&padded).unwrap();
    let told = Arc::new(Told::default());
    let twice = archive(14, 1).repeat(2);
    let opened = open_shown(Cursor::new(twice.clone()), told.clone());
    let Ok(Opened::Archive(_, mut rest)) = opened else {
        panic!("not taken for an archive")
    };
    rest.read_to_end(&mut Vec::new()).unwrap();
    let said = told.0.lock().unwrap().pop().unwrap();
    assert_eq!(said.code, Code::DumpTrailing);
    let at = format!("after {} bytes", twice.len() / 2);
    assert!(said.detail.as_deref().unwrap().contains(&at), "{said:?}");
}

#[test]
fn a_transfer_in_text_mode_is_named() {
    let mangled: Vec<u8> = archive(14, 1)
        .into_iter()
        .flat_map(|byte| {
            if byte == b'\n' {
                vec![b'\r', b'\n']
            } else {
                vec![byte]
            }
        })
        .collect();
    let finding = found(&mangled);
    assert_eq!(finding.code, Code::DumpCorrupt);
    assert!(finding.message.contains("text mode"), "{finding:?}");
}

#[test]
fn what_is_no_dump_is_named() {
    for (bytes, word) in [
        (&b"<!DOCTYPE html><html>"[..], "HTML"),
        (b"  <HTML>", "HTML"),
        (
            b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
            "object store",
        ),
        (b"{\"error\": 1}", "JSON"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x05\x06....", "zip"),
        (b"-- MySQL dump 10.13\n", "MySQL"),
        (b"/*!50503 SET NAMES utf8mb4 */;\n", "MySQL"),
        (
            b"-- ----\n-- Host: x\n/*!40101 SET NAMES utf8 */;\n",
            "MySQL",
        ),
        (b"# x\nDROP TABLE IF EXISTS `t`;\n", "MySQL"),
        (b"SQLite format 3\0", "SQLite"),
        (&[0; 4096], "zeros"),
        (
            b"pg_dump: error: connection to server failed\n",
            "a message of pg_dump",
        ),
        (b"\xff\xfeP\0G\0D\0M\0P\0", "UTF-16"),
        (b"\x01\x02\x03\xfe\xff\x80", "binary data"),
    ] {
        let finding = found(bytes);
        assert_eq!(finding.code, Code::DumpUnreadable);
        assert!(finding.message.contains(word), "{finding:?}");
    }
    let finding = found(b"\x01\x02\x03\xfe\xff\x80");
    assert_eq!(
        finding.detail.as_deref(),
        Some("Its first bytes are 01 02 03 fe ff 80.")
    );
}

#[test]
fn what_may_hold_a_good_dump_is_not_called_bad() {
    let gzip = |bytes: &[u8]| codec::tests::packed(Codec::Gzip, bytes);
    let thrice = gzip(&gzip(&gzip(b"PGDMP")));
    for (bytes, word) in [
        (&b"PK\x03\x04...."[..], "zip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"age-encryption.org/v1\n", "age"),
        (b"\x85\x02\x0c\x03xxxxxx", "GPG"),
        (b"Salted__12345678", "openssl"),
        (b"\x28\xb5\x2f\xfd\x01\x00\x07\x01\x00\x00", "dictionary"),
        (b"U2FsdGVkX1+vupppZksvRf5pq5g5XjFRlipRkwB0K1Y=\n", "openssl"),
        (&thrice, "more than 2 times"),
        (
            &tarred(&[("base/PG_VERSION", tar::EntryType::Regular, b"15")]),
            "physical backup",
        ),
        (
            &tarred(&[("shop.dump", tar::EntryType::Regular, b"PGDMP")]),
            "an archive of pg_dump",
        ),
    ] {
        match open(Cursor::new(bytes.to_vec())) {
            Err(Broken::Run(error)) => assert!(error.to_string().contains(word), "{error}"),
            Err(Broken::Backup(finding)) => panic!("{finding:?}"),
            Ok(_) => panic!("taken for a dump: {word}"),
        }
    }
}

#[test]
fn nothing_is_an_empty_backup() {
    assert_eq!(found(b"").code, Code::BackupEmpty);
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    let finding = found(gzip);
    assert_eq!(finding.code, Code::BackupEmpty);
    assert!(finding.message.contains("gzip"));
}

#[test]
fn scripts_of_other_programs_are_plain() {
    for text in [
        "create table t ();\n",
        "\u{feff}/* x */ SELECT 1;",
        "SELECT 'a `b`';",
        "-- a `b`\nCREATE TABLE t (a int); -- `c`\n",
        "BEGIN;\n",
        "\\restrict k\n--\n-- PostgreSQL database dump\n--\n",
        "\n\\restrict k\n\n\nSET statement_timeout = 0;\n",
        "\\set ON_ERROR_STOP on\n\\timing\n--\n-- PostgreSQL database dump\n--\n",
        "\\connect shop\nSELECT 1;\n",
        "--\r\n-- PostgreSQL database dump\r\n--\r\n-- Dumped from database version 9.6.24\r\n",
    ] {
        match open(Cursor::new(text.as_bytes().to_vec())) {
            Ok(Opened::Script(contents, _)) => assert_eq!(contents.format, Format::Plain),
            _ => panic!("not taken for a script: {text}"),
        }
    }
}

#[test]
fn lists_that_name_other_files_are_refused() {
    check_blobs(b"70001 blob_70001.dat\n3000000000 blob_3000000000.dat\n").unwrap();
    for list in [
        "70001 ../host_secret.txt\n",
        "1 blob_1.dat\n2 /etc/passwd\n",
        "x blob_1.dat\n",
        "1 toc.dat",
    ] {
        assert!(check_blobs(list.as_bytes()).is_err(), "{list}");
    }
    let member = |name: &str| {
        let mut toc = archive(14, 1);
        toc[10] = 3;
        let data = toc.len() - (1 + 5 + 5 + zlib(ROWS).len() + 5) - 9;
        toc.truncate(data);
        toc.extend(text(name));
        directory(&toc)
    };
    assert_eq!(member("1.dat").unwrap().tables, Some(1));
    assert!(member("../hs").is_err());
}

#[test]
fn only_names_that_pg_dump_writes_are_members() {
    for name in [
        "toc.dat",
        "3558.dat",
        "1.dat.gz",
        "1.dat.zst",
        "blob_1.dat.lz4",
        "blobs.toc",
        "blobs_12.toc",
    ] {
        assert!(member_name_ok(name), "{name}");
    }
    for name in [
        "",
        ".dat",
        "../1.dat",
        "a.dat",
        "1.dat.sh",
        "blob_.dat",
        "blobs_.toc",
        "1.dat\n",
        "restore.sql",
        "١.dat",
    ] {
        assert!(!member_name_ok(name), "{name}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_table_of_contents_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        minor in 10_u8..18,
    ) {
        let _ = drained(&[&b"PGDMP\x01"[..], &[minor, 0, 4, 8, 1], &bytes].concat());
        let _ = directory(&[&b"PGDMP\x01"[..], &[minor, 0, 4, 8, 3], &bytes].concat());
    }

    #[test]
    fn no_change_of_one_byte_makes_an_archive_panic(at in 5_usize..400, to in any::<u8>()) {
        let mut bytes = archive(16, 1);
        let at = at % bytes.len();
        bytes[at] = to;
        let _ = open(Cursor::new(bytes)).map(|opened| match opened {
            Opened::Archive(_, mut rest) => rest.read_to_end(&mut Vec::new()).is_ok(),
            _ => false,
        });
    }

    #[test]
    fn no_bytes_make_opening_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = open(Cursor::new(bytes));
    }
}
