//! What comparisons come to, case by case.

use super::*;
use crate::{
    checks::question::Comparing,
    plan::{Live, Previous},
    report::{CheckResult, CheckStatus, Report},
};

fn about(against: Against, bounded: bool) -> About {
    About {
        id: "t.row_count".to_owned(),
        table: None,
        check: "row_count",
        name: None,
        words: Vec::new(),
        severity: Severity::Critical,
        limit: None,
        place: None,
        description: None,
        looks_at_data: true,
        comparing: Comparing {
            against,
            bounded,
            asked: Some("this".to_owned()),
            whole: None,
        },
    }
}

fn drop_of(share: &str, severity: Option<Severity>) -> Against {
    let previous = Previous {
        max_drop: share.parse().ok(),
        severity,
        ..Previous::default()
    };
    Against {
        previous: Some(previous),
        live: None,
    }
}

fn apart_by(tolerance: &str) -> Against {
    let live = Live {
        tolerance: tolerance.parse().unwrap(),
        severity: Severity::Warning,
    };
    Against {
        previous: None,
        live: Some(live),
    }
}

/// One proven run in which the check found this, by this question.
fn earlier(value: u64, asked: Option<&str>) -> Earlier {
    let mut run = Report::new("shop", "run", jiff::Timestamp::UNIX_EPOCH);
    run.checks.push(CheckResult {
        id: "t.row_count".to_owned(),
        table: None,
        check: "row_count".to_owned(),
        status: CheckStatus::Passed,
        severity: Severity::Critical,
        value: Some(value.into()),
        limit: None,
        asked: asked.map(str::to_owned),
        file: None,
        line: None,
        seconds: 0.0,
        message: None,
    });
    Earlier::of([&run])
}

fn settled(about: About, own: Judged, earlier: &Earlier, live: Option<&Reply>) -> Judged {
    let answered = Answered {
        about,
        judged: own,
        seconds: 0.0,
    };
    settle(answered, earlier, live).judged
}

fn found(value: u64) -> Judged {
    Judged::held().value(value.into())
}

fn figure(value: u64) -> Reply {
    Reply::Figure(value.into())
}

#[test]
fn nothing_to_compare_with_is_no_pass_and_keeps_its_figure_for_the_next_run() {
    for (earlier, words) in [
        (Earlier::default(), "the plan keeps no history"),
        (Earlier::of([]), "no proven run has this check yet"),
    ] {
        let judged = settled(about(drop_of("10%", None), false), found(5), &earlier, None);
        assert_eq!(judged.standing, Standing::Skipped);
        let message = format!("nothing to compare with: {words}");
        assert_eq!(judged.message, Some(message));
        assert_eq!(judged.value.as_deref(), Some(&5.into()));
    }
}

#[test]
fn no_rows_beside_no_rows_show_nothing() {
    let judged = settled(
        about(drop_of("10%", None), false),
        found(0),
        &earlier(0, None),
        None,
    );
    assert_eq!(judged.standing, Standing::Skipped);
    let live = settled(
        about(apart_by("0"), false),
        found(0),
        &Earlier::default(),
        Some(&figure(0)),
    );
    assert_eq!(live.standing, Standing::Skipped);
    assert!(live.message.unwrap().contains("no rows on either side"));
}

#[test]
fn only_the_way_that_is_bounded_was_compared() {
    let known = earlier(0, None);
    let bounds = |against| bounds(&about(against, false), &known);
    let fall = Bounds {
        fall: true,
        growth: false,
    };
    assert_eq!(bounds(drop_of("10%", None)), fall);
    assert_eq!(bounds(apart_by("0")), Bounds::default());
}

#[test]
fn a_check_with_bounds_of_its_own_holds_and_says_that_nothing_was_compared() {
    let about = about(drop_of("10%", None), true);
    let judged = settled(about, found(5), &Earlier::of([]), None);
    assert_eq!(judged.standing, Standing::Held);
    assert!(
        judged
            .message
            .unwrap()
            .starts_with("holds; nothing to compare with")
    );
}

#[test]
fn a_drop_breaks_the_check_with_its_own_severity() {
    let judge = |severity| {
        let about = about(drop_of("10%", severity), true);
        settled(about, found(800), &earlier(1_000, None), None)
    };
    let judged = judge(None);
    assert_eq!(
        (judged.standing, judged.severity),
        (Standing::Hard, Some(Severity::Critical))
    );
    assert_eq!(judge(Some(Severity::Info)).severity, Some(Severity::Info));
}

#[test]
fn what_was_asked_otherwise_is_not_compared() {
    let about = |bounded| about(drop_of("10%", None), bounded);
    let other = earlier(1_000, Some("that"));
    let judged = settled(about(false), found(1), &other, None);
    assert_eq!(judged.standing, Standing::Skipped);
    assert!(judged.message.unwrap().contains("asked something else"));
    let same = earlier(1_000, Some("this"));
    let judged = settled(about(false), found(1), &same, None);
    assert_eq!(judged.standing, Standing::Hard);
}

#[test]
fn the_worst_is_heard_first_and_the_others_after_it() {
    let both = Against {
        live: apart_by("0").live,
        ..drop_of("10%", None)
    };
    let judged = settled(
        about(both, true),
        found(800),
        &earlier(1_000, None),
        Some(&figure(900)),
    );
    assert!(judged.message.unwrap().starts_with("is 800, was 1000"));
    assert!(
        judged
            .detail
            .unwrap()
            .contains("It also is 800, the live database has 900")
    );

    let own = Judged::hard("is 800, at least 900 was asked for").value(800.into());
    let judged = settled(
        about(drop_of("10%", Some(Severity::Warning)), true),
        own,
        &earlier(1_000, None),
        None,
    );
    assert_eq!(
        judged.message.as_deref(),
        Some("is 800, at least 900 was asked for")
    );
    assert!(
        judged
            .detail
            .unwrap()
            .starts_with("It also is 800, was 1000")
    );
}

#[test]
fn the_live_database_never_makes_it_critical() {
    let judged = settled(
        about(apart_by("1%"), false),
        found(5),
        &Earlier::default(),
        Some(&figure(500)),
    );
    assert_eq!(
        (judged.standing, judged.severity),
        (Standing::Hard, Some(Severity::Warning))
    );
}

#[test]
fn a_silent_live_database_is_no_pass() {
    let silent = Reply::Nothing("the live database could not be reached".to_owned());
    let judge = |bounded| {
        let about = about(apart_by("1%"), bounded);
        settled(about, found(5), &Earlier::default(), Some(&silent))
    };
    assert_eq!(judge(false).standing, Standing::Skipped);
    assert_eq!(judge(true).standing, Standing::Held);
    assert!(
        judge(true)
            .message
            .unwrap()
            .contains("could not be reached")
    );
}

#[test]
fn no_answer_stays_no_answer() {
    let own = Judged::unanswered("compared nothing: every value is NULL");
    let judged = settled(
        about(drop_of("10%", None), true),
        own.clone(),
        &earlier(1, None),
        None,
    );
    assert_eq!(judged, own);
    let no_figure = settled(
        about(drop_of("10%", None), true),
        Judged::held(),
        &earlier(1, None),
        None,
    );
    assert_eq!(no_figure.standing, Standing::Unanswered);
    let nan = Judged::held().value("NaN".into());
    let judged = settled(
        about(drop_of("10%", None), false),
        nan,
        &earlier(1, None),
        None,
    );
    assert_eq!(judged.standing, Standing::Unanswered);
}

#[test]
fn limits_read_as_they_are_written() {
    let both = Against {
        live: apart_by("0.5%").live,
        ..drop_of("10%", None)
    };
    assert_eq!(
        limits(&both).as_deref(),
        Some("previous max_drop 10 %, live tolerance 0.5 %")
    );
}
