//! Runs the drills of the schedules, one after another.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch::Receiver, time::sleep};

use super::{
    known::{Known, Watch},
    schedule::{self, Schedule},
};
use crate::{
    error::Result,
    progress::Progress,
    report::{Report, Verdict},
    verify::{self, Options, Outcome, Signal},
};

/// How often the clock is looked at: short, so that a clock that jumps or a machine that slept is noticed.
const TICK: Duration = Duration::from_secs(1);

/// The signal that ends everything, once it came.
#[derive(Clone)]
pub(super) struct Stop(pub(super) Receiver<Option<Signal>>);

impl Stop {
    /// Waits for it.
    pub(super) async fn wait(mut self) -> Signal {
        let came = self.0.wait_for(Option::is_some).await.map(|signal| *signal);
        match came {
            Ok(signal) => signal.unwrap_or(Signal::Terminate),
            Err(_) => std::future::pending().await,
        }
    }
}

/// A plan with a schedule, and where it stands.
pub(super) struct Turn {
    position: usize,
    schedule: Schedule,
    /// Every time up to here is dealt with.
    since: Timestamp,
    next: Option<Timestamp>,
    /// Whether what the history says was taken in, or is of no use any more.
    recalled: bool,
    kept: bool,
}

/// The turns of every plan that has a schedule.
pub(super) fn turns(watch: &Watch) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    for (position, watched) in watch.plans.iter().enumerate() {
        if let Some(plan) = &watched.plan.schedule {
            let kept = watched.plan.history.is_some();
            turns.push(Turn::new(position, Schedule::of(plan)?, kept, watch.began));
        }
    }
    Ok(turns)
}

impl Turn {
    fn new(position: usize, schedule: Schedule, kept: bool, began: Timestamp) -> Self {
        Self {
            position,
            next: schedule::next(&schedule, began),
            schedule,
            since: began,
            recalled: false,
            kept,
        }
    }

    /// Brings the turn up to now: what the history says, and a clock that went back.
    fn update(&mut self, known: &Known, now: Timestamp) {
        if self.since > now {
            self.deal(now);
        }
        if !self.recalled && known.recalled {
            self.recalled = true;
            // One that was interrupted answered nothing: it is made up for.
            let mut drilled = (known.past.answering()).filter(|run| !verify::was_interrupted(run));
            let catch_up = match drilled.next() {
                Some(last) => schedule::missed(&self.schedule, end(last), now),
                // Without any drill nothing is proven: the first one makes up for all that there were not.
                None => self.kept,
            };
            if catch_up {
                self.next = Some(now);
            }
        }
    }

    /// Counts everything up to now as dealt with: also what came while the drill ran.
    fn deal(&mut self, now: Timestamp) {
        self.since = now;
        self.next = schedule::next(&self.schedule, now);
    }

    fn due(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|next| next <= now)
    }
}

/// When a drill ended.
fn end(report: &Report) -> Timestamp {
    let took = SignedDuration::try_from_secs_f64(report.seconds).unwrap_or_default();
    report.started.checked_add(took).unwrap_or(report.started)
}

/// Drills what is due, one at a time, until the signal comes.
pub(super) async fn run(watch: Arc<Watch>, mut turns: Vec<Turn>, stop: Stop) {
    loop {
        let now = Timestamp::now();
        for turn in &mut turns {
            if let Some(watched) = watch.plans.get(turn.position) {
                let known = watched.known();
                turn.update(&known, now);
                if known.next != turn.next {
                    watch.learn(watched, |known| known.next = turn.next);
                }
            }
        }
        let due = turns.iter_mut().filter(|turn| turn.due(now));
        let Some(turn) = due.min_by_key(|turn| turn.next) else {
            tokio::select! {
                _ = stop.clone().wait() => return,
                () = sleep(TICK) => continue,
            }
        };
        turn.recalled = true;
        if drill(&watch, turn.position, &stop).await.is_some() {
            return;
        }
        turn.deal(Timestamp::now());
    }
}

/// Drills one plan; returns what interrupted it.
async fn drill(watch: &Arc<Watch>, position: usize, stop: &Stop) -> Option<Signal> {
    let watched = watch.plans.get(position)?;
    let name = &watched.plan.name;
    tracing::info!("the drill of \"{name}\" begins");
    watch.learn(watched, |known| known.running = true);
    let (plan, interrupt) = (watched.plan.clone(), stop.clone().wait());
    let options = Options {
        lang: watch.lang,
        ..Options::default()
    };
    // A task of its own: should it break, the others are still drilled.
    let outcome = tokio::spawn(async move {
        let progress = Progress::default();
        verify::verify(&plan, &options, &progress, interrupt).await
    })
    .await;
    watch.learn(watched, |known| known.running = false);
    let Ok(Outcome {
        report,
        interrupted,
        ..
    }) = outcome
    else {
        tracing::error!("the drill of \"{name}\" broke off: this is a fault of pgdrill");
        return None;
    };
    tell(&report);
    watch.learn(watched, |known| known.drilled(report));
    interrupted
}

fn tell(report: &Report) {
    let (plan, run, verdict) = (&report.plan, &report.run, report.verdict.name());
    if report.verdict == Verdict::Passed {
        tracing::info!("the drill {run} of \"{plan}\" passed");
    } else {
        tracing::warn!("the drill {run} of \"{plan}\": {verdict}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Error, history::Past, plan::SchedulePlan};

    const NOON: &str = "2026-11-23T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A turn every day at four, in a process that began at noon.
    fn daily(kept: bool) -> Turn {
        let plan = SchedulePlan {
            cron: "0 4 * * *".to_owned(),
            timezone: "UTC".to_owned(),
        };
        Turn::new(0, Schedule::of(&plan).unwrap(), kept, at(NOON))
    }

    fn history(last: &[&str]) -> Known {
        let mut known = Known::default();
        let runs = last
            .iter()
            .map(|at| Report::new("shop", at, at.parse().unwrap()));
        known.recall(Past {
            runs: runs.collect(),
            damaged: Vec::new(),
        });
        known
    }

    #[test]
    fn nothing_is_due_before_its_time_and_once_it_is_it_stays_due() {
        let turn = daily(false);
        assert!(!turn.due(at("2026-11-24T03:59:59Z")));
        assert!(turn.due(at("2026-11-24T04:00:00Z")));
        assert!(turn.due(at("2026-11-24T09:00:00Z")));
    }

    #[test]
    fn however_many_were_missed_one_drill_makes_up_for_them() {
        let mut turn = daily(true);
        turn.update(&history(&["2026-11-01T04:00:00Z"]), at(NOON));
        assert!(turn.due(at(NOON)));
        turn.deal(at("2026-11-23T12:05:00Z"));
        turn.update(
            &history(&["2026-11-01T04:00:00Z"]),
            at("2026-11-23T12:05:01Z"),
        );
        assert!(!turn.due(at("2026-11-23T12:05:01Z")));
        assert_eq!(turn.next, Some(at("2026-11-24T04:00:00Z")));
    }

    #[test]
    fn a_drill_that_ran_on_time_is_not_made_up_for() {
        let mut turn = daily(true);
        turn.update(&history(&["2026-11-23T04:00:00Z"]), at(NOON));
        assert!(!turn.due(at(NOON)));
    }

    #[test]
    fn a_drill_that_was_interrupted_is_made_up_for_and_one_that_proved_nothing_is_not() {
        let stopped = |why: &str| {
            let mut known = history(&["2026-11-22T04:00:00Z", "2026-11-23T04:00:00Z"]);
            let why = Error::new(why, "Run it again.");
            Arc::make_mut(&mut known.past).runs[0].stop(why);
            known
        };
        let mut turn = daily(true);
        turn.update(&stopped("the run was interrupted by SIGTERM"), at(NOON));
        assert!(turn.due(at(NOON)));
        let mut turn = daily(true);
        turn.update(&stopped("the disk is full"), at(NOON));
        assert!(!turn.due(at(NOON)));
    }

    #[test]
    fn a_time_that_came_while_a_drill_ran_was_not_missed() {
        let mut turn = daily(true);
        let mut known = history(&["2026-11-23T03:50:00Z"]);
        Arc::make_mut(&mut known.past).runs[0].seconds = 1_200.0;
        turn.update(&known, at(NOON));
        assert!(!turn.due(at(NOON)));
    }

    #[test]
    fn what_was_never_drilled_is_drilled_at_once_when_the_history_says_so() {
        let mut turn = daily(true);
        turn.update(&Known::default(), at(NOON));
        assert!(!turn.due(at(NOON)), "the history is not read yet");
        turn.update(&history(&[]), at(NOON));
        assert!(turn.due(at(NOON)));
        let mut turn = daily(false);
        turn.update(&history(&[]), at(NOON));
        assert!(!turn.due(at(NOON)), "without a history nobody knows");
    }

    #[test]
    fn a_clock_that_goes_back_does_not_stop_the_drills() {
        let mut turn = daily(false);
        turn.deal(at("2099-01-01T00:00:00Z"));
        turn.update(&Known::default(), at(NOON));
        assert_eq!(turn.next, Some(at("2026-11-24T04:00:00Z")));
    }
}
