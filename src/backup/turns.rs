//! What of an object arrives ahead of its turn: what stands behind a long part of it need not wait for all of that part.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::Sender;

/// How far an object was asked for in its order, and which stretch of it is asked for ahead of its turn.
#[derive(Debug)]
pub(super) struct Turns {
    state: Mutex<State>,
    comes: Notify,
    arrivals: Arc<Arrivals>,
}

/// How many bytes arrived of what was asked for in its order, and when the last of them did.
#[derive(Debug)]
pub(super) struct Arrivals {
    began: Instant,
    bytes: AtomicU64,
    /// In milliseconds after the beginning.
    last: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Up to which byte; none as long as nobody can ask for a part of it.
    asked: Option<u64>,
    wanted: Option<Stretch>,
}

/// Some bytes of an object, and who gets them.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) range: Range<u64>,
    pub(super) to: Sender,
}

/// A link of so many bytes a second is not what is waited for: two cores load some 15 MB of gzip in a second.
const FAST: u64 = 48_000_000;

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            comes: Notify::new(),
            arrivals: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to which byte it was asked for in its order; none where a stretch of it cannot be had, or is not worth it because
    /// the object arrives fast. As long as there is room for more, the time goes on.
    pub(super) fn asked_slowly(&self, has_room: bool) -> Option<u64> {
        let asked = self.state().asked;
        asked.filter(|_| self.arrivals.are_slow(has_room))
    }

    /// Who counts what arrives in its order.
    pub(super) fn arrivals(&self) -> Arc<Arrivals> {
        Arc::clone(&self.arrivals)
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
        if wanted.is_none() {
            state.asked = Some(to);
        }
        wanted
    }

    /// Whether this stretch will come ahead of its turn: not when it was asked for already.
    pub(super) fn want(&self, stretch: Stretch) -> bool {
        let mut state = self.state();
        let in_time = state
            .asked
            .is_some_and(|asked| asked <= stretch.range.start);
        if in_time && state.wanted.is_none() {
            state.wanted = Some(stretch);
            self.comes.notify_one();
            return true;
        }
        false
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }
}

impl Arrivals {
    /// So many bytes more arrived.
    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let now = self.began.elapsed().as_millis();
        self.last
            .store(u64::try_from(now).unwrap_or(u64::MAX), Relaxed);
    }

    fn are_slow(&self, time_goes_on: bool) -> bool {
        let took = if time_goes_on {
            self.began.elapsed()
        } else {
            Duration::from_millis(self.last.load(Relaxed))
        };
        is_slow(self.bytes.load(Relaxed), took)
    }
}

fn is_slow(bytes: u64, after: Duration) -> bool {
    u128::from(bytes) * 1_000 < u128::from(FAST) * after.as_millis()
}

#[cfg(test)]
mod tests {
    use super::{super::Body, *};

    #[test]
    fn a_link_is_slow_when_less_arrives_in_a_second_than_is_loaded() {
        let after = Duration::from_millis;
        assert!(is_slow(25_000_000, after(1_000)));
        assert!(is_slow(262_144, after(20)));
        assert!(!is_slow(25_000_000, after(300)));
        assert!(!is_slow(100_000_000, after(1_000)));
    }

    fn stretch(range: Range<u64>) -> Stretch {
        Stretch {
            range,
            to: Body::new().0,
        }
    }

    #[test]
    fn a_stretch_comes_ahead_of_its_turn_only_before_its_turn() {
        let turns = Turns::new();
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
    }
}
