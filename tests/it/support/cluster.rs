//! A scratch PostgreSQL in a folder of its own, reached over a socket only.

use std::{
    fs,
    io::Write,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use nix::unistd::{User, chown, geteuid};
use tempfile::TempDir;

/// A server that stops, and whose folder goes away, when it is dropped.
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: TempDir,
    user: Option<User>,
}

/// Says that a test did not run; fails when it must run.
pub(crate) fn skipped(what: &str, why: &str) {
    let required = std::env::var("PGDRILL_TEST_REQUIRE").unwrap_or_default();
    let required = required
        .split(',')
        .any(|name| name == what || name == "all");
    assert!(!required, "{what} is required, but {why}");
    eprintln!("skipped: {why}");
}

impl Cluster {
    /// Starts the newest PostgreSQL that is installed; none, with a word on stderr, when there is none.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = installed() else {
            skipped("postgres", "no PostgreSQL server is installed");
            return None;
        };
        let user = if geteuid().is_root() {
            let Ok(Some(user)) = User::from_name("postgres") else {
                skipped(
                    "postgres",
                    "the user postgres does not exist, and root cannot run a server",
                );
                return None;
            };
            Some(user)
        } else {
            None
        };
        let folder = tempfile::Builder::new()
            .prefix("pgdrill-")
            .tempdir()
            .unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap();
        }
        let cluster = Self { bin, folder, user };
        cluster.run();
        Some(cluster)
    }

    fn run(&self) {
        let data = self.folder.path().join("data");
        let mut initdb = self.server("initdb");
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
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off",
            self.folder.path().display()
        );
        let mut start = self.server("pg_ctl");
        start
            .args(["-w", "-o", &options, "-l"])
            .arg(self.folder.path().join("log"));
        // The server would keep a pipe open for as long as it runs.
        start.stdout(Stdio::null()).stderr(Stdio::null());
        let status = start.arg("-D").arg(&data).arg("start").status().unwrap();
        assert!(status.success(), "the server did not start");
    }

    /// A program of the server, run by the user who may.
    pub(crate) fn server(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(self.folder.path());
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// A client program, connected to the database `postgres` unless told otherwise.
    pub(crate) fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command
            .env("PGHOST", self.folder.path())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", "postgres")
            .env_remove("PGPORT")
            .env_remove("PGPASSWORD");
        command
    }

    /// Where the socket is.
    pub(crate) fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL and gives what it answers, unaligned.
    pub(crate) fn psql(&self, database: &str, sql: &[u8]) -> String {
        let mut psql = self.client("psql");
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]);
        let mut child = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let sql = sql.to_vec();
        // psql may stop reading at an error, which its status tells.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&sql)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        text(&output)
    }

    /// What `pg_dump` writes, given these arguments.
    pub(crate) fn dump(&self, arguments: &[&str]) -> Vec<u8> {
        succeed(self.client("pg_dump").args(arguments)).stdout
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.server("pg_ctl");
        stop.args(["-w", "-m", "immediate", "-D"])
            .arg(self.folder.path().join("data"));
        // The folder goes away in any case.
        let _ = stop.arg("stop").output();
    }
}

/// Runs a program to its end and shows what it said if it failed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    text(&output);
    output
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The programs of the newest server that is installed.
pub(crate) fn installed() -> Option<PathBuf> {
    let debian = glob::glob("/usr/lib/postgresql/*/bin").unwrap().flatten();
    let major =
        |path: &PathBuf| -> Option<u32> { path.parent()?.file_name()?.to_str()?.parse().ok() };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest = debian
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(major);
    newest.or_else(|| std::env::split_paths(&path).find(|bin| bin.join("initdb").exists()))
}
