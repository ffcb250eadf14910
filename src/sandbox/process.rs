//! Programs that run on this machine: unprivileged, without our environment, without a network where that is granted.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::{Gid, Pid, Uid, User},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    sync::mpsc,
};

use super::{Tool, lines::Lines};
use crate::error::{Error, OrStop, Result};

/// How many lines wait for a reader before the program itself has to.
pub(super) const WAITING_LINES: usize = 16_384;

/// Where the system's own programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Namespaces that `unshare` can give, the most isolating first. `pid`, `ipc`: nothing outlives the server.
const NAMESPACES: [&[&str]; 2] = [
    &[
        "--net",
        "--ipc",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ],
    &["--net"],
];

/// Who our child processes are and what they can reach.
#[derive(Clone, Debug)]
pub(super) struct Jail {
    user: Option<(Uid, Gid)>,
    /// How many of [`NAMESPACES`] to skip; `None`: none of them is granted.
    namespaces: Option<usize>,
}

impl Jail {
    /// Finds out what this system grants.
    pub(super) async fn find() -> Self {
        let mut jail = Self::open();
        for level in 0..NAMESPACES.len() {
            jail.namespaces = Some(level);
            let mut trial = jail.server("true");
            let granted = trial
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if granted.status().await.is_ok_and(|status| status.success()) {
                return jail;
            }
        }
        jail.namespaces = None;
        jail
    }

    /// An unprivileged user alone: for programs that must reach a server over the network.
    pub(super) fn open() -> Self {
        Self {
            user: unprivileged(),
            namespaces: None,
        }
    }

    /// Ourselves: where a server knows us by the user that we run as.
    pub(super) const fn none() -> Self {
        Self {
            user: None,
            namespaces: None,
        }
    }

    /// Whom files must belong to so that the children can use them.
    pub(super) const fn user(&self) -> Option<(Uid, Gid)> {
        self.user
    }

    /// Whether the network is out of reach.
    pub(super) const fn has_no_network(&self) -> bool {
        self.namespaces.is_some()
    }

    /// A command for a server: all namespaces that are granted.
    pub(super) fn server(&self, program: &str) -> Command {
        self.command(program, self.namespaces.map(|level| NAMESPACES[level]))
    }

    /// A command for a client program: without the network only, so that ending it ends the program itself.
    pub(super) fn client(&self, program: &str) -> Command {
        self.command(program, self.namespaces.map(|_| NAMESPACES[1]))
    }

    fn command(&self, program: &str, namespaces: Option<&[&str]>) -> Command {
        let mut command = match namespaces {
            Some(namespaces) => self.unshare(program, namespaces),
            None => self.bare(program),
        };
        // A group of its own: Ctrl-C is ours to handle, in order.
        command.env_clear().env("PATH", PATH).process_group(0);
        command
    }

    fn unshare(&self, program: &str, namespaces: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        match self.user {
            Some((user, group)) => {
                // It also drops the supplementary groups.
                command.args([format!("--setgid={group}"), format!("--setuid={user}")]);
            }
            None if !Uid::effective().is_root() => {
                command.args(["--user", "--map-current-user"]);
            }
            None => {}
        }
        command.args(namespaces).args(["--", program]);
        command
    }

    fn bare(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.user {
            // The standard library drops the supplementary groups when root becomes somebody else.
            command.uid(user.as_raw()).gid(group.as_raw());
        }
        command
    }
}

/// Whom root becomes: PostgreSQL refuses to run as root, and so should everything that reads a dump.
fn unprivileged() -> Option<(Uid, Gid)> {
    if !Uid::effective().is_root() {
        return None;
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| (user.uid, user.gid))
}

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
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.map(Pid::from_raw))
    }

    /// The program ended by itself, and its number may soon be another's.
    fn ended(&mut self) {
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
