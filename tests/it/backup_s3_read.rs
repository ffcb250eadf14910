//! The bytes of an object: resumed, pinned, compared with what is stored beside them.

use std::time::Duration;

use pgdrill::{
    backup::{Backup, Evidence, Patience, Store},
    error::Broken,
    finding::{Code, Finding},
    progress::Progress,
};
use s3s::dto::{Checksum, ChecksumType};

use crate::support::s3::{S3Server, SECRET, hasty, md5, open};

const KEY: &str = "db/shop.dump";

/// Not the same anywhere: a body that is resumed at a wrong byte is another one.
fn dump() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

async fn newest(store: &Store) -> Backup {
    store.list().await.unwrap().backups.remove(0)
}

async fn read(store: &Store, backup: &Backup) -> Result<(Vec<u8>, Evidence), Broken> {
    let progress = Progress::default();
    let mut body = store.read(&backup.object(), &progress);
    let evidence = body.evidence();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    assert_eq!(progress.bytes().0, bytes.len() as u64);
    Ok((bytes, evidence.get().cloned().unwrap()))
}

fn gets(server: &S3Server) -> Vec<String> {
    let mut log = server.faults.log();
    log.retain(|request| request.starts_with("get"));
    log
}

fn stopped_by(broken: Broken) -> Finding {
    assert!(
        matches!(broken, Broken::Run(_)),
        "it blames the backup: {broken}"
    );
    broken.into()
}

#[tokio::test]
async fn bytes_arrive_whole_with_their_evidence() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let store = server.store("db/").await;
    let (bytes, evidence) = read(&store, &newest(&store).await).await.unwrap();
    assert!(bytes == dump());
    assert_eq!(
        (evidence.bytes, evidence.checksums),
        (400_000, vec!["md5".to_owned()])
    );
    assert_eq!(evidence.sha256.len(), 64);
}

#[tokio::test]
async fn a_body_that_is_cut_again_and_again_is_resumed_where_it_stopped() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    server.faults.cut(&[100_000, 1, 4_097, 50_000]);
    let store = server.store("db/").await;
    let (bytes, evidence) = read(&store, &newest(&store).await).await.unwrap();
    assert!(bytes == dump());
    assert_eq!(evidence.checksums, ["md5"]);
    let gets = gets(&server);
    assert_eq!(gets.len(), 5, "{gets:?}");
    assert!(
        gets[1..].iter().all(|get| get.contains(" from ")),
        "{gets:?}"
    );
    assert!(
        gets.iter().all(|get| get.ends_with(" if-match")),
        "{gets:?}"
    );
}

#[tokio::test]
async fn a_body_that_stands_still_is_asked_for_again() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    server.faults.stall(10_000);
    let stall = Duration::from_millis(500);
    let store = open(&server.plan("db/"), SECRET, Patience { stall, ..hasty() })
        .await
        .unwrap();
    let (bytes, _) = read(&store, &newest(&store).await).await.unwrap();
    assert!(bytes == dump());
    assert!(gets(&server).len() >= 2);
}

#[tokio::test]
async fn a_file_beside_the_dump_that_stands_still_is_not_waited_for_without_end() {
    let server = S3Server::start().await;
    let name = format!("{KEY}.sha256");
    server.put(&name, &[b'a'; 90], 60);
    server.faults.stall(3);
    let stall = Duration::from_millis(300);
    let store = open(&server.plan("db/"), SECRET, Patience { stall, ..hasty() })
        .await
        .unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(30), store.beside(&name, 1_000));
    assert_eq!(asked.await.unwrap(), None);
    assert!(store.beside(&name, 1_000).await.is_some());
}

#[tokio::test]
async fn a_body_that_never_goes_on_is_given_up() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    server.faults.cut(&[0; 1_000]);
    let deadline = Duration::from_secs(2);
    let store = open(
        &server.plan("db/"),
        SECRET,
        Patience {
            deadline,
            ..hasty()
        },
    )
    .await
    .unwrap();
    let finding = stopped_by(read(&store, &newest(&store).await).await.unwrap_err());
    assert_eq!(finding.code, Code::RunStopped);
    assert!(gets(&server).len() > 1);
}

#[tokio::test]
async fn a_busy_service_in_the_middle_of_a_body_is_asked_again() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let store = server.store("db/").await;
    let backup = newest(&store).await;
    server.faults.busy(7);
    let (bytes, _) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump());
}

#[tokio::test]
async fn an_object_that_was_replaced_since_the_listing_is_an_error_of_the_run() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let store = server.store("db/").await;
    let backup = newest(&store).await;
    let mut other = dump();
    other.reverse();
    server.put(KEY, &other, 30);
    assert_eq!(
        stopped_by(read(&store, &backup).await.unwrap_err()).code,
        Code::BackupChanged
    );
}

#[tokio::test]
async fn an_object_that_is_replaced_while_it_is_read_is_an_error_of_the_run() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let mut other = dump();
    other.reverse();
    server.faults.swap_at_cut(server.file(KEY), &other);
    server.faults.cut(&[100_000]);
    let store = server.store("db/").await;
    let finding = stopped_by(read(&store, &newest(&store).await).await.unwrap_err());
    assert_eq!(finding.code, Code::BackupChanged);
    assert_eq!(gets(&server).len(), 2);
}

#[tokio::test]
async fn a_service_that_does_not_know_conditions_cannot_hide_a_replaced_object() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let mut other = dump();
    other.reverse();
    server.faults.no_conditions();
    server.faults.swap_at_cut(server.file(KEY), &other);
    server.faults.cut(&[100_000]);
    let store = server.store("db/").await;
    let finding = stopped_by(read(&store, &newest(&store).await).await.unwrap_err());
    assert_eq!(finding.code, Code::BackupChanged);
}

#[tokio::test]
async fn an_object_that_vanished_is_an_error_of_the_run() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let store = server.store("db/").await;
    let backup = newest(&store).await;
    std::fs::remove_file(server.file(KEY)).unwrap();
    assert_eq!(
        stopped_by(read(&store, &backup).await.unwrap_err()).code,
        Code::BackupChanged
    );
}

#[tokio::test]
async fn a_stored_checksum_that_matches_is_evidence() {
    let server = S3Server::start().await;
    server.put(KEY, b"123456789", 60);
    server.faults.checksum(
        KEY,
        Checksum {
            checksum_crc64nvme: Some("rosUhgp5mIg=".to_owned()),
            checksum_sha256: Some("FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=".to_owned()),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            ..Checksum::default()
        },
    );
    server.faults.cut(&[4]);
    let store = server.store("db/").await;
    let (_, evidence) = read(&store, &newest(&store).await).await.unwrap();
    let mut checksums = evidence.checksums;
    checksums.retain(|name| name != "md5");
    checksums.sort();
    assert_eq!(checksums, ["crc64nvme", "sha256"]);
}

#[tokio::test]
async fn a_stored_checksum_that_does_not_match_twice_is_a_damaged_dump() {
    let server = S3Server::start().await;
    server.put(KEY, b"123456789", 60);
    let checksum = Checksum {
        checksum_crc32: Some("AAAAAA==".to_owned()),
        ..Checksum::default()
    };
    server.faults.checksum(KEY, checksum);
    let store = server.store("db/").await;
    let Broken::Backup(finding) = read(&store, &newest(&store).await).await.unwrap_err() else {
        panic!("it is the backup that is damaged");
    };
    assert_eq!(
        (finding.code, finding.subject.as_deref()),
        (Code::DumpCorrupt, Some(KEY))
    );
    assert!(finding.detail.unwrap().contains("crc32"));
    assert_eq!(gets(&server).len(), 2);
}

#[tokio::test]
async fn a_stored_checksum_that_was_told_wrongly_once_is_no_damage() {
    let server = S3Server::start().await;
    server.put(KEY, b"123456789", 60);
    let crc32 = |value: &str| Checksum {
        checksum_crc32: Some(value.to_owned()),
        ..Checksum::default()
    };
    server.faults.checksum(KEY, crc32("y/Q5Jg=="));
    server.faults.checksum_once(crc32("AAAAAA=="));
    let store = server.store("db/").await;
    let finding = stopped_by(read(&store, &newest(&store).await).await.unwrap_err());
    assert_eq!(finding.code, Code::RunStopped);
}

#[tokio::test]
async fn damage_on_the_way_is_an_error_of_the_run() {
    let server = S3Server::start().await;
    server.put(KEY, b"123456789", 60);
    let checksum = Checksum {
        checksum_crc32: Some("y/Q5Jg==".to_owned()),
        ..Checksum::default()
    };
    server.faults.checksum(KEY, checksum);
    server.faults.flip(1);
    let store = server.store("db/").await;
    let finding = stopped_by(read(&store, &newest(&store).await).await.unwrap_err());
    assert_eq!(finding.code, Code::RunStopped);
}

#[tokio::test]
async fn a_checksum_of_checksums_is_compared_when_the_size_of_the_parts_is_known() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    // The CRC-32 of the three CRC-32s of 150,000, 150,000 and 100,000 bytes.
    let composite = Checksum {
        checksum_crc32: Some(format!("{}-3", composite_crc32(&dump(), 150_000))),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::COMPOSITE)),
        ..Checksum::default()
    };
    server.faults.checksum(KEY, composite);
    server.faults.part_size(150_000);
    let store = server.store("db/").await;
    let backup = newest(&store).await;
    let (_, evidence) = read(&store, &backup).await.unwrap();
    assert!(
        evidence.checksums.contains(&"crc32".to_owned()),
        "{evidence:?}"
    );
    // Parts of another size than the first one's: nothing is proved, and nothing is wrong.
    server.faults.part_size(140_000);
    let (_, evidence) = read(&store, &backup).await.unwrap();
    assert!(
        !evidence.checksums.contains(&"crc32".to_owned()),
        "{evidence:?}"
    );
    assert_eq!(backup.etag, Some(md5(&dump())));
}

fn composite_crc32(bytes: &[u8], part: usize) -> String {
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_be_bytes()
    };
    let parts: Vec<u8> = bytes.chunks(part).flat_map(crc).collect();
    aws_smithy_types::base64::encode(crc(&parts))
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let server = S3Server::start().await;
    server.put(KEY, &dump(), 60);
    let store = server.store("db/").await;
    let backup = newest(&store).await;
    let body = store.read(&backup.object(), &Progress::default());
    let evidence = body.evidence();
    drop(body);
    let (bytes, _) = read(&store, &backup).await.unwrap();
    assert!(bytes == dump() && evidence.get().is_none());
}
