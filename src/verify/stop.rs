//! Why a run ended before its end, and what is told of it.

use std::{pin::Pin, time::Duration};

use tokio::time::timeout;

use super::Signal;
use crate::{
    error::{Broken, Error},
    finding::Finding,
    report::Report,
};

/// Why a run ended before its end.
pub(super) enum Stop {
    Broken(Broken),
    Signal(Signal),
}

impl<T: Into<Broken>> From<T> for Stop {
    fn from(cause: T) -> Self {
        Self::Broken(cause.into())
    }
}

/// Notes why a run ended before its end; returns the signal that ended it.
pub(super) async fn note(
    looked: Result<(), Stop>,
    report: &mut Report,
    interrupt: Pin<&mut impl Future<Output = Signal>>,
) -> Option<Signal> {
    /// How long a signal that ended one of our programs may take to reach us: what that program died of is no trouble of
    /// the machine.
    const SOON: Duration = Duration::from_millis(100);
    let (signal, error) = match looked {
        Ok(()) => return None,
        Err(Stop::Broken(Broken::Backup(found))) => {
            report.findings.push(found);
            return None;
        }
        Err(Stop::Broken(Broken::Run(error))) => (timeout(SOON, interrupt).await.ok(), Some(error)),
        Err(Stop::Signal(signal)) => (Some(signal), None),
    };
    match (signal, error) {
        (Some(signal), _) => report.stop(interruption(signal)),
        (None, error) => report.findings.extend(error.map(Finding::from)),
    }
    signal
}

fn interruption(signal: Signal) -> Error {
    Error::new(
        format!("the run was interrupted by {}", signal.name()),
        "Run it again; nothing was left behind.",
    )
}
