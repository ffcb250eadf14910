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
        lock(&self.0).begin(Instant::now());
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
        lock(&self.0.0).end(Instant::now());
    }
}

impl Open {
    fn begin(&mut self, now: Instant) {
        self.requests += 1;
        self.since.get_or_insert(now);
    }

    fn end(&mut self, now: Instant) {
        self.requests -= 1;
        if self.requests == 0
            && let Some(since) = self.since.take()
        {
            self.took += now.saturating_duration_since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_side_by_side_count_once_and_pauses_do_not() {
        let (mut open, start) = (Open::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        open.begin(at(0));
        open.begin(at(1));
        open.end(at(3));
        open.end(at(4));
        assert_eq!(open.took, Duration::from_secs(4));
        open.begin(at(10));
        open.end(at(12));
        assert_eq!(open.took, Duration::from_secs(6));
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let download = Download::default();
        assert_eq!(download.take(), None);
        let (arriving, began) = (download.begin(), Instant::now());
        while began.elapsed().is_zero() {}
        drop(arriving);
        assert!(download.take().is_some());
        assert_eq!(download.take(), None);
    }
}
