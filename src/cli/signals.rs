//! Ctrl-C and SIGTERM: the first one ends the run in order, the second one at once.

use std::process;

use tokio::signal::unix::{SignalKind, signal};

use crate::verify::Signal;

/// Waits for the first signal. From then on a second one ends the process at once: what is left is swept by
/// `pgdrill clean`.
pub(super) async fn first() -> Signal {
    let signal = next().await;
    tracing::warn!("cleaning up; once more ends at once and leaves it to \"pgdrill clean\"");
    tokio::spawn(async {
        let again = next().await;
        #[expect(clippy::exit, reason = "the second signal means now")]
        process::exit(i32::from(again.exit_code()));
    });
    signal
}

async fn next() -> Signal {
    tokio::select! {
        () = wait(SignalKind::interrupt()) => Signal::Interrupt,
        () = wait(SignalKind::terminate()) => Signal::Terminate,
    }
}

async fn wait(kind: SignalKind) {
    match signal(kind) {
        Ok(mut stream) => {
            stream.recv().await;
        }
        // Without a handler the signal ends the process as it always did.
        Err(_) => std::future::pending().await,
    }
}
