//! Did the restore, or the backup itself, take much longer than usual?

use std::time::Duration;

use super::Drill;
use crate::{
    finding::{Code, Finding},
    plan::Limits,
    report::Report,
    units::Age,
};

/// How many proven runs make a habit.
const FEWEST: usize = 3;

/// How many of the last proven runs are looked at: what was usual last year is not usual now.
const LAST: usize = 10;

/// A smaller difference than this, in seconds, says nothing: a busy machine alone makes it.
const NOISE: f64 = 5.0;

/// The restore against the restores of the last proven runs by the same provider.
pub(super) fn restore(drill: &Drill, limits: &Limits) -> Option<Finding> {
    let took = drill.report.restore.as_ref()?.seconds;
    let provider = |run: &Report| run.sandbox.as_ref().map(|s| s.provider.clone());
    let here = provider(drill.report);
    let usual = drill
        .all_proven()
        .filter(|run| provider(run) == here)
        .filter_map(|run| Some(run.restore.as_ref()?.seconds));
    slow("restoring", took, usual.take(LAST).collect(), limits)
}

/// The backup job against those of the last proven backups.
pub(super) fn backup(drill: &Drill, limits: &Limits) -> Option<Finding> {
    let took = drill.report.backup.as_ref()?.duration_seconds?;
    let usual = drill
        .all_proven()
        .filter_map(|run| run.backup.as_ref()?.duration_seconds);
    let finding = slow(
        "taking the backup",
        took,
        usual.take(LAST).collect(),
        limits,
    )?;
    Some(finding.hint("Read the backup job's log, and look at the load of the database meanwhile."))
}

fn slow(doing: &str, took: f64, mut past: Vec<f64>, limits: &Limits) -> Option<Finding> {
    let usual = median(&mut past)?;
    if took < usual * limits.slow_factor || took - usual < NOISE {
        return None;
    }
    let (long, short) = (age(took), age(usual));
    let message = if usual > 0.0 {
        format!("{doing} took {long}, {:.1} times the usual", took / usual)
    } else {
        format!("{doing} took {long}")
    };
    let detail = format!(
        "It took {took:.1} seconds; the median of the last {} proven runs is {short}, {usual:.1} seconds. `limits.slow_factor` is {}.",
        past.len(),
        limits.slow_factor
    );
    let finding = Finding::new(Code::RestoreSlow, message).detail(detail);
    let allowed = format!("less than {} times the usual", limits.slow_factor);
    Some(
        finding
            .value(long.to_string())
            .limit(allowed)
            .previous(format!("usually {short}")),
    )
}

/// The middle, or between the two in the middle; none of too few.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.len() < FEWEST {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    Some(if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    })
}

fn age(seconds: f64) -> Age {
    Age(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::{RestoreFacts, SandboxFacts, Verdict},
        rules::tests::proven,
    };

    fn took(seconds: f64) -> Report {
        let mut run = proven("a", 1, 60);
        run.restore = Some(RestoreFacts {
            seconds,
            ..RestoreFacts::default()
        });
        run.backup.as_mut().unwrap().duration_seconds = Some(seconds);
        run
    }

    fn both(now: f64, past: &[Report]) -> [Option<Finding>; 2] {
        let report = took(now);
        let drill = Drill {
            report: &report,
            past,
        };
        [restore, backup].map(|rule| rule(&drill, &Limits::default()))
    }

    #[test]
    fn exactly_three_times_the_usual_is_a_warning_and_a_moment_less_is_not() {
        let past = [took(10.0), took(90.0), took(2.0)];
        for finding in both(30.0, &past) {
            let finding = finding.unwrap();
            assert_eq!(finding.code, Code::RestoreSlow);
            assert!(finding.message.ends_with("took 30 s, 3.0 times the usual"));
            assert!(finding.detail.unwrap().contains("the last 3 proven runs"));
        }
        assert_eq!(both(29.99, &past), [None, None]);
    }

    #[test]
    fn two_runs_are_no_habit() {
        assert_eq!(both(900.0, &[took(10.0), took(10.0)]), [None, None]);
    }

    #[test]
    fn only_runs_that_passed_make_a_habit() {
        let mut failed = took(10.0);
        failed.verdict = Verdict::Failed;
        assert_eq!(both(900.0, &[took(10.0), took(10.0), failed]), [None, None]);
    }

    #[test]
    fn only_the_last_ten_count() {
        let mut past = vec![took(100.0); 10];
        past.extend(vec![took(1.0); 90]);
        assert_eq!(both(299.0, &past), [None, None]);
        assert!(both(300.0, &past).iter().all(Option::is_some));
    }

    #[test]
    fn five_seconds_more_is_worth_a_word_and_less_is_noise() {
        let past = [took(1.0), took(1.0), took(1.0)];
        assert_eq!(both(5.9, &past), [None, None]);
        assert!(both(6.0, &past).iter().all(Option::is_some));
    }

    #[test]
    fn a_restore_elsewhere_is_no_measure() {
        let mut past = [took(10.0), took(10.0), took(10.0)];
        for run in &mut past {
            run.sandbox = Some(SandboxFacts {
                provider: "docker".to_owned(),
                ..SandboxFacts::default()
            });
        }
        let [restore, backup] = both(900.0, &past);
        assert!(restore.is_none() && backup.is_some());
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
