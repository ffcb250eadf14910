//! Do this machine and the storage agree on the time?

use super::{Facts, in_words};
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
};

/// How far two clocks may differ before it is worth a word, in seconds: a third of what S3 itself tolerates.
pub(super) const APART: i64 = 300;

pub(super) fn judge(facts: &Facts, _: &Limits, _: &Prices) -> Option<Finding> {
    let theirs = facts.listing.server_time?;
    let ours = facts.listing.own_time.unwrap_or(facts.now);
    let ahead = ours.as_second() - theirs.as_second();
    if ahead.abs() <= APART {
        return None;
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let apart = in_words(ahead.unsigned_abs());
    let message = format!("this machine's clock is {apart} {direction} the storage's");
    let detail = format!(
        "It was {ours} here and {theirs} there. Ages are told by the storage's clock; S3 refuses requests from 15 minutes on."
    );
    Some(Finding::new(Code::ClockSkewed, message).detail(detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{at, backup, listing, with};

    fn skewed(server_seconds_ago: i64) -> Option<Finding> {
        let mut listing = listing(vec![backup("a", 1, 60)]);
        listing.server_time = Some(at(server_seconds_ago));
        with(judge, &listing)
    }

    #[test]
    fn exactly_five_minutes_are_tolerated_either_way_and_a_second_more_is_not() {
        assert_eq!((skewed(300), skewed(-300)), (None, None));
        let ahead = skewed(301).unwrap();
        assert_eq!(
            (ahead.code, ahead.message.as_str()),
            (
                Code::ClockSkewed,
                "this machine's clock is 5 min 1 s ahead of the storage's"
            )
        );
        assert!(skewed(-301).unwrap().message.contains("behind"));
    }

    #[test]
    fn both_clocks_are_read_at_the_same_moment() {
        let mut listing = listing(vec![backup("a", 1, 60)]);
        // The storage was busy for ten minutes before it answered.
        listing.server_time = Some(at(-600));
        listing.own_time = Some(at(-601));
        assert_eq!(with(judge, &listing), None);
    }

    #[test]
    fn a_folder_has_no_clock_of_its_own() {
        assert_eq!(with(judge, &listing(vec![backup("a", 1, 60)])), None);
    }
}
