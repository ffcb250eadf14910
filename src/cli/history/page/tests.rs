//! What people read.

use jiff::tz::offset;

use super::*;
use crate::{
    finding::{Code, Finding},
    history::Damaged,
    report::{BackupFacts, Proof, ProofLevel, RestoreFacts},
};

fn drill(hour: i64, size: u64, verdict: Verdict) -> Report {
    let started = Timestamp::from_second(1_795_000_000 + hour * 3_600).unwrap();
    let mut run = Report::new("shop", &format!("R{hour}"), started);
    run.verdict = verdict;
    run.backup = Some(BackupFacts {
        key: format!("db/注文-{hour}.dump"),
        size_bytes: size,
        storage_bytes: size * 10,
        ..BackupFacts::default()
    });
    if verdict == Verdict::Passed {
        run.restore = Some(RestoreFacts {
            seconds: 41.0,
            ..RestoreFacts::default()
        });
        run.proof = Some(Proof {
            level: ProofLevel::Complete,
            objects_expected: None,
            objects_found: None,
            tables: 5,
            rows_expected: None,
            rows_found: 8_780,
            checks: 34,
            run: None,
            ..Proof::default()
        });
    } else {
        let code = Code::BackupShrunk;
        run.findings.push(Finding::new(code, "it shrank"));
    }
    run
}

fn health(hour: i64) -> Report {
    Report {
        command: Command::Health,
        ..drill(hour, 1_000_000, Verdict::Healthy)
    }
}

fn shown_with(past: &Past, change: impl FnOnce(&mut View<'_>)) -> String {
    let zone = TimeZone::fixed(offset(9));
    let mut view = View {
        plan: "shop",
        past,
        most: 20,
        since: None,
        now: Timestamp::from_second(1_795_040_000).unwrap(),
        zone: &zone,
        marks: Marks::Blocks,
        paint: Paint::Plain,
    };
    change(&mut view);
    render(&view)
}

fn past() -> Past {
    let mut stopped = drill(2, 0, Verdict::Unverified);
    stopped.backup = None;
    Past {
        runs: vec![
            health(5),
            drill(4, 1_200_000, Verdict::Passed),
            drill(3, 500_000, Verdict::Failed),
            stopped,
            drill(1, 1_000_000, Verdict::Passed),
        ],
        damaged: vec![Damaged {
            key: "shop/R0.json".to_owned(),
            why: "It is empty.".to_owned(),
        }],
    }
}

#[test]
fn runs_trends_and_damage_are_shown() {
    insta::assert_snapshot!(shown_with(&past(), |_| {}));
}

#[test]
fn a_terminal_without_unicode_gets_none_of_it_from_us() {
    let text = shown_with(&past(), |view| view.marks = Marks::Ascii);
    let ours = text.replace("注文", "");
    assert!(ours.is_ascii(), "{ours}");
}

#[test]
fn the_newest_are_shown_and_the_rest_is_counted() {
    let text = shown_with(&past(), |view| view.most = 2);
    assert!(text.contains("and 3 older ones"), "{text}");
    assert!(text.contains("2 passed, 1 failed, 1 unverified"), "{text}");
    // The change of the last one that is shown is against one that is not.
    assert!(text.contains("+140 %"), "{text}");
}

#[test]
fn what_does_not_answer_for_the_plan_is_marked_and_not_counted() {
    let mut past = past();
    past.runs[1].aside = true;
    let text = shown_with(&past, |_| {});
    assert!(text.contains("  aside    passed "), "{text}");
    assert!(text.contains("1 passed, 1 failed, 1 unverified"), "{text}");
    past.runs[2].search = Some("01A".to_owned());
    let text = shown_with(&past, |_| {});
    assert!(text.contains("  search   failed "), "{text}");
    assert!(text.contains("1 passed, 0 failed, 1 unverified"), "{text}");
}

#[test]
fn colour_is_on_the_verdict_and_moves_nothing() {
    let text = shown_with(&past(), |view| view.paint = Paint::Colour);
    assert!(text.contains("\u{1b}[1;31mfailed\u{1b}[0m"), "{text}");
    let plain: String = text
        .split('\u{1b}')
        .map(|part| part.split_once('m').map_or(part, |(_, rest)| rest))
        .collect();
    assert!(plain.contains("verify   failed "), "{plain}");
}

#[test]
fn a_plan_without_runs_says_so() {
    let none = Past::default();
    assert_eq!(shown_with(&none, |_| {}), "shop\nno run is kept yet\n");
    let since = shown_with(&none, |view| view.since = Some(view.now));
    assert!(since.contains("no run since 2026-11-19T"), "{since}");
}

#[test]
fn a_key_cannot_move_the_cursor() {
    let mut past = past();
    if let Some(backup) = &mut past.runs[1].backup {
        backup.key = "a\u{1b}[2Jb".to_owned();
    }
    assert!(!shown_with(&past, |_| {}).contains('\u{1b}'));
}
