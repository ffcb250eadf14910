//! Programs that run on this machine, in a jail.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    sync::mpsc,
};

use super::{
    Tool,
    jail::{Jail, PATH},
    lines::Lines,
};
use crate::error::{Error, OrStop, Result};

/// How many lines wait for a reader before the program itself has to.
pub(super) const WAITING_LINES: usize = 16_384;

/// Client programs beside a server.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) jail: Jail,
    pub(super) bin: PathBuf,
    pub(super) environment: Vec<(&'static str, String)>,
    pub(super) folder: PathBuf,
}

impl Programs {
    /// Starts one of them.
    pub(super) fn tool(&self, program: &str, arguments: &[&str]) -> Result<Tool> {
        let mut command = self.jail.client(program);
        command
            .args(arguments)
            .env("PATH", format!("{}:{PATH}", self.bin.display()))
            .env("HOME", &self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        run(program, command)
    }
}

/// Starts a program and hands over its ends.
fn run(program: &str, mut command: Command) -> Result<Tool> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .or_stop(
            || format!("could not start \"{program}\""),
            "Install PostgreSQL's client programs.",
        )?;
    let mut group = Group::of(&child);
    let (send, lines) = mpsc::channel(WAITING_LINES);
    let ends = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = ends else {
        return Err(Error::new(
            format!("could not talk to \"{program}\""),
            "Run again.",
        ));
    };
    let outputs = [
        tokio::spawn(drain(stdout, send.clone())),
        tokio::spawn(drain(stderr, send)),
    ];
    let doing = format!("could not wait for \"{program}\"");
    let status = async move {
        let status = child.wait().await.or_stop(|| doing, "Run again.")?;
        group.ended();
        for output in outputs {
            // It fails only when it was told to end.
            let _ = output.await;
        }
        Ok(code(status))
    };
    Ok(Tool {
        stdin: Box::pin(stdin),
        lines,
        status: Box::pin(status),
    })
}

/// A program and those that it started: a `pg_restore` with several jobs leaves none of them behind.
pub(super) struct Group(Option<Pid>);

impl Group {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.map(Pid::from_raw))
    }

    /// The program ended by itself, and its number may soon be another's; or somebody else ends it.
    pub(super) fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It fails when all of them are gone.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

/// Reads until the end; where nobody wants the lines any more it still reads, so that the program can end.
async fn drain(mut from: impl AsyncRead + Unpin, send: mpsc::Sender<String>) {
    let mut lines = Lines::default();
    let mut block = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut block).await {
        for line in lines.push(&block[..read]) {
            let _ = send.send(line).await;
        }
    }
    if let Some(line) = lines.last() {
        let _ = send.send(line).await;
    }
}

/// An exit code as a shell has it: 128 and the signal for what was killed.
pub(super) fn code(status: ExitStatus) -> i64 {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => i64::from(code),
        (None, Some(signal)) => 128 + i64::from(signal),
        (None, None) => 255,
    }
}

/// How many bytes are free where a path is.
pub(super) fn free_bytes(path: &Path) -> Result<u64> {
    let about = nix::sys::statvfs::statvfs(path).or_stop(
        || format!("could not look at the free space of \"{}\"", path.display()),
        "Check that the folder is there.",
    )?;
    // The types differ between systems.
    #[expect(
        clippy::useless_conversion,
        reason = "the two types differ between systems"
    )]
    Ok(u64::from(about.blocks_available()).saturating_mul(u64::from(about.fragment_size())))
}
