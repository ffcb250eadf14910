//! Backups in a folder of this machine.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use pgdrill::{
    backup::{Evidence, Listing, Object, Reason, Store},
    error::Broken,
    finding::{Code, Finding},
    plan::{BackupPlan, Select},
    progress::Progress,
};
use tempfile::TempDir;

fn put(folder: &TempDir, key: &str, bytes: &[u8], seconds_old: u64) {
    let file = folder.path().join(key);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, bytes).unwrap();
    let modified = SystemTime::now() - Duration::from_secs(seconds_old);
    File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(modified)
        .unwrap();
}

async fn store(url: &str, folder_of_plan: &Path) -> Store {
    let plan = BackupPlan {
        url: url.to_owned(),
        endpoint: None,
        region: None,
        pattern: None,
        select: Select::Newest,
        timezone: None,
        database: None,
    };
    Store::open(&plan, folder_of_plan).await.unwrap()
}

async fn list(path: &Path) -> Listing {
    store(path.to_str().unwrap(), Path::new("/"))
        .await
        .list()
        .await
        .unwrap()
}

fn keys(listing: &Listing) -> Vec<&str> {
    listing
        .backups
        .iter()
        .map(|backup| backup.key.as_str())
        .collect()
}

async fn read(store: &Store, object: &Object) -> Result<(Vec<u8>, Evidence), Broken> {
    let progress = Progress::default();
    let mut body = store.read(object, &progress);
    let evidence = body.evidence();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    assert_eq!(progress.bytes().0, bytes.len() as u64);
    Ok((bytes, evidence.get().cloned().unwrap()))
}

fn stopped_by(broken: Broken) -> Finding {
    assert!(matches!(broken, Broken::Run(_)), "{broken}");
    broken.into()
}

#[tokio::test]
async fn a_folder_is_listed_with_everything_below_it() {
    let folder = TempDir::new().unwrap();
    put(&folder, "b.dump", b"bb", 20);
    put(&folder, "deep/er/a.dump", b"a", 10);
    put(&folder, "mon/toc.dat", b"toc", 30);
    put(&folder, "mon/1.dat.gz", b"data", 25);
    put(&folder, "b.dump.sha256", b"x", 1);
    put(&folder, "c.dump", b"", 5);
    let listing = list(folder.path()).await;
    assert_eq!(keys(&listing), ["deep/er/a.dump", "b.dump", "mon/"]);
    assert_eq!(listing.storage, 11);
    let mut rejected: Vec<_> = listing
        .rejected
        .iter()
        .map(|r| (r.object.key.as_str(), r.reason))
        .collect();
    rejected.sort_unstable_by_key(|(key, _)| *key);
    assert_eq!(
        rejected,
        [
            ("b.dump.sha256", Reason::Sidecar),
            ("c.dump", Reason::Empty)
        ]
    );
}

#[tokio::test]
async fn a_url_is_relative_to_the_plan() {
    let folder = TempDir::new().unwrap();
    put(&folder, "dumps/a.dump", b"a", 1);
    let listing = store("dumps", folder.path()).await.list().await.unwrap();
    assert_eq!(keys(&listing), ["a.dump"]);
    let url = format!("file://{}/dumps", folder.path().display());
    assert_eq!(
        keys(&store(&url, Path::new("/")).await.list().await.unwrap()),
        ["a.dump"]
    );
}

#[tokio::test]
async fn a_url_may_be_one_file_or_one_directory_dump() {
    let folder = TempDir::new().unwrap();
    put(&folder, "notes.txt", b"SQL after all", 1);
    put(&folder, "other.dump", b"o", 1);
    put(&folder, "mon/toc.dat", b"toc", 1);
    let file = store("notes.txt", folder.path()).await;
    let listing = file.list().await.unwrap();
    assert_eq!(keys(&listing), ["notes.txt"]);
    let (bytes, _) = read(&file, &listing.backups[0].object()).await.unwrap();
    assert_eq!(bytes, b"SQL after all");
    let directory = store("mon", folder.path()).await;
    let listing = directory.list().await.unwrap();
    assert_eq!(keys(&listing), ["mon/"]);
    let whole = directory.whole(listing.backups[0].clone()).await.unwrap();
    let toc = directory.read_all(&whole.members[0], 100).await.unwrap();
    assert_eq!(&toc[..], b"toc");
    assert!(directory.read_all(&whole.members[0], 2).await.is_err());
}

#[tokio::test]
async fn a_link_to_the_newest_dump_is_not_a_second_backup() {
    let folder = TempDir::new().unwrap();
    put(&folder, "a.dump", b"a", 1);
    std::os::unix::fs::symlink("a.dump", folder.path().join("latest.dump")).unwrap();
    std::os::unix::fs::symlink(".", folder.path().join("loop")).unwrap();
    assert_eq!(keys(&list(folder.path()).await), ["a.dump"]);
}

#[tokio::test]
async fn a_missing_folder_is_an_error_and_no_finding() {
    let folder = TempDir::new().unwrap();
    let error = store("nowhere", folder.path())
        .await
        .list()
        .await
        .unwrap_err();
    let finding = Finding::from(error);
    assert_eq!(finding.code, Code::RunStopped);
    assert!(
        finding.message.starts_with("could not list \""),
        "{}",
        finding.message
    );
}

#[tokio::test]
async fn bytes_arrive_whole_and_hashed() {
    let folder = TempDir::new().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    put(&folder, "a.dump", &bytes, 1);
    put(&folder, "b.dump", b"123456789", 2);
    let store = store(".", folder.path()).await;
    let listing = store.list().await.unwrap();
    let (read_bytes, evidence) = read(&store, &listing.backups[0].object()).await.unwrap();
    assert!(read_bytes == bytes);
    assert_eq!(evidence.bytes, 12_000_000);
    let (_, evidence) = read(&store, &listing.backups[1].object()).await.unwrap();
    // As `sha256sum` prints it.
    assert_eq!(
        evidence.sha256,
        "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
    );
}

#[tokio::test]
async fn a_replaced_file_is_an_error_of_the_run() {
    let folder = TempDir::new().unwrap();
    put(&folder, "a.dump", b"before", 60);
    let store = store(".", folder.path()).await;
    let object = store.list().await.unwrap().backups[0].object();
    put(&folder, "a.dump", b"behind", 30);
    assert_eq!(
        stopped_by(read(&store, &object).await.unwrap_err()).code,
        Code::BackupChanged
    );
    fs::remove_file(folder.path().join("a.dump")).unwrap();
    let gone = stopped_by(read(&store, &object).await.unwrap_err());
    assert_eq!(gone.message, "\"a.dump\" vanished while it was read");
}

#[tokio::test]
async fn a_file_that_is_replaced_while_it_is_read_is_noticed_at_its_end() {
    let folder = TempDir::new().unwrap();
    // More than may wait in the channel: reading cannot be over before the first chunk was taken.
    put(&folder, "a.dump", &vec![7; 64 << 20], 60);
    let store = store(".", folder.path()).await;
    let object = store.list().await.unwrap().backups[0].object();
    let mut body = store.read(&object, &Progress::default());
    body.chunk().await.unwrap().unwrap();
    put(&folder, "new", &vec![8; 64 << 20], 60);
    fs::rename(folder.path().join("new"), folder.path().join("a.dump")).unwrap();
    let mut last = Ok(());
    while let Some(chunk) = body.chunk().await {
        last = chunk.map(drop);
    }
    assert_eq!(stopped_by(last.unwrap_err()).code, Code::BackupChanged);
    assert!(body.evidence().get().is_none());
}

/// A file of which a stretch is read ahead of its turn, before anything behind it; then the rest is read. How the stretch and
/// the file ended, and what of the file came in its order.
async fn with_a_stretch(
    folder: &TempDir,
    all: &[u8],
    before_the_rest: impl FnOnce(),
) -> (Vec<u8>, Result<Vec<u8>, Broken>, Option<Evidence>) {
    put(folder, "a.dump", all, 60);
    let store = store(".", folder.path()).await;
    let object = store.list().await.unwrap().backups[0].object();
    let mut body = store.read(&object, &Progress::default());
    let (ahead, evidence) = (body.ahead(), body.evidence());
    let mut rest = body.chunk().await.unwrap().unwrap().to_vec();
    let range = STRETCH.start as u64..STRETCH.end as u64;
    let mut stretch = ahead.stretch(range.clone()).unwrap();
    assert!(ahead.stretch(range).is_none(), "there is one already");
    // It looks at what is wanted when there is a place for more.
    rest.extend(body.chunk().await.unwrap().unwrap());
    let mut early = Vec::new();
    while let Some(chunk) = stretch.chunk().await {
        early.extend(chunk.unwrap());
    }
    before_the_rest();
    while let Some(chunk) = body.chunk().await {
        match chunk {
            Ok(chunk) => rest.extend(chunk),
            Err(broken) => return (early, Err(broken), evidence.get().cloned()),
        }
    }
    (early, Ok(rest), evidence.get().cloned())
}

const STRETCH: std::ops::Range<usize> = 6_000_001..8_000_003;

/// Longer than what may wait and the stretch.
fn long() -> Vec<u8> {
    (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_comes_ahead_of_its_turn_and_everything_is_hashed_in_its_order() {
    let (folder, all) = (TempDir::new().unwrap(), long());
    let (early, rest, evidence) = with_a_stretch(&folder, &all, || ()).await;
    assert!(early == all[STRETCH]);
    assert!(rest.unwrap() == [&all[..STRETCH.start], &all[STRETCH.end..]].concat());
    let plain = store(".", folder.path()).await;
    let object = plain.list().await.unwrap().backups[0].object();
    let (_, whole) = read(&plain, &object).await.unwrap();
    assert_eq!(evidence, Some(whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_is_another_in_its_turn_proves_nothing() {
    let (folder, all) = (TempDir::new().unwrap(), long());
    let file = folder.path().join("a.dump");
    let change = || {
        let modified = file.metadata().unwrap().modified().unwrap();
        let opened = File::options().write(true).open(&file).unwrap();
        opened.write_at(b"x", STRETCH.start as u64 + 7).unwrap();
        // Nothing but the byte tells.
        opened.set_modified(modified).unwrap();
    };
    let (_, rest, evidence) = with_a_stretch(&folder, &all, change).await;
    let stopped = stopped_by(rest.unwrap_err());
    let said = "the bytes of \"a.dump\" changed on their way here";
    assert_eq!(stopped.message, said);
    assert_eq!(evidence, None);
}
