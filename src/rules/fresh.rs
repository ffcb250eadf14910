//! Is the newest backup recent enough?

use super::{Facts, clock::APART, in_words};
use crate::{
    finding::{Code, Finding, Severity},
    plan::{Limits, Prices},
};

pub(super) fn judge(facts: &Facts, limits: &Limits, _: &Prices) -> Option<Finding> {
    let newest = facts.listing.backups.first()?;
    let age = facts.age_seconds(newest);
    let written = format!("\"{}\" was written at {}", newest.key, newest.last_modified);
    if age < -APART {
        let ahead = age.unsigned_abs();
        return Some(if is_fresh_otherwise(facts, limits) {
            let finding = from_the_future(Code::BackupStale, &newest.key, &written, ahead);
            finding.severity(Severity::Warning)
        } else {
            from_the_future(Code::RunStopped, &newest.key, &written, ahead)
        });
    }
    // A backup may arrive between the storage's first answer and its last page.
    let age = u64::try_from(age).unwrap_or(0);
    if age <= limits.max_age.0.as_secs() {
        return None;
    }
    let message = format!("newest backup is {} old", in_words(age));
    let allowed = in_words(limits.max_age.0.as_secs());
    let detail = format!("{written}, {age} seconds ago; `limits.max_age` allows {allowed}.");
    Some(
        Finding::new(Code::BackupStale, message)
            .detail(detail)
            .value(in_words(age))
            .limit(allowed)
            .about(&newest.key),
    )
}

/// Whether one whose age is known is recent enough.
fn is_fresh_otherwise(facts: &Facts, limits: &Limits) -> bool {
    let ages = facts.listing.backups.iter().map(|b| facts.age_seconds(b));
    let youngest = ages.filter(|age| *age >= -APART).min();
    youngest.is_some_and(|age| u64::try_from(age).unwrap_or(0) <= limits.max_age.0.as_secs())
}

/// It may be fresh or stale, and the clock that is wrong may be ours: nobody can tell, so it never counts as fresh, and is
/// not called stale.
fn from_the_future(code: Code, key: &str, written: &str, ahead: u64) -> Finding {
    let message = format!("newest backup is from the future by {}", in_words(ahead));
    Finding::new(code, message)
        .detail(format!(
            "{written}, {ahead} seconds from now: the clocks disagree, so its age is not known."
        ))
        .hint("Set the clock of this machine and of the one that writes the backups.")
        .about(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{at, backup, listing, newest, with};

    fn aged(seconds: i64) -> Option<Finding> {
        with(judge, &listing(vec![backup("a.dump", 1, seconds)]))
    }

    #[test]
    fn exactly_48_hours_is_still_fresh() {
        assert_eq!(aged(48 * 3_600), None);
    }

    #[test]
    fn a_second_more_is_stale() {
        let finding = aged(48 * 3_600 + 1).unwrap();
        assert_eq!(
            (finding.code, finding.severity),
            (Code::BackupStale, Severity::Critical)
        );
        assert!(
            finding
                .detail
                .unwrap()
                .contains("172801 seconds ago; `limits.max_age` allows 48 hours")
        );
    }

    #[test]
    fn the_message_says_how_old_it_is() {
        assert_eq!(
            aged(73 * 3_600).unwrap().message,
            "newest backup is 73 hours old"
        );
    }

    #[test]
    fn five_minutes_ahead_is_a_clock_and_more_is_neither_fresh_nor_stale() {
        assert_eq!(aged(-300), None);
        let finding = aged(-301).unwrap();
        assert_eq!(
            (finding.code, finding.severity),
            (Code::RunStopped, Severity::Critical)
        );
    }

    #[test]
    fn a_backup_from_the_future_hides_no_stale_one_and_spoils_no_fresh_one() {
        let beside = |seconds| {
            let future = backup("b.dump", 1, -86_400);
            with(judge, &listing(vec![future, backup("a.dump", 1, seconds)]))
        };
        let told = |seconds| beside(seconds).map(|found| (found.code, found.severity));
        let fresh = (Code::BackupStale, Severity::Warning);
        assert_eq!(told(48 * 3_600), Some(fresh));
        let unknown = (Code::RunStopped, Severity::Critical);
        assert_eq!(told(48 * 3_600 + 1), Some(unknown));
    }

    #[test]
    fn the_age_is_measured_by_the_clock_that_wrote_the_time() {
        let mut listing = listing(vec![backup("a.dump", 1, 47 * 3_600)]);
        listing.server_time = Some(at(-2 * 3_600));
        assert!(with(judge, &listing).is_some());
    }

    #[test]
    fn an_old_backup_that_was_asked_for_does_not_make_the_newest_stale() {
        let listing = listing(vec![backup("b.dump", 1, 60), backup("a.dump", 1, 999_999)]);
        let facts = Facts {
            chosen: listing.backups.last(),
            ..newest(&listing)
        };
        assert_eq!(judge(&facts, &Limits::default(), &Prices::default()), None);
    }
}
