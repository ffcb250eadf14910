//! How records are called: one folder a plan, one name a run.
//!
//! `<plan>/<run>.json`, and `<plan>/<run>.health.json` for `pgdrill health`, so that who only wants drills need not read
//! the others. A run's name is a ULID: names sort by time, and no two runs have the same.

use jiff::Timestamp;
use ulid::Ulid;

/// The folder of a plan.
pub(super) use crate::plan::plain_name as folder;
use crate::{
    error::{Error, Result},
    report::{Command, Report},
};

/// How far a run's name may be before its `started`, in milliseconds: the name comes first, and clocks are set.
const SLACK: u64 = 60_000;

const ENDING: &str = ".json";
const HEALTH: &str = ".health";

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
    use super::*;

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
