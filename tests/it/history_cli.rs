//! `pgdrill history`, and what the program itself writes: two runs at once, damage, secrets.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
};

use pgdrill::report::Report;
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    program::{assert_found, pgdrill, report, run, verify},
    s3::{BUCKET, S3Server, SECRET},
};

/// A folder with one file that is no dump: a run over it is short, and fails.
fn place(more: &str) -> TempDir {
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("backups")).unwrap();
    fs::write(here.path().join("backups/x.dump"), "this is no dump").unwrap();
    let plan = format!("version: 1\nname: shop\nbackup:\n  url: ./backups\n{more}");
    fs::write(here.path().join("plan.yaml"), plan).unwrap();
    here
}

fn plan(here: &TempDir) -> PathBuf {
    here.path().join("plan.yaml")
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

async fn history(plan: &Path, more: &[&str]) -> (i32, String, String) {
    let plan = plan.display().to_string();
    let mut arguments = vec!["history", &plan];
    arguments.extend(more);
    said(&run(pgdrill(&arguments)).await)
}

async fn history_json(plan: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["--format", "json"];
    arguments.extend(more);
    let (code, out, err) = history(plan, &arguments).await;
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn start(plan: &Path) -> Child {
    let plan = plan.display().to_string();
    pgdrill(&["verify", &plan, "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs eight processes at once; every one's report is kept as it printed it.
async fn eight_at_once(plan: PathBuf) {
    let starting = plan.clone();
    let outputs = tokio::task::spawn_blocking(move || {
        let children: Vec<_> = (0..8).map(|_| start(&starting)).collect();
        let outputs = children.into_iter().map(Child::wait_with_output);
        outputs.map(Result::unwrap).collect::<Vec<_>>()
    });
    let mut printed: Vec<Report> = outputs
        .await
        .unwrap()
        .iter()
        .map(|output| serde_json::from_value(report(output).1).unwrap())
        .collect();
    let kept = history_json(&plan, &[]).await;
    let mut kept: Vec<Report> = serde_json::from_value(kept["runs"].clone()).unwrap();
    for runs in [&mut printed, &mut kept] {
        runs.sort_by(|a, b| a.run.cmp(&b.run));
    }
    assert_eq!(kept, printed);
    assert_eq!(kept.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_at_once_lose_nothing_in_a_folder() {
    let here = place("history: ./runs\n");
    eight_at_once(plan(&here)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_at_once_lose_nothing_in_a_bucket() {
    let server = S3Server::start().await;
    let here = place(&format!(
        "  endpoint: {}\nhistory: s3://{BUCKET}/runs/\n",
        server.endpoint
    ));
    eight_at_once(plan(&here)).await;
    assert!(server.file("runs/shop").is_dir());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_a_warning_of_the_next_run_and_shown() {
    let here = place("history: ./runs\n");
    verify(&plan(&here), &[]).await;
    let damaged = here
        .path()
        .join("runs/shop/01JD3Q5V9H4W8K2M6N7P0R1S2T.json");
    fs::write(&damaged, "{\"schema\":1,").unwrap();
    let (code, report) = verify(&plan(&here), &[]).await;
    assert_eq!((code, report["verdict"].as_str()), (1, Some("failed")));
    assert_found(&report, "history.unreadable");
    let (code, out, _) = history(&plan(&here), &[]).await;
    assert_eq!(code, 0);
    let line = "damaged  shop/01JD3Q5V9H4W8K2M6N7P0R1S2T.json: It is cut off";
    assert!(out.contains(line), "{out}");
    let json = history_json(&plan(&here), &[]).await;
    assert_eq!(json["count"], 2);
    assert_eq!(
        json["damaged"][0]["why"],
        "It is cut off: the JSON ends too early."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_shown_in_local_time_with_marks_that_the_terminal_has() {
    let here = place("history: ./runs\n");
    for _ in 0..3 {
        verify(&plan(&here), &[]).await;
    }
    let file = plan(&here).display().to_string();
    let mut command = pgdrill(&["history", &file, "--most", "2"]);
    command.env("TZ", "Asia/Tokyo").env("LANG", "ja_JP.UTF-8");
    let (code, out, err) = said(&run(command).await);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("shop\nstarted "), "{out}");
    assert!(out.contains("+09:00  verify   failed"), "{out}");
    assert!(out.contains("and 1 older ones"), "{out}");
    assert!(out.contains("✗✗✗"), "{out}");
    assert!(out.contains("0 passed, 3 failed, 0 unverified"), "{out}");
    assert!(
        out.contains("no drill passed; 3 of 3 drills did not pass"),
        "{out}"
    );
    // A person's colours are for a terminal, which a pipe is not.
    assert!(!out.contains('\u{1b}'), "{out}");
    for (name, value, more) in [("LC_ALL", "C", None), ("LANG", "C.UTF-8", Some("--ascii"))] {
        let mut arguments = vec!["history", &file];
        arguments.extend(more);
        let mut command = pgdrill(&arguments);
        command.env(name, value);
        let (_, out, _) = said(&run(command).await);
        assert!(out.is_ascii() && out.contains("xxx"), "{out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_reports_trends_and_what_is_damaged() {
    let here = place("history: ./runs\n");
    let (_, first) = verify(&plan(&here), &[]).await;
    let (_, second) = verify(&plan(&here), &[]).await;
    let json = history_json(&plan(&here), &[]).await;
    assert_eq!(json["plan"], "shop");
    assert_eq!(json["runs"], Value::Array(vec![second.clone(), first]));
    let size = &json["trends"]["backup_size_bytes"];
    assert_eq!((&size["count"], &size["median"]), (&2.into(), &15.into()));
    assert_eq!(size["points"][1]["started"], second["started"]);
    assert_eq!(
        (&json["failures"], &json["last_pass"]),
        (&2.into(), &Value::Null)
    );
    assert_eq!(json["damaged"], Value::Array(Vec::new()));
    let few = history_json(&plan(&here), &["--most", "1"]).await;
    assert_eq!(few["runs"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&few["count"], &few["trends"]["backup_size_bytes"]["count"]),
        (&2.into(), &2.into())
    );
    let soon = history_json(&plan(&here), &["--since", "90d"]).await;
    assert_eq!(soon["count"], 2);
    let now = history_json(&plan(&here), &["--since", "1ns"]).await;
    assert_eq!((&now["count"], &now["plan"]), (&0.into(), &"shop".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_plans_are_a_list_and_several_tables() {
    let here = place("history: ./runs\n");
    let other = fs::read_to_string(plan(&here))
        .unwrap()
        .replace("name: shop", "name: 注文/大阪");
    fs::write(here.path().join("other.yaml"), other).unwrap();
    verify(&here.path().join("other.yaml"), &[]).await;
    let json = history_json(here.path(), &[]).await;
    let plans: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["plan"], &one["count"]))
        .collect();
    assert_eq!(
        plans,
        [
            (&"注文/大阪".into(), &1.into()),
            (&"shop".into(), &0.into())
        ]
    );
    let (code, out, _) = history(here.path(), &[]).await;
    assert_eq!(code, 0);
    assert!(out.contains("注文/大阪\nstarted"), "{out}");
    assert!(out.contains("\n\nshop\nno run is kept yet\n"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_history_is_told_what_to_write() {
    let here = place("");
    let (code, out, err) = history(&plan(&here), &[]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("the plan \"shop\" keeps no history"), "{err}");
    assert!(err.contains("Add `history: ./history/`"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_cannot_be_looked_at_is_3_and_names_the_right() {
    let server = S3Server::start().await;
    let here = place(&format!(
        "  endpoint: {}\nhistory: s3://{BUCKET}/runs/\n",
        server.endpoint
    ));
    verify(&plan(&here), &[]).await;
    server.faults.deny("list");
    let (code, out, err) = history(&plan(&here), &[]).await;
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("Allow s3:ListBucket"), "{err}");
    // A drill goes on without the past, and is kept.
    let (code, report) = verify(&plan(&here), &[]).await;
    assert_eq!(code, 1);
    assert_found(&report, "history.unreadable");
    assert_eq!(fs::read_dir(server.file("runs/shop")).unwrap().count(), 2);
}

/// What must never be in a record.
const PLANTED: [&str; 4] = [
    SECRET,
    "row-4111-1111-hunter2",
    "live-pa55word",
    "service-pa55word",
];

/// A plan whose every check meets the planted row: it is there twice, it is too old, it is returned by a query.
const NOSY: &str = "
history: ./runs
live:
  dsn: ${LIVE_DATABASE_URL:-}
tables:
  cards:
    row_count: { min: 100 }
    unique: [number]
sql:
  - name: no card has this number
    query: select number from cards where number like 'row-%'
  - name: the number is another one
    query: select number from cards limit 1
    equals: visa
  - name: a card is a figure
    query: select number::int from cards
    equals: 1
";

#[tokio::test(flavor = "multi_thread")]
async fn a_record_holds_no_secret_and_no_row() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"create database shop");
    let rows = b"create table cards (number text); insert into cards values ('row-4111-1111-hunter2'), ('row-4111-1111-hunter2');";
    server.psql("shop", rows);
    let dump = String::from_utf8(server.dump(&["-Fp", "shop"])).unwrap();
    // The restore meets the row, too.
    let end = "--\n-- PostgreSQL database dump complete";
    let clashes = "ALTER TABLE public.cards ALTER number TYPE integer USING number::integer;";
    let dump = dump.replace(end, &format!("{clashes}\n{end}"));
    let bucket = S3Server::start().await;
    bucket.put("db/x.sql", dump.as_bytes(), 60);
    let here = tempfile::tempdir().unwrap();
    let text = format!(
        "version: 1\nname: cards\nbackup:\n  url: s3://{BUCKET}/db/\n  endpoint: {}\n{NOSY}",
        bucket.endpoint
    );
    fs::write(plan(&here), text).unwrap();
    let file = plan(&here).display().to_string();
    let mut command = pgdrill(&["verify", &file, "--sandbox", "local", "--format", "json"]);
    command.env(
        "PGDRILL_SERVICE_URL",
        "postgresql://postgres:service-pa55word@127.0.0.1:1/postgres",
    );
    command.env(
        "LIVE_DATABASE_URL",
        "postgresql://reader:live-pa55word@127.0.0.1:1/shop",
    );
    let (code, printed) = report(&run(command).await);
    assert_eq!(code, 1, "{printed}");
    for code in ["restore.failed", "check.failed"] {
        assert_found(&printed, code);
    }
    let folder = here.path().join("runs/cards");
    let records: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
    assert_eq!(records.len(), 1);
    let record = fs::read_to_string(records[0].path()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&record).unwrap(), printed);
    let (_, shown, _) = history(&plan(&here), &[]).await;
    let json = history_json(&plan(&here), &[]).await.to_string();
    for planted in PLANTED {
        for text in [&record, &shown, &json] {
            assert!(!text.contains(planted), "{planted} is in {text}");
        }
    }
}
