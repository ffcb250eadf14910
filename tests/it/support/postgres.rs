//! PostgreSQL servers of several majors, in containers of the test images, to take dumps from.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use super::cluster::skipped;

/// A server in a container that is removed when it is dropped.
pub(crate) struct Postgres {
    name: String,
    major: u32,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "-f", "-v", &self.name])
            .output();
    }
}

impl Postgres {
    /// Starts one; none, with a word on stderr, where there is no Docker or no image.
    pub(crate) fn start(major: u32) -> Option<Self> {
        Self::start_with(major, None)
    }

    /// Starts one that can be reached from outside, too: over a socket in this folder.
    pub(crate) fn start_in(major: u32, folder: &Path) -> Option<Self> {
        Self::start_with(major, Some(folder))
    }

    fn start_with(major: u32, folder: Option<&Path>) -> Option<Self> {
        if !has_image(major) {
            return None;
        }
        let image = format!("postgres:{major}");
        let name = format!(
            "pgdrill-test-{major}-{}",
            ulid::Ulid::generate().to_string().to_lowercase()
        );
        let sockets = if folder.is_some() {
            "/tmp,/sockets"
        } else {
            "/tmp"
        };
        let serve = format!(
            "{}; initdb -D /tmp/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null && \
             exec postgres -D /tmp/data -c listen_addresses= -c unix_socket_directories={sockets} -c fsync=off",
            path(major)
        );
        let volume = folder.map(|folder| {
            // The server is another user inside.
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
            format!("{}:/sockets", folder.display())
        });
        let arguments = [
            "run",
            "-d",
            "--network",
            "none",
            "--user",
            "postgres",
            "--name",
            &name,
            "--entrypoint",
            "sh",
        ];
        let started = Command::new("docker")
            .args(arguments)
            .args(volume.iter().flat_map(|volume| ["-v", volume]))
            .args([&image, "-c", &serve])
            .output()
            .unwrap();
        assert!(
            started.status.success(),
            "{}",
            String::from_utf8_lossy(&started.stderr)
        );
        let server = Self { name, major };
        // pg_isready waits in the container, which knows when it is worth asking again.
        server.sh(
            "for i in $(seq 600); do pg_isready -q && exit 0; sleep 0.1; done; exit 1",
            b"",
        );
        Some(server)
    }

    /// Runs a shell command beside the server; returns what it prints. It must succeed.
    pub(crate) fn sh(&self, command: &str, input: &[u8]) -> Vec<u8> {
        let output = self.try_sh(command, input);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {told}");
        output.stdout
    }

    fn try_sh(&self, command: &str, input: &[u8]) -> Output {
        let script = format!(
            "{}; export PGHOST=/tmp PGUSER=postgres; {command}",
            path(self.major)
        );
        let mut child = Command::new("docker")
            .args(["exec", "-i", &self.name, "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let write = std::thread::spawn(move || {
            // A command that needs no more input may end first.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        write.join().unwrap();
        output
    }

    /// Makes a database and runs SQL in it.
    pub(crate) fn load(&self, database: &str, sql: &[u8]) {
        self.sh(&format!("createdb {database}"), b"");
        self.sh(
            &format!("psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -d {database} -f -"),
            sql,
        );
    }
}

/// Whether the image of a major is here; says so on stderr when it is not.
pub(crate) fn has_image(major: u32) -> bool {
    let image = format!("postgres:{major}");
    let inspected = Command::new("docker")
        .args(["image", "inspect", &image])
        .output();
    let there = inspected.is_ok_and(|output| output.status.success());
    if !there {
        skipped(
            "docker",
            &format!("the image {image} is not here: run tests/images/build"),
        );
    }
    there
}

fn path(major: u32) -> String {
    format!("export PATH=$PATH:/usr/lib/postgresql/{major}/bin")
}
