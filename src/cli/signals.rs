//! Ctrl-C, SIGTERM and a closed terminal: the first one ends the run in order, the second one at once. Where nothing is
//! left to be put in order, the first one does.

use std::{
    fs, process,
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    signal::unix::{self, SignalKind, signal},
    sync::watch,
};

use crate::verify::Signal;

/// Signals that come within this time after the first one are the same one.
const TOGETHER: Duration = Duration::from_secs(1);

/// The first signal of this process, once it came.
static CAME: OnceLock<watch::Sender<Option<Signal>>> = OnceLock::new();

/// The first signal; at once, where it came before somebody waited. As long as this is kept it ends nothing by itself,
/// and a second one ends the process at once: what is left is swept by `pgdrill clean`. Where nobody keeps this any more
/// the first one ends the process.
pub(super) fn first() -> impl Future<Output = Signal> {
    // Now, and not when somebody first waits: until then a signal would end the process.
    let came = CAME.get_or_init(|| {
        let came = watch::Sender::new(None);
        listen(came.clone());
        came
    });
    wait_for(came.subscribe())
}

async fn wait_for(mut came: watch::Receiver<Option<Signal>>) -> Signal {
    let signal = came.wait_for(Option::is_some).await.map(|signal| *signal);
    match signal {
        Ok(Some(signal)) => signal,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

/// Listens on a thread of its own: no work that keeps the others busy, and no pipe without a reader, holds up a signal.
/// Where that cannot be had a signal ends the process as it always did.
fn listen(came: watch::Sender<Option<Signal>>) {
    let (tell, listens) = mpsc::channel();
    let listening = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(async {
                let signals = Signals::handled();
                // Whoever asked waits for it.
                let _ = tell.send(());
                hear(signals, &came).await;
            });
        }
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    if thread.spawn(listening).is_ok() {
        // It says nothing when it could not begin.
        let _ = listens.recv();
    }
}

/// Ends the process, but for the first signal, as long as somebody takes that.
async fn hear(mut signals: Signals, came: &watch::Sender<Option<Signal>>) {
    let signal = signals.next().await;
    if came.send(Some(signal)).is_err() {
        end(signal);
    }
    tracing::warn!("cleaning up; once more ends at once and leaves it to \"pgdrill clean\"");
    end(again(&mut signals).await);
}

/// The next signal of somebody who does not want to wait any longer. The same wish comes twice at once from those who tell
/// a process and then its group, as `timeout` does.
async fn again(signals: &mut Signals) -> Signal {
    let first = Instant::now();
    loop {
        let signal = signals.next().await;
        // A shell and the system both tell of a closed terminal, and nobody is there who would be in a hurry.
        if signal != Signal::Hangup && first.elapsed() > TOGETHER {
            return signal;
        }
    }
}

#[expect(clippy::exit, reason = "nobody is left who could end it in order")]
fn end(signal: Signal) -> ! {
    process::exit(i32::from(signal.exit_code()))
}

/// Those that are handled. Without a handler a signal ends the process as it always did.
struct Signals {
    hangup: Option<unix::Signal>,
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
}

impl Signals {
    fn handled() -> Self {
        // With a handler, a limit of file sizes (ulimit -f) is an error of the write that meets it.
        let too_large = nix::sys::signal::Signal::SIGXFSZ as i32;
        let _ = signal(SignalKind::from_raw(too_large));
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

    #[tokio::test]
    async fn a_signal_that_came_while_nobody_waited_is_not_lost() {
        let came = watch::Sender::new(None);
        let kept = wait_for(came.subscribe());
        came.send(Some(Signal::Terminate)).unwrap();
        assert_eq!(wait_for(came.subscribe()).await, Signal::Terminate);
        drop(kept);
        assert!(came.send(Some(Signal::Interrupt)).is_err());
    }
}
