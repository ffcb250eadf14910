//! What programs on this machine may reach: unprivileged, without our environment, without a network and without the sockets of
//! other programs where that is granted.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt,
    process::Stdio,
};

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

/// Where the system's own programs are.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Namespaces for a server. `pid`, `ipc`: nothing outlives it.
const SHUT_IN: &[&str] = &[
    "--net",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// Namespaces for a program that must end when it is told to, and where the others are not granted.
const WITHOUT_NETWORK: &[&str] = &["--net"];

/// Hides every socket that is named before `--`, and starts what stands behind it: a socket that is a file is in no namespace of
/// the network. Of a server that starts again only the folder can be hidden, for its socket would be a new one.
const HIDE: &str = r#"
[ ! -d /run/postgresql ] || mount -t tmpfs -o mode=755 pgdrill /run/postgresql || exit
while [ "$1" != -- ]; do
    [ ! -S "$1" ] || mount --bind /dev/null "$1" 2>/dev/null || [ ! -S "$1" ] || exit
    shift
done
shift
exec "$@"
"#;

/// How much of this machine is out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// All of it can be reached.
    All,
    /// No network.
    NoNetwork,
    /// Neither that nor other processes.
    NoProcesses,
    /// Nor the sockets of other programs.
    NoSockets,
}

/// Who our child processes are and what they can reach.
#[derive(Clone, Debug)]
pub(super) struct Jail {
    user: Option<(Uid, Gid)>,
    reach: Reach,
    /// Where other programs take connections, as far as that is hidden.
    sockets: BTreeSet<OsString>,
}

impl Jail {
    /// Finds out what this system grants.
    pub(super) async fn find() -> Self {
        let mut jail = Self::open();
        let mut levels = vec![Reach::NoProcesses, Reach::NoNetwork];
        // What listens in a namespace of the network is seen from there alone, so it is named from here; what cannot be named
        // cannot be hidden. The format: proc(5).
        if let Ok(list) = fs::read("/proc/net/unix") {
            jail.sockets = listening(&list);
            levels.insert(0, Reach::NoSockets);
        }
        for reach in levels {
            jail.reach = reach;
            let mut trial = jail.server("true");
            let granted = trial
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if granted.status().await.is_ok_and(|status| status.success()) {
                return jail;
            }
        }
        jail.reach = Reach::All;
        jail
    }

    /// An unprivileged user alone: for programs that must reach a server over the network.
    pub(super) fn open() -> Self {
        Self {
            user: unprivileged(),
            ..Self::none()
        }
    }

    /// Ourselves: where a server knows us by the user that we run as.
    pub(super) const fn none() -> Self {
        Self {
            user: None,
            reach: Reach::All,
            sockets: BTreeSet::new(),
        }
    }

    /// Whom files must belong to so that the children can use them.
    pub(super) const fn user(&self) -> Option<(Uid, Gid)> {
        self.user
    }

    /// Whether the network is out of reach.
    pub(super) fn has_no_network(&self) -> bool {
        self.reach >= Reach::NoNetwork
    }

    /// Whether the sockets of other programs are out of a server's reach.
    pub(super) fn has_no_sockets(&self) -> bool {
        self.reach >= Reach::NoSockets
    }

    /// A command for a server: all that is granted.
    pub(super) fn server(&self, program: &str) -> Command {
        match self.reach {
            Reach::All => self.bare(program),
            Reach::NoNetwork => self.apart(WITHOUT_NETWORK, program),
            Reach::NoProcesses => self.apart(SHUT_IN, program),
            Reach::NoSockets => self.hidden(program),
        }
    }

    /// A command for a client program: without the network only, so that ending it ends the program itself.
    pub(super) fn client(&self, program: &str) -> Command {
        match self.reach {
            Reach::All => self.bare(program),
            _ => self.apart(WITHOUT_NETWORK, program),
        }
    }

    fn apart(&self, namespaces: &[&str], program: &str) -> Command {
        let mut command = unshare();
        match self.user {
            Some((user, group)) => {
                command.args(becoming(user, group));
            }
            None if !Uid::effective().is_root() => {
                command.args(["--user", "--map-current-user"]);
            }
            None => {}
        }
        command.args(namespaces).args(["--", program]);
        command
    }

    /// Only root may mount: whoever is not is root in a namespace of its own, and is itself again inside another.
    fn hidden(&self, program: &str) -> Command {
        let mut command = unshare();
        if !Uid::effective().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(SHUT_IN).args(["--", "sh", "-c", HIDE, "sh"]);
        command.args(&self.sockets);
        command.args(["--", "unshare"]);
        match self.user {
            Some((user, group)) => command.args(becoming(user, group)),
            None => command.args(ourselves()),
        };
        command.args(["--", program]);
        command
    }

    fn bare(&self, program: &str) -> Command {
        let mut command = clean(program);
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

fn unshare() -> Command {
    clean("unshare")
}

fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    // A group of its own: Ctrl-C is ours to handle, in order.
    command.env_clear().env("PATH", PATH).process_group(0);
    command
}

/// Somebody else, without the supplementary groups.
fn becoming(user: Uid, group: Gid) -> [String; 2] {
    [format!("--setgid={group}"), format!("--setuid={user}")]
}

/// Who we were before we were root in a namespace.
fn ourselves() -> [String; 3] {
    let (user, group) = (Uid::effective(), Gid::effective());
    [
        "--user".to_owned(),
        format!("--map-user={user}"),
        format!("--map-group={group}"),
    ]
}

/// Of the kernel's list of sockets those that are files at which a program takes connections. A name need not be text.
fn listening(list: &[u8]) -> BTreeSet<OsString> {
    /// `__SO_ACCEPTCON`, in hexadecimal digits.
    const ACCEPTS: u32 = 0x1_0000;
    list.split(|byte| *byte == b'\n')
        .skip(1)
        .filter_map(|line| {
            let flags = str::from_utf8(line.split(|byte| *byte == b' ').nth(3)?).ok()?;
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let path = line.windows(2).position(|two| two == b" /")? + 1;
            (flags & ACCEPTS != 0).then(|| OsStr::from_bytes(&line[path..]).to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_take_connections_are_named() {
        let list = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  3615 /run/docker.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 13615 /home/a \xe9/.s.PGSQL.5432\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 23615 @/tmp/.X11-unix/X0\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 33615 /run/other.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 43615\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  3616 /run/docker.sock\n";
        let found: Vec<_> = listening(list).into_iter().collect();
        let named = [&b"/home/a \xe9/.s.PGSQL.5432"[..], b"/run/docker.sock"];
        assert_eq!(found, named.map(OsStr::from_bytes));
        assert!(listening(b"").is_empty());
    }
}
