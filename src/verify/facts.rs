//! What was looked at, in the report's words.

use crate::{
    backup::Listing,
    plan::Prices,
    report::{BackupFacts, PreviousBackup, RejectedObject},
    rules::{self, Facts},
};

/// How many rejected objects a report names; the rest is only counted.
const NAMED: usize = 100;

/// The listing and the chosen backup.
pub(super) fn backup(judged: &Facts, prices: &Prices) -> BackupFacts {
    let listing = judged.listing;
    let price = prices.storage_gb_month;
    let mut facts = BackupFacts {
        url: listing.url.clone(),
        count: listing.count,
        oldest: listing.oldest.as_ref().map(|backup| backup.last_modified),
        storage_bytes: listing.storage,
        cost_usd_per_month: price.map(|price| rules::monthly(listing.storage, price).0),
        projection: rules::projection(judged, prices),
        rejected: rejected(listing),
        ..BackupFacts::default()
    };
    if let Some(backup) = judged.chosen {
        facts.key.clone_from(&backup.key);
        facts.size_bytes = backup.size;
        facts.last_modified = Some(backup.last_modified);
        facts.age_seconds = Some(judged.age_seconds(backup));
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
