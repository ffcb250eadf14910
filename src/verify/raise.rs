//! What speaks for the dump's own bytes and for its source: raises the level of a proof as far as it was reached.

use std::collections::BTreeMap;

use super::beside::Beside;
use crate::{
    backup::{Backup, Evidence},
    dump::Contents,
    finding::{Code, Finding},
    manifest,
    proof::{self, Compared, Unseen},
    report::{ProofLevel, Report},
};

/// What reading each member of a directory dump to its end showed, by its name.
pub(super) type Members = BTreeMap<String, Evidence>;

/// What was read and what lies beside it.
pub(super) struct Bytes<'a> {
    pub(super) backup: &'a Backup,
    pub(super) contents: &'a Contents,
    pub(super) members: &'a Members,
    pub(super) beside: &'a Beside,
}

/// Compares, and raises the level.
pub(super) fn raise(bytes: &Bytes<'_>, compared: &Compared, report: &mut Report) {
    let mut notes = Vec::new();
    let before = report.findings.len();
    let matched = if bytes.backup.is_directory() {
        members(bytes, &mut notes, report)
    } else {
        file(bytes, &mut notes, report)
    };
    notes.extend(bytes.beside.silent.iter().map(|file| silent(file)));
    let disputed = report.findings.len() > before;
    let manifest = source(bytes, compared, report);
    let (equal, by_manifest) = (manifest.equal, manifest.matched && !disputed);
    if by_manifest && !matched {
        let file = manifest::name_of(&bytes.backup.key);
        notes.push(format!("The SHA-256 in \"{file}\" matched."));
    }
    let matched = matched || by_manifest;
    notes.extend(manifest.notes);
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
    if !matched && !equal {
        let (note, suspects) = unproven(bytes.contents);
        proof.notes.extend(note.map(str::to_owned));
        report.findings.extend(suspects);
    }
}

/// What cannot be known of bytes that nothing speaks for, and what in them looks like damage.
fn unproven(contents: &Contents) -> (Option<&'static str>, Vec<Finding>) {
    let note = match proof::unseen(contents) {
        Unseen::Nowhere => return (None, Vec::new()),
        Unseen::InContents => {
            "The table of contents has no checksum of its own, so a flipped bit in a name, a comment or a default can pass \
             unseen, and no checksum beside or with the dump speaks for it: add a .sha256 file, or use `pgdrill manifest`."
        }
        Unseen::Anywhere => {
            "This format does not notice a flipped bit, and no checksum beside or with the dump speaks for it: use gzip \
             (`pg_dump -Fc`), a .sha256 file, or `pgdrill manifest`."
        }
    };
    (Some(note), proof::misspelt(contents))
}

/// Whether a checksum of a dump of one file matched.
fn file(bytes: &Bytes<'_>, notes: &mut Vec<String>, report: &mut Report) -> bool {
    let Some(facts) = &report.backup else {
        return false;
    };
    let stored = !facts.checksums.is_empty();
    let (Some(sha256), Some(named)) = (&facts.sha256, &bytes.beside.named) else {
        return stored;
    };
    if named.has(sha256) {
        notes.push(format!("The SHA-256 in \"{}\" matched.", named.file));
        return true;
    }
    let Some(says) = named.meant() else {
        notes.push(silent(&named.file));
        return stored;
    };
    let finding = differs(&named.file, says, sha256).about(&bytes.backup.key);
    report.findings.push(finding);
    false
}

/// Whether checksums of all members of a directory dump matched.
fn members(bytes: &Bytes<'_>, notes: &mut Vec<String>, report: &mut Report) -> bool {
    let all = bytes.members;
    let stored = !all.is_empty() && all.values().all(|evidence| !evidence.checksums.is_empty());
    let Some(listed) = &bytes.beside.listed else {
        return stored;
    };
    let mut named = 0;
    let mut differing = Vec::new();
    for (name, evidence) in all {
        match listed.members.get(name) {
            Some(digest) if *digest == evidence.sha256 => named += 1,
            Some(digest) => differing.push((name, digest, &evidence.sha256)),
            None => {}
        }
    }
    for (name, says, is) in &differing {
        let about = format!("{}{name}", bytes.backup.key);
        let finding = differs(&listed.file, says, is);
        report.findings.push(finding.about(about));
    }
    if !differing.is_empty() {
        return false;
    }
    let whole = named == all.len() && named > 0;
    notes.push(if whole {
        format!(
            "The SHA-256 of all {named} members in \"{}\" matched.",
            listed.file
        )
    } else {
        format!(
            "\"{}\" names {named} of {} members: it raises nothing.",
            listed.file,
            all.len()
        )
    });
    whole || stored
}

/// What a manifest beside the dump says of its bytes and of the source; its findings are told.
fn source(bytes: &Bytes<'_>, compared: &Compared, report: &mut Report) -> manifest::Judged {
    let key = &bytes.backup.key;
    let Some(text) = &bytes.beside.manifest else {
        return manifest::Judged::default();
    };
    let manifest = match manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(why) => {
            report.findings.push(manifest::unusable(key, &why));
            return manifest::Judged::default();
        }
    };
    let digests = bytes.members.iter();
    let digests = digests.map(|(name, evidence)| (name.clone(), evidence.sha256.clone()));
    let facts = manifest::Facts {
        key,
        sha256: (report.backup.as_ref()).and_then(|facts| facts.sha256.as_deref()),
        members: &digests.collect(),
        tables: &compared.answers,
        sequences: &compared.sequences,
        large: compared.large_found,
        objects: compared.counts.as_ref(),
    };
    let mut judged = manifest::judge(&manifest, &facts);
    report.findings.append(&mut judged.findings);
    judged
}

fn silent(file: &str) -> String {
    format!("\"{file}\" holds no SHA-256 of this dump: it raises nothing.")
}

fn differs(file: &str, says: &str, is: &str) -> Finding {
    let message = format!("the dump is not the one that \"{file}\" was written for");
    Finding::new(Code::DumpCorrupt, message)
        .detail(format!("Its SHA-256 is {is}; the file says {says}."))
        .hint("Take a new dump if this one was damaged; write the checksum anew if the dump was replaced on purpose.")
}
