//! What lies beside a dump and speaks for it: checksums, and a manifest of its source.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::{
    backup::{Backup, Store},
    error::Error,
    finding::Code,
    manifest,
    proof::{self, Listed, Named},
    report::Report,
    units,
};

/// The largest file of checksums that is read, in bytes.
const LIST: u64 = 1 << 20;

/// How many versions of what lies beside a dump are judged before it is given up.
const VERSIONS: usize = 3;

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

/// Judges what was found. Whatever there is to say about it is said only when another look shows the same: a job may be about
/// to write the checksum of a new dump, and a small file can be read wrongly as well as a large one.
///
/// # Errors
/// When it is another at every look, or what spoke against the dump is gone.
pub(super) async fn judge<F: Future<Output = Beside>>(
    first: Beside,
    key: &str,
    look: impl Fn() -> F,
    report: &mut Report,
    raise: impl Fn(&Beside, &mut Report),
) -> Result<(), Error> {
    let mut beside = first;
    for _ in 0..VERSIONS {
        let mut raised = report.clone();
        if let Some(backup) = &mut raised.backup {
            backup.evidence = beside.digest();
        }
        raise(&beside, &mut raised);
        let again = if raised.findings == report.findings {
            None
        } else {
            Some(look().await).filter(|again| *again != beside)
        };
        match again {
            None => {
                *report = raised;
                return Ok(());
            }
            Some(again) if again.lacks(&beside) => break,
            Some(again) => beside = again,
        }
    }
    Err(changing(key))
}

fn changing(key: &str) -> Error {
    Error::new(
        format!("the checksum or the manifest beside \"{key}\" changed while it was judged"),
        Code::BackupChanged.hint(),
    )
    .because(
        "What it said at first spoke against the dump, and another look did not show the same.",
    )
    .coded(Code::BackupChanged)
}

impl Beside {
    /// Whether something of another look is not there.
    const fn lacks(&self, other: &Self) -> bool {
        (self.named.is_none() && other.named.is_some())
            || (self.listed.is_none() && other.listed.is_some())
            || (self.manifest.is_none() && other.manifest.is_some())
    }

    /// Takes what a file says of this dump; whether it says enough.
    fn take(&mut self, text: &str, backup: &Backup, sidecar: proof::Sidecar) -> bool {
        let (key, file) = (&backup.key, sidecar.key);
        if backup.is_directory() {
            let members = proof::listed(text, key, sidecar.own);
            self.listed = (!members.is_empty()).then_some(Listed { file, members });
            return self.listed.is_some();
        }
        let lines = proof::named(text, key, sidecar.own);
        if lines.is_empty() {
            return false;
        }
        let named = self.named.insert(Named { file, lines });
        named.meant().is_some()
    }

    /// One digest of all of it, by which a later run knows whether anything is new; none when there is nothing.
    pub(super) fn digest(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let mut told = String::new();
        for line in self.named.iter().flat_map(|named| &named.lines) {
            let _ = writeln!(told, "{}", line.sha256);
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
    use crate::finding::Finding;

    /// A checksum beside the dump that says this.
    fn says(sha256: &str) -> Beside {
        let line = proof::Line {
            sha256: sha256.to_owned(),
            sure: true,
        };
        Beside {
            named: Some(Named {
                file: "a.sha256".to_owned(),
                lines: vec![line],
            }),
            ..Beside::default()
        }
    }

    #[test]
    fn whatever_is_new_changes_the_digest() {
        let nothing = Beside::default();
        let named = says("00");
        let both = Beside {
            manifest: Some(Bytes::from_static(b"{}")),
            ..named.clone()
        };
        assert_eq!(nothing.digest(), None);
        assert_ne!(named.digest(), None);
        assert_ne!(named.digest(), both.digest());
        assert_eq!(both.digest(), both.clone().digest());
    }

    /// What is known after these looks, of which the first is the one before the restore; how many are left.
    fn judged(mut looks: Vec<Beside>) -> (Result<usize, Error>, usize) {
        let first = looks.remove(0);
        let rest = std::cell::RefCell::new(looks);
        let look = || std::future::ready(rest.borrow_mut().remove(0));
        let mut report = Report::new("shop", "01", jiff::Timestamp::UNIX_EPOCH);
        let raise = |beside: &Beside, report: &mut Report| {
            let right = beside.named.as_ref().is_none_or(|named| named.has("right"));
            let differs = Finding::new(Code::DumpCorrupt, "another dump");
            report.findings.extend((!right).then_some(differs));
        };
        let judging = judge(first, "a.dump", look, &mut report, raise);
        let judged = futures_util::FutureExt::now_or_never(judging).unwrap();
        (judged.map(|()| report.findings.len()), rest.take().len())
    }

    #[test]
    fn what_speaks_against_a_dump_is_believed_when_two_looks_show_the_same() {
        assert_eq!(judged(vec![says("old"), says("old")]), (Ok(1), 0));
        let third = vec![says("old"), says("older"), says("older")];
        assert_eq!(judged(third), (Ok(1), 0));
    }

    #[test]
    fn a_checksum_that_was_just_written_is_the_one_that_counts() {
        assert_eq!(judged(vec![says("old"), says("right")]), (Ok(0), 0));
    }

    #[test]
    fn what_does_not_speak_against_the_dump_is_looked_at_once() {
        assert_eq!(judged(vec![says("right"), says("old")]), (Ok(0), 1));
        assert_eq!(judged(vec![Beside::default(), says("old")]), (Ok(0), 1));
    }

    #[test]
    fn what_is_gone_or_never_the_same_says_nothing_of_the_dump() {
        let code =
            |(judged, _): (Result<usize, Error>, usize)| Finding::from(judged.unwrap_err()).code;
        let gone = judged(vec![says("old"), Beside::default()]);
        assert_eq!(code(gone), Code::BackupChanged);
        let restless = ["1", "2", "3", "4"].map(says).to_vec();
        assert_eq!(code(judged(restless)), Code::BackupChanged);
    }
}
