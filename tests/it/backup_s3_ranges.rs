//! Large objects: several ranges at the same time, each resumed, each pinned to the object that was listed.

use std::time::Instant;

use pgdrill::{
    backup::{Backup, Body, Evidence, Store},
    error::Broken,
    finding::{Code, Finding},
    progress::Progress,
};

use crate::support::s3::{S3Server, md5};

const KEY: &str = "db/shop.dump";

/// Where its ranges begin: a small one that its head is in, and large ones.
fn starts() -> [u64; 4] {
    let (first, range) = (256 << 10, 8 << 20);
    [0, first, first + range, first + 2 * range]
}

/// Not the same anywhere.
fn dump() -> Vec<u8> {
    (0..4_500_000_u32).flat_map(u32::to_le_bytes).collect()
}

async fn stored() -> (S3Server, Store, Backup) {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let store = server.store("db/").await;
    let backup = store.list().await.unwrap().backups.remove(0);
    (server, store, backup)
}

async fn read(store: &Store, backup: &Backup) -> Result<(Vec<u8>, Evidence), Broken> {
    watched(store, backup, &Progress::default()).await
}

async fn watched(
    store: &Store,
    backup: &Backup,
    progress: &Progress,
) -> Result<(Vec<u8>, Evidence), Broken> {
    let mut body = store.read(&backup.object(), progress);
    let evidence = body.evidence();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok((bytes, evidence.get().cloned().unwrap()))
}

/// From which byte each request asked.
fn asked(server: &S3Server) -> Vec<u64> {
    let log = server.faults.log();
    let gets = log.iter().filter(|request| request.starts_with("get"));
    let from = gets.map(|get| {
        assert!(get.ends_with(" if-match"), "{get}");
        let (_, behind) = get.split_once(" from ").unwrap_or_default();
        let number = behind.split(' ').next().unwrap();
        number.parse().unwrap_or(0)
    });
    let mut from: Vec<u64> = from.collect();
    from.sort_unstable();
    from
}

fn changed(broken: Broken) {
    assert!(
        matches!(broken, Broken::Run(_)),
        "it blames the backup: {broken}"
    );
    assert_eq!(Finding::from(broken).code, Code::BackupChanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_come_at_the_same_time_and_are_put_in_order() {
    let (server, store, backup) = stored().await;
    let (bytes, evidence) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump());
    assert_eq!(asked(&server), starts());
    assert!(server.faults.reading_most() > 1);
    // Over all ranges together.
    assert_eq!(evidence.checksums, ["md5"]);
    assert_eq!(backup.etag, Some(md5(&dump())));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_ranges_were_on_their_way_is_known_and_of_a_body_that_waits_for_its_reader_it_is_not()
 {
    let (server, store, backup) = stored().await;
    let progress = Progress::default();
    let began = Instant::now();
    watched(&store, &backup, &progress).await.unwrap();
    let took = progress.take_download().unwrap();
    assert!(took <= began.elapsed(), "{took:?}");
    server.put(KEY, b"small", 0);
    let small = store.list().await.unwrap().backups.remove(0);
    watched(&store, &small, &progress).await.unwrap();
    assert_eq!(progress.take_download(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_breaks_off_is_resumed_where_it_stopped() {
    let (server, store, backup) = stored().await;
    server.faults.cut(&[1_000; 4]);
    let (bytes, _) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump());
    let resumed = starts().into_iter().flat_map(|at| [at, at + 1_000]);
    assert_eq!(asked(&server), resumed.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_service_is_asked_for_its_ranges_again() {
    let (server, store, backup) = stored().await;
    server.faults.busy_gets(5);
    let (bytes, _) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump());
    assert_eq!(asked(&server).len(), starts().len() + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_replaced_between_its_ranges_is_an_error_of_the_run() {
    for conditions in [true, false] {
        let (server, store, backup) = stored().await;
        let mut other = dump();
        other.reverse();
        if !conditions {
            server.faults.no_conditions();
        }
        server.faults.swap_at_cut(server.file(KEY), &other);
        server.faults.cut(&[1_000, 1_000, 1_000]);
        changed(read(&store, &backup).await.unwrap_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_cut_short_since_the_listing_is_an_error_of_the_run() {
    let (server, store, backup) = stored().await;
    server.put(KEY, &dump()[..9 << 20], 30);
    changed(read(&store, &backup).await.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_ranges_sends_it_in_one_body() {
    let (server, store, backup) = stored().await;
    server.faults.no_ranges();
    let (bytes, evidence) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump());
    assert_eq!(evidence.checksums, ["md5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_stops_the_ranges() {
    let (server, store, backup) = stored().await;
    let mut body = store.read(&backup.object(), &Progress::default());
    let evidence = body.evidence();
    body.chunk().await.unwrap().unwrap();
    drop(body);
    let (bytes, _) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump() && evidence.get().is_none());
    assert!(asked(&server).len() <= 2 * starts().len());
}

/// So large that not all of it is asked for at once.
fn long() -> Vec<u8> {
    (0..16_000_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// A stretch of it that is asked for later than what is asked for at first.
const STRETCH: std::ops::Range<usize> = 50_000_000..59_000_001;

async fn all_of(body: &mut Body) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// The bytes of an object whose stretch came ahead of its turn, and those of the stretch; what reading both showed.
async fn with_a_stretch(
    server: &S3Server,
) -> (
    Result<Vec<u8>, Broken>,
    Result<Vec<u8>, Broken>,
    Option<Evidence>,
) {
    server.put(KEY, &long(), 60);
    let store = server.store("db/").await;
    let backup = store.list().await.unwrap().backups.remove(0);
    let mut body = store.read(&backup.object(), &Progress::default());
    let (ahead, evidence) = (body.ahead(), body.evidence());
    let mut first = Vec::new();
    let range = STRETCH.start as u64..STRETCH.end as u64;
    let mut stretch = loop {
        first.extend(body.chunk().await.unwrap().unwrap());
        if let Some(stretch) = ahead.stretch(range.clone()) {
            break stretch;
        }
    };
    assert!(ahead.stretch(range).is_none(), "there is one already");
    // Enough that the reader looks at what is wanted; the rest of it waits.
    for _ in 0..20 {
        first.extend(body.chunk().await.unwrap().unwrap());
    }
    let stretch = all_of(&mut stretch).await;
    assert!(evidence.get().is_none(), "its turn has not come");
    let rest = all_of(&mut body).await;
    let rest = rest.map(|rest| [first, rest].concat());
    (rest, stretch, evidence.get().cloned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_comes_ahead_of_its_turn_and_everything_is_hashed_in_its_order() {
    let server = S3Server::start().await;
    let (rest, stretch, evidence) = with_a_stretch(&server).await;
    let all = long();
    assert!(stretch.unwrap() == all[STRETCH]);
    let others = [&all[..STRETCH.start], &all[STRETCH.end..]].concat();
    assert!(rest.unwrap() == others);
    let evidence = evidence.unwrap();
    assert_eq!(evidence.bytes, all.len() as u64);
    assert_eq!(evidence.checksums, ["md5"]);
    let starts = asked(&server);
    let mut once = starts.clone();
    once.dedup();
    assert_eq!(starts, once, "nothing is asked for twice");
    assert!(starts.contains(&(STRETCH.end as u64)), "{starts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_breaks_off_is_resumed() {
    let server = S3Server::start().await;
    server.faults.cut(&[
        usize::MAX,
        usize::MAX,
        usize::MAX,
        usize::MAX,
        usize::MAX,
        1_000,
        1_000,
    ]);
    let (rest, stretch, evidence) = with_a_stretch(&server).await;
    assert!(stretch.unwrap() == long()[STRETCH]);
    assert!(rest.is_ok());
    assert_eq!(evidence.unwrap().checksums, ["md5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stretch_comes_of_what_is_asked_for_already_nor_where_there_are_no_ranges() {
    let server = S3Server::start().await;
    server.put(KEY, &long(), 60);
    let store = server.store("db/").await;
    let backup = store.list().await.unwrap().backups.remove(0);
    let mut body = store.read(&backup.object(), &Progress::default());
    let ahead = body.ahead();
    for _ in 0..20 {
        body.chunk().await.unwrap().unwrap();
    }
    assert!(ahead.stretch(1..2).is_none());
    server.faults.no_ranges();
    let mut body = store.read(&backup.object(), &Progress::default());
    let ahead = body.ahead();
    for _ in 0..20 {
        body.chunk().await.unwrap().unwrap();
        assert!(ahead.stretch(60_000_000..61_000_000).is_none());
    }
}
