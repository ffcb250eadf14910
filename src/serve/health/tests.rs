//! What the health endpoint says, case by case.

use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::{
    plan::{self, HistoryPlan},
    report::{Proof, ProofLevel},
};

const NOW: i64 = 1_795_478_400;
const DAY: i64 = 86_400;

fn at(seconds_ago: i64) -> Timestamp {
    Timestamp::from_second(NOW - seconds_ago).unwrap()
}

fn frame() -> Frame {
    Frame {
        now: at(0),
        began: at(60),
        refresh: Duration::from_mins(5),
    }
}

fn plan(more: &str) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let text = format!("version: 1\nbackup:\n  url: ./b\n{more}");
    std::fs::write(&file, text).unwrap();
    let today = jiff::civil::date(2026, 11, 24);
    plan::read(&file, &|_| None, today).unwrap().plan
}

/// One backup of this age, seen just now.
fn seen(age: i64) -> Known {
    let mut report = Report::new("shop", "look", at(0));
    report.backup = Some(BackupFacts {
        size_bytes: 4096,
        last_modified: Some(at(age)),
        count: 3,
        ..BackupFacts::default()
    });
    let mut known = Known::default();
    known.health = Some(Arc::new(report));
    known.looked = Some(at(10));
    known.recall(Past::default());
    known
}

fn drill(verdict: Verdict, age: i64) -> Report {
    let mut run = Report::new("shop", &format!("{:012}", NOW - age), at(age));
    run.verdict = verdict;
    if verdict == Verdict::Failed {
        run.findings = vec![Finding::new(Code::DumpTruncated, "the dump ends too early")];
    }
    run.proof = (verdict == Verdict::Passed).then_some(Proof {
        level: ProofLevel::Restored,
        objects_expected: None,
        objects_found: None,
        tables: 1,
        rows_expected: None,
        rows_found: 1,
        checks: 1,
        run: None,
        ..Proof::default()
    });
    run
}

fn with_drills(mut known: Known, drills: &[(Verdict, i64)]) -> Known {
    for (verdict, age) in drills {
        known.drilled(drill(*verdict, *age));
    }
    known
}

/// The answer as a monitor reads it.
fn told(plan: &Plan, known: &Known) -> serde_json::Value {
    serde_json::to_value(judge(plan, known, &frame())).unwrap()
}

fn message(plan: &Plan, known: &Known) -> Option<String> {
    judge(plan, known, &frame()).message
}

#[test]
fn a_fresh_backup_is_healthy_and_says_what_the_guide_says() {
    let told = told(&plan(""), &seen(3_600));
    assert_eq!(told["status"], "healthy");
    assert_eq!(told["last_backup"], at(3_600).to_string());
    assert_eq!(told["backup_count"], 3);
    assert_eq!(told["latest_size"], 4096);
    assert_eq!(told["age_seconds"], 3_600);
    assert!(told.get("message").is_none() && told.get("error").is_none());
}

#[test]
fn no_backup_is_told_in_the_words_of_the_guide() {
    let mut known = seen(0);
    let mut report = Report::new("shop", "look", at(0));
    report.backup = Some(BackupFacts::default());
    known.health = Some(Arc::new(report));
    let told = told(&plan("severity:\n  backup.none: info\n"), &known);
    assert_eq!(told["status"], "unhealthy");
    assert_eq!(told["message"], "No backups found");
    assert!(told.get("last_backup").is_none() && told.get("backup_count").is_none());
}

#[test]
fn exactly_48_hours_is_healthy_and_a_second_more_is_two_days_old() {
    assert_eq!(message(&plan(""), &seen(2 * DAY)), None);
    let told = told(&plan(""), &seen(2 * DAY + 1));
    assert_eq!(told["message"], "Last backup is 2 days old");
    assert_eq!(told["last_backup"], at(2 * DAY + 1).to_string());
}

#[test]
fn a_shorter_limit_is_told_in_hours() {
    let plan = plan("limits:\n  max_age: 5h\n");
    let old = message(&plan, &seen(6 * 3_600));
    assert_eq!(old.as_deref(), Some("Last backup is 6 hours old"));
    let old = message(&plan, &seen(DAY));
    assert_eq!(old.as_deref(), Some("Last backup is 1 day old"));
}

#[test]
fn a_backup_grows_old_between_two_looks() {
    let (plan, known) = (plan(""), seen(2 * DAY - 60));
    let later = |seconds| Frame {
        now: at(0) + SignedDuration::from_secs(seconds),
        ..frame()
    };
    assert!(judge(&plan, &known, &later(60)).healthy());
    assert!(!judge(&plan, &known, &later(61)).healthy());
}

#[test]
fn a_severity_that_the_plan_lowers_is_respected() {
    let plan = plan("severity:\n  backup.stale: warning\n");
    assert_eq!(message(&plan, &seen(9 * DAY)), None);
}

#[test]
fn what_was_never_looked_at_is_not_healthy() {
    let told = told(&plan(""), &Known::default());
    assert_eq!(told["status"], "unhealthy");
    assert_eq!(told["error"], "the storage was not looked at yet");
}

#[test]
fn a_problem_is_told_beside_what_was_seen_before_it() {
    let mut known = seen(60);
    known.problem = Some("could not list: access denied".to_owned());
    let told = told(&plan(""), &known);
    assert_eq!(told["status"], "unhealthy");
    assert_eq!(told["error"], "could not list: access denied");
    assert_eq!(told["backup_count"], 3);
}

#[test]
fn what_was_seen_three_refreshes_ago_is_no_longer_true() {
    let mut known = seen(60);
    known.looked = Some(at(900));
    assert!(judge(&plan(""), &known, &frame()).healthy());
    known.looked = Some(at(901));
    let told = told(&plan(""), &known);
    assert_eq!(told["error"], "the storage was last seen 15 min 1 s ago");
    known.looked = Some(at(-901));
    assert!(!judge(&plan(""), &known, &frame()).healthy());
}

#[test]
fn the_last_drill_that_came_to_an_answer_decides() {
    use Verdict::{Failed, Passed, Unverified};
    let says = |drills: &[_]| message(&plan(""), &with_drills(seen(60), drills));
    let failed = Some("Last drill failed: the dump ends too early".to_owned());
    assert_eq!(says(&[(Failed, 60)]), failed);
    assert_eq!(says(&[(Failed, 60), (Unverified, 30)]), failed);
    assert_eq!(says(&[(Failed, 60), (Passed, 30)]), None);
    assert_eq!(says(&[(Passed, 60), (Unverified, 30)]), None);
}

#[test]
fn a_last_pass_of_35_days_is_healthy_and_a_second_more_is_not() {
    let mut plan = plan("schedule: \"0 0 1 * *\"\n");
    let says = |plan: &Plan, age| message(plan, &with_drills(seen(60), &[(Verdict::Passed, age)]));
    assert_eq!(says(&plan, 35 * DAY), None);
    let old = Some("Last proven restore is 35 days old".to_owned());
    assert_eq!(says(&plan, 35 * DAY + 1), old);
    plan.schedule = None;
    assert_eq!(says(&plan, 99 * DAY), None, "nobody keeps what was drilled");
}

#[test]
fn a_kept_history_without_a_pass_is_not_healthy() {
    let mut plan = plan("");
    plan.history = Some(HistoryPlan {
        url: "./history".to_owned(),
        endpoint: None,
        region: None,
    });
    let never = Some("No restore was proven yet".to_owned());
    assert_eq!(message(&plan, &seen(60)), never);
    let mut unread = seen(60);
    unread.recalled = false;
    let told = told(&plan, &unread);
    assert_eq!(told["error"], "the history was not read yet");
    assert!(told.get("message").is_none());
}

#[test]
fn a_schedule_without_a_history_is_given_time_for_a_proof() {
    let plan = plan("schedule: \"0 0 1 * *\"\n");
    assert_eq!(message(&plan, &seen(60)), None);
    let frame = Frame {
        began: at(36 * DAY),
        ..frame()
    };
    let told = judge(&plan, &seen(60), &frame).message;
    assert_eq!(told.as_deref(), Some("No restore was proven for 36 days"));
}

#[test]
fn what_passed_aside_of_the_plan_makes_no_failed_backup_healthy() {
    let mut known = with_drills(seen(3_600), &[(Verdict::Failed, 600)]);
    known.drilled(Report {
        aside: true,
        ..drill(Verdict::Passed, 60)
    });
    let told = told(&plan(""), &known);
    assert_eq!(told["status"], "unhealthy");
    assert_eq!(told["last_verdict"], "failed");
    assert_eq!(told["last_pass"], serde_json::Value::Null);
}
