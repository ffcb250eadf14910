//! What a run is doing right now, for whoever watches. It never changes what the run does.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What a run is doing; clones watch the same run.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stage: Mutex<Option<(&'static str, Instant)>>,
    finished: Mutex<Vec<(&'static str, Duration)>>,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
}

impl Progress {
    /// Enters a stage and ends the one before it.
    pub fn stage(&self, name: &'static str) {
        self.finish();
        *lock(&self.0.stage) = Some((name, Instant::now()));
    }

    /// Ends the stage.
    pub fn finish(&self) {
        if let Some((name, since)) = lock(&self.0.stage).take() {
            lock(&self.0.finished).push((name, since.elapsed()));
        }
    }

    /// The stage, if one was entered.
    #[must_use]
    pub fn current(&self) -> Option<&'static str> {
        lock(&self.0.stage).map(|(name, _)| name)
    }

    /// Every finished stage and how long it took.
    #[must_use]
    pub fn stages(&self) -> Vec<(&'static str, Duration)> {
        lock(&self.0.finished).clone()
    }

    /// How many bytes of the backup there are to read.
    pub fn expect_bytes(&self, total: u64) {
        self.0.bytes_total.store(total, Ordering::Relaxed);
    }

    /// Bytes of the backup that arrived.
    pub fn add_bytes(&self, count: u64) {
        self.0.bytes_done.fetch_add(count, Ordering::Relaxed);
    }

    /// Bytes read, and bytes there are.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (
            self.0.bytes_done.load(Ordering::Relaxed),
            self.0.bytes_total.load(Ordering::Relaxed),
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
