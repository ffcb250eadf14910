//! What programs on this machine may reach: unprivileged, without our environment, without a network where that is granted.

use std::process::Stdio;

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

/// Where the system's own programs are.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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
