//! Plain SQL: what the head of a script says.

use super::{
    Contents, Format,
    head::Head,
    script::{Script, may_stand_first},
    sql,
};
use crate::error::Broken;

/// How much of a script is looked at.
const HEAD: usize = 256 * 1024;

/// Words that a script may start with when it was not written by `pg_dump`.
const STARTS: [&str; 22] = [
    "alter", "analyze", "begin", "comment", "copy", "create", "delete", "do", "drop", "grant",
    "insert", "lock", "reset", "revoke", "select", "set", "start", "truncate", "update", "vacuum",
    "with", "values",
];

/// What a script says of itself; none when it is no SQL.
pub(super) fn read(head: &mut Head) -> Result<Option<Contents>, Broken> {
    let kept = head.fill(HEAD)?;
    let Some(text) = text(kept) else {
        return Ok(None);
    };
    let format = if has_line(text, "-- PostgreSQL database cluster dump") {
        Format::PlainAll
    } else if has_line(text, "-- PostgreSQL database dump") || starts_as_sql(text) {
        Format::Plain
    } else {
        return Ok(None);
    };
    let mut contents = Contents::new(format);
    contents.server_version = said(text, "-- Dumped from database version ");
    contents.pg_dump_version = said(text, "-- Dumped by pg_dump version ")
        .or_else(|| said(text, "-- Dumped by pg_dumpall version "));
    contents.created = said(text, "-- Started on ").map(|time| time.chars().take(19).collect());
    contents.encoding = sql::setting(&upto(text, "SET client_encoding"), "client_encoding");
    names(text, &mut contents);
    Ok(Some(contents))
}

/// The text at the start of a script; none when it is binary.
fn text(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // COPY data may be in any encoding, and the head may end inside a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    let start = text.len().min(512);
    let clean = !head[..start.max(head.len().min(512))].contains(&0);
    (clean && !text.trim().is_empty()).then_some(text)
}

fn has_line(text: &str, line: &str) -> bool {
    text.lines()
        .take_while(|line| prelude(line))
        .any(|found| found.trim_end() == line)
}

/// Lines that may stand before the first statement.
fn prelude(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("--") || may_stand_first(line)
}

fn starts_as_sql(text: &str) -> bool {
    let mut text = text.trim_start();
    while text.starts_with('\\') {
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        if !may_stand_first(line) {
            return false;
        }
        text = rest.trim_start();
    }
    if text.starts_with("--") || text.starts_with("/*") {
        return true;
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let word = &text[..end];
    text[end..].starts_with([' ', '\t', '\r', '\n', ';', '('])
        && STARTS.iter().any(|start| word.eq_ignore_ascii_case(start))
}

/// The rest of the first line that starts so.
fn said(text: &str, start: &str) -> Option<String> {
    text.lines()
        .find_map(|line| line.strip_prefix(start))
        .map(|rest| rest.trim_end().to_owned())
}

/// The line that starts so, with nothing before it.
fn upto(text: &str, start: &str) -> String {
    said(text, start).map_or_else(String::new, |rest| format!("{start}{rest}"))
}

/// Extensions and roles that the head names; the rest is told while the script is read.
fn names(text: &str, contents: &mut Contents) {
    for piece in Script::new(std::io::Cursor::new(text.as_bytes().to_vec())).map_while(Result::ok) {
        match piece {
            super::Piece::Role(name) => contents.roles.push(name),
            super::Piece::Extension(name) => contents.extensions.push(name),
            super::Piece::CreatesPublic => contents.creates_public = true,
            super::Piece::Connect(_)
            | super::Piece::CreatesDatabase
            | super::Piece::CreatesTablespace
            | super::Piece::ForeignRows(_)
            | super::Piece::Rows(_)
            | super::Piece::Seen(_)
            | super::Piece::Sql(_) => {}
        }
    }
}
