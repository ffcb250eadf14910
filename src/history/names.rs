//! How records are called: one folder a plan, one name a run.
//!
//! `<plan>/<run>.json`, and `<plan>/<run>.health.json` for `pgdrill health`, so that who only wants drills need not read
//! the others. A run's name is a ULID: names sort by time, and no two runs have the same.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use ulid::Ulid;

use crate::{
    error::{Error, Result},
    report::{Command, Report},
    units::hex,
};

/// How much of a plan's name stays readable; a name in a file system may have 255 bytes.
const READABLE: usize = 60;

/// How far a run's name may be before its `started`, in milliseconds: the name comes first, and clocks are set.
const SLACK: u64 = 60_000;

const ENDING: &str = ".json";
const HEALTH: &str = ".health";

/// The folder of a plan: its name where that is plain, otherwise what is plain of it and a digest of all of it. So
/// two names never share a folder, also where upper and lower case are the same, and no name leads elsewhere.
pub(super) fn folder(plan: &str) -> String {
    if is_plain(plan) {
        return plan.to_owned();
    }
    let mut readable = String::new();
    for letter in plan.chars().take(READABLE) {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' {
            readable.push(letter);
        } else if !readable.is_empty() && !readable.ends_with('-') {
            readable.push('-');
        }
    }
    if readable.is_empty() {
        readable.push_str("plan");
    }
    let digest = hex(&Sha256::digest(plan.as_bytes()).as_slice()[..8]);
    format!("{}--{digest}", readable.trim_end_matches('-'))
}

/// `--` is kept for the names with a digest.
fn is_plain(plan: &str) -> bool {
    let usual =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    plan.len() <= READABLE
        && plan.bytes().all(usual)
        && plan.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !plan.ends_with('.')
        && !plan.contains("--")
}

/// The key of a run below the history's URL.
///
/// # Errors
/// When the run's name is none: then it could lead elsewhere.
pub(super) fn key(report: &Report) -> Result<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let run = &report.run;
    if run.is_empty() || run.len() > 64 || !run.bytes().all(plain) {
        return Err(Error::new(
            "the run was not kept: its name is no name of a run",
            "Report it to the makers of pgdrill.",
        ));
    }
    let health = match report.command {
        Command::Verify => "",
        Command::Health => HEALTH,
    };
    Ok(format!("{}/{run}{health}{ENDING}", folder(&report.plan)))
}

/// The run and the command that a key tells; none when it is no record's.
pub(super) fn run(key: &str) -> Option<(&str, Command)> {
    let name = key.rsplit('/').next()?;
    let stem = name
        .strip_suffix(ENDING)
        .filter(|_| !name.starts_with('.'))?;
    Some(match stem.strip_suffix(HEALTH) {
        Some(run) => (run, Command::Health),
        None => (stem, Command::Verify),
    })
}

/// What the names of all runs since then sort after.
pub(super) fn after(since: Option<Timestamp>) -> String {
    let Some(since) = since else {
        return String::new();
    };
    let since = u64::try_from(since.as_millisecond()).unwrap_or(0);
    Ulid::from_parts(since.saturating_sub(SLACK), 0).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_is_its_own_folder() {
        for name in ["osakamenesu", "shop-eu_1", "shop.prod", "9"] {
            assert_eq!(folder(name), name);
        }
    }

    #[test]
    fn names_that_look_alike_have_folders_of_their_own() {
        let names = [
            "shop",
            "Shop",
            "SHOP",
            "shop/",
            "/shop",
            "shop ",
            "shop.",
            "..",
            ".",
            "",
            "../shop",
            "a/b",
            "a-b",
            "a b",
            "a--b",
            "大阪メネス",
            "大阪",
            "shop\0",
            "shop\n",
            "Shop--a6a5a3c3e3c3b1f0",
        ];
        let mut seen = HashMap::new();
        for name in names.map(str::to_owned).into_iter().chain([
            folder("Shop"),
            "x".repeat(61),
            "x".repeat(62),
            "大".repeat(500),
        ]) {
            let place = folder(&name).to_ascii_lowercase();
            let other = seen.insert(place.clone(), name.clone());
            assert_eq!(other, None, "{name} is in {place}, too");
        }
    }

    #[test]
    fn a_digest_says_which_name_it_was() {
        assert_eq!(folder("Kunden Süd").split("--").next(), Some("kunden-s-d"));
        assert!(folder("大阪").starts_with("plan--"));
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere(name in ".*") {
            let place = folder(&name);
            prop_assert!(place.len() <= 2 * READABLE && !place.starts_with('.'), "{place}");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
            prop_assert!(!place.is_empty() && place.bytes().all(plain), "{place}");
        }

        #[test]
        fn two_names_never_share_a_folder(a in "[a-cA-C./ -]{0,6}", b in "[a-cA-C./ -]{0,6}") {
            prop_assert_eq!(a == b, folder(&a) == folder(&b));
        }
    }

    #[test]
    fn a_run_that_is_no_name_is_not_written() {
        for run in ["", "../../etc/x", "a/b", "a b", ".hidden"] {
            let report = Report::new("shop", run, Timestamp::UNIX_EPOCH);
            assert!(key(&report).is_err(), "{run}");
        }
    }

    #[test]
    fn a_key_tells_its_run_and_its_command() {
        let mut report = Report::new("shop", "01JD3Q5V9H4W8K2M6N7P0R1S2T", Timestamp::UNIX_EPOCH);
        let drill = key(&report).unwrap();
        assert_eq!(drill, "shop/01JD3Q5V9H4W8K2M6N7P0R1S2T.json");
        assert_eq!(run(&drill), Some((report.run.as_str(), Command::Verify)));
        report.command = Command::Health;
        let health = key(&report).unwrap();
        assert_eq!(run(&health), Some((report.run.as_str(), Command::Health)));
        assert_eq!(run("shop/.abc.tmp"), None);
        assert_eq!(run("shop/notes.txt"), None);
    }

    #[test]
    fn a_run_that_began_then_sorts_after_what_is_skipped() {
        let now = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        let run = Ulid::from_parts(1_700_000_000_122, 5).to_string();
        assert!(run > after(Some(now)));
        let old = Ulid::from_parts(1_699_999_000_000, u128::MAX).to_string();
        assert!(old < after(Some(now)));
        assert_eq!(after(None), "");
    }
}
