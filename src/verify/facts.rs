//! What was looked at, in the report's words.

use jiff::Timestamp;

use crate::{
    backup::{Backup, Listing},
    report::{BackupFacts, PreviousBackup, RejectedObject},
};

/// How many rejected objects a report names; the rest is only counted by the listing's size.
const NAMED: usize = 100;

/// The listing and the chosen backup.
pub(super) fn backup(listing: &Listing, chosen: Option<&Backup>, now: Timestamp) -> BackupFacts {
    let mut facts = BackupFacts {
        url: listing.url.clone(),
        count: listing.backups.len() as u64,
        oldest: listing.backups.last().map(|backup| backup.last_modified),
        storage_bytes: listing.storage,
        rejected: rejected(listing),
        ..BackupFacts::default()
    };
    if let Some(backup) = chosen {
        facts.key.clone_from(&backup.key);
        facts.size_bytes = backup.size;
        facts.last_modified = Some(backup.last_modified);
        facts.age_seconds = Some(now.as_second() - backup.last_modified.as_second());
        facts.etag.clone_from(&backup.etag);
        facts.previous = listing.previous_of(backup).map(|previous| PreviousBackup {
            key: previous.key.clone(),
            size_bytes: previous.size,
        });
    }
    facts
}

fn rejected(listing: &Listing) -> Vec<RejectedObject> {
    listing
        .rejected
        .iter()
        .take(NAMED)
        .map(|rejected| RejectedObject {
            key: rejected.object.key.clone(),
            reason: rejected.reason.to_string(),
        })
        .collect()
}
