//! An authority of the tests' own, and a PostgreSQL that shows its certificate.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    cluster::succeed,
    server::{Server, give, missing},
};

/// Makes an authority in a folder: `ca.pem`, `ca.key`.
pub(crate) fn authority(folder: &Path) -> PathBuf {
    let made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tests \
                -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE";
    openssl(folder, made);
    folder.join("ca.pem")
}

/// A server with a certificate for these names (`DNS:localhost`), and the authority that signed it.
pub(crate) fn server(names: &str) -> Option<(Server, PathBuf)> {
    if Command::new("openssl").arg("version").output().is_err() {
        missing("openssl", "openssl is not installed");
        return None;
    }
    let server = Server::with(|folder| {
        authority(folder);
        certificate(folder, names);
        let path = |name: &str| folder.join(name).display().to_string();
        vec![
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", path("server.pem")),
            format!("ssl_key_file={}", path("server.key")),
        ]
    })?;
    let ca = server.folder().join("ca.pem");
    Some((server, ca))
}

/// Makes a certificate for these names in the folder of an authority: `server.pem`, `server.key`.
pub(crate) fn certificate(folder: &Path, names: &str) {
    openssl(
        folder,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout server.key -out server.csr",
    );
    fs::write(folder.join("names"), format!("subjectAltName={names}\n")).unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    for name in ["server.key", "server.pem"] {
        let path = folder.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        give(&path);
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    succeed(
        command
            .args(arguments.split_whitespace())
            .current_dir(folder),
    );
}
