//! How long bytes were on their way: the time in which at least one request for them was open, and no pause in which
//! nobody wanted any.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::lock;

/// The requests of a run that are open, and how long some were.
#[derive(Clone, Debug, Default)]
pub(super) struct Download(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    requests: usize,
    since: Option<Instant>,
    took: Duration,
}

/// A request that is open until this is dropped.
#[derive(Debug)]
pub struct Arriving(Download);

impl Download {
    pub(super) fn begin(&self) -> Arriving {
        let mut open = lock(&self.0);
        open.requests += 1;
        open.since.get_or_insert_with(Instant::now);
        Arriving(self.clone())
    }

    /// How long it took since this was asked last; `None` when nothing was on its way.
    pub(super) fn take(&self) -> Option<Duration> {
        let took = std::mem::take(&mut lock(&self.0).took);
        (took > Duration::ZERO).then_some(took)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let mut open = lock(&self.0.0);
        open.requests -= 1;
        if open.requests == 0
            && let Some(since) = open.since.take()
        {
            open.took += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    #[test]
    fn requests_side_by_side_count_once_and_pauses_do_not() {
        let download = Download::default();
        let began = Instant::now();
        let (one, other) = (download.begin(), download.begin());
        sleep(MOMENT);
        drop(one);
        sleep(MOMENT);
        drop(other);
        let open = began.elapsed();
        let paused = Instant::now();
        sleep(MOMENT);
        let paused = paused.elapsed();
        drop(download.begin());
        let took = download.take().unwrap();
        assert!(took >= 2 * MOMENT, "{took:?}");
        assert!(
            took <= began.elapsed().saturating_sub(paused),
            "{took:?} of {open:?}"
        );
        assert_eq!(download.take(), None);
    }

    #[test]
    fn where_nothing_was_asked_for_nothing_is_told() {
        assert_eq!(Download::default().take(), None);
    }
}
