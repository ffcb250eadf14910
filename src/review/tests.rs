//! What a review must and must not say.

use super::*;
use crate::{
    finding::{Code, Finding},
    plan,
    report::{BackupFacts, Delivery, Proof, ProofLevel, RestoreFacts, Verdict},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A plan that drills every Monday at six.
fn plan(more: &str) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let text = format!("version: 1\nname: shop\nbackup: {{ url: ./b }}\nhistory: ./h\n{more}");
    std::fs::write(&file, text).unwrap();
    let today = jiff::civil::date(2026, 11, 24);
    plan::read(&file, &|_| None, today).unwrap().plan
}

fn weekly() -> Plan {
    plan("schedule: \"0 6 * * 1\"\nprices: { storage_gb_month: 0.02 }\n")
}

fn run(command: Command, started: &str, gigabytes: u64) -> Report {
    let mut run = Report::new("shop", started, at(started));
    run.command = command;
    run.backup = Some(BackupFacts {
        key: "a.dump".to_owned(),
        size_bytes: 1_000_000_000,
        last_modified: Some(run.started),
        age_seconds: Some(0),
        count: gigabytes,
        storage_bytes: gigabytes * 1_000_000_000,
        ..BackupFacts::default()
    });
    run.verdict = run.verdict();
    run
}

fn drill(started: &str, seconds: f64) -> Report {
    let mut run = run(Command::Verify, started, 30);
    run.restore = Some(RestoreFacts {
        seconds,
        ..RestoreFacts::default()
    });
    run.proof = Some(Proof {
        level: ProofLevel::Restored,
        objects_expected: None,
        objects_found: None,
        tables: 1,
        rows_expected: None,
        rows_found: 100,
        checks: 1,
        run: None,
        ..Proof::default()
    });
    run.verdict = run.verdict();
    run
}

fn past(mut runs: Vec<Report>) -> Past {
    runs.sort_by_key(|run| std::cmp::Reverse(run.started));
    Past {
        runs,
        ..Past::default()
    }
}

fn of(runs: Vec<Report>, plan: &Plan, now: &str) -> Review {
    figures(&past(runs), "2026-10".parse().unwrap(), plan, at(now))
}

const LATER: &str = "2026-11-24T00:00:00Z";

#[test]
fn without_a_drill_there_is_no_success_rate() {
    let review = of(vec![], &weekly(), LATER);
    assert_eq!(review.drills.percent, None);
    assert_eq!(review.storage, Storage::default());
    assert_eq!(review.quarter.cost.now, None);
    assert_eq!(review.expected.missed.len(), 4);
    assert_eq!(review.backups.days_unknown, 31);
}

#[test]
fn what_proved_nothing_does_not_count_as_passed() {
    let mut stopped = run(Command::Verify, "2026-10-12T06:00:00Z", 30);
    stopped.verdict = Verdict::Unverified;
    let review = of(
        vec![drill("2026-10-05T06:00:00Z", 60.0), stopped],
        &weekly(),
        LATER,
    );
    assert_eq!(review.drills.percent, Some(50.0));
    assert_eq!(review.drills.unverified, 1);
}

#[test]
fn a_part_of_the_plan_is_a_restore_test_and_no_drill() {
    let mut part = drill("2026-10-12T06:00:00Z", 60.0);
    part.aside = true;
    part.backup.as_mut().unwrap().age_seconds = Some(2_592_000);
    let mut failed = drill("2026-10-05T06:00:00Z", 60.0);
    failed.verdict = Verdict::Failed;
    let without_schedule = of(vec![part.clone()], &plan(""), LATER);
    assert_eq!(without_schedule.expected.held, 0);
    let review = of(vec![failed, part], &weekly(), LATER);
    assert_eq!((review.drills.passed, review.drills.total), (0, 1));
    assert_eq!(review.expected.held, 1, "the part holds no time");
    let told: Vec<_> = review.tests.iter().map(|test| test.aside).collect();
    assert_eq!(told, [true, false]);
    assert_eq!(review.months[5].drills, review.drills);
    let quarter = review.quarter.drill;
    assert_eq!((quarter.drills.total, quarter.last_pass), (1, None));
    // An old backup that somebody chose was proven all the same.
    assert_eq!(quarter.oldest_age, Some(2_592_000));
    let days = review.weeks.iter().flatten().flatten();
    let word = |number| days.clone().find(|day| day.number == number).unwrap().word;
    assert_eq!((word(5), word(12)), ("failed", "missed"));
}

#[test]
fn a_backup_that_was_passed_over_is_a_restore_test_and_no_drill() {
    let mut over = drill("2026-10-05T06:00:00Z", 60.0);
    (over.verdict, over.search) = (Verdict::Failed, Some(over.run.clone()));
    let good = drill("2026-10-05T06:10:00Z", 60.0);
    let review = of(vec![good, over], &weekly(), LATER);
    assert_eq!((review.drills.passed, review.drills.total), (1, 1));
    let told: Vec<_> = review.tests.iter().map(|test| test.aside).collect();
    assert_eq!(told, [false, true]);
    let mut days = review.weeks.iter().flatten().flatten();
    assert_eq!(days.find(|day| day.number == 5).unwrap().word, "passed");
}

#[test]
fn looks_from_outside_are_no_drills() {
    let review = of(
        vec![run(Command::Health, "2026-10-05T06:00:00Z", 30)],
        &weekly(),
        LATER,
    );
    assert_eq!((review.drills.total, review.looks), (0, 1));
    assert_eq!(review.expected.held, 0);
}

#[test]
fn a_time_is_held_by_a_drill_until_the_next_time_and_not_by_one_before_it() {
    let early = drill("2026-10-05T05:59:59Z", 60.0);
    let late = drill("2026-10-19T05:59:59Z", 60.0);
    let review = of(vec![early, late], &weekly(), LATER);
    let missed: Vec<_> = review
        .expected
        .missed
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        missed,
        [
            "2026-10-05T06:00:00Z",
            "2026-10-19T06:00:00Z",
            "2026-10-26T06:00:00Z"
        ]
    );
}

#[test]
fn what_is_not_due_yet_is_not_missed() {
    let review = of(vec![], &weekly(), "2026-10-12T06:59:59Z");
    assert_eq!((review.expected.due, review.expected.missed.len()), (1, 1));
    let review = of(vec![], &weekly(), "2026-10-12T07:00:00Z");
    assert_eq!((review.expected.due, review.expected.missed.len()), (2, 2));
    assert!(!review.over);
}

#[test]
fn without_a_schedule_one_drill_a_month_is_expected_when_the_month_is_over() {
    let plan = plan("");
    assert_eq!(of(vec![], &plan, LATER).expected.due, 1);
    assert_eq!(of(vec![], &plan, "2026-10-31T00:00:00Z").expected.due, 0);
    let held = of(vec![drill("2026-10-05T06:00:00Z", 1.0)], &plan, LATER).expected;
    assert_eq!((held.due, held.held), (1, 1));
}

#[test]
fn only_a_later_look_tells_that_a_day_had_no_backup() {
    let mut look = run(Command::Health, "2026-10-09T12:00:00Z", 30);
    look.backup.as_mut().unwrap().last_modified = Some(at("2026-10-05T03:00:00Z"));
    let review = of(vec![look], &weekly(), LATER);
    let without: Vec<_> = review
        .backups
        .days_without
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(without, ["2026-10-06", "2026-10-07", "2026-10-08"]);
    assert_eq!(
        (review.backups.days_with, review.backups.days_unknown),
        (1, 27)
    );
}

#[test]
fn storage_grows_from_the_last_look_before_the_month() {
    let looks = |first: &str| {
        vec![
            run(Command::Health, first, 20),
            run(Command::Health, "2026-10-31T23:00:00Z", 30),
        ]
    };
    let storage = of(looks("2026-09-30T23:00:00Z"), &weekly(), LATER).storage;
    assert_eq!(
        (storage.growth, storage.percent),
        (Some(10_000_000_000), Some(50.0))
    );
    let alone = of(looks("2026-08-01T00:00:00Z"), &weekly(), LATER).storage;
    assert_eq!((alone.growth, alone.percent), (None, None));
}

#[test]
fn a_restore_is_compared_with_the_months_before_and_not_with_itself() {
    let before = [
        "2026-07-01T00:00:00Z",
        "2026-08-01T00:00:00Z",
        "2026-09-01T00:00:00Z",
    ];
    let mut runs: Vec<_> = before.into_iter().map(|at| drill(at, 100.0)).collect();
    runs.push(drill("2026-10-05T06:00:00Z", 300.0));
    let review = of(runs, &weekly(), LATER);
    assert_eq!(review.slower, Some(3.0));
    assert_eq!(review.months.len(), 6);
    let first = of(vec![drill("2026-10-05T06:00:00Z", 300.0)], &weekly(), LATER);
    assert_eq!(first.slower, None);
}

#[test]
fn a_kind_counts_runs_and_not_findings() {
    let mut bad = drill("2026-10-05T06:00:00Z", 1.0);
    bad.findings = vec![
        Finding::new(Code::CheckFailed, "one"),
        Finding::new(Code::CheckFailed, "two"),
        Finding::new(Code::BackupShrunk, "small"),
    ];
    let mut look = run(Command::Health, "2026-10-06T06:00:00Z", 30);
    look.findings = vec![Finding::new(Code::BackupShrunk, "newer")];
    let kinds = of(vec![bad, look], &weekly(), LATER).kinds;
    let counts: Vec<_> = kinds.iter().map(|k| (k.code, k.drills, k.looks)).collect();
    assert_eq!(
        counts,
        [(Code::CheckFailed, 1, 0), (Code::BackupShrunk, 1, 1)]
    );
    assert_eq!(kinds[1].message, "newer");
}

#[test]
fn who_was_not_told_is_named_with_the_last_reason() {
    let told = |started: &str, error: Option<&str>| {
        let mut run = drill(started, 1.0);
        run.sinks = vec![Delivery {
            name: "slack".to_owned(),
            delivered: error.is_none(),
            skipped: None,
            error: error.map(str::to_owned),
        }];
        run
    };
    let runs = vec![
        told("2026-10-05T06:00:00Z", Some("old")),
        told("2026-10-12T06:00:00Z", Some("new")),
        told("2026-10-19T06:00:00Z", None),
    ];
    let untold = of(runs, &weekly(), LATER).untold;
    assert_eq!((untold[0].failed, untold[0].total), (2, 3));
    assert_eq!(untold[0].error.as_deref(), Some("new"));
}

#[test]
fn cost_is_carried_to_the_end_of_the_quarter_by_the_growth_that_was_measured() {
    // 2 GB a week, and two weeks and six days from the last look to the end of the year.
    let runs = vec![
        run(Command::Health, "2026-09-30T00:00:00Z", 20),
        run(Command::Health, "2026-10-28T00:00:00Z", 28),
    ];
    let cost = of(runs, &weekly(), LATER).quarter.cost;
    assert_eq!(cost.now, Some(0.56));
    assert_eq!(cost.bytes_per_week, Some(2_000_000_000));
    assert_eq!(cost.quarter_end_bytes, Some(46_571_428_571));
    let unpriced = of(
        vec![run(Command::Health, "2026-10-28T00:00:00Z", 28)],
        &plan(""),
        LATER,
    );
    assert_eq!(
        (unpriced.quarter.cost.now, unpriced.quarter.cost.quarter_end),
        (None, None)
    );
}

#[test]
fn the_quarter_knows_the_oldest_backup_that_was_proven() {
    let mut old = drill("2026-10-12T06:00:00Z", 400.0);
    old.backup.as_mut().unwrap().age_seconds = Some(2_592_000);
    let mut failed = old.clone();
    failed.backup.as_mut().unwrap().age_seconds = Some(9_999_999);
    failed.verdict = Verdict::Failed;
    let review = of(
        vec![drill("2026-10-05T06:00:00Z", 60.0), old, failed],
        &plan("limits: { rto: 5m }\n"),
        LATER,
    );
    let drill = review.quarter.drill;
    assert_eq!(drill.oldest_age, Some(2_592_000));
    assert_eq!((drill.longest, drill.rto), (Some(400.0), Some(300)));
}

#[test]
fn what_ran_after_the_month_changes_nothing_in_it() {
    let runs = vec![drill("2026-10-05T06:00:00Z", 60.0)];
    let mut more = runs.clone();
    more.push(drill("2026-11-16T06:00:00Z", 999.0));
    assert_eq!(of(runs, &weekly(), LATER), of(more, &weekly(), LATER));
}
