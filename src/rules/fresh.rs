//! Is the newest backup recent enough?

use super::{Facts, in_words};
use crate::{
    finding::{Code, Finding, Severity},
    plan::{Limits, Prices},
};

/// How far two clocks may differ before it is worth a word, in seconds: a third of what S3 itself tolerates.
const CLOCKS: i64 = 300;

pub(super) fn judge(facts: &Facts, limits: &Limits, _: &Prices) -> Option<Finding> {
    let newest = facts.listing.backups.first()?;
    let age = facts.age_seconds(newest);
    let written = format!("\"{}\" was written at {}", newest.key, newest.last_modified);
    let Ok(age) = u64::try_from(age) else {
        return (age < -CLOCKS).then(|| from_the_future(&newest.key, &written, age.unsigned_abs()));
    };
    if age <= limits.max_age.0.as_secs() {
        return None;
    }
    let message = format!("newest backup is {} old", in_words(age));
    let allowed = in_words(limits.max_age.0.as_secs());
    let detail = format!("{written}, {age} seconds ago; `limits.max_age` allows {allowed}.");
    Some(
        Finding::new(Code::BackupStale, message)
            .detail(detail)
            .about(&newest.key),
    )
}

/// It may be fresh or stale: nobody can tell.
fn from_the_future(key: &str, written: &str, ahead: u64) -> Finding {
    let message = format!("newest backup is from the future by {}", in_words(ahead));
    Finding::new(Code::BackupStale, message)
        .severity(Severity::Warning)
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
    fn five_minutes_ahead_is_a_clock_and_more_is_a_warning() {
        assert_eq!(aged(-300), None);
        let finding = aged(-301).unwrap();
        assert_eq!(
            (finding.code, finding.severity),
            (Code::BackupStale, Severity::Warning)
        );
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
