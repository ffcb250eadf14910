//! The text of `/metrics`, in Prometheus's classic format: pure.

use std::fmt::Write as _;

use crate::pages::{Board, PlanState};

/// A metric: its name, its kind, its help, and its value for one plan.
type Metric = (
    &'static str,
    &'static str,
    &'static str,
    fn(&PlanState, &Board) -> Option<f64>,
);

/// The fixed names of the users' guide, and the age.
const METRICS: [Metric; 5] = [
    (
        "backup_last_success_timestamp",
        "gauge",
        "When the newest backup was written, in seconds since 1970.",
        |state, _| Some(newest(state)?.last_modified?.as_duration().as_secs_f64()),
    ),
    (
        "backup_size_bytes",
        "gauge",
        "The size of the newest backup.",
        |state, _| {
            newest(state)?.last_modified?;
            Some(figure(newest(state)?.size_bytes))
        },
    ),
    (
        "backup_duration_seconds",
        "gauge",
        "How long the backup job took, from the dump's header to the storage's time.",
        |state, _| {
            let mut drilled = state.past.drills().filter_map(|run| run.backup.as_ref());
            drilled.find_map(|backup| backup.duration_seconds)
        },
    ),
    (
        "backup_failure_total",
        "counter",
        "Drills that did not pass.",
        |state, _| Some(figure(state.past.failures())),
    ),
    (
        "backup_age_seconds",
        "gauge",
        "How old the newest backup is.",
        |state, board| {
            let written = newest(state)?.last_modified?;
            Some(board.now.duration_since(written).as_secs_f64())
        },
    ),
];

/// The text of `/metrics`.
pub(super) fn text(board: &Board) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in METRICS {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for state in &board.plans {
            if let Some(value) = value(state, board) {
                let _ = writeln!(text, "{name}{{backup=\"{}\"}} {value}", label(&state.name));
            }
        }
    }
    text
}

fn newest(state: &PlanState) -> Option<&crate::report::BackupFacts> {
    state.health.as_ref()?.backup.as_ref()
}

#[expect(clippy::cast_precision_loss, reason = "the format knows no integers")]
fn figure(number: u64) -> f64 {
    number as f64
}

fn label(name: &str) -> String {
    name.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::{BackupFacts, Report};

    #[test]
    fn the_fixed_names_are_there_and_a_name_cannot_break_the_text() {
        let mut health = Report::new("a\"b", "look", Timestamp::UNIX_EPOCH);
        health.backup = Some(BackupFacts {
            size_bytes: 4096,
            last_modified: Some(Timestamp::from_second(100).unwrap()),
            ..BackupFacts::default()
        });
        let board = Board {
            now: Timestamp::from_second(160).unwrap(),
            plans: vec![PlanState {
                name: "a\"b".to_owned(),
                health: Some(health),
                ..PlanState::default()
            }],
        };
        let text = text(&board);
        for line in [
            "backup_last_success_timestamp{backup=\"a\\\"b\"} 100",
            "backup_size_bytes{backup=\"a\\\"b\"} 4096",
            "backup_failure_total{backup=\"a\\\"b\"} 0",
            "backup_age_seconds{backup=\"a\\\"b\"} 60",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}\n{text}");
        }
        assert!(text.ends_with('\n'));
    }
}
