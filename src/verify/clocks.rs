//! The clocks of a backup: when its dump was begun, and when it was stored.

use jiff::{Timestamp, tz::TimeZone};

use super::Job;
use crate::{
    dump::Contents,
    plan::{BackupPlan, Select},
    report::Report,
    rules::{self, Taken},
};

/// A job that takes longer than this, in seconds, is none: the two clocks tell of different things. A day, since most
/// jobs run once a day.
const LONGEST_JOB: i64 = 86_400;

/// Notes what the dump's own clock says, and judges it when the newest backup was asked for.
pub(super) fn note(job: &Job<'_>, contents: &Contents, report: &mut Report) {
    let (Some(plan), Some(facts)) = (&job.plan.backup, report.backup.as_mut()) else {
        return;
    };
    let header = contents.created.as_deref();
    let (Some(created), Some(stored)) = (created(header, plan), facts.last_modified) else {
        return;
    };
    facts.created = Some(created);
    facts.duration_seconds = duration(created, stored);
    // An older one was chosen for what it is.
    if job.select() == Some(Select::Newest) && job.options.backup.is_none() {
        let taken = Taken {
            key: &facts.key,
            created,
            zone_is_known: plan.timezone.is_some(),
            stored,
            age_seconds: facts.age_seconds.unwrap_or(0),
        };
        let finding = rules::taken(&taken, &job.plan.limits);
        report.findings.extend(finding);
    }
}

/// The writer's local time in the dump's header, in the zone that the plan names, else in UTC.
fn created(header: Option<&str>, plan: &BackupPlan) -> Option<Timestamp> {
    let civil = header?.replacen(' ', "T", 1);
    let civil: jiff::civil::DateTime = civil.parse().ok()?;
    let zone = match &plan.timezone {
        Some(name) => TimeZone::get(name).ok()?,
        None => TimeZone::UTC,
    };
    zone.to_timestamp(civil).ok()
}

/// How long the backup job took, in seconds. `None`: the two clocks cannot be those of one job.
#[expect(clippy::cast_precision_loss, reason = "a day of seconds is small")]
fn duration(created: Timestamp, stored: Timestamp) -> Option<f64> {
    let took = stored.as_second() - created.as_second();
    (0..=LONGEST_JOB).contains(&took).then_some(took as f64)
}

/// When the dump was taken: when it was begun, where the plan names the zone of its header. Without a zone the header may
/// be 14 hours off either way, so the storage's time is taken unless the two cannot be the same moment: then the object was
/// copied later.
pub(super) fn taken(
    contents: &Contents,
    plan: Option<&BackupPlan>,
    stored: Timestamp,
) -> Timestamp {
    let header = contents.created.as_deref();
    let created = plan.and_then(|plan| created(header, plan));
    let zone_is_known = plan.is_some_and(|plan| plan.timezone.is_some());
    match created {
        Some(created) if zone_is_known && created <= stored => created,
        Some(created) if stored.as_second() - created.as_second() > rules::ZONES => created,
        _ => stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn begun(created: &str, timezone: Option<&str>) -> Option<Timestamp> {
        let plan = BackupPlan {
            url: ".".to_owned(),
            endpoint: None,
            region: None,
            pattern: None,
            select: Select::Newest,
            timezone: timezone.map(str::to_owned),
            database: None,
        };
        super::created(Some(created), &plan)
    }

    #[test]
    fn the_header_is_read_in_the_zone_that_the_plan_names() {
        let utc = Some(at("2026-11-24T03:20:10Z"));
        assert_eq!(begun("2026-11-24T03:20:10", None), utc);
        assert_eq!(begun("2026-11-24 03:20:10", None), utc);
        assert_eq!(
            begun("2026-11-24T03:20:10", Some("Asia/Tokyo")),
            Some(at("2026-11-23T18:20:10Z"))
        );
        assert_eq!(begun("yesterday", None), None);
    }

    #[test]
    fn a_job_takes_from_nothing_to_a_day() {
        let created = at("2026-11-24T00:00:00Z");
        let took = |stored| duration(created, at(stored));
        assert_eq!(took("2026-11-24T00:00:00Z"), Some(0.0));
        assert_eq!(took("2026-11-25T00:00:00Z"), Some(86_400.0));
        assert_eq!(took("2026-11-25T00:00:01Z"), None);
        assert_eq!(took("2026-11-23T23:59:59Z"), None);
    }
}
