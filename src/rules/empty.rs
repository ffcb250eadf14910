//! Does the newest dump hold anything?

use super::Facts;
use crate::{
    backup::NAMED,
    finding::{Code, Finding},
    plan::{Limits, Prices},
};

pub(super) fn judge(facts: &Facts, _: &Limits, _: &Prices) -> Option<Finding> {
    if let Some(chosen) = facts.chosen.filter(|chosen| chosen.size == 0) {
        let message = format!("\"{}\" is empty", chosen.key);
        let detail = format!(
            "It holds 0 bytes and was written at {}.",
            chosen.last_modified
        );
        return Some(
            Finding::new(Code::BackupEmpty, message)
                .detail(detail)
                .about(&chosen.key),
        );
    }
    let newest = facts.listing.backups.first();
    let empty = facts.listing.empty_newer_than(newest);
    let latest = empty.iter().map(|rejected| &rejected.object);
    let latest = latest.max_by_key(|object| (object.last_modified, &object.key))?;
    let others = match empty.len() {
        1 => String::new(),
        count if count < NAMED => format!(" {count} dumps in a row are empty."),
        count => format!(" {count} dumps in a row or more are empty."),
    };
    let before = match newest {
        Some(newest) => format!(
            "The newest that is not empty is \"{}\", written at {}.",
            newest.key, newest.last_modified
        ),
        None => "There is none that is not empty.".to_owned(),
    };
    let detail = format!(
        "\"{}\" holds 0 bytes and was written at {}.{others} {before}",
        latest.key, latest.last_modified
    );
    let message = format!("newest backup \"{}\" is empty", latest.key);
    Some(
        Finding::new(Code::BackupEmpty, message)
            .detail(detail)
            .about(&latest.key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::{Object, Reason, Rejected},
        rules::tests::{at, backup, listing, with},
    };

    fn empty(key: &str, seconds_ago: i64) -> Rejected {
        Rejected {
            object: Object {
                key: key.to_owned(),
                size: 0,
                last_modified: at(seconds_ago),
                etag: None,
            },
            reason: Reason::Empty,
        }
    }

    #[test]
    fn an_empty_newest_dump_is_found_although_an_older_one_is_drilled() {
        let mut listing = listing(vec![backup("a.dump", 1, 90_000)]);
        listing.rejected = vec![empty("b.dump", 3_600), empty("c.dump", 60)];
        let finding = with(judge, &listing).unwrap();
        assert_eq!(finding.message, "newest backup \"c.dump\" is empty");
        assert!(finding.detail.unwrap().contains("2 dumps in a row"));
    }

    #[test]
    fn an_old_empty_dump_is_history() {
        let mut listing = listing(vec![backup("a.dump", 1, 60)]);
        listing.rejected = vec![empty("b.dump", 3_600)];
        assert_eq!(with(judge, &listing), None);
    }

    #[test]
    fn empty_dumps_alone_are_found_too() {
        let mut listing = listing(vec![]);
        listing.rejected = vec![empty("b.dump", 3_600)];
        assert_eq!(with(judge, &listing).unwrap().code, Code::BackupEmpty);
        assert_eq!(with(super::super::none::judge, &listing), None);
    }
}
