//! What something looks like that is no dump.

use super::{codec, messages, sql, tar::base};
use crate::{
    error::{Broken, Error},
    finding::{Code, Finding},
};

/// What first bytes mean.
#[derive(Clone, Copy)]
enum Means {
    /// No dump.
    Other,
    /// No dump, and what to do about it.
    Told(&'static str),
    /// Whatever is inside may be a good dump that nobody can see from here, and what to do about it.
    Closed(&'static str),
}
use Means::{Closed, Other, Told};

/// First bytes, what they are, and what that means.
const LOOKS: [(&[u8], &str, Means); 27] = [
    (b"<!DOCTYPE html", "an HTML page", Told(WEB)),
    (b"<html", "an HTML page", Told(WEB)),
    (b"<Error>", "an error of the object store", Told(WEB)),
    (
        b"<?xml",
        "an XML document, perhaps an error of the object store",
        Told(WEB),
    ),
    (b"%PDF-", "a PDF", Other),
    (b"PK\x03\x04", "a zip archive", Closed(UNPACK)),
    (b"PK\x05\x06", "an empty zip archive", Told(UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", Closed(UNPACK)),
    (b"Rar!", "a RAR archive", Closed(UNPACK)),
    (b"\x1f\x9d", "a file of compress (.Z)", Closed(UNPACK)),
    (b"LZIP", "an lzip file", Closed(UNPACK)),
    (b"\x89LZO", "an lzop file", Closed(UNPACK)),
    (
        b"\x02\x21\x4c\x18",
        "an lz4 file in the legacy format",
        Closed(UNPACK),
    ),
    (b"\x5d\x00\x00", "an lzma file", Closed(UNPACK)),
    (b"-- MySQL dump", "a MySQL dump", Other),
    (b"-- MariaDB dump", "a MariaDB dump", Other),
    (b"-- phpMyAdmin SQL Dump", "a MySQL dump", Other),
    (b"/*M!999999", "a MariaDB dump", Other),
    (b"SQLite format 3\0", "an SQLite database", Other),
    (
        b"age-encryption.org/",
        "a file encrypted with age",
        Closed(DECRYPT),
    ),
    (
        b"-----BEGIN AGE ENCRYPTED",
        "a file encrypted with age",
        Closed(DECRYPT),
    ),
    (
        b"-----BEGIN PGP MESSAGE",
        "a file encrypted with GPG",
        Closed(DECRYPT),
    ),
    (
        b"Salted__",
        "a file encrypted with openssl",
        Closed(DECRYPT),
    ),
    (
        b"U2FsdGVkX1",
        "a file encrypted with openssl",
        Closed(DECRYPT),
    ),
    (b"\xff\xfe", "text in UTF-16", Told(UTF16)),
    (b"\xfe\xff", "text in UTF-16", Told(UTF16)),
    (b"version https://git-lfs", "a pointer of Git LFS", Other),
];

const WEB: &str = "Check the upload: it stored an answer of a web server in place of the dump.";
const UNPACK: &str = "Compress dumps with gzip, zstd, lz4, xz or bzip2, or not at all.";
const DECRYPT: &str = "Decrypt it first: pgdrill holds no keys.";
const UTF16: &str =
    "Write dumps with `pg_dump -f` in place of `>`: PowerShell rewrites what goes through it.";

/// What there is to say of bytes that start as something well known does, SQL for other servers among it.
pub(super) fn known(head: &[u8]) -> Option<Broken> {
    let trimmed = trimmed(head);
    let starts = |start: &[u8]| {
        head.starts_with(start)
            || trimmed
                .get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    let Some((_, what, means)) = LOOKS.iter().find(|(start, ..)| starts(start)) else {
        return is_mysql(trimmed).then(|| not_a_dump("a MySQL dump").into());
    };
    Some(match means {
        Other => not_a_dump(what).into(),
        Told(hint) => not_a_dump(what).hint(*hint).into(),
        Closed(hint) => closed(what, hint).into(),
    })
}

fn trimmed(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.trim_ascii_start()
}

/// What there is to say of bytes that are no dump, as far as anybody can see.
pub(super) fn unreadable(head: &[u8]) -> Broken {
    if is_gpg(head) {
        return closed("a file encrypted with GPG", DECRYPT).into();
    }
    no_dump(head).into()
}

fn no_dump(head: &[u8]) -> Finding {
    if head.iter().all(|&byte| byte == 0) {
        return not_a_dump("nothing but zeros").hint(
            "Check the disk and the upload: the space was reserved, but nothing was written.",
        );
    }
    if let Some(message) = messages::message(head) {
        return not_a_dump(message.what)
            .detail(format!("Its first line is \"{}\".", message.line))
            .hint(message.hint);
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

/// Says nothing about a backup that we cannot get at.
pub(super) fn closed(what: &str, hint: &str) -> Error {
    let doing = format!("could not look into the backup: it looks like {what}");
    Error::new(doing, hint)
}

/// What there is to say of a tar that holds no directory dump.
pub(super) fn tar(names: &[String], inside: &[u8]) -> Broken {
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
        return closed(
            "a physical backup of pg_basebackup",
            "Name a dump of pg_dump: pgdrill restores logical backups.",
        )
        .into();
    }
    let Some(first) = names.first() else {
        return not_a_dump("an empty tar archive").into();
    };
    let name = base(first).escape_debug().to_string();
    let (what, is_dump) = match inside {
        bytes if bytes.starts_with(b"PGDMP") => ("an archive of pg_dump", true),
        bytes if codec::sniff(bytes) != super::Codec::None => ("a compressed file", true),
        bytes if sql::decode(bytes).contains("-- PostgreSQL database") => {
            ("a plain SQL dump", true)
        }
        _ => ("files", false),
    };
    let what = format!("a tar archive that holds {what}");
    let first = format!("Its first file is \"{name}\".");
    let hint = "Store the dump itself: only the folder of `pg_dump -Fd` belongs in a tar.";
    if is_dump {
        return closed(&what, hint).because(first).into();
    }
    not_a_dump(&what).detail(first).hint(hint).into()
}

/// A binary packet of GPG: encrypted with a key or with a password.
fn is_gpg(head: &[u8]) -> bool {
    matches!(head, [0x84 | 0x85 | 0x8c | 0xc1 | 0xc3, length, 3 | 4, ..] if *length < 0x20)
        || matches!(head, [0x85, 1..=4, _, 3, ..])
        || matches!(head, [0xc1, 0xc0..=0xdf, _, 3, ..])
}

/// Whether the first statement is one that only `MySQL` and `MariaDB` take: a comment that they run, or names in backquotes.
fn is_mysql(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&text[..text.len().min(4096)]);
    let mut lines = text.lines().map(str::trim);
    let is_beside = |line: &str| line.is_empty() || line.starts_with("--") || line.starts_with('#');
    let Some(first) = lines.find(|line| !is_beside(line)) else {
        return false;
    };
    let conditional = first.strip_prefix("/*!");
    let backquoted = first.split_once(" `").map(|(before, _)| before);
    conditional.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        || backquoted.is_some_and(|before| {
            before
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b' ')
        })
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
