//! A PostgreSQL over TCP on 127.0.0.1, as CI provides one beside a job.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A server that ends with the test.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
    /// The URL of its superuser.
    pub url: String,
}

/// Skips loudly, or fails where the missing thing is required.
pub(crate) fn missing(what: &str, why: &str) {
    let required = env::var("PGDRILL_TEST_REQUIRE").unwrap_or_default();
    let wanted = required
        .split(',')
        .any(|name| name == what || name == "all");
    assert!(!wanted, "{what} is required and missing: {why}");
    eprintln!("skipped: {why}");
}

/// The newest installed PostgreSQL.
pub(crate) fn bin() -> Option<PathBuf> {
    let mut bins: Vec<PathBuf> = glob::glob("/usr/lib/postgresql/*/bin")
        .ok()?
        .flatten()
        .collect();
    bins.sort();
    bins.into_iter().rfind(|bin| bin.join("initdb").exists())
}

impl Server {
    /// Starts one, where PostgreSQL is installed.
    pub(crate) fn start() -> Option<Self> {
        Self::with(|_| Vec::new())
    }

    /// Starts one with settings; what they name is made in the folder that they are given.
    pub(crate) fn with(settings: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        let bin = bin()?;
        let folder = tempfile::Builder::new()
            .prefix("pgdrill-test-")
            .tempdir_in("/tmp")
            .unwrap();
        if let Some(user) = user() {
            chown(folder.path(), Some(user.0), Some(user.1)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Self {
            url: format!("postgres://postgres:secret@127.0.0.1:{port}/postgres"),
            folder,
            bin,
        };
        let password = server.folder.path().join("password");
        fs::write(&password, "secret\n").unwrap();
        give(&password);
        let data = server.data();
        let data = data.to_str().unwrap();
        let pwfile = format!("--pwfile={}", password.display());
        server.run(
            "initdb",
            &[
                "-D",
                data,
                "-U",
                "postgres",
                &pwfile,
                "--auth=scram-sha-256",
                "--no-sync",
                "--locale=C",
                "--encoding=UTF8",
            ],
        );
        let mut options = format!(
            "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        );
        for setting in settings(server.folder.path()) {
            options = options + " -c " + &setting;
        }
        let log = server.folder.path().join("log");
        server.run(
            "pg_ctl",
            &[
                "-D",
                data,
                "-w",
                "-l",
                log.to_str().unwrap(),
                "-o",
                &options,
                "start",
            ],
        );
        Some(server)
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its URL with other user, password, host or parameters: `(from, to)` in turn.
    pub(crate) fn url_with(&self, changes: &[(&str, &str)]) -> String {
        let change = |url: String, (from, to): &(&str, &str)| url.replace(from, to);
        changes.iter().fold(self.url.clone(), change)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(self.bin.join(program));
        command
            .args(arguments)
            .current_dir("/tmp")
            .stdout(Stdio::null());
        if let Some((uid, gid)) = user() {
            command.uid(uid).gid(gid);
        }
        assert!(command.status().unwrap().success(), "{program} failed");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        self.run(
            "pg_ctl",
            &[
                "-D",
                data.to_str().unwrap(),
                "-m",
                "immediate",
                "-w",
                "stop",
            ],
        );
    }
}

/// Gives a file to the user that the server runs as.
pub(crate) fn give(path: &Path) {
    if let Some((uid, gid)) = user() {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// PostgreSQL refuses to run as root.
fn user() -> Option<(u32, u32)> {
    if !nix::unistd::Uid::effective().is_root() {
        return None;
    }
    let user = nix::unistd::User::from_name("postgres").unwrap().unwrap();
    Some((user.uid.as_raw(), user.gid.as_raw()))
}
