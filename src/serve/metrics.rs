//! The text of `/metrics`: what drills write for Prometheus, of all plans, at the time at which it is asked for. Pure.

use jiff::Timestamp;

use super::look::is_disproved;
use crate::{
    pages::{Board, PlanState},
    sinks::prometheus::{self, Standing},
};

/// The text of `/metrics`.
pub(super) fn text(board: &Board) -> String {
    let standings: Vec<_> = (board.plans.iter())
        .map(|state| standing(state, board.now))
        .collect();
    prometheus::exposition(&standings)
}

/// How a plan's backups stand between two runs: by the last look at the storage, and by the runs of the past.
fn standing(state: &PlanState, now: Timestamp) -> Standing<'_> {
    let look = state.health.as_ref();
    let drill = state.past.answering().next();
    let good = look.filter(|look| !is_disproved(&state.past, look));
    Standing {
        backup: &state.name,
        look: look.or(drill),
        // A drill may have been told to take another one than the newest.
        newest: look.is_some(),
        now: Some(now),
        drill,
        last_success: (state.past.runs.iter().chain(good))
            .filter(|run| !run.aside)
            .filter_map(prometheus::success)
            .chain(state.good)
            .max(),
        last_pass: state.past.last_pass(),
        // Whoever is scraped may count from the start of its process, where no history is kept.
        failures: Some(state.past.failures()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::Past,
        report::{BackupFacts, Command, Report, RestoreFacts, Verdict},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A run of a plan whose name could break the text, of a backup that was written at 100.
    fn run(command: Command, verdict: Verdict, started: i64) -> Report {
        let mut run = Report::new("a\"b", &started.to_string(), at(started));
        (run.command, run.verdict) = (command, verdict);
        run.backup = Some(BackupFacts {
            key: "a.dump".to_owned(),
            size_bytes: 4096,
            storage_bytes: 9000,
            last_modified: Some(at(100)),
            age_seconds: Some(started - 100),
            duration_seconds: Some(1.5),
            ..BackupFacts::default()
        });
        run.restore = Some(RestoreFacts {
            seconds: 2.5,
            ..RestoreFacts::default()
        });
        run
    }

    fn told(health: Option<Report>, runs: Vec<Report>) -> String {
        let past = Past {
            runs,
            ..Past::default()
        };
        let state = PlanState {
            name: "a\"b".to_owned(),
            health,
            past,
            ..PlanState::default()
        };
        text(&Board {
            now: at(160),
            plans: vec![state],
        })
    }

    fn assert_line(text: &str, metric: &str, labels: &str, value: &str) {
        let line = format!("{metric}{{backup=\"a\\\"b\"{labels}}} {value}");
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }

    #[test]
    fn the_last_look_and_the_past_are_told_together() {
        let runs = vec![
            run(Command::Verify, Verdict::Unverified, 130),
            run(Command::Verify, Verdict::Passed, 120),
            run(Command::Verify, Verdict::Failed, 110),
        ];
        let text = told(Some(run(Command::Health, Verdict::Failed, 150)), runs);
        for (metric, value) in [
            ("backup_last_success_timestamp", "100"),
            ("backup_size_bytes", "4096"),
            ("backup_duration_seconds", "1.5"),
            ("backup_failure_total", "2"),
            ("backup_age_seconds", "60"),
            ("backup_storage_bytes", "9000"),
            ("backup_verify_last_run_timestamp_seconds", "130"),
            ("backup_verify_last_pass_timestamp_seconds", "120"),
        ] {
            assert_line(&text, metric, "", value);
        }
        let verdict = "backup_verify_verdict";
        assert_line(&text, verdict, ",verdict=\"unverified\"", "1");
        assert_line(&text, verdict, ",verdict=\"passed\"", "0");
        assert_line(
            &text,
            "backup_verify_findings",
            ",severity=\"critical\"",
            "0",
        );
    }

    #[test]
    fn a_backup_that_no_look_found_good_is_no_success() {
        let unhealthy = run(Command::Health, Verdict::Failed, 150);
        let success = "backup_last_success_timestamp";
        assert!(!told(Some(unhealthy), Vec::new()).contains(success));
        let healthy = run(Command::Health, Verdict::Healthy, 150);
        assert_line(&told(Some(healthy), Vec::new()), success, "", "100");
    }

    #[test]
    fn a_backup_that_the_last_drill_found_bad_is_no_success_though_it_looks_good() {
        let looks_good = || Some(run(Command::Health, Verdict::Healthy, 150));
        let failed = run(Command::Verify, Verdict::Failed, 120);
        let success = "backup_last_success_timestamp";
        assert!(!told(looks_good(), vec![failed.clone()]).contains(success));
        let another = Report {
            backup: None,
            ..failed
        };
        assert_line(&told(looks_good(), vec![another]), success, "", "100");
    }

    #[test]
    fn a_look_that_finds_nothing_good_leaves_the_last_success_as_it_was() {
        let older = Past {
            runs: vec![run(Command::Verify, Verdict::Passed, 120)],
            ..Past::default()
        };
        let state = PlanState {
            name: "a\"b".to_owned(),
            health: Some(run(Command::Health, Verdict::Failed, 150)),
            past: older,
            good: Some(at(140)),
            ..PlanState::default()
        };
        let text = text(&Board {
            now: at(160),
            plans: vec![state],
        });
        assert_line(&text, "backup_last_success_timestamp", "", "140");
    }

    #[test]
    fn before_the_first_look_nothing_is_said_of_the_newest_backup() {
        let text = told(None, vec![run(Command::Verify, Verdict::Passed, 120)]);
        assert!(!text.contains("backup_size_bytes"), "{text}");
        assert!(!text.contains("backup_age_seconds"), "{text}");
        assert_line(&text, "backup_restore_duration_seconds", "", "2.5");
        assert_line(&told(None, Vec::new()), "backup_failure_total", "", "0");
    }
}
