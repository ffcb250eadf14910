//! Who may read at the moment: as many as are allowed, and each looks again after some bytes whether it still is.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::Notify;

/// How many may read at the same time; none at first.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<State>);

#[derive(Debug, Default)]
struct State {
    allowed: AtomicUsize,
    taken: AtomicUsize,
    changed: Notify,
}

/// The right to read; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    is_taken: bool,
}

impl Turns {
    /// Allows so many.
    pub(super) fn allow(&self, count: usize) {
        self.0.allowed.store(count, Relaxed);
        self.0.changed.notify_waiters();
    }

    /// Waits until one more is allowed.
    pub(super) async fn take(&self) -> Turn {
        let mut turn = Turn {
            turns: self.clone(),
            is_taken: false,
        };
        turn.take().await;
        turn
    }
}

impl Turn {
    /// Waits as long as more read than are allowed.
    pub(super) async fn keep(&mut self) {
        let state = &self.turns.0;
        if state.taken.load(Relaxed) > state.allowed.load(Relaxed) {
            self.end();
            self.take().await;
        }
    }

    async fn take(&mut self) {
        let state = Arc::clone(&self.turns.0);
        loop {
            let changed = state.changed.notified();
            let allowed = state.allowed.load(Relaxed);
            let one_more = |taken| (taken < allowed).then_some(taken + 1);
            if (state.taken)
                .fetch_update(Relaxed, Relaxed, one_more)
                .is_ok()
            {
                self.is_taken = true;
                return;
            }
            changed.await;
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.is_taken) {
            self.turns.0.taken.fetch_sub(1, Relaxed);
            self.turns.0.changed.notify_waiters();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn no_more_read_than_are_allowed() {
        let turns = Turns::default();
        assert!(turns.take().now_or_never().is_none());
        turns.allow(1);
        let mut first = turns.take().now_or_never().unwrap();
        assert!(turns.take().now_or_never().is_none());
        turns.allow(2);
        let second = turns.take().now_or_never().unwrap();
        turns.allow(1);
        assert!(first.keep().now_or_never().is_none(), "one of two stops");
        drop(second);
        assert!(first.keep().now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_waits_goes_on_as_soon_as_it_may() {
        let turns = Turns::default();
        turns.allow(1);
        let first = turns.take().await;
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { drop(turns.take().await) }
        });
        tokio::task::yield_now().await;
        drop(first);
        waiting.await.unwrap();
    }
}
