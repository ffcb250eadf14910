//! What lies beside a dump and speaks for it: checksums, and a manifest of its source.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::{
    backup::{Backup, Store},
    manifest,
    proof::{self, Listed, Named},
    units,
};

/// The largest file of checksums that is read, in bytes.
const LIST: u64 = 1 << 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// The checksum of a dump of one file.
    pub(super) named: Option<Named>,
    /// Those of the members of a directory dump.
    pub(super) listed: Option<Listed>,
    /// The manifest, as it was read.
    pub(super) manifest: Option<Bytes>,
    /// The dump's own files of checksums that name none for it.
    pub(super) silent: Vec<String>,
}

/// Looks for it.
pub(super) async fn look(store: &Store, backup: &Backup) -> Beside {
    let mut found = Beside::default();
    for sidecar in proof::sidecars(&backup.key) {
        let Some(bytes) = store.beside(&sidecar.key, LIST).await else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        let silent = sidecar.own.then(|| sidecar.key.clone());
        if found.take(&text, backup, sidecar) {
            break;
        }
        found.silent.extend(silent);
    }
    let name = manifest::name_of(&backup.key);
    found.manifest = store.beside(&name, manifest::LIMIT).await;
    found
}

impl Beside {
    /// Takes what a file says of this dump; whether it says anything.
    fn take(&mut self, text: &str, backup: &Backup, sidecar: proof::Sidecar) -> bool {
        let (key, file) = (&backup.key, sidecar.key);
        if backup.is_directory() {
            let members = proof::listed(text, key, sidecar.own);
            self.listed = (!members.is_empty()).then_some(Listed { file, members });
            return self.listed.is_some();
        }
        let sha256 = proof::named(text, key, sidecar.own);
        self.named = sha256.map(|sha256| Named { file, sha256 });
        self.named.is_some()
    }

    /// One digest of all of it, by which a later run knows whether anything is new; none when there is nothing.
    pub(super) fn digest(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let mut told = String::new();
        if let Some(named) = &self.named {
            let _ = writeln!(told, "{}", named.sha256);
        }
        for (name, digest) in self.listed.iter().flat_map(|listed| &listed.members) {
            let _ = writeln!(told, "{name} {digest}");
        }
        if let Some(manifest) = &self.manifest {
            let _ = writeln!(told, "manifest {}", units::hex(&Sha256::digest(manifest)));
        }
        Some(units::hex(&Sha256::digest(told)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_new_changes_the_digest() {
        let nothing = Beside::default();
        let named = Beside {
            named: Some(Named {
                file: "a.sha256".to_owned(),
                sha256: "00".to_owned(),
            }),
            ..nothing.clone()
        };
        let both = Beside {
            manifest: Some(Bytes::from_static(b"{}")),
            ..named.clone()
        };
        assert_eq!(nothing.digest(), None);
        assert_ne!(named.digest(), None);
        assert_ne!(named.digest(), both.digest());
        assert_eq!(both.digest(), both.clone().digest());
    }
}
