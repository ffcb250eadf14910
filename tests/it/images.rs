//! Images that are not the official ones: what they set, what they lack, and how slowly they start.

use std::{
    fs,
    io::Write,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    postgres::has_image,
    program::{pgdrill, report, verify},
};

/// An image that is removed when it is dropped.
struct Image(String);

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

/// Makes one from these lines over the official one.
fn image(lines: &str) -> Option<Image> {
    if !has_image(15) {
        return None;
    }
    let tag = ulid::Ulid::generate().to_string().to_lowercase();
    let image = Image(format!("pgdrill-test:{tag}"));
    let mut build = Command::new("docker")
        .args(["build", "-q", "-t", &image.0, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let file = format!("FROM postgres:15\nUSER root\n{lines}\n");
    let mut stdin = build.stdin.take().unwrap();
    stdin.write_all(file.as_bytes()).unwrap();
    drop(stdin);
    assert!(build.wait().unwrap().success());
    Some(image)
}

/// A plan with a script of one table.
fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backups")).unwrap();
    let script = "--\n-- PostgreSQL database dump\n--\n-- Dumped from database version 15.4\n\
        -- Dumped by pg_dump version 15.4\nCREATE TABLE public.t (id int);\nCOPY public.t (id) FROM stdin;\n1\n\\.\n\
        --\n-- PostgreSQL database dump complete\n--\n";
    fs::write(folder.path().join("backups/x.sql"), script).unwrap();
    let plan = "version: 1\nname: shop\nbackup:\n  url: ./backups\ntables:\n  t:\n    row_count: { equals: 1 }\n";
    fs::write(folder.path().join("plan.yaml"), plan).unwrap();
    folder
}

async fn drill(image: &Image) -> (i32, Value) {
    let place = place();
    let more = ["--sandbox", "docker", "--image", &image.0];
    verify(&place.path().join("plan.yaml"), &more).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_image_sets_for_its_programs_fails_no_dump() {
    let Some(image) = image(
        "ENV PGSERVICE=nowhere PG_COLOR=always PGHOSTADDR=127.0.0.9 PGSSLMODE=require PGOPTIONS=-cdefault_transaction_read_only=on",
    ) else {
        return;
    };
    let (code, report) = drill(&image).await;
    assert_eq!(code, 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_tool_is_named_and_says_nothing_of_the_backup() {
    let Some(image) = image("RUN rm /usr/lib/postgresql/15/bin/psql") else {
        return;
    };
    let (code, report) = drill(&image).await;
    let told = report["findings"].to_string();
    assert_eq!(code, 3, "{told}");
    assert!(told.contains(&image.0) && told.contains("psql"), "{told}");
}

fn containers(image: &Image) -> Vec<String> {
    let all = Command::new("docker")
        .args(["ps", "-aq", "--filter"])
        .arg(format!("ancestor={}", image.0))
        .output()
        .unwrap();
    let ids = String::from_utf8(all.stdout).unwrap();
    ids.split_whitespace().map(str::to_owned).collect()
}

async fn started(image: &Image) -> String {
    for _ in 0..1200 {
        if let Some(id) = containers(image).into_iter().next() {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no container was made")
}

/// A drill whose temporary files are its own.
fn begin(place: &TempDir, image: &Image) -> Child {
    let files = place.path().join("t");
    fs::create_dir(&files).unwrap();
    let plan = place.path().join("plan.yaml").display().to_string();
    let mut command = pgdrill(&["verify", &plan, "--format", "json", "--sandbox", "docker"]);
    command
        .args(["--image", &image.0])
        .env("TMPDIR", files)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn end(child: Child) -> (i32, Value) {
    let output = tokio::task::spawn_blocking(|| child.wait_with_output());
    report(&output.await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_that_is_interrupted_while_its_server_starts_slowly_leaves_nothing() {
    let slow = "RUN printf '#!/bin/sh\\nsleep 120\\n' >/usr/lib/postgresql/15/bin/initdb";
    let Some(image) = image(slow) else {
        return;
    };
    let place = place();
    let child = begin(&place, &image);
    started(&image).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let run = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(run, Signal::SIGTERM).unwrap();
    let (code, report) = end(child).await;
    let told = report["findings"].to_string();
    assert_eq!(code, 143, "{told}");
    assert!(told.contains("nothing was left behind"), "{told}");
    assert_eq!(containers(&image), [""; 0]);
    let left = fs::read_dir(place.path().join("t")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_ends_the_restore_and_blames_no_backup() {
    let Some(image) = image("ENV A=b") else {
        return;
    };
    let place = place();
    let path = place.path().join("backups/x.sql");
    let waits = "\\.\nSELECT pg_sleep(600);\n";
    let script = fs::read_to_string(&path).unwrap().replace("\\.\n", waits);
    fs::write(path, script).unwrap();
    let plan = place.path().join("plan.yaml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text + "restore: { wall: 20s }\n").unwrap();
    let child = begin(&place, &image);
    let id = started(&image).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let paused = Command::new("docker").args(["pause", &id]).output();
    assert!(paused.unwrap().status.success());
    let (code, report) = end(child).await;
    assert_eq!(code, 3, "{report}");
    assert_eq!(containers(&image), [""; 0]);
}
