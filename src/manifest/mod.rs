//! What a database held in the very snapshot that its dump was taken from: written beside the dump, compared after the
//! restore. It alone can tell that the dump itself lost something.

mod judge;
mod take;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use judge::{Facts, Judged, judge, unusable};
pub use take::{Snapshot, Told};

use crate::rows::Rows;

/// The version of this JSON. Version 1 held neither `objects` nor `dump.members`.
const VERSION: u32 = 2;

/// The oldest version that is read.
const OLDEST: u32 = 1;

/// What the name of a manifest adds to the dump's.
const ENDING: &str = ".pgdrill.json";

/// The largest manifest that is read, in bytes: some hundred thousand tables.
pub const LIMIT: u64 = 256 << 20;

/// What the source held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this JSON.
    pub manifest: u32,
    /// The version of pgdrill that wrote it.
    pub pgdrill: String,
    /// The database.
    pub database: String,
    /// The server's version.
    pub server_version: String,
    /// What the dump program calls itself.
    pub pg_dump_version: Option<String>,
    /// The snapshot's name.
    pub snapshot: String,
    /// The encoding in which rows were digested.
    pub encoding: String,
    /// When the snapshot was taken.
    pub started: Timestamp,
    /// When everything was read and the dump was written.
    pub finished: Timestamp,
    /// How the dump program ended; none where somebody else ran it, or where a signal ended it.
    pub exit_status: Option<i32>,
    /// Whether the dump program was told to leave something out; none where somebody else called it.
    pub selects: Option<bool>,
    /// The dump.
    pub dump: Dump,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Its sequences.
    pub sequences: Vec<Sequence>,
    /// Its large objects; none where they may not be read.
    pub large_objects: Option<Held>,
    /// How many objects of which kind it held, without those of extensions; none where the server did not tell.
    #[serde(default)]
    pub objects: Option<BTreeMap<String, u64>>,
}

/// The dump's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// Its name without its folder.
    pub file: String,
    /// Its size in bytes; none for a directory dump.
    pub size_bytes: Option<u64>,
    /// Its SHA-256 in hexadecimal; none for a directory dump.
    pub sha256: Option<String>,
    /// The SHA-256 of every file of a directory dump, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<BTreeMap<String, String>>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The partitioned table at the top, as schema and name.
    pub root: Option<(String, String)>,
    /// The columns in the order of the lines.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Held,
}

/// How many, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How many.
    pub count: u64,
    /// The sum of the hashes of their lines, in hexadecimal.
    pub digest: String,
}

/// A sequence. It does not heed snapshots: it is read before the dump and after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its value before the dump.
    pub before: i64,
    /// Its value after the dump.
    pub after: i64,
    /// Whether it begins again at its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cycles: bool,
}

impl Sequence {
    /// Whether it may have had this value while the dump was written: any, where it did not only go on.
    fn may_have_had(&self, value: i64) -> bool {
        self.cycles || self.before > self.after || (self.before..=self.after).contains(&value)
    }
}

impl From<Rows> for Held {
    fn from(rows: Rows) -> Self {
        Self {
            count: rows.count,
            digest: rows.hex(),
        }
    }
}

impl Held {
    /// As it is added up.
    fn rows(&self) -> Rows {
        Rows {
            count: self.count,
            digest: u128::from_str_radix(&self.digest, 16).unwrap_or_default(),
        }
    }
}

/// The name of the manifest beside a dump.
#[must_use]
pub fn name_of(dump: &str) -> String {
    format!("{}{ENDING}", dump.trim_end_matches('/'))
}

/// Reads a manifest.
///
/// # Errors
/// Why it cannot be used, as a sentence.
pub fn parse(bytes: &[u8]) -> Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| {
        format!(
            "It is no manifest, or a damaged one: line {}, column {}.",
            error.line(),
            error.column()
        )
    })?;
    if !(OLDEST..=VERSION).contains(&manifest.manifest) {
        return Err(format!(
            "Its version is {}; this pgdrill knows {OLDEST} to {VERSION}.",
            manifest.manifest
        ));
    }
    let odd =
        |held: &Held| held.digest.len() != 32 || u128::from_str_radix(&held.digest, 16).is_err();
    if manifest.tables.iter().any(|table| odd(&table.rows))
        || manifest.large_objects.as_ref().is_some_and(odd)
    {
        return Err("One of its digests is none.".to_owned());
    }
    Ok(manifest)
}

/// Whether the arguments of `pg_dump` leave something out of the dump.
#[must_use]
pub fn selects(arguments: &[String]) -> bool {
    const LONG: [&str; 14] = [
        "--table",
        "--schema",
        "--exclude",
        "--data-only",
        "--section",
        "--filter",
        "--extension",
        "--no-blobs",
        "--no-large-objects",
        "--no-data",
        "--no-schema",
        "--no-unlogged",
        "--strict-names",
        "--statistics-only",
    ];
    const SHORT: &str = "tTnNasBe";
    arguments.iter().any(|argument| {
        LONG.iter().any(|long| is_option(argument, long))
            || letters(argument).any(|letter| SHORT.contains(letter))
    })
}

/// Whether an argument of `pg_dump` is a long option that begins like this; getopt(3) takes its first letters for it, too.
fn is_option(argument: &str, long: &str) -> bool {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name);
    argument.starts_with(long) || (name.len() > "--".len() && long.starts_with(name))
}

/// The short options that an argument of `pg_dump` holds: one that takes a value ends them, as getopt(3) reads them.
fn letters(argument: &str) -> impl Iterator<Item = char> {
    const WITH_VALUE: &str = "dEefFhjnNpStTUZ";
    let cluster = argument
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'));
    let mut ended = false;
    cluster
        .unwrap_or_default()
        .chars()
        .take_while(move |letter| !std::mem::replace(&mut ended, WITH_VALUE.contains(*letter)))
}

/// Kinds of objects that the arguments of `pg_dump` leave out.
#[must_use]
pub fn without(arguments: &[String]) -> Vec<&'static str> {
    /// With the shortest beginning that no other option has: getopt(3) refuses a shorter one.
    const LEFT_OUT: [(&str, &str, &str); 3] = [
        ("--no-publications", "--no-pu", "publication"),
        ("--no-policies", "--no-po", "policy"),
        ("--no-subscriptions", "--no-su", "subscription"),
    ];
    let named = |(option, shortest, _): &(&str, &str, &str)| {
        let says = |argument: &String| option.starts_with(&**argument);
        arguments
            .iter()
            .any(|argument| argument.starts_with(shortest) && says(argument))
    };
    let kinds = LEFT_OUT.into_iter().filter(named);
    kinds.map(|(_, _, kind)| kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_the_first_version_is_read() {
        let manifest = Manifest {
            manifest: 1,
            pgdrill: "0.1.0".to_owned(),
            database: "shop".to_owned(),
            server_version: "15.4".to_owned(),
            pg_dump_version: None,
            snapshot: "x".to_owned(),
            encoding: "UTF8".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
            exit_status: None,
            selects: Some(false),
            dump: Dump {
                file: "shop.dump".to_owned(),
                size_bytes: None,
                sha256: None,
                members: None,
            },
            tables: Vec::new(),
            sequences: Vec::new(),
            large_objects: None,
            objects: None,
        };
        let mut json = serde_json::to_value(&manifest).unwrap();
        json.as_object_mut().unwrap().remove("objects");
        json["dump"].as_object_mut().unwrap().remove("members");
        assert_eq!(parse(json.to_string().as_bytes()), Ok(manifest));
        json["manifest"] = 3.into();
        assert!(
            parse(json.to_string().as_bytes())
                .unwrap_err()
                .contains("knows 1 to 2")
        );
    }

    #[test]
    fn a_damaged_manifest_is_no_manifest() {
        for text in ["", "{}", "[1]", "{\"manifest\": 1}", "not json"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_leaves_something_out_is_known() {
        let of = |text: &str| selects(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(of("pg_dump -Fc -t users -f x"));
        assert!(of("pg_dump --exclude-table-data=log -f x"));
        assert!(of("pg_dump -nsales -f x"));
        assert!(of("pg_dump -Fc -vT audit -f x"));
        assert!(of("pg_dump -Oxs -f x"));
        assert!(of("pg_dump --statistics-only -f x"));
        assert!(of("pg_dump -Fc --tab=t1 -f x"));
        assert!(of("pg_dump --exclude-table-d log -f x"));
        assert!(of("pg_dump --sec=data -f x"));
        assert!(!of("pg_dump --serializable-deferrable --file=x --verbose"));
        assert!(!of("pg_dump --format=c -- --"), "no option");
        assert!(!of("pg_dump -Oxvfstock.dump"), "the name of a file");
        assert!(!of("pg_dump -Fc -Z6 -v --no-owner -f /backups/x.dump"));
    }

    #[test]
    fn a_kind_that_is_left_out_is_known_by_the_beginning_of_its_option() {
        let of = |text: &str| without(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("-Fc --no-publication -f x"), ["publication"]);
        assert_eq!(of("--no-pu --no-policies"), ["publication", "policy"]);
        assert_eq!(of("--no-subs"), ["subscription"]);
        assert!(of("--no-p --no-publicationsx --no-privileges -f x").is_empty());
    }

    #[test]
    fn a_sequence_that_did_not_only_go_on_may_have_had_any_value() {
        let sequence = |before, after, cycles| Sequence {
            schema: "s".to_owned(),
            name: "q".to_owned(),
            before,
            after,
            cycles,
        };
        let on = sequence(5, 9, false);
        assert_eq!(
            [4, 5, 9, 10].map(|value| on.may_have_had(value)),
            [false, true, true, false]
        );
        assert!(sequence(494, 569, true).may_have_had(489));
        assert!(
            sequence(569, 3, false).may_have_had(600),
            "set back, or around its end"
        );
        let json = serde_json::to_value(&on).unwrap();
        assert_eq!(json.get("cycles"), None);
        assert_eq!(serde_json::from_value::<Sequence>(json).unwrap(), on);
    }

    #[test]
    fn a_manifest_lies_beside_its_dump() {
        assert_eq!(name_of("db/shop.dump"), "db/shop.dump.pgdrill.json");
        assert_eq!(name_of("db/shop/"), "db/shop.pgdrill.json");
    }
}
