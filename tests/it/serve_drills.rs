//! The schedules of `pgdrill serve`: what was missed, one after another, and an end in the middle.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use pgdrill::{
    history::{History, Past},
    plan::HistoryPlan,
    report::{Proof, ProofLevel, Report, Verdict},
};
use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    prometheus::{installed, promtool},
    receiver::{Answer, Receiver},
    watch::{Watch, until},
};

/// The first of January: never due while the tests run, and due long ago.
const YEARLY: &str = "0 0 1 1 *";

/// A folder with room for the drills' temporary files; sockets need a short path.
fn place() -> TempDir {
    let folder = tempfile::Builder::new().prefix("serve").tempdir().unwrap();
    for name in ["t", "plans"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    folder
}

/// Adds a plan that keeps its history and asks this.
fn add(place: &Path, server: &Cluster, name: &str, query: &str) {
    let backups = place.join("plans").join(name);
    fs::create_dir(&backups).unwrap();
    fs::write(backups.join("x.dump"), server.dump(&["-Fc", "postgres"])).unwrap();
    let plan = format!(
        "version: 1\nname: {name}\nbackup:\n  url: ./{name}\nsandbox:\n  provider: local\nhistory: ./history\n\
         schedule: \"{YEARLY}\"\nsql:\n  - name: counts\n    query: {query}\n    equals: 1\n    timeout: 15m\n"
    );
    fs::write(place.join("plans").join(format!("{name}.yaml")), plan).unwrap();
}

fn server() -> Option<Cluster> {
    let server = Cluster::start()?;
    server.psql("postgres", b"create table t as select 1 id;");
    Some(server)
}

fn start(place: &Path) -> Watch {
    start_with(place, |_| {})
}

fn start_with(place: &Path, change: impl FnOnce(&mut Command)) -> Watch {
    let temporary = place.join("t");
    let plans = place.join("plans");
    Watch::start_with(&plans, &["--refresh", "1s"], None, |command| {
        change(command.env("TMPDIR", temporary));
    })
}

async fn history(place: &Path) -> History {
    let plan = HistoryPlan {
        url: "./history".to_owned(),
        endpoint: None,
        region: None,
    };
    History::open(&plan, &place.join("plans")).await.unwrap()
}

async fn past(place: &Path, plan: &str) -> Past {
    history(place).await.read(plan, None).await.unwrap()
}

/// Keeps a drill that passed so many days ago.
async fn passed(place: &Path, plan: &str, days: i64) {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * days);
    let mut run = Report::new(plan, &ulid::Ulid::nil().to_string(), then);
    run.verdict = Verdict::Passed;
    run.proof = Some(Proof {
        level: ProofLevel::Restored,
        objects_expected: None,
        objects_found: None,
        tables: 1,
        rows_expected: None,
        rows_found: 1,
        checks: 1,
        run: None,
        ..Proof::default()
    });
    history(place).await.append(&run).await.unwrap();
}

async fn health(watch: &Watch, plan: &str) -> Value {
    let url = format!("{}/ops/health/backup/{plan}", watch.url);
    let answer = Client::new().get(url).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Waits until a plan was drilled in this process, and no drill runs any more.
async fn drilled(watch: &Watch, plan: &str, since: Timestamp) -> Value {
    until("it was drilled", async || {
        let told = health(watch, plan).await;
        let last: Timestamp = told["last_drill"].as_str()?.parse().unwrap();
        (last >= since && told["drilling"] == false).then_some(told)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_drill_is_caught_up_once() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    add(place.path(), &server, "shop", "select count(*) from t");
    passed(place.path(), "shop", 800).await;
    let began = Timestamp::now();
    let watch = start(place.path());
    let told = drilled(&watch, "shop", began).await;
    assert_eq!(told["last_verdict"], "passed", "{told}");
    assert_eq!(told["status"], "healthy", "{told}");
    let next: Timestamp = told["next_drill"].as_str().unwrap().parse().unwrap();
    assert!(next > Timestamp::now());
    // Looked at again after more looks: two years were missed, one drill made up for them.
    let checked = told["checked_at"].clone();
    until("more looks are over", async || {
        (health(&watch, "shop").await["checked_at"] != checked).then_some(())
    })
    .await;
    assert_eq!(health(&watch, "shop").await["drilling"], false);
    let past = past(place.path(), "shop").await;
    assert_eq!(past.runs.len(), 2);
    watch.terminate().await;

    // Started again, nothing is missed any more.
    let watch = start(place.path());
    let told = until("the history is read", async || {
        let told = health(&watch, "shop").await;
        (told["status"] == "healthy").then_some(told)
    })
    .await;
    assert_eq!(told["drilling"], false);
    watch.terminate().await;
    assert_eq!(past_runs(place.path()).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_drill_tells_those_whom_the_plan_names() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    add(place.path(), &server, "shop", "select count(*) from t");
    let receiver = Receiver::start(vec![]).await;
    let notify = "notify:\n  allow_private: true\n  webhook:\n    url: ${HOOK}\n    on: [passed]\n  heartbeat:\n    start: ${START}\n    success: ${SUCCESS}\n";
    let plan = place.path().join("plans/shop.yaml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text + notify).unwrap();
    let began = Timestamp::now();
    let watch = start_with(place.path(), |command| {
        for (name, path) in [
            ("HOOK", "/hook"),
            ("START", "/start"),
            ("SUCCESS", "/success"),
        ] {
            command.env(name, receiver.url(path));
        }
    });
    drilled(&watch, "shop", began).await;
    watch.terminate().await;
    let mut paths: Vec<_> = receiver.got().into_iter().map(|got| got.path).collect();
    paths.sort();
    assert_eq!(paths, ["/hook", "/start", "/success"]);
    assert_eq!(receiver.take("/hook")[0].json()["verdict"], "passed");
}

async fn past_runs(place: &Path) -> usize {
    past(place, "shop").await.runs.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_proven_is_unhealthy_until_its_first_drill_passed() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    add(place.path(), &server, "shop", "select count(*) from t");
    let began = Timestamp::now();
    let watch = start(place.path());
    let told = until("the history is read", async || {
        let told = health(&watch, "shop").await;
        told["message"].is_string().then_some(told)
    })
    .await;
    assert_eq!(told["message"], "No restore was proven yet");
    let told = drilled(&watch, "shop", began).await;
    assert_eq!(told["status"], "healthy", "{told}");

    let run = past(place.path(), "shop").await.runs.remove(0);
    let ask = async |path: String| {
        let answer = Client::new().get(format!("{}{path}", watch.url));
        let answer = answer.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = ask(format!("/runs/shop/{}.json", run.run)).await;
    assert_eq!(status, 200);
    let report: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (report.run.as_str(), report.verdict),
        (run.run.as_str(), Verdict::Passed)
    );
    let (status, text) = ask(format!("/runs/shop/{}", run.run)).await;
    assert_eq!(status, 200);
    assert!(text.starts_with("<!doctype html>") && text.contains(&run.run));
    let (status, text) = ask("/metrics".to_owned()).await;
    assert_eq!(status, 200);
    for series in [
        "backup_last_success_timestamp{backup=\"shop\"} ",
        "backup_storage_bytes{backup=\"shop\"} ",
        "backup_restore_duration_seconds{backup=\"shop\"} ",
        "backup_verify_verdict{backup=\"shop\",verdict=\"passed\"} 1",
        "backup_verify_findings{backup=\"shop\",severity=\"critical\"} 0",
    ] {
        let is_told = text.lines().any(|line| line.starts_with(series));
        assert!(is_told, "{series}\n{text}");
    }
    if installed("promtool") {
        promtool(&["check", "metrics"], &text);
    }
    assert_eq!(ask("/runs/shop/other.json".to_owned()).await.0, 404);
    assert_eq!(ask("/plans/other".to_owned()).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_that_fails_is_unhealthy_and_says_why() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    add(place.path(), &server, "shop", "select count(*) + 1 from t");
    passed(place.path(), "shop", 400).await;
    let began = Timestamp::now();
    let watch = start(place.path());
    let told = drilled(&watch, "shop", began).await;
    assert_eq!(told["status"], "unhealthy");
    let message = told["message"].as_str().unwrap();
    assert!(message.starts_with("Last drill failed: "), "{message}");
    assert_eq!(told["last_verdict"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_of_another_program_is_seen_at_the_next_look() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    add(place.path(), &server, "shop", "select count(*) from t");
    passed(place.path(), "shop", 1).await;
    let plans = place.path().join("plans");
    // What is not seen at the next look is seen at the twelfth.
    let watch = Watch::start_with(&plans, &["--refresh", "20s"], None, |_| {});
    let verdict = async |wanted: &str| {
        until(wanted, async || {
            let told = health(&watch, "shop").await;
            (told["last_verdict"] == wanted).then_some(())
        })
        .await;
    };
    verdict("passed").await;
    let name = ulid::Ulid::generate().to_string();
    let mut failed = Report::new("shop", &name, Timestamp::now());
    failed.verdict = Verdict::Failed;
    history(place.path()).await.append(&failed).await.unwrap();
    verdict("failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drills_run_one_after_another() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    for name in ["one", "two", "three"] {
        add(place.path(), &server, name, "select count(*) from t");
    }
    let began = Timestamp::now();
    let watch = start(place.path());
    let mut times = Vec::new();
    for name in ["one", "two", "three"] {
        drilled(&watch, name, began).await;
        let run = past(place.path(), name).await.runs.remove(0);
        let end = run.started + SignedDuration::try_from_secs_f64(run.seconds).unwrap();
        times.push((run.started, end));
    }
    times.sort();
    for pair in times.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{times:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_running_drill_and_leaves_nothing_behind() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    let forever = "select count(*) from t, pg_sleep(600)";
    add(place.path(), &server, "shop", forever);
    let watch = start(place.path());
    until("the check is asked", async || {
        asking(place.path()).then_some(())
    })
    .await;
    until("it is told that a drill runs", async || {
        (health(&watch, "shop").await["drilling"] == true).then_some(())
    })
    .await;
    let before = Instant::now();
    let (code, told) = watch.terminate().await;
    assert_eq!(code, Some(0), "{told}");
    assert!(before.elapsed() < Duration::from_secs(25), "{told}");
    assert!(!asking(place.path()), "the server is gone");
    let left = fs::read_dir(place.path().join("t")).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("pgdrill-0")),
        "{left:?}"
    );
    let past = past(place.path(), "shop").await;
    assert_eq!(past.runs.len(), 1);
    assert_eq!(past.runs[0].verdict, Verdict::Unverified);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_while_a_pushgateway_hangs_loses_no_report() {
    let Some(server) = server() else {
        return;
    };
    let place = place();
    add(place.path(), &server, "shop", "select count(*) from t");
    let plan = place.path().join("plans/shop.yaml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text + "metrics:\n  pushgateway: ${GATEWAY}\n").unwrap();
    let hangs = Receiver::start(vec![Answer::Hang]).await;
    let watch = start_with(place.path(), |command| {
        command.env("GATEWAY", hangs.url(""));
    });
    until("the metrics are pushed", async || {
        (!hangs.got().is_empty()).then_some(())
    })
    .await;
    // It is tried for 30 seconds otherwise, which is longer than whoever ends the service waits.
    let (code, told) = watch.terminate().await;
    assert_eq!(code, Some(0), "{told}");
    let past = past(place.path(), "shop").await;
    let sinks = &past.runs[0].sinks;
    assert_eq!((past.runs.len(), sinks[0].delivered), (1, false), "{told}");
}

/// Whether the check that takes for ever is being asked of a server in this place.
fn asking(place: &Path) -> bool {
    let processes = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let processes = String::from_utf8_lossy(&processes.stdout).into_owned();
    let ours = processes.contains(&place.join("t").display().to_string());
    ours && processes
        .lines()
        .any(|line| line.contains("pgdrill_check") && line.contains("SELECT"))
}
