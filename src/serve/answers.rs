//! What is answered, made at most once a second however often it is asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    health::{self, Frame, Standing},
    known::Watch,
    metrics,
};
use crate::pages::{self, Board};

/// Makes the answers.
pub(super) struct Answers {
    watch: Arc<Watch>,
    health: Slot<Arc<Health>>,
    metrics: Slot<Bytes>,
    dashboard: Slot<Bytes>,
    board: Mutex<Option<(u64, Board)>>,
}

/// The answers of the health endpoint.
pub(super) struct Health {
    /// All plans together: the worst decides.
    pub(super) all: Answer,
    each: HashMap<String, Answer>,
}

impl Health {
    /// The answer for the plan with this name.
    pub(super) fn of(&self, plan: &str) -> Option<&Answer> {
        self.each.get(plan)
    }
}

/// An answer of the health endpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) healthy: bool,
    /// For those who may know.
    pub(super) body: Bytes,
}

/// All plans: the worst one's answer, and each.
#[derive(Serialize)]
struct All<'a> {
    #[serde(flatten)]
    worst: &'a Standing,
    plans: &'a [Standing],
}

impl Answers {
    pub(super) fn new(watch: Arc<Watch>) -> Self {
        Self {
            watch,
            health: Slot::default(),
            metrics: Slot::default(),
            dashboard: Slot::default(),
            board: Mutex::default(),
        }
    }

    /// How every plan stands.
    pub(super) fn health(&self, now: Timestamp) -> Arc<Health> {
        self.health
            .get(now, self.watch.changes(), || Arc::new(self.judge(now)))
    }

    fn judge(&self, now: Timestamp) -> Health {
        let frame = Frame {
            now,
            began: self.watch.began,
            refresh: self.watch.refresh,
        };
        let plans = self.watch.plans.iter();
        let plans: Vec<Standing> = plans
            .map(|watched| health::judge(&watched.plan, &watched.known(), &frame))
            .collect();
        let worst = plans.iter().min_by_key(|standing| standing.rank());
        let all = worst.map(|worst| Answer {
            healthy: worst.healthy(),
            body: json(&All {
                worst,
                plans: &plans,
            }),
        });
        let each = self
            .watch
            .plans
            .iter()
            .zip(&plans)
            .map(|(watched, standing)| {
                let answer = Answer {
                    healthy: standing.healthy(),
                    body: json(standing),
                };
                (watched.plan.name.clone(), answer)
            });
        Health {
            all: all.unwrap_or_default(),
            each: each.collect(),
        }
    }

    /// The text of `/metrics`. It reads all runs: not for the thread that answers.
    pub(super) fn metrics(&self, now: Timestamp) -> Bytes {
        self.metrics.get(now, self.watch.changes(), || {
            self.with_board(now, metrics::text)
        })
    }

    /// The page of all plans. It reads all runs: not for the thread that answers.
    pub(super) fn dashboard(&self, now: Timestamp) -> Bytes {
        self.dashboard.get(now, self.watch.changes(), || {
            self.with_board(now, pages::dashboard)
        })
    }

    /// Copies what is known only when more became known.
    fn with_board(&self, now: Timestamp, write: impl FnOnce(&Board) -> String) -> Bytes {
        let mut kept = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.watch.changes();
        let mut board = match kept.take() {
            Some((then, board)) if then == changes => board,
            _ => self.watch.board(now),
        };
        board.now = now;
        let text = write(&board);
        *kept = Some((changes, board));
        text.into()
    }
}

/// JSON on one line, with its end.
pub(super) fn json(value: &impl Serialize) -> Bytes {
    // Strings, numbers and lists only: there is nothing that JSON cannot say.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text.into()
}

/// Something that stays true for one second, unless more becomes known: the second, what was known, and the thing.
struct Slot<T>(Mutex<Option<(i64, u64, T)>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Slot<T> {
    fn get(&self, now: Timestamp, changes: u64, make: impl FnOnce() -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((second, then, thing)) if *second == now.as_second() && *then == changes => {
                thing.clone()
            }
            _ => {
                let thing = make();
                *kept = Some((now.as_second(), changes, thing.clone()));
                thing
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_made_once_a_second_and_again_when_more_is_known() {
        let slot = Slot::default();
        let at = |nanosecond| Timestamp::new(100, nanosecond).unwrap();
        assert_eq!(slot.get(at(0), 0, || 1), 1);
        assert_eq!(slot.get(at(999_999_999), 0, || 2), 1);
        assert_eq!(slot.get(at(999_999_999), 1, || 3), 3);
        assert_eq!(slot.get(Timestamp::from_second(101).unwrap(), 1, || 4), 4);
    }
}
