//! `pgdrill serve`, asked as monitors, browsers and strangers ask it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::{Duration, SystemTime},
};

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::support::{
    s3::{BUCKET, S3Server},
    watch::{Watch, run_to_end, until},
};

const KEY: &str = "a key that nobody guesses";

/// A plan over a folder with one dump of this age in seconds.
fn place(age: Option<u64>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), "shop", age);
    folder
}

fn add(folder: &Path, name: &str, age: Option<u64>) {
    let backups = folder.join(name);
    fs::create_dir(&backups).unwrap();
    if let Some(age) = age {
        let dump = backups.join("a.dump");
        fs::write(&dump, b"PGDMP and more").unwrap();
        let file = fs::File::options().write(true).open(&dump).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age))
            .unwrap();
    }
    let plan = format!("version: 1\nname: {name}\nbackup:\n  url: ./{name}\n");
    fs::write(folder.join(format!("{name}.yaml")), plan).unwrap();
}

fn get(watch: &Watch, path: &str) -> RequestBuilder {
    Client::new().get(format!("{}{path}", watch.url))
}

async fn asked(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, json)
}

/// Asks for the health until the first look is over.
async fn health(watch: &Watch, path: &str) -> (u16, Value) {
    let mut answer = (0, Value::Null);
    for _ in 0..600 {
        answer = asked(get(watch, path).header("x-admin-key", KEY)).await;
        let error = answer.1["error"].as_str().unwrap_or_default();
        if !error.ends_with(" yet") {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the first look never ended: {answer:?}");
}

fn guarded(folder: &Path) -> Watch {
    Watch::start(folder, &["--refresh", "1s"], Some(KEY))
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_backup_is_200_with_the_fields_of_the_guide() {
    let folder = place(Some(3_600));
    let watch = guarded(folder.path());
    let (status, told) = health(&watch, "/ops/health/backup").await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["status"], "healthy");
    assert_eq!(told["backup_count"], 1);
    assert_eq!(told["latest_size"], 14);
    let age = told["age_seconds"].as_i64().unwrap();
    assert!((3_600..3_700).contains(&age), "{age}");
    let written: jiff::Timestamp = told["last_backup"].as_str().unwrap().parse().unwrap();
    assert!(written < jiff::Timestamp::now());
    assert!(told.get("message").is_none() && told.get("error").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_backup_and_an_old_one_are_503_in_the_words_of_the_guide() {
    let folder = place(None);
    let watch = guarded(folder.path());
    let (status, told) = health(&watch, "/ops/health/backup").await;
    assert_eq!(status, 503);
    assert_eq!(told["status"], "unhealthy");
    assert_eq!(told["message"], "No backups found");

    let folder = place(Some(3 * 86_400 + 60));
    let watch = guarded(folder.path());
    let (status, told) = health(&watch, "/ops/health/backup").await;
    assert_eq!(status, 503);
    assert_eq!(told["status"], "unhealthy");
    assert_eq!(told["message"], "Last backup is 3 days old");
    assert!(told["last_backup"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_cannot_be_looked_at_is_503_with_the_error() {
    let folder = place(Some(60));
    fs::remove_dir_all(folder.path().join("shop")).unwrap();
    let watch = guarded(folder.path());
    let (status, told) = health(&watch, "/ops/health/backup").await;
    assert_eq!((status, &told["status"]), (503, &json!("unhealthy")));
    let error = told["error"].as_str().unwrap();
    assert!(error.contains("shop"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_breaks_keeps_what_was_seen_and_tells_the_error() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    assert_eq!(health(&watch, "/ops/health/backup").await.0, 200);
    let (here, gone) = (folder.path().join("shop"), folder.path().join("gone"));
    fs::rename(&here, &gone).unwrap();
    let broken = until("the problem is told", async || {
        let (status, told) = health(&watch, "/ops/health/backup").await;
        (status == 503).then_some(told)
    });
    let told = broken.await;
    assert!(told["error"].is_string(), "{told}");
    assert_eq!(told["backup_count"], 1);
    fs::rename(&gone, &here).unwrap();
    until("it is healthy again", async || {
        (health(&watch, "/ops/health/backup").await.0 == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worst_of_several_plans_decides_and_each_can_be_asked_for() {
    let folder = place(Some(60));
    add(folder.path(), "stock", Some(5 * 86_400));
    let watch = guarded(folder.path());
    let (status, told) = until("both were looked at", async || {
        let (status, told) = health(&watch, "/ops/health/backup").await;
        let plans = told["plans"].as_array()?.clone();
        plans
            .iter()
            .all(|plan| plan["checked_at"].is_string())
            .then_some((status, told))
    })
    .await;
    assert_eq!(status, 503);
    assert_eq!(told["plan"], "stock");
    assert_eq!(told["message"], "Last backup is 5 days old");
    assert_eq!(told["plans"].as_array().unwrap().len(), 2);
    for path in ["/ops/health/backup/shop", "/ops/health/backup?plan=shop"] {
        let (status, told) = health(&watch, path).await;
        assert_eq!((status, &told["plan"]), (200, &json!("shop")));
    }
    let (status, told) = health(&watch, "/ops/health/backup/shpo").await;
    assert_eq!((status, &told["status"]), (404, &json!("unhealthy")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_only_the_status_is_told() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    health(&watch, "/ops/health/backup").await;
    let bare = json!({ "status": "healthy" });
    let question = || get(&watch, "/ops/health/backup");
    assert_eq!(asked(question()).await, (200, bare.clone()));
    assert_eq!(
        asked(question().header("x-admin-key", "wrong")).await,
        (200, bare)
    );
    for path in [
        "/",
        "/plans/shop",
        "/plans/other",
        "/runs/shop/x",
        "/metrics",
        "/nothing",
    ] {
        let response = get(&watch, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(header(&response, "www-authenticate").starts_with("Basic realm=\"pgdrill\""));
        let text = response.text().await.unwrap();
        assert!(!text.contains("shop"), "{text}");
    }
    assert_eq!(asked(get(&watch, "/livez")).await, (200, json!("ok\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_taken_as_a_header_as_a_bearer_token_and_as_a_password() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    for path in ["/", "/plans/shop", "/metrics"] {
        for request in [
            get(&watch, path).header("X-Admin-Key", KEY),
            get(&watch, path).bearer_auth(KEY),
            get(&watch, path).basic_auth("anybody", Some(KEY)),
        ] {
            assert_eq!(
                request.send().await.unwrap().status(),
                StatusCode::OK,
                "{path}"
            );
        }
    }
    let (_, told) = asked(get(&watch, "/ops/health/backup").bearer_auth(KEY)).await;
    assert_eq!(told["plan"], "shop");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_wrong_key_is_429_and_says_how_long_to_wait() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    let guess = || get(&watch, "/metrics").bearer_auth("wrong").send();
    for _ in 0..10 {
        assert_eq!(guess().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let response = guess().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = header(&response, "retry-after").parse().unwrap();
    assert!((1..=7).contains(&wait), "{wait}");
    let right = get(&watch, "/metrics")
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(asked(get(&watch, "/livez")).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_one_guesser_does_not_shut_out_the_others() {
    let folder = place(Some(60));
    let arguments = ["--client-ip-header", "X-Forwarded-For"];
    let watch = Watch::start(folder.path(), &arguments, Some(KEY));
    let ask = |from: &str, key: &str| {
        get(&watch, "/metrics")
            .header("x-forwarded-for", format!("192.0.2.9, {from}"))
            .bearer_auth(key)
            .send()
    };
    for _ in 0..12 {
        ask("192.0.2.1", "wrong").await.unwrap();
    }
    let guesser = ask("192.0.2.1", KEY).await.unwrap();
    assert_eq!(guesser.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = ask("192.0.2.2", KEY).await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_bucket_never_holds_up_an_answer() {
    // It takes connections and never says anything.
    let hole = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", hole.local_addr().unwrap());
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = hole.accept().await {
            held.push(socket);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        "version: 1\nname: far\nbackup:\n  url: s3://{BUCKET}/x/\n  endpoint: {endpoint}\n"
    );
    fs::write(folder.path().join("far.yaml"), plan).unwrap();
    let watch = guarded(folder.path());
    // The client's own deadline fails the test; it is far above what an answer takes.
    let patient = |path| {
        get(&watch, path)
            .bearer_auth(KEY)
            .timeout(Duration::from_secs(10))
    };
    for _ in 0..20 {
        let (status, told) = asked(patient("/ops/health/backup")).await;
        assert_eq!(status, 503);
        assert_eq!(told["error"], "the storage was not looked at yet");
        for path in ["/", "/plans/far", "/metrics", "/livez"] {
            assert_eq!(asked(patient(path)).await.0, 200, "{path}");
        }
    }
    let (code, _) = watch.terminate().await;
    assert_eq!(code, Some(0));
    held.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_costs_the_bucket_nothing() {
    let server = S3Server::start().await;
    server.put("db/a.dump", b"PGDMP and more", 60);
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        "version: 1\nname: far\nbackup:\n  url: s3://{BUCKET}/db/\n  endpoint: {}\n",
        server.endpoint
    );
    fs::write(folder.path().join("far.yaml"), plan).unwrap();
    let watch = Watch::start(folder.path(), &["--refresh", "1h"], Some(KEY));
    assert_eq!(health(&watch, "/ops/health/backup").await.0, 200);
    let before = server.faults.log().len();
    for _ in 0..100 {
        for path in ["/", "/metrics", "/ops/health/backup"] {
            let (status, _) = asked(get(&watch, path).bearer_auth(KEY)).await;
            assert_eq!(status, 200);
        }
    }
    assert_eq!(server.faults.log().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_ends_is_told_and_is_never_healthy_by_what_was_seen_once() {
    let server = S3Server::start().await;
    server.put("db/a.dump", b"PGDMP and more", 60);
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        "version: 1\nname: far\nbackup:\n  url: s3://{BUCKET}/db/\n  endpoint: {}\n",
        server.endpoint
    );
    fs::write(folder.path().join("far.yaml"), plan).unwrap();
    let watch = guarded(folder.path());
    assert_eq!(health(&watch, "/ops/health/backup").await.0, 200);
    // From now on every request is answered "slow down", for ever: the look itself hangs on.
    server.faults.busy(u32::MAX);
    let told = until("what was seen is too old", async || {
        let (status, told) = health(&watch, "/ops/health/backup").await;
        (status == 503).then_some(told)
    })
    .await;
    assert!(told["error"].is_string(), "{told}");
    assert_eq!(told["backup_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_get_and_head_are_answered_and_nothing_is_kept_or_framed() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    health(&watch, "/ops/health/backup").await;
    let url = format!("{}/ops/health/backup", watch.url);
    let head = Client::new().head(&url).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(header(&head, name), value);
    }
    let policy = header(&head, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let post = Client::new().post(&url).bearer_auth(KEY).body("x");
    let post = post.send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&post, "allow"), "GET,HEAD");
    assert_eq!(header(&post, "cache-control"), "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_only_this_machine_may_ask() {
    let folder = place(Some(60));
    let open = Watch::start(folder.path(), &[], None);
    let (_, told) = health(&open, "/ops/health/backup").await;
    assert_eq!(told["plan"], "shop");
    let foreign = get(&open, "/").header("host", "evil.example");
    let foreign = foreign.send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::MISDIRECTED_REQUEST);
    let local = get(&open, "/").header("host", "localhost:8080");
    assert_eq!(local.send().await.unwrap().status(), StatusCode::OK);

    let (code, told) = run_to_end(folder.path(), &["--listen", "0.0.0.0:0"], None).await;
    assert_eq!(code, Some(3));
    assert!(told.contains("PGDRILL_ADMIN_KEY"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_at_the_same_address_is_told_so() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    let address = watch.url.strip_prefix("http://").unwrap();
    let (code, told) = run_to_end(folder.path(), &["--listen", address], Some(KEY)).await;
    assert_eq!(code, Some(3));
    assert!(
        told.contains(&format!("could not listen on {address}")),
        "{told}"
    );
    assert!(told.contains("--listen"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_in_no_output() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    for path in ["/", "/plans/shop", "/metrics", "/ops/health/backup"] {
        let text = get(&watch, path).bearer_auth(KEY).send().await.unwrap();
        assert!(!text.text().await.unwrap().contains(KEY), "{path}");
    }
    let (code, told) = watch.terminate().await;
    assert_eq!(code, Some(0));
    assert!(!told.contains(KEY), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_end_is_cut_off() {
    let folder = place(Some(60));
    let watch = guarded(folder.path());
    let address = watch.url.strip_prefix("http://").unwrap().to_owned();
    let taken = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ")
            .unwrap();
        let mut taken = 0;
        while taken < 10_000_000 && socket.write_all(&[b'a'; 4096]).is_ok() {
            taken += 4096;
        }
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = socket.read_to_end(&mut answer);
        taken
    });
    assert!(taken.await.unwrap() < 10_000_000);
}
