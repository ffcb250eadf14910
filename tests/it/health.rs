//! `pgdrill health`, and the rules that need the runs of the past or the dump's own clock.

use std::{
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use pgdrill::{
    finding::{Code, Finding},
    history::History,
    plan::HistoryPlan,
    report::{BackupFacts, Command, Proof, Report, Verdict},
};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    generated::Generated,
    peak,
    program::{assert_found, findings, pgdrill, report, run, verify},
    s3::S3Server,
};

const DAY: u64 = 86_400;

/// A folder with a plan, backups and a history.
struct Place {
    folder: TempDir,
}

impl Place {
    /// With these lines in the plan.
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        // The sandbox's own user must be able to come here.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let plan = format!("version: 1\nname: shop\nbackup:\n  url: ./backups\n{more}");
        fs::write(folder.path().join("shop.yaml"), plan).unwrap();
        Self { folder }
    }

    fn plan(&self) -> PathBuf {
        self.folder.path().join("shop.yaml")
    }

    fn put(&self, name: &str, bytes: &[u8], seconds_old: u64) {
        let file = self.folder.path().join("backups").join(name);
        fs::write(&file, bytes).unwrap();
        let modified = SystemTime::now() - Duration::from_secs(seconds_old);
        let file = File::options().write(true).open(&file).unwrap();
        file.set_modified(modified).unwrap();
    }

    /// Adds a run to the history.
    async fn remember(&self, run: &Report) {
        let plan = HistoryPlan {
            url: "./history".to_owned(),
            endpoint: None,
            region: None,
        };
        let history = History::open(&plan, self.folder.path()).await.unwrap();
        history.append(run).await.unwrap();
    }

    /// How many runs the history holds.
    async fn runs(&self) -> Vec<Report> {
        let plan = HistoryPlan {
            url: "./history".to_owned(),
            endpoint: None,
            region: None,
        };
        let history = History::open(&plan, self.folder.path()).await.unwrap();
        history.read("shop", None).await.unwrap().runs
    }

    async fn health(&self) -> (i32, Value) {
        health(&self.plan(), &[]).await
    }
}

/// Runs `health --format json` with more arguments; returns exit code and report.
async fn health(plan: &std::path::Path, more: &[&str]) -> (i32, Value) {
    let plan = plan.display().to_string();
    let mut arguments = vec!["health", &plan, "--format", "json"];
    arguments.extend(more);
    report(&run(pgdrill(&arguments)).await)
}

/// A run that proved a backup so many days ago.
fn proven(number: u32, days_ago: u32, storage: u64) -> Report {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * i64::from(days_ago));
    let mut run = Report::new(
        "shop",
        &format!("01KAAAAAAAAAAAAAAAAAAAAA{number:02}"),
        then,
    );
    run.verdict = Verdict::Passed;
    run.proof = Some(Proof::default());
    run.backup = Some(BackupFacts {
        url: "./elsewhere".to_owned(),
        key: format!("{number}.dump"),
        size_bytes: 1,
        last_modified: Some(then),
        duration_seconds: Some(10.0),
        storage_bytes: storage,
        ..BackupFacts::default()
    });
    run
}

#[tokio::test]
async fn fresh_backups_are_healthy_and_nothing_is_claimed_to_be_proven() {
    let place = Place::new("");
    place.put("a.dump", b"dump", DAY + 3_600);
    place.put("b.dump", b"dump", 3_600);
    let (code, report) = place.health().await;
    assert_eq!((code, &report["verdict"]), (0, &"healthy".into()));
    assert_eq!(report["command"], "health");
    assert!(report["proof"].is_null() && report["restore"].is_null());
    assert_eq!(report["backup"]["count"], 2);
    let plan = place.plan().display().to_string();
    let output = run(pgdrill(&["health", &plan])).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with("HEALTHY") && last.contains("nothing was restored"),
        "{text}"
    );
    assert!(!text.contains("PASSED"), "{text}");
}

#[tokio::test]
async fn a_backup_that_the_last_drill_found_bad_is_not_healthy() {
    let place = Place::new("history: ./history\nmetrics: { textfile: ./shop.prom }\n");
    place.put("a.dump", b"dump", 3_600);
    let mut failed = proven(1, 0, 1);
    (failed.verdict, failed.proof) = (Verdict::Failed, None);
    let found = Finding::new(Code::DumpTruncated, "the dump ends too early").about("a.dump");
    failed.findings = vec![found];
    let metrics = || fs::read_to_string(place.folder.path().join("shop.prom")).unwrap();
    let (code, look) = health(&place.plan(), &["--no-notify"]).await;
    assert_eq!(code, 0, "{look}");
    failed.backup = serde_json::from_value(look["backup"].clone()).unwrap();
    place.remember(&failed).await;

    let (code, report) = place.health().await;
    assert_eq!(
        (code, &report["verdict"]),
        (1, &"failed".into()),
        "{report}"
    );
    assert_found(&report, "dump.truncated");
    let detail = format!("Run {} found it in this backup.", failed.run);
    assert!(report["findings"].to_string().contains(&detail), "{report}");
    let success = "backup_last_success_timestamp{";
    assert!(!metrics().contains(success), "{}", metrics());

    place.put("a.dump", b"another", 600);
    let (code, report) = place.health().await;
    assert_eq!(code, 0, "{report}");
    assert!(metrics().contains(success), "{}", metrics());
}

#[tokio::test]
async fn what_is_critical_fails_and_what_could_not_be_looked_at_is_unverified() {
    let place = Place::new("");
    let (code, report) = place.health().await;
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    assert_found(&report, "backup.none");
    place.put("a.dump", b"dump", 49 * 3_600);
    let (code, report) = place.health().await;
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    assert_found(&report, "backup.stale");
    fs::remove_dir_all(place.folder.path().join("backups")).unwrap();
    let (code, report) = place.health().await;
    assert_eq!((code, &report["verdict"]), (3, &"unverified".into()));
    assert_found(&report, "run.stopped");
    let output = run(pgdrill(&["health", "/nowhere.yaml"])).await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_bucket_is_judged_by_its_own_clock_in_files_and_exit_codes_too() {
    let server = S3Server::start().await;
    server.put("db/a.dump", &[7; 10_000], DAY + 60);
    server.put("db/b.dump", &[7; 5_000], 60);
    let place = tempfile::tempdir().unwrap();
    let plan = place.path().join("shop.yaml");
    let text = format!(
        "version: 1\nbackup:\n  url: s3://backups/db/\n  endpoint: {}\n",
        server.endpoint
    );
    fs::write(&plan, text).unwrap();
    let written = place.path().join("report.json");
    let output = format!("json={}", written.display());
    let (code, report) = health(&plan, &["--output", &output]).await;
    assert_eq!(code, 0);
    assert_eq!(
        findings(&report),
        [("backup.shrunk".into(), "warning".into())]
    );
    let written: Value = serde_json::from_slice(&fs::read(&written).unwrap()).unwrap();
    assert_eq!(written, report);
    let (code, _) = health(&plan, &["--fail-on", "warning"]).await;
    assert_eq!(code, 1);
}

#[tokio::test]
async fn a_history_without_a_recent_proof_is_a_warning_and_no_history_is_none() {
    let place = Place::new("history: ./history\n");
    place.put("a.dump", b"dump", 60);
    let (code, report) = place.health().await;
    assert_eq!(code, 0);
    assert_found(&report, "backup.unproven");
    let runs = place.runs().await;
    assert_eq!(runs.len(), 1, "the run itself is kept");
    assert_eq!(
        (runs[0].command, runs[0].verdict),
        (Command::Health, Verdict::Healthy)
    );
    place.remember(&proven(1, 36, 1)).await;
    let (_, report) = place.health().await;
    assert_eq!(
        report["findings"][0]["message"],
        "no drill passed for 36 days"
    );
    place.remember(&proven(2, 34, 1)).await;
    let (_, report) = place.health().await;
    assert_eq!(findings(&report), []);
    let without = Place::new("");
    without.put("a.dump", b"dump", 60);
    assert_eq!(findings(&without.health().await.1), []);
}

#[tokio::test]
async fn cost_and_the_end_of_the_month_are_in_the_report() {
    let place = Place::new("history: ./history\nprices:\n  storage_gb_month: 0.5\n");
    place.put("a.dump", &vec![7; 200_000], 60);
    let (_, report) = place.health().await;
    assert!((report["backup"]["cost_usd_per_month"].as_f64().unwrap() - 0.000_1).abs() < 1e-9);
    assert!(
        report["backup"]["projection"].is_null(),
        "one look is no trend"
    );
    let mut before = proven(1, 7, 100_000);
    before.backup.as_mut().unwrap().url = report["backup"]["url"].as_str().unwrap().to_owned();
    place.remember(&before).await;
    let (_, report) = place.health().await;
    let projection = &report["backup"]["projection"];
    let weekly = projection["bytes_per_week"].as_i64().unwrap();
    assert!((60_000..=110_000).contains(&weekly), "{projection}");
    assert!(projection["month_end_bytes"].as_u64().unwrap() >= 200_000);
    assert!(projection["month_end_usd"].as_f64().unwrap() >= 0.000_1);
}

#[tokio::test]
async fn thirty_thousand_keys_are_counted_exactly_in_little_memory() {
    let bucket = Generated::of(30_000);
    let endpoint = bucket.serve().await;
    let place = tempfile::tempdir().unwrap();
    let plan = place.path().join("big.yaml");
    let text = format!("version: 1\nbackup:\n  url: s3://backups/db/\n  endpoint: {endpoint}\n");
    fs::write(&plan, text).unwrap();
    let path = plan.display().to_string();
    let mut command = pgdrill(&["health", "--format", "json", &path]);
    let ended = tokio::task::spawn_blocking(move || peak::run(&mut command));
    let ended = ended.await.unwrap();
    let report: Value = serde_json::from_slice(&ended.output).unwrap();
    assert_eq!(ended.code, Some(0), "{report}");
    assert_eq!(report["backup"]["count"], 30_000);
    assert_eq!(report["backup"]["storage_bytes"], bucket.bytes());
    assert_eq!(report["backup"]["key"], Generated::key(29_999));
    assert!(ended.peak < 100_000_000, "{} bytes", ended.peak);
    let shown = run(pgdrill(&["list", "--most", "5", &path])).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("… and 29995 older ones"), "{shown}");
    assert!(shown.contains("30000 backups"), "{shown}");
    let old = ["--dry-run", "--backup", "shop-000000007.dump"];
    let (code, report) = verify(&plan, &old).await;
    assert_eq!(
        (code, &report["backup"]["key"]),
        (0, &Generated::key(7).into())
    );
    let (code, report) = verify(&plan, &["--dry-run", "--select", "oldest"]).await;
    assert_eq!(
        (code, &report["backup"]["key"]),
        (0, &Generated::key(0).into())
    );
}

/// A dump of a table with three rows.
fn dump(server: &Cluster) -> Vec<u8> {
    server.psql(
        "postgres",
        b"create table if not exists t as select generate_series(1, 3) id;",
    );
    server.dump(&["-Fc", "postgres"])
}

/// The year in the header of an archive of version 1.14, PostgreSQL 15's: five letters, three of the version, three
/// sizes; then integers of a sign and four bytes: compression, second, minute, hour, day, month, year.
fn with_year(mut archive: Vec<u8>, year: u16) -> Vec<u8> {
    assert_eq!(&archive[..8], b"PGDMP\x01\x0e\x00");
    let at = 5 + 3 + 3 + 6 * 5 + 1;
    archive[at..at + 2].copy_from_slice(&(year - 1900).to_le_bytes());
    archive
}

#[tokio::test]
async fn an_old_dump_that_was_stored_again_fails_although_it_restores() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let place = Place::new("tables:\n  t:\n    row_count: { equals: 3 }\n");
    let bytes = dump(&server);
    place.put("a.dump", &bytes, 60);
    let (code, report) = verify(&place.plan(), &["--sandbox", "local"]).await;
    assert_eq!(code, 0, "{report}");
    assert!(report["backup"]["created"].is_string());
    place.put("a.dump", &with_year(bytes, 2020), 60);
    let (code, report) = verify(&place.plan(), &["--sandbox", "local"]).await;
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    let found = &report["findings"][0];
    assert_eq!(found["code"], "backup.stale");
    let message = found["message"].as_str().unwrap();
    assert!(
        message.ends_with("although it was stored 1 min 0 s ago")
            || message.contains("stored 1 min"),
        "{message}"
    );
    // Whoever asks for this one by name knows that it is old.
    let named = ["--sandbox", "local", "--backup", "a.dump"];
    assert_eq!(verify(&place.plan(), &named).await.0, 0);
}

#[tokio::test]
async fn the_same_bytes_under_a_new_name_are_frozen_also_without_tags() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let place = Place::new("history: ./history\ntables:\n  t:\n    row_count: { equals: 3 }\n");
    let bytes = dump(&server);
    place.put("a.dump", &bytes, DAY);
    let (code, report) = verify(&place.plan(), &["--sandbox", "local"]).await;
    assert_eq!((code, findings(&report)), (0, vec![]), "{report}");
    place.put("b.dump", &bytes, 60);
    let (code, report) = verify(&place.plan(), &["--sandbox", "local"]).await;
    assert_eq!(code, 0, "{report}");
    assert_found(&report, "backup.frozen");
    let detail = report["findings"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("\"a.dump\", stored 23 hours earlier"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_backup_that_took_three_times_the_usual_is_a_warning_of_the_drill() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let more = "history: ./history\ntables:\n  t:\n    row_count: { equals: 3 }\n";
    let place = Place::new(&format!("  timezone: UTC\n{more}"));
    for number in 1..=3 {
        place.remember(&proven(number, number, 1)).await;
    }
    place.put("a.dump", &dump(&server), 0);
    let file = place.folder.path().join("backups/a.dump");
    let later = SystemTime::now() + Duration::from_mins(2);
    let file = File::options().write(true).open(file).unwrap();
    file.set_modified(later).unwrap();
    let (code, report) = verify(&place.plan(), &["--sandbox", "local"]).await;
    assert_eq!(code, 0, "{report}");
    assert!(report["backup"]["duration_seconds"].as_f64().unwrap() >= 100.0);
    assert_found(&report, "restore.slow");
}
