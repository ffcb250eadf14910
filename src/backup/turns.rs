//! What of an object arrives ahead of its turn: what stands behind a long part of it need not wait for all of that part.

use std::{
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::Sender;

/// How far an object was asked for in its order, and which stretch of it is asked for ahead of its turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    comes: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Up to which byte; none as long as nobody can ask for a part of it.
    asked: Option<u64>,
    /// A stretch is read again in its turn.
    is_read_twice: bool,
    /// There was one; no other comes.
    is_given: bool,
    wanted: Option<Stretch>,
}

/// Some bytes of an object, and who gets them.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) range: Range<u64>,
    pub(super) to: Sender,
}

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to which byte it was asked for in its order; none where a stretch of it cannot be had.
    pub(super) fn asked(&self) -> Option<u64> {
        self.state().asked
    }

    /// Whether a stretch of it is read again in its turn, so that none of it is held until then.
    pub(super) fn are_read_twice(&self) -> bool {
        self.state().is_read_twice
    }

    /// It can be read at two places at the same time, each byte as often as is wanted.
    pub(super) fn read_twice(&self) {
        self.state().is_read_twice = true;
    }

    /// Nothing more of the object comes.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.asked = None;
        let wanted = state.wanted.take();
        drop(state);
        drop(wanted);
    }

    /// Waits until a stretch is wanted: no range that is on its way must hold it up.
    pub(super) async fn is_wanted(&self) {
        self.comes.notified().await;
    }

    /// In its order it will be asked for up to there, unless a stretch is wanted ahead of its turn: then that comes first,
    /// and is given once.
    pub(super) fn ask(&self, to: u64) -> Option<Stretch> {
        let mut state = self.state();
        let wanted = state.wanted.take();
        match &wanted {
            Some(_) => state.is_given = true,
            None => state.asked = Some(to),
        }
        wanted
    }

    /// Whether this stretch will come ahead of its turn: not when it was asked for already.
    pub(super) fn want(&self, stretch: Stretch) -> bool {
        let mut state = self.state();
        let in_time = state
            .asked
            .is_some_and(|asked| asked <= stretch.range.start);
        if in_time && state.wanted.is_none() && !state.is_given {
            state.wanted = Some(stretch);
            self.comes.notify_one();
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Body, *};

    fn stretch(range: Range<u64>) -> Stretch {
        Stretch {
            range,
            to: Body::new().0,
        }
    }

    #[test]
    fn a_stretch_comes_ahead_of_its_turn_only_before_its_turn() {
        let turns = Turns::default();
        assert!(!turns.want(stretch(5..9)), "nobody reads in parts");
        assert!(turns.ask(6).is_none());
        assert!(!turns.want(stretch(5..9)), "it was asked for");
        assert!(turns.want(stretch(6..9)));
        assert!(!turns.want(stretch(7..9)), "there is one already");
        assert_eq!(turns.ask(7).map(|stretch| stretch.range), Some(6..9));
        assert_eq!(
            turns.state().asked,
            Some(6),
            "what comes first moves nothing"
        );
        assert!(turns.ask(7).is_none());
        assert!(!turns.want(stretch(8..9)), "there was one already");
    }
}
