//! A backup that was written a moment ago may be written still: it is watched for a while before anything is said against it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use crate::{
    backup::{Backup, Listing, Rejected, Store},
    error::Result,
};

/// What was written longer ago than this stands still.
const YOUNG: SignedDuration = SignedDuration::from_mins(1);

/// How long a young one is watched: what writes a dump writes more often than that.
const WATCHED: Duration = Duration::from_secs(5);

/// How often it is looked at: listing a bucket costs money.
const LOOK: Duration = Duration::from_secs(1);

/// Lists the backups. An empty file that is a moment old may be one that somebody begins to write.
///
/// # Errors
/// When the place cannot be listed.
pub(super) async fn listing(store: &Store, named: Option<&str>) -> Result<Listing> {
    let listing = store.list_naming(named).await?;
    if !store.is_folder() || !begins(&listing, Timestamp::now()) {
        return Ok(listing);
    }
    sleep(WATCHED).await;
    store.list_naming(named).await
}

/// Whether the newest of all is empty, and was written near this time.
fn begins(listing: &Listing, now: Timestamp) -> bool {
    let empty = listing.empty_newer_than(listing.backups.first());
    let is_young = |one: &&Rejected| now.duration_since(one.object.last_modified).abs() < YOUNG;
    empty.iter().any(is_young)
}

/// Makes sure that a backup is whole as far as its writer goes.
///
/// # Errors
/// `backup.changed` when it is another than was listed; also when the place cannot be reached.
pub(super) async fn must_stand(store: &Store, backup: &Backup) -> Result<()> {
    if !store.may_grow(backup) {
        return Ok(());
    }
    let began = Instant::now();
    loop {
        store.same(backup).await?;
        if !is_young(backup, Timestamp::now()) || began.elapsed() >= WATCHED {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

/// Whether it was written near this time; a clock elsewhere may be ahead of ours.
fn is_young(backup: &Backup, now: Timestamp) -> bool {
    now.duration_since(backup.last_modified).abs() < YOUNG
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _, path::Path, thread};

    use super::*;
    use crate::{
        finding::{Code, Finding},
        plan::BackupPlan,
    };

    /// What a folder with these files holds.
    async fn listed(folder: &Path) -> (Store, Backup) {
        let plan = BackupPlan {
            url: folder.display().to_string(),
            ..BackupPlan::default()
        };
        let store = Store::open(&plan, Path::new(".")).await.unwrap();
        let backup = store.list().await.unwrap().backups.remove(0);
        (store, backup)
    }

    fn later(write: impl FnOnce() + Send + 'static) {
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(300));
            write();
        });
    }

    fn code(stands: Result<()>) -> Option<Code> {
        stands.err().map(|error| Finding::from(error).code)
    }

    #[tokio::test]
    async fn a_dump_that_still_grows_does_not_stand_and_an_old_one_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sql");
        fs::write(&path, "select 1;").unwrap();
        let (store, backup) = listed(folder.path()).await;
        let mut file = fs::File::options().append(true).open(&path).unwrap();
        later(move || file.write_all(b"select 2;").unwrap());
        let stands = must_stand(&store, &backup).await;
        assert_eq!(code(stands), Some(Code::BackupChanged));

        let file = fs::File::options().append(true).open(&path).unwrap();
        let old = std::time::SystemTime::now() - Duration::from_hours(1);
        file.set_modified(old).unwrap();
        let (store, backup) = listed(folder.path()).await;
        let began = Instant::now();
        assert_eq!(code(must_stand(&store, &backup).await), None);
        assert!(began.elapsed() < LOOK);
    }

    #[tokio::test]
    async fn an_empty_file_that_somebody_begins_to_write_is_no_empty_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sql");
        fs::write(&path, "select 1;").unwrap();
        let (store, _) = listed(folder.path()).await;
        fs::write(&path, "").unwrap();
        let same = path.clone();
        later(move || fs::write(same, "select 1;").unwrap());
        let listing = super::listing(&store, None).await.unwrap();
        assert_eq!(listing.backups.len(), 1);

        let file = fs::File::create(&path).unwrap();
        let old = std::time::SystemTime::now() - Duration::from_hours(1);
        file.set_modified(old).unwrap();
        let began = Instant::now();
        let listing = super::listing(&store, None).await.unwrap();
        assert!(listing.backups.is_empty() && began.elapsed() < LOOK);
    }

    #[tokio::test]
    async fn a_directory_dump_whose_members_still_arrive_does_not_stand() {
        let folder = tempfile::tempdir().unwrap();
        let dump = folder.path().join("x");
        fs::create_dir(&dump).unwrap();
        fs::write(dump.join("toc.dat"), "PGDMP").unwrap();
        let (store, backup) = listed(folder.path()).await;
        assert!(backup.is_directory());
        later(move || fs::write(dump.join("3360.dat"), "1\n").unwrap());
        let stands = must_stand(&store, &backup).await;
        assert_eq!(code(stands), Some(Code::BackupChanged));
    }
}
