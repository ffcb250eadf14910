//! What something looks like that is no dump.

use super::{codec, sql, tar::base};
use crate::finding::{Code, Finding};

/// First bytes, what they are, and what to do about it.
const LOOKS: [(&[u8], &str, Option<&str>); 26] = [
    (b"<!DOCTYPE html", "an HTML page", WEB),
    (b"<html", "an HTML page", WEB),
    (b"<Error>", "an error of the object store", WEB),
    (
        b"<?xml",
        "an XML document, perhaps an error of the object store",
        WEB,
    ),
    (b"%PDF-", "a PDF", None),
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"PK\x05\x06", "an empty zip archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"\x1f\x9d", "a file of compress (.Z)", UNPACK),
    (b"LZIP", "an lzip file", UNPACK),
    (b"\x89LZO", "an lzop file", UNPACK),
    (
        b"\x02\x21\x4c\x18",
        "an lz4 file in the legacy format",
        UNPACK,
    ),
    (b"\x5d\x00\x00", "an lzma file", UNPACK),
    (b"-- MySQL dump", "a MySQL dump", None),
    (b"-- MariaDB dump", "a MariaDB dump", None),
    (b"-- phpMyAdmin SQL Dump", "a MySQL dump", None),
    (b"/*M!999999", "a MariaDB dump", None),
    (b"SQLite format 3\0", "an SQLite database", None),
    (b"age-encryption.org/", "a file encrypted with age", DECRYPT),
    (
        b"-----BEGIN AGE ENCRYPTED",
        "a file encrypted with age",
        DECRYPT,
    ),
    (
        b"-----BEGIN PGP MESSAGE",
        "a file encrypted with GPG",
        DECRYPT,
    ),
    (b"Salted__", "a file encrypted with openssl", DECRYPT),
    (b"\xff\xfe", "text in UTF-16", UTF16),
    (b"\xfe\xff", "text in UTF-16", UTF16),
    (b"version https://git-lfs", "a pointer of Git LFS", None),
];

const WEB: Option<&str> =
    Some("Check the upload: it stored an answer of a web server in place of the dump.");
const UNPACK: Option<&str> =
    Some("Compress dumps with gzip, zstd, lz4, xz or bzip2, or not at all.");
const DECRYPT: Option<&str> = Some("Decrypt it first: pgdrill holds no keys.");
const UTF16: Option<&str> = Some(
    "Write dumps with `pg_dump -f` in place of `>`: PowerShell rewrites what goes through it.",
);

/// A finding about bytes that start as something well known does, SQL for other servers among it.
pub(super) fn known(head: &[u8]) -> Option<Finding> {
    let trimmed = trimmed(head);
    let starts = |start: &[u8]| {
        head.starts_with(start)
            || trimmed
                .get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    let (_, what, hint) = LOOKS.iter().find(|(start, ..)| starts(start))?;
    let found = not_a_dump(what);
    Some(match hint {
        Some(hint) => found.hint(*hint),
        None => found,
    })
}

fn trimmed(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.trim_ascii_start()
}

/// A finding about bytes that are no dump.
pub(super) fn unreadable(head: &[u8]) -> Finding {
    if head.iter().all(|&byte| byte == 0) {
        return not_a_dump("nothing but zeros").hint(
            "Check the disk and the upload: the space was reserved, but nothing was written.",
        );
    }
    if is_gpg(head) {
        return not_a_dump("a file encrypted with GPG")
            .hint("Decrypt it first: pgdrill holds no keys.");
    }
    if is_json(trimmed(head)) {
        return not_a_dump("JSON");
    }
    if is_text(head) {
        return not_a_dump("text, but not SQL");
    }
    let first: Vec<_> = head
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    not_a_dump("binary data of an unknown kind")
        .detail(format!("Its first bytes are {}.", first.join(" ")))
}

fn not_a_dump(what: &str) -> Finding {
    Finding::new(
        Code::DumpUnreadable,
        format!("not a PostgreSQL dump: it looks like {what}"),
    )
}

/// A finding about a tar that holds no directory dump.
pub(super) fn tar(names: &[String], inside: &[u8]) -> Finding {
    let physical = |name: &&String| {
        [
            "PG_VERSION",
            "backup_label",
            "backup_manifest",
            "pg_control",
        ]
        .contains(&base(name))
    };
    if names.iter().any(|name| physical(&name)) {
        return not_a_dump("a physical backup of pg_basebackup")
            .hint("Name a dump of pg_dump: pgdrill restores logical backups.");
    }
    let Some(first) = names.first() else {
        return not_a_dump("an empty tar archive");
    };
    let name = base(first).escape_debug().to_string();
    let what = match inside {
        bytes if bytes.starts_with(b"PGDMP") => "an archive of pg_dump",
        bytes if codec::sniff(bytes) != super::Codec::None => "a compressed file",
        bytes if sql::decode(bytes).contains("-- PostgreSQL database") => "a plain SQL dump",
        _ => "files",
    };
    not_a_dump(&format!("a tar archive that holds {what}"))
        .detail(format!("Its first file is \"{name}\"."))
        .hint("Store the dump itself: only the folder of `pg_dump -Fd` belongs in a tar.")
}

/// A binary packet of GPG: encrypted with a key or with a password.
fn is_gpg(head: &[u8]) -> bool {
    matches!(head, [0x84 | 0x85 | 0x8c | 0xc1 | 0xc3, length, 3 | 4, ..] if *length < 0x20)
        || matches!(head, [0x85, 1..=4, _, 3, ..])
        || matches!(head, [0xc1, 0xc0..=0xdf, _, 3, ..])
}

fn is_json(text: &[u8]) -> bool {
    matches!(text, [b'{' | b'[', rest @ ..]
        if rest.trim_ascii_start().first().is_some_and(|byte| b"\"{[]}0123456789".contains(byte)))
}

fn is_text(head: &[u8]) -> bool {
    let head = &head[..head.len().min(4096)];
    let end = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(error) => error.valid_up_to(),
    };
    let plain = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    end + 4 > head.len() && head[..end].iter().all(plain)
}
