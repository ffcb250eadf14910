//! Is the backup much smaller than the one before it, or than the last one that was proven?

use super::{Facts, real};
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
    units::Bytes,
};

/// A smaller loss than this, in bytes, says nothing: names and times in a header alone move a small dump by hundreds.
const JITTER: u64 = 1_000;

pub(super) fn judge(facts: &Facts, limits: &Limits, _: &Prices) -> Option<Finding> {
    let chosen = facts.chosen?;
    let previous = facts.previous();
    let previous = previous.map(|other| ("the one before it", other.key.as_str(), other.size));
    let proven = facts.proven().and_then(|run| run.backup.as_ref());
    let proven = proven.map(|other| ("the last proven one", other.key.as_str(), other.size_bytes));
    let is_shrunk = |(_, _, size): &(&str, &str, u64)| {
        chosen.size > 0
            && chosen.size.saturating_add(JITTER) <= *size
            && percent(chosen.size, *size) <= limits.max_shrink.0
    };
    let larger: Vec<_> = [previous, proven]
        .into_iter()
        .flatten()
        .filter(is_shrunk)
        .collect();
    let (which, _, size) = *larger.first()?;
    let share = percent(chosen.size, size);
    let message = format!("\"{}\" is {share:.0} % of the size of {which}", chosen.key);
    let mut detail = format!("It holds {} ({} bytes).", Bytes(chosen.size), chosen.size);
    for (which, key, size) in larger {
        let was = Bytes(size);
        detail = format!("{detail} \"{key}\", {which}, holds {was} ({size} bytes).");
    }
    let detail = format!("{detail} `limits.max_shrink` is {}.", limits.max_shrink);
    Some(
        Finding::new(Code::BackupShrunk, message)
            .detail(detail)
            .value(Bytes(chosen.size).to_string())
            .limit(format!(
                "more than {} of the previous one",
                limits.max_shrink
            ))
            .previous(Bytes(size).to_string())
            .about(&chosen.key),
    )
}

fn percent(part: u64, whole: u64) -> f64 {
    real(part) * 100.0 / real(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::Limits,
        rules::tests::{backup, listing, newest, proven, with},
    };

    fn sizes(now: u64, before: u64) -> Option<Finding> {
        with(
            judge,
            &listing(vec![backup("b", now, 60), backup("a", before, 90_000)]),
        )
    }

    #[test]
    fn exactly_half_is_a_warning_and_a_byte_more_is_not() {
        let finding = sizes(5_000, 10_000).unwrap();
        assert_eq!(finding.code, Code::BackupShrunk);
        assert_eq!(
            finding.message,
            "\"b\" is 50 % of the size of the one before it"
        );
        assert!(finding.detail.unwrap().contains("(5000 bytes)"));
        assert_eq!(sizes(5_001, 10_000), None);
        assert!(sizes(4_999, 10_000).is_some());
    }

    #[test]
    fn a_loss_of_1000_bytes_counts_and_of_999_is_jitter() {
        assert!(sizes(1_000, 2_000).is_some());
        assert_eq!(sizes(999, 1_998), None);
        assert_eq!(sizes(1, 1_000), None);
        assert!(sizes(1, 1_001).is_some());
    }

    #[test]
    fn the_first_backup_is_compared_with_nothing() {
        assert_eq!(with(judge, &listing(vec![backup("a", 1, 60)])), None);
    }

    #[test]
    fn a_slow_decline_shows_against_the_last_proven_one() {
        let listing = listing(vec![
            backup("c", 5_000, 60),
            backup("b", 7_500, 90_000),
            backup("a", 10_000, 180_000),
        ]);
        assert_eq!(with(judge, &listing), None);
        let past = [proven("a", 10_000, 180_000)];
        let facts = Facts {
            past: &past,
            ..newest(&listing)
        };
        let finding = judge(&facts, &Limits::default(), &Prices::default()).unwrap();
        assert_eq!(
            finding.message,
            "\"c\" is 50 % of the size of the last proven one"
        );
    }

    #[test]
    fn an_old_backup_is_not_compared_with_a_later_proof() {
        let listing = listing(vec![backup("a", 5_000, 180_000)]);
        let past = [proven("b", 10_000, 60)];
        let facts = Facts {
            past: &past,
            ..newest(&listing)
        };
        assert_eq!(judge(&facts, &Limits::default(), &Prices::default()), None);
    }

    #[test]
    fn a_copy_under_a_second_name_does_not_hide_a_loss() {
        let mut listing = listing(vec![
            backup("latest", 5_000, 60),
            backup("b", 5_000, 61),
            backup("a", 10_000, 90_000),
        ]);
        assert!(with(judge, &listing).is_some());
        listing.backups[1].etag = None;
        assert_eq!(with(judge, &listing), None);
    }
}
