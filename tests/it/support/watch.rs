//! A running `pgdrill serve`.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::program::pgdrill;

/// A server that is killed when it is dropped.
pub(crate) struct Watch {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    child: Child,
    told: Option<JoinHandle<String>>,
}

fn command(plans: &Path, arguments: &[&str], key: Option<&str>) -> Command {
    let mut command = pgdrill(&["serve"]);
    command.arg(plans);
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(arguments);
    if let Some(key) = key {
        command.env("PGDRILL_ADMIN_KEY", key);
    }
    command.stdin(Stdio::null());
    command.stdout(Stdio::null());
    command.stderr(Stdio::piped());
    command
}

impl Watch {
    /// Starts it on any free port and waits until it listens.
    pub(crate) fn start(plans: &Path, arguments: &[&str], key: Option<&str>) -> Self {
        Self::start_with(plans, arguments, key, |_| {})
    }

    /// Starts it after something was changed about it.
    pub(crate) fn start_with(
        plans: &Path,
        arguments: &[&str],
        key: Option<&str>,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = command(plans, arguments, key);
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut before = String::new();
        let url = loop {
            let mut line = String::new();
            assert!(
                lines.read_line(&mut line).unwrap() > 0,
                "it ended: {before}"
            );
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.trim().to_owned();
            }
            before.push_str(&line);
        };
        let told = std::thread::spawn(move || {
            let mut rest = String::new();
            // What was told until it was killed is enough.
            let _ = lines.read_to_string(&mut rest);
            before + &rest
        });
        Self {
            url,
            child,
            told: Some(told),
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Sends SIGTERM; returns the exit code and what was told on standard error.
    pub(crate) async fn terminate(mut self) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.id()), Signal::SIGTERM).unwrap();
        let told = self.told.take().unwrap();
        tokio::task::spawn_blocking(move || {
            let code = self.child.wait().unwrap().code();
            (code, told.join().unwrap())
        })
        .await
        .unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs one that cannot start; returns its exit code and what it told.
pub(crate) async fn run_to_end(
    plans: &Path,
    arguments: &[&str],
    key: Option<&str>,
) -> (Option<i32>, String) {
    let mut command = command(plans, arguments, key);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told)
}

/// Asks again and again until there is something; fails after a minute.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain until {what}");
}
