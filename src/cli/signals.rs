//! Ctrl-C and SIGTERM: the first one ends the run in order, the second one at once.

use std::process;

use tokio::signal::unix::{self, SignalKind, signal};

use crate::verify::Signal;

/// The first signal from now on. From then on a second one ends the process at once: what is left is swept by
/// `pgdrill clean`. Must be called inside a Tokio runtime.
pub(super) fn first() -> impl Future<Output = Signal> {
    // Now, and not when somebody first waits: until then a signal would end the process.
    let mut signals = Signals::handled();
    async move {
        let signal = signals.next().await;
        tracing::warn!("cleaning up; once more ends at once and leaves it to \"pgdrill clean\"");
        tokio::spawn(async move {
            let again = signals.next().await;
            #[expect(clippy::exit, reason = "the second signal means now")]
            process::exit(i32::from(again.exit_code()));
        });
        signal
    }
}

/// Those that are handled. Without a handler a signal ends the process as it always did.
struct Signals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
}

impl Signals {
    fn handled() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            () = wait(&mut self.interrupt) => Signal::Interrupt,
            () = wait(&mut self.terminate) => Signal::Terminate,
        }
    }
}

async fn wait(signal: &mut Option<unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
