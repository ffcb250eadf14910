//! Whether `pg_restore` reads in a table of contents what we read there, entry by entry. By ours it is decided what is looked
//! for in the restored database: an entry that we overlooked would be missed by nobody.

use bytes::Bytes;

use super::{feed, spool};
use crate::{
    dump::{Contents, Entry, Format},
    error::{Broken, Error},
    sandbox::{self, Sandbox},
};

/// Lets `pg_restore` list the table of contents, which is everything before the first byte of data, and compares.
///
/// Returns an error that counts only if the restore has nothing to say: `pg_restore` refused to list it, and why it does
/// is told better by the one that restores.
///
/// # Errors
/// When `pg_restore` reads something else there, or cannot be run.
pub async fn listed(
    sandbox: &Sandbox,
    contents: &Contents,
    toc: &Bytes,
) -> Result<Option<Error>, Broken> {
    // Without `--verbose`, the encoding and what else is no object would be left out.
    let mut arguments = vec!["--list", "--verbose"];
    let (folder, input) = match contents.format {
        Format::Directory => (Some(spool::listed(sandbox, toc).await?), Bytes::new()),
        _ => (None, toc.clone()),
    };
    arguments.extend(folder.as_deref());
    let tool = sandbox.tool("pg_restore", &arguments).await?;
    let (said, code) = feed::answered(tool, input).await?;
    if code != 0 {
        return Ok(Some(refused()));
    }
    match unlike(&contents.toc, &said) {
        Some(detail) => Err(differs(detail).into()),
        None => Ok(None),
    }
}

/// The first thing that was listed otherwise than it was read; none where all is the same.
fn unlike(read: &[Entry], said: &[String]) -> Option<String> {
    // The rest are comments, and what an entry depends on.
    let is_entry = |line: &&String| line.starts_with(|first: char| first.is_ascii_digit());
    let theirs = || said.iter().filter(is_entry);
    let differs = read.iter().zip(theirs()).find_map(|(entry, line)| {
        let (own, line) = (ours(entry), without_catalogue(line));
        (!same(&own, &line)).then(|| format!("It reads \"{line}\" where pgdrill reads \"{own}\"."))
    });
    let (own, all) = (read.len(), theirs().count());
    differs.or_else(|| (own != all).then(|| format!("It reads {all} entries, and pgdrill {own}.")))
}

/// An entry as it is listed: `215 16389 TABLE public users postgres`. To `pg_restore` a text ends with its first NUL, and it
/// writes each in one line.
fn ours(entry: &Entry) -> String {
    let text = |text: &str| {
        let whole = text.split('\0').next().unwrap_or_default();
        whole.replace(['\n', '\r'], " ")
    };
    let schema = entry.namespace.as_deref().unwrap_or("-");
    let owner = entry.owner.as_deref().unwrap_or_default();
    let Entry { id, oid, .. } = entry;
    // A kind of objects is no name that anybody gives: it is listed as it is.
    let desc = entry.desc.split('\0').next().unwrap_or_default();
    let (schema, tag, owner) = (text(schema), text(&entry.tag), text(owner));
    format!("{id} {oid} {desc} {schema} {tag} {owner}")
        .trim_end_matches(' ')
        .to_owned()
}

/// `215; 1259 16389 TABLE public users postgres` without the number of the catalogue, which we do not keep.
fn without_catalogue(line: &str) -> String {
    let parts = (line.split_once("; ")).and_then(|(id, rest)| Some((id, rest.split_once(' ')?.1)));
    parts.map_or_else(
        || line.to_owned(),
        |(id, rest)| format!("{id} {}", rest.trim_end_matches(' ')),
    )
}

fn same(own: &str, line: &str) -> bool {
    match line.strip_suffix(sandbox::CUT) {
        Some(begun) => own == line || foreign(own).starts_with(&foreign(begun)),
        None => {
            own == line
                || line.contains(char::REPLACEMENT_CHARACTER) && foreign(own) == foreign(line)
        }
    }
}

/// What can be compared of text in another encoding than UTF-8: we know its bytes, and a line of the program says only that
/// there were some.
fn foreign(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for next in text.chars() {
        if next.is_ascii() {
            out.push(next);
        } else if !out.ends_with(char::REPLACEMENT_CHARACTER) {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
    out
}

fn differs(detail: String) -> Error {
    Error::new(
        "pg_restore reads another table of contents in this dump than pgdrill",
        "Tell us, with what `pg_restore --list --verbose` says of the dump: until then nothing that pgdrill says of it is proven.",
    )
    .because(detail)
}

fn refused() -> Error {
    Error::new(
        "pg_restore could not list the table of contents of this dump",
        "See what `pg_restore --list` says of the dump.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dump::Section, restore::stream::object};

    fn read() -> Vec<Entry> {
        let mut users = object(215, "TABLE", Section::PreData, &[]);
        users.oid = 16_389;
        users.tag = "users".into();
        users.namespace = Some("public".into());
        users.owner = Some("shop".into());
        let mut encoding = object(3, "ENCODING", Section::None, &[]);
        encoding.tag = "ENCODING".into();
        encoding.namespace = None;
        encoding.owner = None;
        vec![encoding, users]
    }

    fn told(lines: &[&str]) -> Option<String> {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        unlike(&read(), &lines)
    }

    const ENCODING: &str = "3; 0 0 ENCODING - ENCODING ";

    #[test]
    fn what_is_listed_as_it_was_read_is_the_same() {
        let same = [
            ";",
            "; Archive created at 2026-11-01 03:00:00 UTC",
            ENCODING,
            "215; 1259 16389 TABLE public users shop",
            ";\tdepends on: 6",
        ];
        assert_eq!(told(&same), None);
    }

    #[test]
    fn an_entry_that_is_listed_otherwise_is_told_and_one_too_many_is() {
        for users in [
            "215; 1259 16389 TABLE public customers shop",
            "215; 1259 16390 TABLE public users shop",
            "216; 1259 16389 TABLE public users shop",
            "215; 1259 16389 VIEW public users shop",
            "215; 1259 16389 TABLE private users shop",
            "215; 1259 16389 TABLE public users other",
        ] {
            assert!(
                told(&[ENCODING, users]).is_some_and(|told| told.contains("16389")),
                "{users}"
            );
        }
        let users = "215; 1259 16389 TABLE public users shop";
        assert!(told(&[ENCODING]).is_some_and(|told| told.contains("reads 1 entries")));
        assert!(told(&[ENCODING, users, users]).is_some_and(|told| told.contains("reads 3")));
    }

    #[test]
    fn a_name_in_another_encoding_is_compared_as_far_as_it_can_be_read() {
        let mut entries = read();
        entries[1].tag = "caf\u{e9}\u{a0}".into();
        entries[1].owner = None;
        let told = |line: &str| unlike(&entries, &[ENCODING.to_owned(), line.to_owned()]);
        assert_eq!(
            told("215; 1259 16389 TABLE public caf\u{fffd}\u{fffd} "),
            None
        );
        assert!(told("215; 1259 16389 TABLE public cafe\u{fffd} ").is_some());
        assert!(told("215; 1259 16389 TABLE public caf\u{e8}\u{a0} ").is_some());
    }

    #[test]
    fn a_text_ends_with_its_first_nul_and_stands_in_one_line() {
        let mut entries = read();
        entries[1].tag = "us\ners\0and more".into();
        let line = "215; 1259 16389 TABLE public us ers shop";
        assert_eq!(
            unlike(&entries, &[ENCODING.to_owned(), line.to_owned()]),
            None
        );
    }

    #[test]
    fn a_line_that_is_too_long_counts_as_far_as_it_was_kept() {
        assert_eq!(told(&[ENCODING, "215; 1259 16389 TABLE public us…"]), None);
        assert!(told(&[ENCODING, "215; 1259 16389 TABLE public ms…"]).is_some());
    }
}
