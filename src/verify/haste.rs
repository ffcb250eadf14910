//! How long everybody is tried together after a run: for so long as was agreed, and less when whoever waits is in a hurry.

use std::{pin::Pin, time::Duration};

use tokio::time::{Instant, sleep_until};

/// How long after a run that was interrupted: whoever interrupts does not wait, and CI kills after some ten seconds.
pub(super) const HURRY: Duration = Duration::from_secs(4);

/// What is kept of the time for those who are tried later, in quarters: they get what the ones before them leave, and
/// never less than this.
#[derive(Clone, Copy)]
pub(super) enum Kept {
    /// For the people and the metrics.
    Most = 3,
    /// For the metrics, which tell how many did not take the report.
    Some = 1,
    Nothing = 0,
}

/// The time for everybody, and what may shorten it.
pub(super) struct Haste<F> {
    whole: Duration,
    end: Instant,
    hurry: Pin<Box<F>>,
    hurried: bool,
}

impl<F: Future<Output = ()>> Haste<F> {
    /// Begins now. When `hurry` comes, [`HURRY`] is left.
    pub(super) fn begin(whole: Duration, hurry: F) -> Self {
        Self {
            whole,
            end: Instant::now() + whole,
            hurry: Box::pin(hurry),
            hurried: false,
        }
    }

    /// Until when somebody is tried who leaves this much to others, if no hurry comes.
    pub(super) fn until(&self, kept: Kept) -> Instant {
        let kept = self.whole / 4 * kept as u32;
        self.end.checked_sub(kept).unwrap_or(self.end)
    }

    /// Ends when the time of somebody is over who leaves this much to others.
    pub(super) async fn over(&mut self, kept: Kept) {
        while !self.hurried {
            tokio::select! {
                biased;
                () = sleep_until(self.until(kept)) => return,
                () = self.hurry.as_mut() => self.hurry_up(),
            }
        }
        sleep_until(self.until(kept)).await;
    }

    fn hurry_up(&mut self) {
        self.hurried = true;
        self.whole = self.whole.min(HURRY);
        self.end = self.end.min(Instant::now() + HURRY);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn shares<F: Future<Output = ()>>(haste: &Haste<F>) -> [u64; 3] {
        [Kept::Most, Kept::Some, Kept::Nothing]
            .map(|kept| (haste.end - haste.until(kept)).as_secs())
    }

    #[test]
    fn who_comes_later_has_a_share_that_nobody_takes() {
        let haste = Haste::begin(Duration::from_mins(1), pending());
        assert_eq!(shares(&haste), [45, 15, 0]);
    }

    #[tokio::test]
    async fn in_a_hurry_four_seconds_are_left_for_all_together() {
        let mut haste = Haste::begin(Duration::from_hours(24), ready(()));
        // Without the hurry this would take six hours.
        haste.over(Kept::Most).await;
        assert_eq!(shares(&haste), [3, 1, 0]);
        assert!(haste.end <= Instant::now() + HURRY);
    }

    #[tokio::test]
    async fn a_hurry_gives_nobody_more_time_than_there_was() {
        let mut haste = Haste::begin(Duration::ZERO, ready(()));
        let end = haste.end;
        haste.over(Kept::Nothing).await;
        haste.hurry_up();
        assert_eq!((haste.end, shares(&haste)), (end, [0, 0, 0]));
    }
}
