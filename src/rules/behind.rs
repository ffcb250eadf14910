//! Do the data end long before the dump was taken?

use super::Drill;
use crate::{
    finding::{Code, Finding, Severity},
    plan::Limits,
    report::Report,
    units::Age,
};

/// The newest moment in the data against the dump's own. Nobody knows how often a database is written to, so it is a
/// warning only when an earlier proven backup of the same plan kept up, and otherwise a note.
pub(super) fn judge(drill: &Drill, limits: &Limits) -> Option<Finding> {
    let behind = lag(drill.report)?;
    let allowed = i64::try_from(limits.max_age.0.as_secs()).unwrap_or(i64::MAX);
    if behind <= allowed {
        return None;
    }
    let kept_up = drill.all_proven().filter_map(lag).any(|lag| lag <= allowed);
    let backup = drill.report.backup.as_ref()?;
    let newest = drill.report.database.as_ref()?.newest?;
    let long = Age::from_secs(behind.unsigned_abs());
    let message = format!("the data end {long} before the dump was taken");
    let usual = if kept_up {
        "Earlier backups held newer data."
    } else {
        "No earlier proven backup held newer data for its time, so nothing may be wrong."
    };
    let finding = Finding::new(Code::BackupFrozen, message)
        .detail(format!(
            "The newest moment in the data is {newest}; `limits.max_age` is {}. {usual}",
            limits.max_age
        ))
        .hint("Check that the backup job dumps the live database, not a replica that stands still or an old copy.")
        .about(&backup.key);
    Some(if kept_up {
        finding
    } else {
        finding.severity(Severity::Info)
    })
}

/// By how many seconds the data of a run end before its dump was taken.
fn lag(run: &Report) -> Option<i64> {
    let backup = run.backup.as_ref()?;
    let taken = backup.created.or(backup.last_modified)?;
    let newest = run.database.as_ref()?.newest?;
    Some(taken.as_second() - newest.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::DatabaseFacts,
        rules::tests::{at, proven},
    };

    fn behind(seconds: i64, stored_ago: i64) -> Report {
        let mut run = proven("a", 1, stored_ago);
        run.database = Some(DatabaseFacts {
            newest: Some(at(stored_ago + seconds)),
            ..DatabaseFacts::default()
        });
        run
    }

    fn judged(seconds: i64, past: &[Report]) -> Option<Severity> {
        let report = behind(seconds, 60);
        let drill = Drill {
            report: &report,
            past,
        };
        judge(&drill, &Limits::default()).map(|finding| finding.severity)
    }

    #[test]
    fn exactly_48_hours_behind_is_tolerated_and_a_second_more_is_told() {
        let past = [behind(60, 90_000)];
        assert_eq!(judged(48 * 3_600, &past), None);
        assert_eq!(judged(48 * 3_600 + 1, &past), Some(Severity::Warning));
    }

    #[test]
    fn a_database_that_was_always_quiet_is_only_noted() {
        assert_eq!(judged(999_999, &[]), Some(Severity::Info));
        assert_eq!(
            judged(999_999, &[behind(888_888, 90_000)]),
            Some(Severity::Info)
        );
    }
}
