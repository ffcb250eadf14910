//! `pgdrill doctor`: something is broken, and its line says so and how to mend it.

use std::{fs, path::PathBuf, process::Output};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{
    program::{pgdrill, run},
    s3::{BUCKET, S3Server},
};

/// A dump of PostgreSQL 15 that somebody published.
const DUMP: &str = "tests/data/real/dvdrental-pg15.tar";

/// A plan for a bucket, restored in the PostgreSQL that is installed here.
fn plan(folder: &TempDir, bucket: &str, server: &S3Server, more: &str) -> PathBuf {
    let file = folder.path().join("shop.yaml");
    let text = format!(
        "version: 1\nbackup:\n  url: s3://{bucket}/db/\n  endpoint: {}\n  region: us-east-1\n\
         tables:\n  actor:\n    row_count: {{ min: 1 }}\n{more}",
        server.endpoint
    );
    fs::write(&file, text).unwrap();
    file
}

const LOCAL: &str = "sandbox: { provider: local }\n";

async fn bucket() -> S3Server {
    let server = S3Server::start().await;
    server.put("db/shop.dump", &fs::read(DUMP).unwrap(), 3_600);
    server
}

async fn examine(file: &std::path::Path, environment: &[(&str, &str)]) -> (i32, Value) {
    let mut command = pgdrill(&["doctor", "--format", "json", file.to_str().unwrap()]);
    command.envs(environment.iter().copied());
    answer(&run(command).await)
}

fn answer(output: &Output) -> (i32, Value) {
    let told = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no answer ({error}); it said: {told}"));
    (output.status.code().unwrap_or(-1), value)
}

/// Outcome, what was seen, and what mends it.
fn line(answer: &Value, what: &str) -> (String, String, String) {
    let lines = answer["checks"].as_array().unwrap();
    let Some(line) = lines.iter().find(|line| line["check"] == what) else {
        panic!("{what} is not among {lines:#?}");
    };
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    (text("outcome"), text("seen"), text("mend"))
}

#[tokio::test]
async fn a_machine_and_a_bucket_that_are_ready_are_said_to_be() {
    let (server, folder) = (bucket().await, TempDir::new().unwrap());
    server.faults.deny("upload");
    let file = plan(
        &folder,
        BUCKET,
        &server,
        &format!("{LOCAL}history: ./runs\n"),
    );
    let (code, answer) = examine(&file, &[]).await;
    for what in [
        "plan", "list", "read", "write", "clock", "history", "sandbox", "disk",
    ] {
        let (outcome, seen, _) = line(&answer, what);
        assert_eq!(outcome, "ok", "{what}: {seen}");
    }
    assert_eq!((code, &answer["ready"]), (0, &Value::Bool(true)));
    assert!(line(&answer, "list").1.contains("db/shop.dump"));
    assert!(line(&answer, "tools").1.starts_with("pg_restore 1"));
    // One byte of the dump, and then its head: never all of it.
    let log = server.faults.log();
    assert!(
        log.contains(&"get db/shop.dump from 0".to_owned()),
        "{log:?}"
    );
    assert!(!folder.path().join("runs").exists());
}

#[tokio::test]
async fn credentials_that_can_write_are_a_warning_and_leave_nothing_behind() {
    let (server, folder) = (bucket().await, TempDir::new().unwrap());
    let file = plan(&folder, BUCKET, &server, LOCAL);
    let (code, answer) = examine(&file, &[]).await;
    let (outcome, seen, mend) = line(&answer, "write");
    assert_eq!(outcome, "warn", "{seen}");
    assert!(seen.contains("can write") && mend.contains("only list and read"));
    assert_eq!(code, 0);
    let log = server.faults.log();
    let begun = log
        .iter()
        .filter(|what| what.starts_with("upload db/pgdrill-doctor-"));
    let ended = log
        .iter()
        .filter(|what| what.starts_with("give up db/pgdrill-doctor-"));
    assert_eq!((begun.count(), ended.count()), (1, 1), "{log:?}");
    assert!(!log.iter().any(|what| what.starts_with("put")), "{log:?}");
    let left: Vec<_> = fs::read_dir(server.file("db")).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn an_upload_that_cannot_be_given_up_is_told_with_the_command_that_does_it() {
    let (server, folder) = (bucket().await, TempDir::new().unwrap());
    server.faults.deny("give up");
    let file = plan(&folder, BUCKET, &server, LOCAL);
    let (_, answer) = examine(&file, &[]).await;
    let (outcome, _, mend) = line(&answer, "write");
    assert_eq!(outcome, "warn");
    let command =
        format!("aws s3api abort-multipart-upload --bucket {BUCKET} --key db/pgdrill-doctor-");
    assert!(mend.starts_with(&command), "{mend}");
}

#[tokio::test]
async fn a_wrong_bucket_is_broken_and_the_rest_is_tried_all_the_same() {
    let (server, folder) = (bucket().await, TempDir::new().unwrap());
    let file = plan(&folder, "bakcups", &server, LOCAL);
    let (code, answer) = examine(&file, &[]).await;
    let (outcome, seen, mend) = line(&answer, "list");
    assert_eq!((code, outcome.as_str()), (3, "fail"));
    assert!(seen.contains("no bucket \"bakcups\""), "{seen}");
    assert!(mend.contains("backup.url"), "{mend}");
    assert_eq!(line(&answer, "sandbox").0, "ok");
}

#[tokio::test]
async fn a_denied_read_names_the_right_that_is_missing() {
    let (server, folder) = (bucket().await, TempDir::new().unwrap());
    server.faults.deny("get");
    let file = plan(&folder, BUCKET, &server, LOCAL);
    let (code, answer) = examine(&file, &[]).await;
    let (outcome, _, mend) = line(&answer, "read");
    assert_eq!((code, outcome.as_str()), (3, "fail"));
    assert!(mend.contains("s3:GetObject"), "{mend}");
}

#[tokio::test]
async fn docker_that_does_not_answer_is_broken_where_the_plan_needs_it() {
    let folder = TempDir::new().unwrap();
    let closed = [("DOCKER_HOST", "tcp://127.0.0.1:9")];
    let file = folder.path().join("shop.yaml");
    let text = "version: 1\nbackup: { url: . }\nsandbox: { provider: docker }\n";
    fs::write(&file, text).unwrap();
    let (code, answer) = examine(&file, &closed).await;
    let (outcome, seen, mend) = line(&answer, "docker");
    assert_eq!((code, outcome.as_str()), (3, "fail"), "{seen}");
    assert!(mend.contains("docker ps"), "{mend}");
    assert_eq!(line(&answer, "sandbox").0, "fail");
    assert_eq!(line(&answer, "list").0, "warn");
}

#[tokio::test]
async fn an_invalid_plan_is_told_and_the_machine_is_looked_at() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shop.yaml");
    fs::write(&file, "version: 1\nbackup:\n  url: ${BACKUP_URL:?set it}\n").unwrap();
    let (code, answer) = examine(&file, &[("DOCKER_HOST", "tcp://127.0.0.1:9")]).await;
    assert_eq!(code, 2);
    let (outcome, _, mend) = line(&answer, "plan");
    assert_eq!(outcome, "fail");
    assert!(mend.starts_with("pgdrill check-plan "), "{mend}");
    line(&answer, "memory");
}

#[tokio::test]
async fn what_only_helps_is_no_reason_to_say_not_ready() {
    let (server, folder) = (bucket().await, TempDir::new().unwrap());
    let live = "live:\n  dsn: ${LIVE:?}\n";
    let file = plan(
        &folder,
        BUCKET,
        &server,
        &format!("{LOCAL}{live}limits:\n  max_age: ${{AGE:-48h}}\n"),
    );
    let dsn = ("LIVE", "postgres://u:hunter2@127.0.0.1:9/shop");
    let (code, answer) = examine(&file, &[dsn]).await;
    assert_eq!(code, 0, "{answer:#}");
    assert_eq!(line(&answer, "live").0, "warn");
    let (outcome, seen, mend) = line(&answer, "variables");
    assert_eq!(
        (outcome.as_str(), mend.as_str()),
        ("warn", "export AGE=…"),
        "{seen}"
    );
    assert!(!answer.to_string().contains("hunter2"));
}

/// A plan that tells a webhook on this machine.
const WEBHOOK: &str = "version: 1\nbackup: { url: . }\nnotify:\n  allow_private: true\n  webhook:\n    url: ${HOOK:?}\n";

/// Takes one request, answers it, and returns what it was sent.
async fn hook() -> (String, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let taken = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut sent = Vec::new();
            let mut part = [0; 4_096];
            // A visit that sends nothing is a probe.
            while let Ok(count @ 1..) = socket.read(&mut part).await {
                sent.extend_from_slice(&part[..count]);
                let text = String::from_utf8_lossy(&sent);
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let head = head.to_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "));
                    length.is_some_and(|length| length.parse() == Ok(body.len()))
                });
                if whole {
                    let answer =
                        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    socket.write_all(answer).await.unwrap();
                    return text.into_owned();
                }
            }
        }
    });
    (url, taken)
}

#[tokio::test]
async fn a_sink_is_only_reached_unless_a_test_message_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let (url, taken) = hook().await;
    let file = folder.path().join("shop.yaml");
    fs::write(&file, format!("{LOCAL}{WEBHOOK}")).unwrap();
    let (_, answer) = examine(&file, &[("HOOK", &url)]).await;
    let (outcome, seen, _) = line(&answer, "notify");
    assert_eq!(
        (outcome.as_str(), seen.as_str()),
        ("ok", "webhook can be reached")
    );
    assert!(!taken.is_finished());

    let plan = file.display().to_string();
    let mut command = pgdrill(&["doctor", "--send-test", "--format", "json", &plan]);
    command.env("HOOK", &url);
    let (code, answer) = self::answer(&run(command).await);
    let (outcome, seen, _) = line(&answer, "notify");
    assert_eq!((outcome.as_str(), code), ("ok", 0), "{seen}");
    let sent = taken.await.unwrap();
    assert!(sent.contains("test"), "{sent}");
}

#[tokio::test]
async fn a_sink_that_does_not_answer_is_a_warning() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shop.yaml");
    fs::write(&file, format!("{LOCAL}{WEBHOOK}")).unwrap();
    let closed = [("HOOK", "http://127.0.0.1:9/hook")];
    let (code, answer) = examine(&file, &closed).await;
    let (outcome, seen, mend) = line(&answer, "notify");
    assert_eq!((outcome.as_str(), code), ("warn", 0), "{seen}");
    assert!(!mend.is_empty());
}

#[tokio::test]
async fn without_a_plan_this_machine_alone_is_looked_at() {
    let mut command = pgdrill(&["doctor", "--lang", "ja"]);
    command.env("DOCKER_HOST", "tcp://127.0.0.1:9");
    let output = run(command).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("検証環境") && text.contains("メモリ"),
        "{text}"
    );
    assert!(!text.contains("一覧"), "{text}");
}
