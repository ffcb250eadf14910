//! Is there a backup at all?

use super::Facts;
use crate::{
    backup::Reason,
    finding::{Code, Finding},
    plan::{Limits, Prices},
};

pub(super) fn judge(facts: &Facts, _: &Limits, _: &Prices) -> Option<Finding> {
    let listing = facts.listing;
    // Empty dumps have a finding of their own, which says more.
    let empty = listing
        .rejected
        .iter()
        .any(|rejected| rejected.reason == Reason::Empty);
    if !listing.backups.is_empty() || facts.chosen.is_some() || empty {
        return None;
    }
    let detail = match listing.rejected_count {
        0 => format!("Nothing is stored under \"{}\".", listing.url),
        count => format!(
            "Of {count} objects under \"{}\", none is a dump: {}.",
            listing.url,
            reasons(facts)
        ),
    };
    Some(Finding::new(Code::BackupNone, "no backups found").detail(detail))
}

fn reasons(facts: &Facts) -> String {
    // What the plan's own pattern means tells more than what it passes over.
    let mut all: Vec<_> = facts.listing.rejected.iter().collect();
    all.sort_by_key(|rejected| rejected.reason == Reason::NotMatched);
    let few = all.into_iter().take(3);
    let shown: Vec<_> = few
        .map(|r| format!("\"{}\" ({})", r.object.key, r.reason))
        .collect();
    let more = facts.listing.rejected_count - shown.len() as u64;
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::{Object, Rejected},
        rules::tests::{backup, listing, with},
    };

    #[test]
    fn an_empty_place_is_no_backup() {
        let finding = with(judge, &listing(vec![])).unwrap();
        assert_eq!(
            (finding.code, finding.message.as_str()),
            (Code::BackupNone, "no backups found")
        );
        assert_eq!(with(judge, &listing(vec![backup("a", 1, 1)])), None);
    }

    #[test]
    fn what_was_passed_over_is_named_with_its_reason() {
        let mut listing = listing(vec![]);
        let object = Object {
            key: "a.sha256".to_owned(),
            size: 1,
            last_modified: jiff::Timestamp::UNIX_EPOCH,
            etag: None,
        };
        listing.rejected = vec![
            Rejected {
                object,
                reason: Reason::Sidecar
            };
            5
        ];
        listing.rejected_count = 5;
        let detail = with(judge, &listing).unwrap().detail.unwrap();
        assert!(
            detail.contains("\"a.sha256\" (sidecar)") && detail.ends_with("and 2 more."),
            "{detail}"
        );
    }
}
