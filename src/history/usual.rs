//! How long each stage of a drill usually takes, so that whoever waits can be told how long for.

use std::time::Duration;

use super::{Past, trends::median};
use crate::report::Report;

/// How many drills are looked at: servers and dumps of long ago tell little about today's.
const RUNS: usize = 5;

/// The stages of the last drill that passed after a restore, each with its median over the last five of those. Empty when
/// there was none.
#[must_use]
pub fn usual_stages(past: &Past) -> Vec<(String, Duration)> {
    let restored = past.proven().filter(|run| run.restore.is_some());
    let runs: Vec<&Report> = restored.take(RUNS).collect();
    let Some(newest) = runs.first() else {
        return Vec::new();
    };
    let usual = newest.stages.iter().map(|stage| {
        let took = runs.iter().flat_map(|run| &run.stages);
        let took = took.filter(|other| other.name == stage.name);
        let median = median(took.map(|other| other.seconds).collect());
        let median = median.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        (stage.name.clone(), median.unwrap_or_default())
    });
    usual.collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::{RestoreFacts, Stage, Verdict};

    fn drill(stages: &[(&str, f64)], restored: bool) -> Report {
        let mut run = Report::new("shop", "01JD", Timestamp::UNIX_EPOCH);
        run.verdict = Verdict::Passed;
        run.restore = restored.then(RestoreFacts::default);
        let stages = stages.iter().map(|&(name, seconds)| Stage {
            name: name.to_owned(),
            seconds,
            ..Stage::default()
        });
        run.stages = stages.collect();
        run
    }

    fn past(runs: Vec<Report>) -> Past {
        Past {
            runs,
            damaged: Vec::new(),
        }
    }

    #[test]
    fn a_stage_takes_the_middle_of_what_it_took() {
        let runs = vec![
            drill(&[("open", 1.0)], false),
            drill(&[("restore", 10.0), ("check", 2.0)], true),
            drill(&[("restore", 90.0), ("check", 4.0)], true),
            drill(&[("restore", 20.0)], true),
        ];
        let expected = [
            ("restore".to_owned(), Duration::from_secs(20)),
            ("check".to_owned(), Duration::from_secs(3)),
        ];
        assert_eq!(usual_stages(&past(runs)), expected);
    }

    #[test]
    fn without_a_drill_that_restored_nothing_is_usual() {
        let mut failed = drill(&[("restore", 10.0)], true);
        failed.verdict = Verdict::Failed;
        let runs = vec![failed, drill(&[("open", 1.0)], false)];
        assert_eq!(usual_stages(&past(runs)), []);
    }
}
