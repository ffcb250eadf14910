//! What is found in a bucket, and what is said when it cannot be looked at.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pgdrill::{
    backup::{KEPT, Listing, Patience, Reason, Store},
    error::Error,
    finding::{Code, Finding},
    plan::{BackupPlan, Select},
};

use crate::support::s3::{ACCESS_KEY, BUCKET, S3Server, SECRET, hasty, open};

fn keys(listing: &Listing) -> Vec<&str> {
    listing
        .backups
        .iter()
        .map(|backup| backup.key.as_str())
        .collect()
}

/// What a user reads, checked for secrets.
fn said(error: Error) -> (String, String) {
    let finding = Finding::from(error);
    assert_eq!(finding.code, Code::RunStopped);
    let all = format!(
        "{} {} {}",
        finding.message,
        finding.detail.clone().unwrap_or_default(),
        finding.hint
    );
    for secret in [SECRET, ACCESS_KEY, "Signature=", "not-the-secret"] {
        assert!(!all.contains(secret), "{all}");
    }
    (finding.detail.unwrap_or_default(), finding.hint)
}

#[tokio::test]
async fn the_newest_of_2500_dated_keys_is_found_on_the_third_page_and_all_are_counted() {
    let server = S3Server::start().await;
    for day in 0..2_500_u64 {
        server.put(
            &format!("db/shop-{day:05}.dump"),
            b"dump",
            600 + (2_500 - day) * 60,
        );
    }
    let listing = server.store("db/").await.list().await.unwrap();
    assert_eq!((listing.count, listing.storage), (2_500, 10_000));
    assert_eq!(listing.backups.len(), KEPT);
    assert_eq!(listing.backups[0].key, "db/shop-02499.dump");
    assert_eq!(listing.backups[KEPT - 1].key, "db/shop-01500.dump");
    let oldest = listing.pick(Select::Oldest, None).unwrap().unwrap();
    assert_eq!(oldest.key, "db/shop-00000.dump");
    assert_eq!(server.faults.log(), ["list", "list", "list"]);
    assert_eq!(listing.url, format!("s3://{BUCKET}/db/"));
    let server_time = listing.server_time.unwrap();
    assert!(server_time.as_second() - listing.backups[0].last_modified.as_second() >= 600);
}

#[tokio::test]
async fn the_newest_is_by_time_and_not_by_name() {
    let server = S3Server::start().await;
    server.put("z-oldest.dump", b"1", 300);
    server.put("a-newest.dump", b"2", 100);
    server.put("m-middle.dump", b"3", 200);
    let listing = server.store("").await.list().await.unwrap();
    assert_eq!(
        keys(&listing),
        ["a-newest.dump", "m-middle.dump", "z-oldest.dump"]
    );
    let previous = listing.previous_of(&listing.backups[0]).unwrap();
    assert_eq!(previous.key, "m-middle.dump");
}

#[tokio::test]
async fn what_is_no_dump_is_rejected_with_its_reason() {
    let server = S3Server::start().await;
    for (key, bytes) in [
        ("db/shop.dump", "dump"),
        ("db/shop.dump.sha256", "sum"),
        ("db/shop2.dump.partial", "du"),
        ("db/.hidden.dump", "dump"),
        ("db/empty.dump", ""),
    ] {
        server.put(key, bytes.as_bytes(), 60);
    }
    let mut listing = server.store("db/").await.list().await.unwrap();
    assert_eq!(keys(&listing), ["db/shop.dump"]);
    listing
        .rejected
        .sort_unstable_by(|a, b| a.object.key.cmp(&b.object.key));
    let reasons: Vec<_> = listing
        .rejected
        .iter()
        .map(|rejected| rejected.reason)
        .collect();
    assert_eq!(
        reasons,
        [
            Reason::Hidden,
            Reason::Empty,
            Reason::Sidecar,
            Reason::Partial
        ]
    );
    let mut plan = server.plan("db/");
    plan.pattern = Some("other*".to_owned());
    let listing = open(&plan, SECRET, hasty())
        .await
        .unwrap()
        .list()
        .await
        .unwrap();
    assert!(listing.backups.is_empty());
    assert!(
        listing
            .rejected
            .iter()
            .any(|rejected| rejected.reason == Reason::NotMatched)
    );
}

#[tokio::test]
async fn a_prefix_with_a_table_of_contents_is_one_backup() {
    let server = S3Server::start().await;
    server.put("db/mon/toc.dat", b"toc", 50);
    server.put("db/mon/3456.dat.gz", b"data", 60);
    server.put("db/tue.dump", b"dump", 70);
    let store = server.store("db").await;
    let listing = store.list().await.unwrap();
    assert_eq!(keys(&listing), ["db/mon/", "db/tue.dump"]);
    let whole = store.whole(listing.backups[0].clone()).await.unwrap();
    assert_eq!((whole.size, whole.members.len()), (7, 2));
    let direct = server.store("db/mon/").await.list().await.unwrap();
    assert_eq!(keys(&direct), ["db/mon/"]);
    let picked = listing.pick(Select::Newest, Some("mon")).unwrap().unwrap();
    assert_eq!(picked, direct.backups[0]);
}

#[tokio::test]
async fn a_url_may_name_one_object() {
    let server = S3Server::start().await;
    server.put("db/notes.txt", b"SQL after all", 60);
    server.put("db/notes.txt.old", b"x", 1);
    let listing = server.store("db/notes.txt").await.list().await.unwrap();
    assert_eq!(keys(&listing), ["db/notes.txt"]);
    assert_eq!(listing.storage, 13);
}

#[tokio::test]
async fn a_path_is_a_folder_and_never_the_beginning_of_another_name() {
    let server = S3Server::start().await;
    server.put("prod-old/shop.dump", b"dump", 60);
    let listing = server.store("prod").await.list().await.unwrap();
    assert!(listing.backups.is_empty() && listing.rejected.is_empty());
}

#[tokio::test]
async fn a_wrong_secret_is_told_from_an_unknown_key() {
    let server = S3Server::start().await;
    let store = open(&server.plan(""), "not-the-secret", hasty())
        .await
        .unwrap();
    let (detail, hint) = said(store.list().await.unwrap_err());
    assert!(detail.contains("secret"), "{detail}");
    assert!(hint.contains("AWS_SECRET_ACCESS_KEY"), "{hint}");
    assert_eq!(server.faults.log(), [""; 0]);

    let keys = pgdrill::backup::Keys {
        id: "UNKNOWNKEY".to_owned(),
        secret: pgdrill::units::Secret::new(SECRET),
    };
    let plan = server.plan("");
    let store = Store::open_with(&plan, std::path::Path::new("."), Some(keys), hasty())
        .await
        .unwrap();
    let (detail, hint) = said(store.list().await.unwrap_err());
    assert!(detail.contains("access key"), "{detail}");
    assert!(hint.contains("AWS_ACCESS_KEY_ID"), "{hint}");
}

#[tokio::test]
async fn an_unknown_bucket_is_named() {
    let server = S3Server::start().await;
    let mut plan = server.plan("");
    plan.url = "s3://backups-typo/db/".to_owned();
    let store = open(&plan, SECRET, hasty()).await.unwrap();
    let (detail, hint) = said(store.list().await.unwrap_err());
    assert!(detail.contains("bucket"), "{detail}");
    assert!(hint.contains("backup.url"), "{hint}");
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_on_is_named() {
    let server = S3Server::start().await;
    let mut plan = server.plan("");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    plan.endpoint = Some(format!("http://{free}"));
    let store = open(&plan, SECRET, hasty()).await.unwrap();
    let (detail, hint) = said(store.list().await.unwrap_err());
    assert!(
        detail.contains(&free.to_string()) && detail.contains("reached"),
        "{detail}"
    );
    assert!(hint.contains("backup.endpoint"), "{hint}");
}

#[tokio::test]
async fn the_region_that_the_service_names_is_followed_when_the_plan_leaves_it_open() {
    let server = S3Server::start().await;
    server.put("shop.dump", b"dump", 60);
    server.faults.only_in("garage");
    let store = server.store("").await;
    let listing = store.list().await.unwrap();
    assert_eq!(keys(&listing), ["shop.dump"]);
    let bytes = store
        .read_all(&listing.backups[0].object(), 100)
        .await
        .unwrap();
    assert_eq!(&bytes[..], b"dump");
}

#[tokio::test]
async fn a_wrong_region_in_the_plan_is_an_error_that_names_the_right_one() {
    let server = S3Server::start().await;
    server.faults.only_in("garage");
    let mut plan = server.plan("");
    plan.region = Some("eu-west-1".to_owned());
    let store = open(&plan, SECRET, hasty()).await.unwrap();
    let (detail, hint) = said(store.list().await.unwrap_err());
    assert!(
        detail.contains("\"garage\"") && hint.contains("garage"),
        "{detail} {hint}"
    );
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let server = S3Server::start().await;
    server.put("shop.dump", b"dump", 60);
    server.faults.busy(5);
    let listing = server.store("").await.list().await.unwrap();
    assert_eq!(keys(&listing), ["shop.dump"]);
    assert_eq!(server.faults.log().len(), 6);
}

#[tokio::test]
async fn a_service_that_stays_busy_is_given_up_at_the_deadline() {
    let server = S3Server::start().await;
    server.faults.busy(u32::MAX);
    let deadline = Duration::from_secs(2);
    let patience = Patience {
        deadline,
        ..hasty()
    };
    let store = open(&server.plan(""), SECRET, patience).await.unwrap();
    let (detail, hint) = said(store.list().await.unwrap_err());
    assert!(
        detail.contains("503") || detail.contains("in time"),
        "{detail}"
    );
    assert!(hint.contains("again"), "{hint}");
    assert!(server.faults.log().len() > 3);
}

#[tokio::test]
async fn an_empty_newest_dump_is_seen_beside_an_older_one() {
    let server = S3Server::start().await;
    server.put("a.dump", b"dump", 600);
    server.put("b.dump", b"", 60);
    let listing = server.store("").await.list().await.unwrap();
    assert_eq!(keys(&listing), ["a.dump"]);
    let picked = listing
        .pick(Select::Newest, Some("b.dump"))
        .unwrap()
        .unwrap();
    assert_eq!(picked.size, 0);
}

/// A service that answers every listing with the next of these pages, and then again from the first.
async fn listing_of(pages: Vec<String>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let number = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let page = pages[number.fetch_add(1, Ordering::Relaxed) % pages.len()].clone();
        std::future::ready(page)
    };
    let app = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn page(inside: &str) -> String {
    format!("<?xml version=\"1.0\"?><ListBucketResult>{inside}</ListBucketResult>")
}

#[tokio::test]
async fn a_listing_that_was_not_received_whole_says_nothing_of_the_backups() {
    let object = "<Contents><Key>db/a.dump</Key><LastModified>2026-11-20T00:00:00.000Z</LastModified><Size>10</Size></Contents>";
    let huge = object.replace(">10<", ">9223372036854775807<");
    let on = |next: &str| {
        format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>{object}"
        )
    };
    let over = "<IsTruncated>false</IsTruncated>";
    for pages in [
        vec![page("")],
        vec![page(object)],
        vec![page(&format!("<KeyCount>2</KeyCount>{over}{object}"))],
        vec![page(&on("a")), page(&on("b"))],
        vec![page(&format!("{over}{huge}"))],
    ] {
        let plan = BackupPlan {
            url: format!("s3://{BUCKET}/db/"),
            endpoint: Some(listing_of(pages.clone()).await),
            ..BackupPlan::default()
        };
        let store = open(&plan, SECRET, hasty()).await.unwrap();
        let listed = tokio::time::timeout(Duration::from_mins(1), store.list()).await;
        let error = listed.unwrap().expect_err(&pages[0]);
        assert_eq!(Finding::from(error).code, Code::RunStopped);
    }
    let plan = BackupPlan {
        url: format!("s3://{BUCKET}/db/"),
        endpoint: Some(listing_of(vec![page(&format!("{over}{object}"))]).await),
        ..BackupPlan::default()
    };
    let store = open(&plan, SECRET, hasty()).await.unwrap();
    assert_eq!(store.list().await.unwrap().backups.len(), 1);
}
