//! What everybody else does: a server, PostgreSQL's own programs, and a download.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::unistd::{User, chown, geteuid};
use tempfile::TempDir;

/// Settings that people who tune a throwaway server use.
const TUNED: &str = "fsync=off full_page_writes=off synchronous_commit=off wal_level=minimal max_wal_senders=0 \
    autovacuum=off max_wal_size=64GB checkpoint_timeout=1d bgwriter_lru_maxpages=0 maintenance_work_mem=64MB \
    shared_buffers=256MB";

/// How a rival's server is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settings {
    /// As it is installed.
    Stock,
    /// As people set it who tune it for this.
    Tuned,
}

/// A server with an empty database `x`; it ends when it is dropped.
pub(crate) struct Rival {
    bin: PathBuf,
    folder: TempDir,
    user: Option<User>,
}

impl Rival {
    /// Starts one of the PostgreSQL whose programs are in this folder.
    pub(crate) fn start(bin: &Path, settings: Settings) -> Self {
        let user = geteuid()
            .is_root()
            .then(|| User::from_name("postgres").unwrap().unwrap());
        let folder = tempfile::Builder::new()
            .prefix("pgdrill-bench-")
            .tempdir()
            .unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap();
        }
        spread(folder.path());
        let rival = Self {
            bin: bin.to_owned(),
            folder,
            user,
        };
        let data = rival.data();
        let mut initdb = rival.server("initdb");
        initdb.args([
            "-N",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-D",
        ]);
        succeed(initdb.arg(&data));
        let socket = rival.folder.path().display();
        let mut options = format!("-c listen_addresses='' -c unix_socket_directories='{socket}'");
        if settings == Settings::Tuned {
            TUNED
                .split_whitespace()
                .for_each(|one| options += &format!(" -c {one}"));
        }
        let mut start = rival.server("pg_ctl");
        start
            .args(["-w", "-o", &options, "-l"])
            .arg(rival.folder.path().join("log"));
        start.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(
            start
                .arg("-D")
                .arg(&data)
                .arg("start")
                .status()
                .unwrap()
                .success()
        );
        succeed(rival.client("createdb").arg("x"));
        rival
    }

    /// Runs a shell command with the server's programs; the environment points at the server.
    pub(crate) fn sh(&self, command: &str, environment: &[(&str, &str)]) -> String {
        let mut sh = Command::new("sh");
        let path = format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap());
        sh.args(["-c", command])
            .env("PATH", path)
            .envs(environment.iter().copied());
        sh.env("PGHOST", self.folder.path())
            .env("PGUSER", "postgres");
        succeed(&mut sh)
    }

    /// Where a download may be written.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("download")
    }

    /// How many rows its tables hold, so that no rival wins by doing less.
    pub(crate) fn rows(&self, database: &str) -> u64 {
        let tables = "select coalesce(sum((xpath('/row/c/text()', query_to_xml('select count(*) as c from ' || oid::regclass, \
            false, true, '')))[1]::text::bigint), 0) from pg_class where relkind = 'r' \
            and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')";
        let told = self.sh(&format!("psql -XAtd {database} -c \"{tables}\""), &[]);
        told.trim().parse().unwrap()
    }

    /// In a folder that is spread, its place depends on its name.
    fn data(&self) -> PathBuf {
        let folder = self.folder.path();
        folder.join(folder.file_name().unwrap())
    }

    fn server(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(self.folder.path());
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command
            .env("PGHOST", self.folder.path())
            .env("PGUSER", "postgres");
        command
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let mut stop = self.server("pg_ctl");
        stop.args(["-w", "-m", "immediate", "-D"])
            .arg(self.data())
            .arg("stop");
        // The folder goes away in any case.
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Lets what is in a folder be made anywhere on the disk, as our own servers have it: beside what was just removed ext4
/// makes files several times more slowly, and each drill would pay for the one before it.
fn spread(folder: &Path) {
    let mut chattr = Command::new("chattr");
    chattr.arg("+T").arg(folder);
    // Other file systems have no such flag.
    let _ = chattr.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// Makes an image that starts its server by itself, as the official ones do: `pgdrill-bench:15` of `postgres:15`, once. It
/// initialises and starts once, where the official ones start twice.
pub(crate) fn image(bin: &Path) {
    let major = bin.parent().unwrap().file_name().unwrap();
    let major = major.to_str().unwrap();
    let script = format!(
        "docker image inspect pgdrill-bench:{major} >/dev/null 2>&1 && exit 0\n\
         docker run --name pgdrill-bench postgres:{major} install -d -o postgres /data /run/postgresql && docker commit \
         --change 'USER postgres' --change 'ENTRYPOINT [\"sh\", \"-c\", \"initdb -D /data/main -U postgres -A trust && \
         exec postgres -D /data/main\"]' pgdrill-bench pgdrill-bench:{major} && docker rm pgdrill-bench"
    );
    succeed(Command::new("sh").args(["-c", &script]));
}

/// Runs a command that must succeed; gives what it prints.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
