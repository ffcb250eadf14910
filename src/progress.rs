//! What a run is doing right now, for whoever watches. It never changes what the run does.

mod download;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use download::{Arriving, Download};

/// What a run is doing; clones watch the same run.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<State>);

/// A stage that ended, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// What was done.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
    /// The CPU time; `None`: nobody knows.
    pub cpu: Option<Duration>,
    /// How many bytes of the backup arrived meanwhile.
    pub bytes: u64,
}

/// How much CPU time a run has used since some moment; `None`: nobody knows.
pub type CpuClock = Arc<dyn Fn() -> Option<Duration> + Send + Sync>;

#[derive(Default)]
struct State {
    stage: Mutex<Option<Entered>>,
    finished: Mutex<Vec<Spent>>,
    cpu: Mutex<Option<CpuClock>>,
    usual: Mutex<Vec<(String, Duration)>>,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    tables_done: AtomicU64,
    tables_total: AtomicU64,
    download: Download,
}

impl fmt::Debug for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("State")
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

/// A stage that goes on, and how everything stood at its beginning.
#[derive(Clone, Copy)]
struct Entered {
    name: &'static str,
    since: Instant,
    cpu: Option<Duration>,
    bytes: u64,
}

impl Progress {
    /// Says what to read the CPU time from. One that takes over in the middle of a stage charges it with all that it has
    /// counted more than the one before.
    pub fn measure(&self, clock: CpuClock) {
        *lock(&self.0.cpu) = Some(clock);
    }

    /// Enters a stage and ends the one before it.
    pub fn stage(&self, name: &'static str) {
        let entered = Entered {
            name,
            since: Instant::now(),
            cpu: self.cpu(),
            bytes: self.bytes().0,
        };
        self.end(&entered);
        *lock(&self.0.stage) = Some(entered);
    }

    /// Ends the stage.
    pub fn finish(&self) {
        self.end(&Entered {
            name: "",
            since: Instant::now(),
            cpu: self.cpu(),
            bytes: self.bytes().0,
        });
    }

    /// Ends the stage at the moment at which the next one is entered.
    fn end(&self, next: &Entered) {
        if let Some(begun) = lock(&self.0.stage).take() {
            let cpu = begun.cpu.zip(next.cpu);
            lock(&self.0.finished).push(Spent {
                name: begun.name,
                took: next.since.saturating_duration_since(begun.since),
                cpu: cpu.map(|(before, after)| after.saturating_sub(before)),
                bytes: next.bytes.saturating_sub(begun.bytes),
            });
        }
    }

    fn cpu(&self) -> Option<Duration> {
        let clock = lock(&self.0.cpu).clone();
        clock.and_then(|clock| clock())
    }

    /// The stage, if one was entered.
    #[must_use]
    pub fn current(&self) -> Option<&'static str> {
        lock(&self.0.stage).map(|stage| stage.name)
    }

    /// Every stage that finished since this was asked last: who tries one backup after another asks after each.
    #[must_use]
    pub fn take_stages(&self) -> Vec<Spent> {
        std::mem::take(&mut *lock(&self.0.finished))
    }

    /// Says how long each stage usually takes, in their order.
    pub fn expect_stages(&self, usual: Vec<(String, Duration)>) {
        *lock(&self.0.usual) = usual;
    }

    /// How long the run may still take, by this run's rate and by what its stages usually take. `None`: nobody knows.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let stage = (*lock(&self.0.stage))?;
        let elapsed = stage.since.elapsed();
        left(&lock(&self.0.usual), stage.name, elapsed, self.bytes())
    }

    /// How many bytes of the backup there are to read.
    pub fn expect_bytes(&self, total: u64) {
        self.0.bytes_total.store(total, Ordering::Relaxed);
    }

    /// Bytes of the backup that arrived.
    pub fn add_bytes(&self, count: u64) {
        self.0.bytes_done.fetch_add(count, Ordering::Relaxed);
    }

    /// Bytes of the backup are on their way until what this returns is dropped.
    #[must_use]
    pub fn arriving(&self) -> Arriving {
        self.0.download.begin()
    }

    /// How long some were since this was asked last; `None` when none were asked for in requests of their own.
    #[must_use]
    pub fn take_download(&self) -> Option<Duration> {
        self.0.download.take()
    }

    /// How many tables the backup holds that is read from here on.
    pub fn expect_tables(&self, total: u64) {
        self.0.tables_done.store(0, Ordering::Relaxed);
        self.0.tables_total.store(total, Ordering::Relaxed);
    }

    /// A table of the backup arrived, whole.
    pub fn add_table(&self) {
        self.0.tables_done.fetch_add(1, Ordering::Relaxed);
    }

    /// Tables that arrived, and tables there are.
    #[must_use]
    pub fn tables(&self) -> (u64, u64) {
        (
            self.0.tables_done.load(Ordering::Relaxed),
            self.0.tables_total.load(Ordering::Relaxed),
        )
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

    /// A run whose clock shows these milliseconds, one at each look.
    fn read_from(shows: Vec<Option<u64>>) -> Progress {
        let progress = Progress::default();
        let shows = Mutex::new(shows.into_iter());
        progress.measure(Arc::new(move || {
            lock(&shows).next().flatten().map(Duration::from_millis)
        }));
        progress
    }

    #[test]
    fn a_stage_has_what_the_clock_and_the_bytes_moved_in_it() {
        let progress = read_from(vec![Some(5), Some(12), Some(40)]);
        progress.stage("open");
        progress.add_bytes(7);
        progress.stage("restore");
        progress.add_bytes(30);
        progress.finish();
        let stages = progress.take_stages();
        let told = stages.iter().map(|one| (one.name, one.cpu, one.bytes));
        let millis = |count| Some(Duration::from_millis(count));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [("open", millis(7), 7), ("restore", millis(28), 30)]
        );
        assert_eq!(progress.take_stages(), []);
    }

    #[test]
    fn a_clock_that_is_not_known_at_one_end_of_a_stage_tells_nothing_of_it() {
        let progress = read_from(vec![Some(5), None, Some(40), Some(30)]);
        for stage in ["open", "start", "restore"] {
            progress.stage(stage);
        }
        progress.finish();
        let told: Vec<_> = (progress.take_stages().iter()).map(|one| one.cpu).collect();
        assert_eq!(told, [None, None, Some(Duration::ZERO)]);
    }

    #[test]
    fn nobody_is_told_what_nobody_knows() {
        assert_eq!(told("restore", 61, (0, 0)), None);
        assert_eq!(told("unheard of", 1, (0, 0)), None);
        assert_eq!(left(&[], "restore", seconds(1), (1, 2)), None);
    }
}
