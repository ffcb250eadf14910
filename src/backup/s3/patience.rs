//! How long to go on when the storage does not answer, and the pauses in between.

use std::time::{Duration, Instant};

/// How long to go on when the storage does not answer.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without any progress for this long, it is given up.
    pub deadline: Duration,
    /// A connection that brings no byte for this long is given up and opened again.
    pub stall: Duration,
    /// The first pause between two tries; each one after it is twice as long, up to 20 seconds.
    pub pause: Duration,
}

/// The longest pause between two tries: the AWS SDK's own.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

impl Default for Patience {
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(2),
            stall: Duration::from_secs(30),
            pause: Duration::from_secs(1),
        }
    }
}

/// Tries since the last progress.
pub(super) struct Tries {
    patience: Patience,
    since: Instant,
    count: u32,
}

impl Tries {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: Instant::now(),
            count: 0,
        }
    }

    /// Forgets the tries: something arrived.
    pub(super) fn progress(&mut self) {
        self.count = 0;
        self.since = Instant::now();
    }

    /// What is left until it is given up.
    pub(super) fn left(&self) -> Duration {
        self.patience.deadline.saturating_sub(self.since.elapsed())
    }

    /// Waits before the next try; `false` when there is no time for one.
    pub(super) async fn pause(&mut self) -> bool {
        let longest = self
            .patience
            .pause
            .saturating_mul(1 << self.count.min(10))
            .min(LONGEST_PAUSE);
        self.count += 1;
        let pause = longest.mul_f64(jitter());
        if pause >= self.left() {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }
}

/// Between a half and one, so that many runs do not come back at the same moment.
fn jitter() -> f64 {
    // Without random numbers they do come back at the same moment: no harm to this run.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_between_its_half_and_its_whole() {
        for _ in 0..100 {
            assert!((0.5..=1.0).contains(&jitter()));
        }
    }

    #[tokio::test]
    async fn without_time_left_there_is_no_next_try() {
        let deadline = Duration::ZERO;
        let mut tries = Tries::new(Patience {
            deadline,
            ..Patience::default()
        });
        assert!(!tries.pause().await);
    }
}
