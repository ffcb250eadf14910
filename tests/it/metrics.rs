//! Metrics, from a run through the file and the Pushgateway into Prometheus: alerts and board included.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use axum::{Router, extract::Request, http::StatusCode};
use jiff::Timestamp;
use pgdrill::{
    plan::{self, Plan},
    report::{BackupFacts, Report, RestoreFacts, Verdict},
    sinks::prometheus::{ALERTS, DASHBOARD, Standing, exposition},
    verify::{self, Memory},
    words::Lang,
};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    program::{self, assert_found, findings, pgdrill, run},
    prometheus::{Prometheus, Pushgateway, installed, promtool},
};

/// The name that every sink must stand.
const STRANGE: &str = "x'\"<&>|{}\n::error::pwn\x1b[31m<!channel>\\";

const RULES: &str = "src/sinks/prometheus/alerts.yml";

/// A drill that passed and of which everything is known.
fn report(name: &str) -> Report {
    let now = Timestamp::now();
    let mut report = Report::new(name, "run", now);
    report.verdict = Verdict::Passed;
    report.backup = Some(BackupFacts {
        size_bytes: 1_000,
        storage_bytes: 60_000_000_000,
        last_modified: Timestamp::from_second(now.as_second() - 3_600).ok(),
        age_seconds: Some(3_600),
        duration_seconds: Some(12.5),
        cost_usd_per_month: Some(0.9),
        ..BackupFacts::default()
    });
    report.restore = Some(RestoreFacts {
        seconds: 30.25,
        ..RestoreFacts::default()
    });
    report
}

/// How it stands with a history of two failures.
fn standing(report: &Report) -> Standing<'_> {
    Standing {
        failures: Some(2),
        ..Standing::of(report)
    }
}

/// The value of a series in a text; nothing when it is not there.
fn value(text: &str, series: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit_once(' ').map(|(_, value)| value.to_owned())
}

/// Serves what it is given at every path, on a free port.
async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address.to_string()
}

/// A folder with a plan whose metrics go to a file and, where one runs, to a Pushgateway.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(name: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        fs::create_dir(folder.path().join("collected")).unwrap();
        let place = Self { folder };
        let text = format!(
            "version: 1\nname: {name}\nbackup:\n  url: ./backups\nprices: {{ storage_gb_month: 0.02 }}\n{more}"
        );
        place.write("plan.yaml", text.as_bytes());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn loaded(&self) -> Plan {
        let today = jiff::civil::date(2026, 11, 23);
        plan::read(&self.path("plan.yaml"), &|_| None, today)
            .unwrap_or_else(|mistakes| panic!("{mistakes}"))
            .plan
    }

    async fn verify(&self, more: &[&str]) -> (i32, Value) {
        program::verify(&self.path("plan.yaml"), more).await
    }

    /// With a Pushgateway whose address holds a password.
    async fn verify_pushing(&self, url: &str) -> (i32, Value) {
        let plan = self.path("plan.yaml").display().to_string();
        let mut command = pgdrill(&["verify", &plan, "--format", "json"]);
        command.env("PUSHGATEWAY_URL", url);
        program::report(&run(command).await)
    }
}

/// Who was told, and whether they took it.
fn told(report: &Value) -> Vec<(String, bool)> {
    let sinks = report["sinks"].as_array().unwrap().iter();
    sinks
        .map(|sink| {
            let name = sink["name"].as_str().unwrap().to_owned();
            (name, sink["delivered"].as_bool().unwrap())
        })
        .collect()
}

#[test]
fn promtool_is_content_with_every_text() {
    if !installed("promtool") {
        return;
    }
    let (shop, strange) = (report("shop"), report(STRANGE));
    let mut failed = report("注文");
    failed.verdict = Verdict::Failed;
    let nothing = Report::new("nothing", "run", Timestamp::now());
    let whole = [&shop, &strange, &failed, &nothing].map(standing);
    promtool(&["check", "metrics"], &exposition(&whole));
    promtool(
        &["check", "metrics"],
        &exposition(&[Standing::of(&nothing)]),
    );
}

#[test]
fn promtool_is_content_with_the_alerts_and_each_fires_when_it_must() {
    if !installed("promtool") {
        return;
    }
    promtool(&["check", "rules", RULES], "");
    let cases = "tests/data/metrics/alerts.test.yml";
    promtool(&["test", "rules", cases], "");
    let cases = fs::read_to_string(cases).unwrap();
    for alert in alerts() {
        let asked = format!("expr: ALERTS{{alertname=\"{alert}\"");
        let mut rest = cases.split(&asked).skip(1);
        let quiet = rest.clone().any(says_nothing);
        assert!(quiet, "no case in which {alert} must not fire");
        assert!(
            rest.any(|case| !says_nothing(case)),
            "no case in which {alert} must fire"
        );
    }
}

/// Whether a case expects no alert.
fn says_nothing(case: &str) -> bool {
    let expected = case.lines().nth(1).unwrap_or_default();
    expected.trim() == "exp_samples: []"
}

/// The names of the alerts.
fn alerts() -> Vec<String> {
    let named = ALERTS.lines().filter_map(|line| {
        let name = line.trim().strip_prefix("- alert: ")?;
        Some(name.to_owned())
    });
    named.collect()
}

#[test]
fn each_alert_says_how_bad_it_is_and_what_to_do() {
    let rules: Vec<&str> = ALERTS.split("- alert: ").skip(1).collect();
    assert_eq!(rules.len(), 9);
    for rule in rules {
        for part in ["severity: ", "summary: ", "description: ", "runbook: "] {
            assert_eq!(rule.matches(part).count(), 1, "{part} in {rule}");
        }
    }
}

/// Every expression of the board, with its variables filled in.
fn expressions() -> Vec<String> {
    let board: Value = serde_json::from_str(DASHBOARD).unwrap();
    let all = board["templating"]["list"][1]["allValue"].as_str().unwrap();
    let panels = board["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions = targets.map(|target| {
        let expression = target["expr"].as_str().unwrap();
        assert!(expression.contains("=~\"$backup\""), "{expression}");
        let filled = expression.replace("$backup", all);
        assert!(!filled.contains('$'), "{filled} has another variable");
        filled
    });
    expressions.collect()
}

/// The names of all metrics.
fn families() -> BTreeSet<String> {
    let text = exposition(&[standing(&report("shop"))]);
    let typed = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    typed
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

/// The names of metrics that a text uses.
fn used(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("backup_"))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_board_shows_every_metric_and_the_alerts_name_no_other() {
    let families = families();
    assert_eq!(families.len(), 12);
    assert_eq!(used(&expressions().join("\n")), families);
    let board: Value = serde_json::from_str(DASHBOARD).unwrap();
    let variables = board["templating"]["list"].as_array().unwrap().iter();
    let names: Vec<_> = variables
        .map(|variable| variable["name"].as_str())
        .collect();
    assert_eq!(names, [Some("datasource"), Some("backup")]);
    let unknown: Vec<_> = used(ALERTS).difference(&families).cloned().collect();
    assert_eq!(unknown, Vec::<String>::new());
    let page = fs::read_to_string(".github/WATCHING.md").unwrap();
    for family in &families {
        let told = [format!("`{family}`"), format!("`{family}{{")];
        assert!(told.iter().any(|name| page.contains(name)), "{family}");
    }
}

#[test]
fn promtool_is_content_with_every_expression_of_the_board() {
    if !installed("promtool") {
        return;
    }
    let rules: Vec<_> = expressions()
        .into_iter()
        .enumerate()
        .map(|(number, expr)| serde_json::json!({ "record": format!("panel:{number}"), "expr": expr }))
        .collect();
    let file = serde_json::json!({ "groups": [{ "name": "board", "rules": rules }] });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.yml");
    fs::write(&path, file.to_string()).unwrap();
    promtool(&["check", "rules", path.to_str().unwrap()], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_every_metric_and_each_panel_of_the_board_shows_data() {
    let text = exposition(&[standing(&report("shop")), standing(&report(STRANGE))]);
    let exporter = Router::new().fallback(move || std::future::ready(text.clone()));
    let exporter = serve(exporter).await;
    let Some(prometheus) = Prometheus::start(&[&exporter], Path::new(RULES)).await else {
        return;
    };
    for family in families() {
        let found = prometheus
            .answer(&format!("{family}{{backup=\"shop\"}}"))
            .await;
        assert!(!found.is_empty(), "{family}");
    }
    let strange: BTreeSet<_> = prometheus
        .answer("backup_size_bytes")
        .await
        .into_iter()
        .map(|(labels, _)| labels["backup"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(strange, ["shop", STRANGE].map(ToOwned::to_owned).into());
    for expression in expressions() {
        let found = prometheus.answer(&expression).await;
        assert!(found.len() >= 2, "{expression}: {found:?}");
    }
    // More is stored than is allowed: the alert waits for its hour, and its text is filled in.
    let pending = "ALERTS{alertname=\"BackupStorageLarge\",backup=\"shop\",alertstate=\"pending\"}";
    prometheus.answer(pending).await;
    let summary = prometheus.summary("BackupStorageLarge").await;
    assert_eq!(summary, "the backups of \"shop\" take 60GB");
}

/// What must be there after a drill that failed: the last success and the last pass as they were, the count one higher,
/// and what it saw itself.
fn assert_kept(text: &str, labels: &str, (success, pass): (&str, &str), failures: &str) {
    let read = |family: &str| value(text, &format!("{family}{{{labels}}}")).unwrap();
    let number = |text: &str| text.parse::<f64>().unwrap();
    for (family, old) in [
        ("backup_last_success_timestamp", success),
        ("backup_verify_last_pass_timestamp_seconds", pass),
    ] {
        let moved = number(&read(family)) - number(old);
        assert!(moved.abs() < 1.0, "{family} moved in\n{text}");
    }
    assert_eq!(read("backup_failure_total"), failures);
    let ran = number(&read("backup_verify_last_run_timestamp_seconds"));
    assert!(ran >= number(pass), "the last run is not told in\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_drill_keeps_the_last_success_and_counts_on() {
    let (Some(server), Some(gateway)) = (Cluster::start(), Pushgateway::start().await) else {
        return;
    };
    let more = format!(
        "history: ./runs\nmetrics:\n  textfile: ./collected/\n  pushgateway: {}\n",
        gateway.url
    );
    let place = Place::new("shop", &more);
    server.psql("postgres", b"create table t as select 1 id");
    let dump = server.dump(&["-Fc", "postgres"]);
    place.write("backups/a.dump", &dump);
    let (code, report) = place.verify(&["--sandbox", "local"]).await;
    assert_eq!(code, 0, "{report}");
    let delivered = ["textfile", "pushgateway"].map(|name| (name.to_owned(), true));
    assert_eq!(told(&report), delivered);
    let good = place.read("collected/shop.prom");
    let success = value(&good, "backup_last_success_timestamp").unwrap();
    let pass = value(&good, "backup_verify_last_pass_timestamp_seconds").unwrap();
    assert_eq!(value(&good, "backup_failure_total").unwrap(), "0");

    let cut = &dump[..dump.len() / 2];
    place.write("backups/b.dump", cut);
    for failures in ["1", "2"] {
        let (code, report) = place.verify(&["--sandbox", "local"]).await;
        assert_eq!(code, 1, "{report}");
        let file = place.read("collected/shop.prom");
        assert_kept(&file, "backup=\"shop\"", (&success, &pass), failures);
        let group = "backup=\"shop\",instance=\"\",job=\"pgdrill\"";
        let pushed = gateway.metrics().await;
        assert_kept(&pushed, group, (&success, &pass), failures);
        let size = value(&file, "backup_size_bytes").unwrap();
        assert_eq!(size, cut.len().to_string());
        let verdict = |name| format!("backup_verify_verdict{{backup=\"shop\",verdict=\"{name}\"}}");
        assert_eq!(value(&file, &verdict("failed")).unwrap(), "1");
        assert_eq!(value(&file, &verdict("passed")).unwrap(), "0");
        if installed("promtool") {
            promtool(&["check", "metrics"], &file);
        }
    }

    let Some(prometheus) = Prometheus::start(&[gateway.address()], Path::new(RULES)).await else {
        return;
    };
    let scraped = prometheus.answer("backup_last_success_timestamp").await;
    let (labels, seen) = &scraped[0];
    assert_eq!(
        (&labels["backup"], &labels["job"]),
        (&"shop".into(), &"pgdrill".into())
    );
    assert_eq!(seen, &success);
    prometheus
        .answer("ALERTS{alertname=\"BackupFailed\",alertstate=\"firing\"}")
        .await;
    let summary = prometheus.summary("BackupFailed").await;
    assert_eq!(
        summary,
        "the last drill of \"shop\" failed: do not rely on this backup"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn any_name_finds_its_group_in_the_pushgateway() {
    let Some(gateway) = Pushgateway::start().await else {
        return;
    };
    let metrics = format!("metrics: {{ pushgateway: \"{}\" }}\n", gateway.url);
    for name in ["team/shop", "..", "注文", "a b%2F"] {
        let place = Place::new(&format!("\"{name}\""), &metrics);
        let (_, report) = place.verify(&[]).await;
        assert_eq!(told(&report), [("pushgateway".to_owned(), true)], "{name}");
        let series = format!("backup_storage_bytes{{backup=\"{name}\",");
        let pushed = gateway.metrics().await;
        assert!(value(&pushed, &series).is_some(), "{name} in\n{pushed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_fails_is_told_and_changes_no_verdict() {
    let place = Place::new(
        "shop",
        "severity: { notify.failed: critical }\nmetrics:\n  textfile: ./none/x.prom\n  pushgateway: ${PUSHGATEWAY_URL}\n",
    );
    place.write("backups/b.dump", b"");
    let (code, report) = place.verify_pushing("http://me:hunter2@127.0.0.1:1/").await;
    assert_eq!((code, &report["verdict"]), (1, &Value::from("failed")));
    assert_found(&report, "notify.failed");
    let failed = findings(&report);
    let failed: Vec<_> = failed
        .iter()
        .filter(|(code, _)| code == "notify.failed")
        .map(|(_, severity)| severity.as_str())
        .collect();
    assert_eq!(failed, ["warning", "warning"]);
    let refused = ["textfile", "pushgateway"].map(|name| (name.to_owned(), false));
    assert_eq!(told(&report), refused);
    assert!(!report.to_string().contains("hunter2"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_a_dry_run_or_when_the_user_says_so() {
    let place = Place::new("shop", "metrics: { textfile: ./collected/ }\n");
    place.write("backups/b.dump", b"");
    for flag in ["--dry-run", "--no-notify"] {
        let (_, report) = place.verify(&[flag]).await;
        assert_eq!(told(&report), [], "{flag}");
        assert!(!place.path("collected/shop.prom").exists(), "{flag}");
    }
    place.verify(&[]).await;
    assert!(place.path("collected/shop.prom").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_look_moves_the_last_success_and_leaves_the_drill_alone() {
    let place = Place::new("shop", "metrics: { textfile: ./collected/ }\n");
    place.write("backups/a.dump", b"PGDMP and more");
    let old = exposition(&[Standing::of(&report("shop"))]);
    let old = old.replace(
        "_success_timestamp{backup=\"shop\"} 1",
        "_success_timestamp{backup=\"shop\"} 0",
    );
    place.write("collected/shop.prom", old.as_bytes());
    let plan = place.loaded();
    let memory = Memory::of(&plan).await;
    let mut look = verify::health(&plan, &memory).await;
    assert_eq!(look.verdict, Verdict::Healthy, "{:?}", look.findings);
    verify::tell(&mut look, &plan, &memory, Lang::En).await;
    assert!(look.sinks[0].delivered);
    let new = place.read("collected/shop.prom");
    let (mut kept, mut moved) = (0, Vec::new());
    for line in old.lines().filter(|line| !line.starts_with('#')) {
        let (series, value_then) = line.rsplit_once(' ').unwrap();
        if value(&new, series).unwrap() == value_then {
            kept += 1;
        } else {
            moved.push(series.split('{').next().unwrap());
        }
    }
    // A file that was written just now is no second old.
    let looked_at = [
        "backup_last_success_timestamp",
        "backup_size_bytes",
        "backup_age_seconds",
        "backup_storage_bytes",
    ];
    moved.retain(|family| *family != "backup_cost_usd_per_month");
    assert_eq!(moved, looked_at);
    assert!(kept >= 8, "{new}");
}

/// A gateway that answers with one status after another, and remembers what it was asked.
async fn moody(moods: &[u16]) -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let moods = Arc::new(Mutex::new(moods.to_vec()));
    let seen = Arc::clone(&asked);
    let app = Router::new().fallback(move |request: Request| {
        let what = format!("{} {}", request.method(), request.uri());
        let key = request.headers().get("authorization");
        let key = key.map_or(String::new(), |key| key.to_str().unwrap().to_owned());
        seen.lock().unwrap().push((what, key));
        let mut moods = moods.lock().unwrap();
        let status = if moods.is_empty() {
            200
        } else {
            moods.remove(0)
        };
        let status = StatusCode::from_u16(status).unwrap();
        let headers = [("location", "http://127.0.0.1:1/elsewhere")];
        std::future::ready((status, headers, "hunter2 is wrong"))
    });
    (serve(app).await, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_tried_again_only_where_that_may_help_and_goes_nowhere_else() {
    for (moods, tries, delivered) in [
        (&[503, 429][..], 3, true),
        (&[404], 1, false),
        (&[302], 1, false),
        (&[401], 1, false),
    ] {
        let (address, asked) = moody(moods).await;
        let place = Place::new("shop", "metrics:\n  pushgateway: ${PUSHGATEWAY_URL}\n");
        let url = format!("http://me:hunter2@{address}");
        let (_, report) = place.verify_pushing(&url).await;
        assert_eq!(
            told(&report),
            [("pushgateway".to_owned(), delivered)],
            "{moods:?}"
        );
        assert!(!report.to_string().contains("hunter2"), "{report}");
        let asked = asked.lock().unwrap().clone();
        let post = "POST /metrics/job/pgdrill/backup/shop".to_owned();
        let one = (post, "Basic bWU6aHVudGVyMg==".to_owned());
        assert_eq!(asked, vec![one; tries], "{moods:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plans_that_would_write_over_each_other_are_refused() {
    let place = Place::new("one", "metrics: { textfile: ./collected/x.prom }\n");
    let text = place.read("plan.yaml").replace("name: one", "name: two");
    place.write("second.yaml", text.as_bytes());
    let folder = place.folder.path().to_str().unwrap();
    let output = run(pgdrill(&["verify", folder])).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("write their metrics to the same file"),
        "{said}"
    );
    let text = text.replace("x.prom", "");
    place.write("second.yaml", text.as_bytes());
    run(pgdrill(&["verify", folder])).await;
    let mut files: Vec<_> = fs::read_dir(place.path("collected"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["two.prom", "x.prom"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_would_read_is_a_mistake_in_the_plan() {
    let place = Place::new("shop", "metrics: { textfile: ./metrics.txt }\n");
    let plan = place.path("plan.yaml");
    let output = run(pgdrill(&["check-plan", plan.to_str().unwrap()])).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("node_exporter does not read this file"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_of_one_run_and_of_several_is_valid() {
    let place = Place::new("one", "");
    place.write("backups/b.dump", b"");
    let text = place.read("plan.yaml").replace("name: one", "name: two");
    place.write("second.yaml", text.as_bytes());
    let folder = place.folder.path().to_str().unwrap();
    let file = place.path("out.prom");
    let output = format!("prometheus={}", file.display());
    let output = run(pgdrill(&[
        "verify",
        "--format",
        "prometheus",
        "--output",
        &output,
        folder,
    ]))
    .await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, fs::read_to_string(file).unwrap());
    assert_eq!(text.matches("# TYPE backup_verify_verdict").count(), 1);
    assert!(
        text.contains("backup=\"one\"") && text.contains("backup=\"two\""),
        "{text}"
    );
    if installed("promtool") {
        promtool(&["check", "metrics"], &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_prints_the_alerts_and_the_board() {
    for (what, text) in [("alerts", ALERTS), ("dashboard", DASHBOARD)] {
        let output = run(pgdrill(&["metrics", what])).await;
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
    }
}
