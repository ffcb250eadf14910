//! Was the newest backup taken when it was stored, or is it an old dump that was stored again?

use jiff::Timestamp;

use crate::{
    finding::{Code, Finding},
    plan::Limits,
    units::Age,
};

/// How far a local time without a zone may be from UTC, in seconds: the zones reach 14 hours to the east, 12 to the west.
pub const ZONES: i64 = 14 * 3_600;

/// The clocks of a backup.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a> {
    /// Its key.
    pub key: &'a str,
    /// When the dump says that it was begun.
    pub created: Timestamp,
    /// Whether the plan names the zone in which the dump says so.
    pub zone_is_known: bool,
    /// When the storage says that it was written.
    pub stored: Timestamp,
    /// How old it is by the storage's clock, in seconds.
    pub age_seconds: i64,
}

/// Whether a finding is this rule's: no listing shows what it says.
#[must_use]
pub fn is_of_the_header(finding: &Finding) -> bool {
    let detail = finding.detail.as_deref().unwrap_or_default();
    finding.code == Code::BackupStale && detail.starts_with("The header of ")
}

/// What there is to say about the newest backup when its own clock is compared with the storage's.
#[must_use]
pub fn taken(backup: &Taken, limits: &Limits) -> Option<Finding> {
    let before = backup.stored.as_second() - backup.created.as_second();
    let tolerance = if backup.zone_is_known { 0 } else { ZONES };
    let allowed = i64::try_from(limits.max_age.0.as_secs()).unwrap_or(i64::MAX);
    if before <= allowed.saturating_add(tolerance) {
        return None;
    }
    let age = |seconds: i64| Age::from_secs(u64::try_from(seconds).unwrap_or(0));
    let message = format!(
        "newest backup was taken {} ago, although it was stored {} ago",
        age(before + backup.age_seconds),
        age(backup.age_seconds)
    );
    let zone = if backup.zone_is_known {
        ""
    } else {
        " (read as UTC; `backup.timezone` can say otherwise)"
    };
    let detail = format!(
        "The header of \"{}\" says {}{zone}, the storage says {}; `limits.max_age` is {}.",
        backup.key, backup.created, backup.stored, limits.max_age
    );
    Some(
        Finding::new(Code::BackupStale, message)
            .detail(detail)
            .hint("Check that the backup job stores the dump that it has just taken: this one was stored again, or copied.")
            .about(backup.key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{finding::Severity, rules::tests::at};

    const STORED: i64 = 7_200;

    fn taken_before(seconds: i64, zone_is_known: bool) -> Option<Finding> {
        let backup = Taken {
            key: "a.dump",
            created: at(STORED + seconds),
            zone_is_known,
            stored: at(STORED),
            age_seconds: STORED,
        };
        taken(&backup, &Limits::default())
    }

    #[test]
    fn an_old_dump_that_was_stored_again_is_noticed() {
        let finding = taken_before(12 * 86_400, true).unwrap();
        assert_eq!(
            (finding.code, finding.severity),
            (Code::BackupStale, Severity::Critical)
        );
        assert!(is_of_the_header(&finding));
        assert_eq!(
            finding.message,
            "newest backup was taken 12 days ago, although it was stored 2 h 0 min ago"
        );
    }

    #[test]
    fn exactly_48_hours_before_is_tolerated_and_a_second_more_is_not() {
        assert_eq!(taken_before(48 * 3_600, true), None);
        assert!(taken_before(48 * 3_600 + 1, true).is_some());
    }

    #[test]
    fn without_a_zone_14_hours_more_are_tolerated() {
        assert_eq!(taken_before(62 * 3_600, false), None);
        assert!(taken_before(62 * 3_600 + 1, false).is_some());
    }

    #[test]
    fn a_header_from_the_future_is_not_old() {
        assert_eq!(taken_before(-9 * 3_600, true), None);
    }
}
