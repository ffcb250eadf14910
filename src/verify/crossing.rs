//! Who is told of a run: an alert goes out once for a crossing from good to bad, and the next one after a recovery. Pure.

use std::collections::BTreeSet;

use crate::{
    finding::{Code, Severity},
    plan::{NotifyPlan, When},
    report::{Delivery, Report, Verdict},
    sinks::deliver::{Order, configured},
};

/// What is done about a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is told.
    Tell(Order),
    /// It was told of the same before.
    Skip(Delivery),
}

/// The runs of the past, as far as they matter here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    /// Newest first. `None`: nobody knows, so every run is news.
    pub(super) past: Option<&'a [Report]>,
}

/// What is done about every sink of a plan, in their order; those with nothing to hear are left out.
pub(super) fn decide(report: &Report, notify: &NotifyPlan, before: Before<'_>) -> Vec<Choice> {
    let sinks = configured(notify).into_iter();
    sinks
        .filter_map(|sink| choose(sink, report, notify, before))
        .collect()
}

fn choose(
    sink: &'static str,
    report: &Report,
    notify: &NotifyPlan,
    before: Before<'_>,
) -> Option<Choice> {
    let tell = |recovered: Option<String>| Some(Choice::Tell(Order { sink, recovered }));
    // It hears of every drill that answers for the plan: its silence is the alarm.
    if sink == "heartbeat" {
        return if report.aside { None } else { tell(None) };
    }
    let past = before.past.unwrap_or_default();
    // Of what was passed over in a search, the run that ended it told.
    let of_them = |run: &&Report| run.command == report.command && run.search.is_none();
    let past = || past.iter().filter(of_them);
    let was_told = |run: &&Report| told(run, sink);
    let good = report.verdict.exit_code() == 0;
    if good && !report.aside {
        // A pass of a part, or of a backup that somebody named, ended no trouble.
        let ends = |run: &&Report| !run.aside || run.verdict.exit_code() != 0;
        let last = past().filter(ends).find(was_told);
        if let Some(run) = last.filter(|run| run.verdict.exit_code() != 0) {
            return tell(Some(run.run.clone()));
        }
        // Without a past an incident may be open that nobody else closes.
        if sink == "pagerduty" && before.past.is_none() {
            return tell(None);
        }
    }
    let on = on(sink, notify);
    if report.verdict == Verdict::Passed && on.contains(&When::Passed) {
        return tell(None);
    }
    if !class(report).is_some_and(|class| on.contains(&class)) {
        return None;
    }
    let state = state(report);
    // What was told of a part, or of a backup that somebody named, is still to be told of the plan.
    let answering = past().filter(|run| report.aside || !run.aside);
    let mut same = answering.take_while(|run| self::state(run) == state);
    match same.find(was_told) {
        Some(run) => Some(Choice::Skip(Delivery {
            name: sink.to_owned(),
            skipped: Some(format!("run {} told the same", run.run)),
            ..Delivery::default()
        })),
        None => tell(None),
    }
}

fn told(run: &Report, sink: &str) -> bool {
    let mut sinks = run.sinks.iter();
    sinks.any(|delivery| delivery.name == sink && delivery.delivered)
}

/// What a sink is told. Nobody is paged for a warning.
fn on<'a>(sink: &str, notify: &'a NotifyPlan) -> &'a [When] {
    match sink {
        "slack" => notify.slack.as_ref().map_or(&[], |sink| &sink.on),
        "email" => notify.email.as_ref().map_or(&[], |sink| &sink.on),
        "webhook" => notify.webhook.as_ref().map_or(&[], |sink| &sink.on),
        _ => &[When::Failed, When::Unverified],
    }
}

/// What a run is to those who are told; nothing when it is no news for anybody. What shows healthy from outside has not
/// passed.
fn class(report: &Report) -> Option<When> {
    let warned = report
        .findings
        .iter()
        .any(|finding| finding.severity >= Severity::Warning && finding.code != Code::NotifyFailed);
    match report.verdict {
        Verdict::Failed => Some(When::Failed),
        Verdict::Unverified => Some(When::Unverified),
        Verdict::Passed | Verdict::Healthy if warned => Some(When::Warning),
        Verdict::Passed => Some(When::Passed),
        Verdict::Healthy => None,
    }
}

/// Two runs with the same state have the same to tell. Each night's backup has a new name, and the same trouble; whether
/// messages arrive is no trouble of the backup.
fn state(report: &Report) -> (Option<When>, BTreeSet<(Code, Option<&str>)>) {
    let key = report.backup.as_ref().map(|backup| backup.key.as_str());
    let findings = report.findings.iter().filter(|finding| {
        finding.severity >= Severity::Warning && finding.code != Code::NotifyFailed
    });
    let subjects = findings.map(|finding| {
        let subject = finding.subject.as_deref();
        (
            finding.code,
            subject.filter(|subject| Some(*subject) != key),
        )
    });
    (class(report), subjects.collect())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        finding::Finding,
        plan::{HeartbeatPlan, PagerDutyPlan, SlackPlan},
        report::{BackupFacts, Command},
        units::Secret,
    };

    const USUAL: [When; 3] = [When::Failed, When::Unverified, When::Warning];

    fn notify(on: &[When]) -> NotifyPlan {
        NotifyPlan {
            slack: Some(SlackPlan {
                webhook: Secret::new("https://x"),
                on: on.to_vec(),
            }),
            ..NotifyPlan::default()
        }
    }

    fn run(name: &str, verdict: Verdict, codes: &[Code]) -> Report {
        let mut report = Report::new("shop", name, Timestamp::UNIX_EPOCH);
        report.verdict = verdict;
        report.findings = codes.iter().map(|&code| Finding::new(code, "x")).collect();
        report
    }

    fn failed(name: &str) -> Report {
        run(name, Verdict::Failed, &[Code::DumpTruncated])
    }

    fn passed(name: &str) -> Report {
        run(name, Verdict::Passed, &[])
    }

    fn warned(name: &str) -> Report {
        run(name, Verdict::Passed, &[Code::BackupShrunk])
    }

    /// What Slack hears of each run, each time with what was recorded of those before.
    fn heard(on: &[When], runs: Vec<Report>, arrives: impl Fn(&str) -> bool) -> Vec<String> {
        let mut past: Vec<Report> = Vec::new();
        let mut heard = Vec::new();
        for mut run in runs {
            let before = Before { past: Some(&past) };
            let choices = decide(&run, &notify(on), before);
            let (word, delivery) = match choices.first() {
                Some(Choice::Tell(order)) => {
                    let word = order.recovered.as_ref().map_or("told", |_| "recovered");
                    let delivery = Delivery {
                        name: "slack".to_owned(),
                        delivered: arrives(&run.run),
                        ..Delivery::default()
                    };
                    (word, Some(delivery))
                }
                Some(Choice::Skip(delivery)) => ("skipped", Some(delivery.clone())),
                None => ("nothing", None),
            };
            heard.push(word.to_owned());
            run.sinks.extend(delivery);
            past.insert(0, run);
        }
        heard
    }

    #[test]
    fn once_for_a_crossing_and_again_after_a_recovery() {
        let runs = vec![
            failed("1"),
            failed("2"),
            passed("3"),
            passed("4"),
            failed("5"),
        ];
        let heard = heard(&USUAL, runs, |_| true);
        assert_eq!(heard, ["told", "skipped", "recovered", "nothing", "told"]);
    }

    #[test]
    fn another_trouble_is_news() {
        let stale = run("2", Verdict::Failed, &[Code::BackupStale]);
        let both = run(
            "3",
            Verdict::Failed,
            &[Code::BackupStale, Code::DumpTruncated],
        );
        let stopped = run("4", Verdict::Unverified, &[Code::RunStopped]);
        let heard = heard(&USUAL, vec![failed("1"), stale, both, stopped], |_| true);
        assert_eq!(heard, ["told"; 4]);
    }

    #[test]
    fn what_did_not_arrive_is_told_again() {
        let runs = vec![
            failed("1"),
            failed("2"),
            failed("3"),
            passed("4"),
            passed("5"),
            passed("6"),
        ];
        let heard = heard(&USUAL, runs, |run| !["1", "4"].contains(&run));
        assert_eq!(
            heard,
            [
                "told",
                "told",
                "skipped",
                "recovered",
                "recovered",
                "nothing"
            ]
        );
    }

    #[test]
    fn who_was_not_told_of_a_failure_is_not_told_that_it_is_over() {
        let heard = heard(&USUAL, vec![failed("1"), passed("2"), failed("3")], |_| {
            false
        });
        assert_eq!(heard, ["told", "nothing", "told"]);
    }

    #[test]
    fn a_warning_is_told_once_and_a_clean_pass_arms_it_again() {
        let runs = vec![warned("1"), warned("2"), passed("3"), warned("4")];
        let heard = heard(&USUAL, runs, |_| true);
        assert_eq!(heard, ["told", "skipped", "nothing", "told"]);
    }

    #[test]
    fn a_pass_with_the_warning_of_the_failed_run_is_a_recovery_and_then_known() {
        let runs = vec![failed("1"), warned("2"), warned("3")];
        assert_eq!(
            heard(&USUAL, runs, |_| true),
            ["told", "recovered", "skipped"]
        );
    }

    #[test]
    fn every_pass_is_told_to_who_asked_for_it_and_to_nobody_else() {
        let all = [When::Failed, When::Passed];
        let heard_all = heard(&all, vec![passed("1"), passed("2"), warned("3")], |_| true);
        assert_eq!(heard_all, ["told", "told", "told"]);
        assert_eq!(heard(&USUAL, vec![passed("1")], |_| true), ["nothing"]);
    }

    #[test]
    fn a_new_key_every_night_is_the_same_trouble() {
        let nightly = |name: &str| {
            let mut report = failed(name);
            report.findings[0].subject = Some(format!("{name}.dump"));
            report.backup = Some(BackupFacts {
                key: format!("{name}.dump"),
                ..BackupFacts::default()
            });
            report
        };
        let heard = heard(&USUAL, vec![nightly("1"), nightly("2")], |_| true);
        assert_eq!(heard, ["told", "skipped"]);
    }

    #[test]
    fn a_look_from_outside_neither_repeats_nor_ends_what_a_drill_found() {
        let look = |name: &str, verdict| Report {
            command: Command::Health,
            ..run(name, verdict, &[])
        };
        let runs = vec![
            failed("1"),
            look("2", Verdict::Healthy),
            failed("3"),
            look("4", Verdict::Failed),
            look("5", Verdict::Healthy),
            look("6", Verdict::Healthy),
        ];
        let all = [When::Failed, When::Passed];
        assert_eq!(
            heard(&all, runs, |_| true),
            ["told", "nothing", "skipped", "told", "recovered", "nothing"]
        );
    }

    #[test]
    fn without_a_history_every_run_is_news_and_every_pass_closes_the_incident() {
        let before = Before { past: None };
        let mut notify = notify(&USUAL);
        notify.pagerduty = Some(PagerDutyPlan {
            routing_key: Secret::new("x"),
            url: None,
        });
        let told = |report: &Report| decide(report, &notify, before).len();
        assert_eq!(told(&failed("1")), 2);
        assert_eq!(told(&passed("2")), 1);
        assert_eq!(told(&warned("3")), 2);
    }

    #[test]
    fn a_backup_that_somebody_named_ends_no_trouble() {
        let mut before = failed("1");
        before.sinks = vec![Delivery {
            name: "slack".to_owned(),
            delivered: true,
            ..Delivery::default()
        }];
        let past = [before];
        let before = Before { past: Some(&past) };
        assert_eq!(decide(&aside(passed("2")), &notify(&USUAL), before), []);
        assert_eq!(decide(&passed("2"), &notify(&USUAL), before).len(), 1);
    }

    fn aside(run: Report) -> Report {
        Report { aside: true, ..run }
    }

    #[test]
    fn what_a_part_of_the_plan_told_is_told_again_of_the_plan() {
        let heard = heard(
            &USUAL,
            vec![
                aside(failed("1")),
                aside(failed("2")),
                failed("3"),
                aside(passed("4")),
                failed("5"),
            ],
            |_| true,
        );
        assert_eq!(heard, ["told", "skipped", "told", "nothing", "skipped"]);
    }

    #[test]
    fn a_part_that_passed_takes_nobody_the_word_that_the_trouble_is_over() {
        let runs = vec![
            failed("1"),
            aside(warned("2")),
            failed("3"),
            passed("4"),
            passed("5"),
        ];
        assert_eq!(
            heard(&USUAL, runs, |_| true),
            ["told", "told", "skipped", "recovered", "nothing"]
        );
    }

    #[test]
    fn what_was_passed_over_in_a_search_makes_its_end_no_news() {
        let over = |name: &str| Report {
            search: Some(name.to_owned()),
            ..failed(name)
        };
        let mut found = warned("2");
        found.sinks = vec![Delivery {
            name: "slack".to_owned(),
            delivered: true,
            ..Delivery::default()
        }];
        for part in [false, true] {
            let past =
                [over("3"), found.clone(), over("1")].map(|run| Report { aside: part, ..run });
            let before = Before { past: Some(&past) };
            let again = Report {
                aside: part,
                ..warned("4")
            };
            let choices = decide(&again, &notify(&USUAL), before);
            assert!(matches!(choices[..], [Choice::Skip(_)]), "{choices:?}");
        }
    }

    #[test]
    fn no_heart_beats_for_a_part_of_the_plan() {
        let mut notify = notify(&[When::Passed]);
        notify.heartbeat = Some(HeartbeatPlan {
            start: None,
            success: Some(Secret::new("https://x")),
            failure: None,
            rid: None,
        });
        let told = |report: &Report| decide(report, &notify, Before { past: None }).len();
        assert_eq!(told(&passed("1")), told(&aside(passed("1"))) + 1);
    }
}
