//! What a backup says of itself, from its head alone.

use std::{path::Path, sync::Arc};

use super::{again, no_backup, source, still, watched::Watched};
use crate::{
    backup::{Backup, Listing, Store},
    dump::Contents,
    error::{Broken, Error},
    finding::{Code, Finding},
    plan::{BackupPlan, Limits, Select},
    progress::Progress,
};

/// A backup whose head was read.
#[derive(Debug)]
pub struct Inspected {
    /// Which one it is.
    pub backup: Backup,
    /// What it says.
    pub contents: Contents,
    /// How many of its bytes were asked for.
    pub read: u64,
}

/// Reads the head of a backup: the one with this name, else the one that the plan selects.
///
/// # Errors
/// When there is none, it cannot be read, or it is no dump.
pub async fn inspect(
    plan: Option<&BackupPlan>,
    folder: &Path,
    named: Option<&str>,
) -> Result<Inspected, Broken> {
    let plan = plan.ok_or_else(no_backup)?;
    let store = Store::open(plan, folder).await?;
    let listing = store.list_naming(named).await?;
    let select = match plan.select {
        Select::NewestGood => Select::Newest,
        other => other,
    };
    let Some(backup) = listing.pick(select, named)? else {
        return Err(nothing(&listing).into());
    };
    let progress = Progress::default();
    let store = Arc::new(store);
    let open = || {
        let watched = Watched::new(backup.size, &Limits::default(), false, &progress);
        // Whatever follows the head is let go, and no longer downloaded.
        source::open(store.clone(), &backup, watched, &progress)
    };
    let source = match open().await {
        Err(Broken::Backup(found)) if again::is_doubtful(&found) => {
            still::must_stand(&store, &backup).await?;
            let read = || async { open().await.map(drop) };
            return Err(again::settle(&backup.key, found, read).await);
        }
        opened => opened?,
    };
    Ok(Inspected {
        contents: source.contents,
        read: progress.bytes().0,
        backup,
    })
}

/// Where a file or an object with this address is: the place, and its name there.
///
/// # Errors
/// When it names no file.
pub fn place_of(address: &str) -> Result<(BackupPlan, String), Error> {
    let trimmed = address.trim_end_matches('/');
    let (url, name) = match trimmed.rsplit_once('/') {
        Some((place, name)) => (format!("{place}/"), name),
        None => ("./".to_owned(), trimmed),
    };
    if name.is_empty() || url.ends_with("://") {
        return Err(Error::new(
            format!("\"{address}\" names no dump"),
            "Write a file, a folder with a toc.dat, s3://bucket/key, or a plan.",
        ));
    }
    let plan = BackupPlan {
        url,
        ..BackupPlan::default()
    };
    let slash = if address.ends_with('/') { "/" } else { "" };
    Ok((plan, format!("{name}{slash}")))
}

/// Why there is no backup to look at.
fn nothing(listing: &Listing) -> Finding {
    match listing.empty_newer_than(None).first() {
        Some(empty) => {
            let key = &empty.object.key;
            Finding::new(Code::BackupEmpty, format!("\"{key}\" is empty")).about(key)
        }
        None => Finding::new(Code::BackupNone, "no backups found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_place_and_a_name_in_it() {
        let place = |address| {
            let (plan, name) = place_of(address).unwrap();
            (plan.url, name)
        };
        let owned = |url: &str, name: &str| (url.to_owned(), name.to_owned());
        assert_eq!(place("shop.dump"), owned("./", "shop.dump"));
        assert_eq!(place("/srv/b/shop.dump"), owned("/srv/b/", "shop.dump"));
        assert_eq!(
            place("s3://b/db/shop.dump"),
            owned("s3://b/db/", "shop.dump")
        );
        assert_eq!(place("s3://b/db/shop.d/"), owned("s3://b/db/", "shop.d/"));
        assert!(place_of("s3://bucket").is_err());
    }
}
