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
    usual: Mutex<Vec<(String, Duration)>>,
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

    /// Says how long each stage usually takes, in their order.
    pub fn expect_stages(&self, usual: Vec<(String, Duration)>) {
        *lock(&self.0.usual) = usual;
    }

    /// How long the run may still take, by this run's rate and by what its stages usually take. `None`: nobody knows.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let (stage, since) = (*lock(&self.0.stage))?;
        left(&lock(&self.0.usual), stage, since.elapsed(), self.bytes())
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

/// What is left of this stage, and the usual time of those after it. A stage that reads the backup takes what its rate
/// says when that is longer than usual; one that takes longer than usual and reads nothing tells nothing.
fn left(
    usual: &[(String, Duration)],
    stage: &str,
    elapsed: Duration,
    (done, total): (u64, u64),
) -> Option<Duration> {
    let mut from = usual.iter().skip_while(|(name, _)| name != stage);
    let own = from.next()?.1;
    let reads = done > 0 && done < total;
    let by_rate = reads.then(|| {
        let millis = elapsed.as_millis() * u128::from(total - done) / u128::from(done);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    });
    let here = match (by_rate, own.checked_sub(elapsed)) {
        (Some(rate), Some(usual)) => rate.max(usual),
        (Some(rate), None) => rate,
        (None, usual) => usual?,
    };
    Some(
        from.map(|(_, took)| *took)
            .fold(here, |sum, took| sum + took),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn usual() -> Vec<(String, Duration)> {
        let stages = [("start", 2), ("restore", 60), ("check", 10)];
        let stages = stages.map(|(name, took)| (name.to_owned(), seconds(took)));
        stages.into()
    }

    fn told(stage: &str, elapsed: u64, bytes: (u64, u64)) -> Option<u64> {
        left(&usual(), stage, seconds(elapsed), bytes).map(|left| left.as_secs())
    }

    #[test]
    fn what_is_left_is_the_rest_of_the_stage_and_the_stages_after_it() {
        assert_eq!(told("start", 1, (0, 0)), Some(71));
        assert_eq!(told("restore", 20, (0, 0)), Some(50));
        assert_eq!(told("check", 10, (0, 0)), Some(0));
    }

    #[test]
    fn a_slow_download_counts_by_its_own_rate() {
        assert_eq!(told("restore", 20, (10, 100)), Some(190));
        assert_eq!(told("restore", 20, (90, 100)), Some(50));
        assert_eq!(told("restore", 70, (70, 100)), Some(40));
    }

    #[test]
    fn nobody_is_told_what_nobody_knows() {
        assert_eq!(told("restore", 61, (0, 0)), None);
        assert_eq!(told("unheard of", 1, (0, 0)), None);
        assert_eq!(left(&[], "restore", seconds(1), (1, 2)), None);
    }
}
