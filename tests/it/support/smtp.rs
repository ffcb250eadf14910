//! A real mail server on 127.0.0.1, gone with the test.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{server::missing, tls};

pub(crate) const USER: &str = "drill@example.com";

pub(crate) const PASSWORD: &str = "planted/SMTP password";

/// A mail server.
pub(crate) struct Smtp {
    pub port: u16,
    folder: TempDir,
    child: Child,
}

impl Smtp {
    /// Starts one with a certificate for `localhost`: `starttls`, `tls` from the first byte, or `plain`.
    pub(crate) fn start(kind: &str) -> Option<Self> {
        if !installed() {
            missing("smtp", "the Python package aiosmtpd is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        tls::authority(folder.path());
        tls::certificate(folder.path(), "DNS:localhost");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("mail")).unwrap();
        let mut child = python()
            .arg("tests/it/support/smtp.py")
            .arg(path("mail"))
            .arg(kind)
            .args([path("server.pem"), path("server.key")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Some(Self {
            port,
            folder,
            child,
        })
    }

    /// The authority that signed its certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Every mail that it took, in their order.
    pub(crate) fn mail(&self) -> Vec<String> {
        let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let mail = self.folder.path().join("mail");
        let paths = (1..).map(|number| mail.join(format!("{number}.eml")));
        paths
            .take_while(|path| path.exists())
            .map(|path| text(&path))
            .collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Python, with what CI installs for it.
fn python() -> Command {
    let mut command = Command::new("python3");
    let own = fs::canonicalize("target/lint").unwrap_or_default();
    let known = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let paths = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&known)));
    command.env("PYTHONPATH", paths.unwrap());
    command
}

fn installed() -> bool {
    let mut command = python();
    command
        .args(["-c", "import aiosmtpd"])
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
