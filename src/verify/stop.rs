//! Why a run ended before its end, and what is told of it.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::timeout;

use super::{Signal, in_order};
use crate::{
    error::{Broken, Error, Result as Done, sentence},
    finding::{Code, Finding},
    report::Report,
};

/// Why a run ended before its end.
pub(super) enum Stop {
    Broken(Broken),
    /// Several connections loaded, and what PostgreSQL refused may come of that.
    OutOfOrder(String),
    Signal(Signal),
}

impl<T: Into<Broken>> From<T> for Stop {
    fn from(cause: T) -> Self {
        Self::Broken(cause.into())
    }
}

/// What a run could not remove, sentence by sentence. It says nothing about the backup, so it must not hide what was found.
#[derive(Default)]
pub(super) struct Left(Mutex<Vec<String>>);

impl Left {
    pub(super) fn note(&self, removed: Done<()>) {
        if let Err(error) = removed {
            tracing::warn!(%error, "the sandbox was not removed whole");
            self.all().push(sentence(&error.to_string()));
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.all())
    }
}

/// Notes why a run ended before its end, and what it left; returns the signal that ended it.
pub(super) async fn note(
    looked: Result<(), Stop>,
    left: &Left,
    report: &mut Report,
    interrupt: Pin<&mut impl Future<Output = Signal>>,
) -> Option<Signal> {
    /// How long a signal that ended one of our programs may take to reach us: what that program died of is no trouble of
    /// the machine.
    const SOON: Duration = Duration::from_millis(100);
    let left = left.take();
    if let Some(sandbox) = &mut report.sandbox {
        sandbox.notes.extend(left.iter().cloned());
    }
    let (signal, error) = match looked {
        Ok(()) => return None,
        Err(Stop::Broken(Broken::Backup(found))) => {
            report.findings.push(found);
            return None;
        }
        Err(Stop::OutOfOrder(why)) => (None, Some(in_order::not_kept(&why))),
        Err(Stop::Broken(Broken::Run(error))) => (timeout(SOON, interrupt).await.ok(), Some(error)),
        Err(Stop::Signal(signal)) => (Some(signal), None),
    };
    match (signal, error) {
        (Some(signal), _) => report.stop(interruption(signal, &left)),
        (None, error) => report.findings.extend(error.map(Finding::from)),
    }
    signal
}

/// How the finding of an interrupted run begins.
const INTERRUPTED: &str = "the run was interrupted by ";

/// Whether a signal ended this run, so that nobody knows what it would have come to.
#[must_use]
pub fn was_interrupted(report: &Report) -> bool {
    let by_signal =
        |found: &Finding| found.code == Code::RunStopped && found.message.starts_with(INTERRUPTED);
    report.findings.iter().any(by_signal)
}

fn interruption(signal: Signal, left: &[String]) -> Error {
    let interrupted = format!("{INTERRUPTED}{}", signal.name());
    if left.is_empty() {
        return Error::new(interrupted, "Run it again; nothing was left behind.");
    }
    Error::new(interrupted, "Run \"pgdrill clean\", then run it again.").because(left.join(" "))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    async fn told(removed: Done<()>) -> String {
        let left = Left::default();
        left.note(removed);
        let mut report = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        let interrupted = Err(Stop::Signal(Signal::Interrupt));
        let never = std::pin::pin!(std::future::pending());
        note(interrupted, &left, &mut report, never).await;
        assert!(was_interrupted(&report));
        format!("{:?}", report.findings)
    }

    #[tokio::test]
    async fn what_is_left_is_told_and_never_that_nothing_is() {
        let failed = Error::new("could not remove the container \"x\"", "Run again.");
        let told_of_left = told(Err(failed)).await;
        assert!(told_of_left.contains("container") && told_of_left.contains("pgdrill clean"));
        assert!(!told_of_left.contains("nothing was left behind"));
        assert!(told(Ok(())).await.contains("nothing was left behind"));
    }
}
