//! Ctrl-C, SIGTERM and a closed terminal: the first one ends the run in order, the second one at once.

use std::{fs, process};

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
            // A shell and the system both tell of a closed terminal, and nobody is there who would be in a hurry.
            let mut again = signals.next().await;
            while again == Signal::Hangup {
                again = signals.next().await;
            }
            #[expect(clippy::exit, reason = "the second signal means now")]
            process::exit(i32::from(again.exit_code()));
        });
        signal
    }
}

/// Those that are handled. Without a handler a signal ends the process as it always did.
struct Signals {
    hangup: Option<unix::Signal>,
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
}

impl Signals {
    fn handled() -> Self {
        let hangup = (!outlives_its_terminal()).then(|| signal(SignalKind::hangup()));
        Self {
            hangup: hangup.and_then(Result::ok),
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            () = wait(&mut self.hangup) => Signal::Hangup,
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

/// Whether whoever started us wants us to go on without a terminal, as `nohup` does: SIGHUP is ignored then. Where the
/// system does not tell, it stays as it is.
fn outlives_its_terminal() -> bool {
    let status = fs::read_to_string("/proc/self/status");
    status.map_or(true, |status| ignores_hangup(&status))
}

/// Whether SIGHUP, which is signal 1, is among the ignored ones of a `/proc/PID/status` (`proc_pid_status(5)`).
fn ignores_hangup(status: &str) -> bool {
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_closed_terminal_is_ignored_is_read_from_the_systems_own_words() {
        assert!(!ignores_hangup(
            "Name:\tpgdrill\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"
        ));
        assert!(ignores_hangup(
            "Name:\tpgdrill\nSigIgn:\t0000000000001001\n"
        ));
        assert!(ignores_hangup("Name:\tpgdrill\n"));
    }
}
