//! After the restore: is everything there that the dump holds? And what speaks for the dump's own bytes?

use std::{collections::BTreeMap, sync::Arc};

use super::Job;
use crate::{
    backup::{Backup, Store},
    dump::{Contents, Counting},
    error::Result,
    finding::{Code, Finding},
    manifest,
    proof::{self, Compared},
    report::{ProofLevel, Report},
    restore::Restored,
    sandbox::Sandbox,
};

/// How many tables are read at the same time.
const CONNECTIONS: usize = 3;

/// The largest file of checksums that is read, in bytes.
const LIST: u64 = 1 << 20;

/// Compares the restored database with the dump.
///
/// # Errors
/// When the server went away.
pub(super) async fn compare(
    job: &Job<'_>,
    contents: Contents,
    counting: Option<Counting>,
    restored: &Restored,
    refused: Vec<String>,
    sandbox: &Sandbox,
) -> Result<Compared> {
    job.progress.stage("compare");
    let (ledger, expected) = match (&restored.seen, counting) {
        (Some(seen), _) => (seen.ledger.clone(), proof::expected_of_script(seen)),
        (None, Some(counting)) => (counting.finish().await, proof::expected(&contents)),
        (None, None) => return Ok(Compared::default()),
    };
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(sandbox.superuser(&restored.loaded.database).await?);
    }
    let dump = proof::Dump {
        contents,
        expected,
        ledger,
        refused,
    };
    proof::compare(&dump, clients).await
}

/// Looks for checksums beside the dump, compares, and raises the level of the proof as far as it was reached. `files` are
/// the digests of the files of a directory dump.
pub(super) async fn raise(
    store: &Arc<Store>,
    backup: &Backup,
    contents: &Contents,
    compared: &Compared,
    files: &BTreeMap<String, String>,
    report: &mut Report,
) {
    let stored = report
        .backup
        .as_ref()
        .map(|facts| facts.checksums.clone())
        .unwrap_or_default();
    let sha256 = report
        .backup
        .as_ref()
        .and_then(|facts| facts.sha256.clone());
    let mut matched = !stored.is_empty();
    let mut notes = Vec::new();
    if let (Some(sha256), Some(named)) = (sha256, named(store, backup).await) {
        if named.sha256 == sha256 {
            matched = true;
            notes.push(format!("The SHA-256 in \"{}\" matched.", named.file));
        } else {
            report.findings.push(differs(backup, &named, &sha256));
            matched = false;
        }
    }
    let equal = source(store, backup, compared, files, &mut notes, report).await;
    let Some(proof) = &mut report.proof else {
        return;
    };
    proof.notes.extend(notes);
    if proof.level == ProofLevel::Complete {
        proof.level = match (equal, matched) {
            (true, _) => ProofLevel::SourceEqual,
            (false, true) => ProofLevel::TransportProved,
            (false, false) => ProofLevel::Complete,
        };
    }
    if !matched && !equal && proof::is_weak(contents) {
        proof.notes.push(
            "This format does not notice a flipped bit, and no checksum was found beside or with the dump: use gzip \
             (`pg_dump -Fc`), a .sha256 file, or `pgdrill manifest`."
                .to_owned(),
        );
    }
}

/// Whether a manifest beside the dump says that the restored database is equal to the source.
async fn source(
    store: &Store,
    backup: &Backup,
    compared: &Compared,
    files: &BTreeMap<String, String>,
    notes: &mut Vec<String>,
    report: &mut Report,
) -> bool {
    let name = manifest::name_of(&backup.key);
    let Some(bytes) = store.beside(&name, manifest::LIMIT).await else {
        return false;
    };
    let manifest = match manifest::parse(&bytes) {
        Ok(manifest) => manifest,
        Err(why) => {
            report.findings.push(manifest::unusable(&backup.key, &why));
            return false;
        }
    };
    let facts = manifest::Facts {
        key: &backup.key,
        sha256: report
            .backup
            .as_ref()
            .and_then(|facts| facts.sha256.as_deref()),
        members: files,
        tables: &compared.answers,
        sequences: &compared.sequences,
        large: compared.large_found,
    };
    let judged = manifest::judge(&manifest, &facts);
    report.findings.extend(judged.findings);
    notes.extend(judged.notes);
    judged.equal
}

/// The checksum that a file beside the dump names for it.
async fn named(store: &Store, backup: &Backup) -> Option<proof::Named> {
    if backup.is_directory() {
        return None;
    }
    for file in proof::sidecars(&backup.key) {
        let Some(bytes) = store.beside(&file, LIST).await else {
            continue;
        };
        let only = file.starts_with(&backup.key);
        let text = String::from_utf8_lossy(&bytes);
        if let Some(sha256) = proof::named(&text, &backup.key, only) {
            return Some(proof::Named { file, sha256 });
        }
    }
    None
}

fn differs(backup: &Backup, named: &proof::Named, sha256: &str) -> Finding {
    let message = format!(
        "the dump is not the one that \"{}\" was written for",
        named.file
    );
    Finding::new(Code::DumpCorrupt, message)
        .detail(format!("Its SHA-256 is {sha256}; the file says {}.", named.sha256))
        .hint("Take a new dump if this one was damaged; write the checksum anew if the dump was replaced on purpose.")
        .about(&backup.key)
}
