//! Whole runs, and what those hear of them who are told.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant, SystemTime},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    program::{assert_found, pgdrill, report, run},
    receiver::{Answer, Receiver},
    smtp::Smtp,
    watch::until,
};

const NOTIFY: &str = "notify:
  allow_private: true
  slack:
    webhook: ${SLACK_URL:-}
  webhook:
    url: ${HOOK_URL:-}
    secret: ${HOOK_SECRET:-}
  heartbeat:
    start: ${HEART_START:-}
    success: ${HEART_SUCCESS:-}
    failure: ${HEART_FAILURE:-}
  pagerduty:
    routing_key: ${DUTY_KEY:-}
    url: ${DUTY_URL:-https://example.com}
  email:
    to: [ops@example.com]
    smtp: ${SMTP_URL:-}
contacts:
  - { role: primary, name: System administrator }
";

/// A plan that tells somebody, and the runs that it keeps.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        let text = format!(
            "version: 1\nname: shop\nbackup: {{ url: ./backups }}\nsandbox: {{ provider: local }}\n{NOTIFY}{more}"
        );
        fs::write(folder.path().join("shop.yaml"), text).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A backup that was written so many hours ago.
    fn backup(&self, name: &str, bytes: &[u8], hours: u64) -> PathBuf {
        let path = self.path("backups").join(name);
        fs::write(&path, bytes).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3_600))
            .unwrap();
        path
    }

    async fn run(&self, command: &str, more: &[&str], environment: &[(&str, String)]) -> Output {
        let plan = self.path("shop.yaml").display().to_string();
        let mut arguments = vec![command, &plan];
        arguments.extend(more);
        let mut command = pgdrill(&arguments);
        for (name, value) in environment {
            command.env(name, value);
        }
        run(command).await
    }
}

fn urls(receiver: &Receiver) -> Vec<(&'static str, String)> {
    vec![
        ("SLACK_URL", receiver.url("/slack")),
        ("HOOK_URL", receiver.url("/hook")),
        ("HOOK_SECRET", "planted-hmac".to_owned()),
        ("HEART_START", receiver.url("/heart/start")),
        ("HEART_SUCCESS", receiver.url("/heart/success")),
        ("HEART_FAILURE", receiver.url("/heart/failure")),
        ("DUTY_KEY", "planted-routing-key".to_owned()),
        ("DUTY_URL", receiver.url("/duty")),
    ]
}

fn sink<'a>(report: &'a Value, name: &str) -> &'a Value {
    let sinks = report["sinks"].as_array().unwrap();
    let found = sinks.iter().find(|sink| sink["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not among {sinks:?}"))
}

fn assert_heart_beats(receiver: &Receiver, bad: bool) {
    let calls = receiver.take("/heart").into_iter();
    let calls: Vec<_> = calls.map(|got| got.path).collect();
    let end = if bad { "failure" } else { "success" };
    assert_eq!(calls, ["/heart/start".to_owned(), format!("/heart/{end}")]);
}

fn assert_skipped(report: &Value, name: &str) {
    let skipped = sink(report, name);
    assert_eq!(skipped["delivered"], false);
    assert_eq!(skipped["error"], Value::Null);
    let why = skipped["skipped"].as_str().unwrap();
    assert!(why.contains("told the same"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_sent_once_for_a_crossing_and_armed_again_by_a_recovery() {
    let Some(source) = Cluster::start() else {
        return;
    };
    source.psql(
        "postgres",
        b"create database shop;\n\\c shop\ncreate table t (id int); insert into t values (1);",
    );
    let place = Place::new("history: ./history\n");
    place.backup("a.dump", &source.dump(&["-Fc", "shop"]), 2);
    let receiver = Receiver::start(vec![]).await;
    let (environment, json) = (urls(&receiver), ["--format", "json"]);
    let mut told = Vec::new();
    for bad in [true, true, false, false, true] {
        let path = place.path("backups/b.dump");
        if bad {
            place.backup("b.dump", b"no dump at all", 1);
        } else if path.exists() {
            fs::remove_file(path).unwrap();
        }
        let output = place.run("verify", &json, &environment).await;
        let (code, report) = report(&output);
        assert_eq!(code, i32::from(bad), "{report}");
        assert_heart_beats(&receiver, bad);
        let duty = receiver.take("/duty");
        let duty: Vec<_> = duty
            .iter()
            .map(|got| got.json()["event_action"].clone())
            .collect();
        let slack = receiver.take("/slack");
        assert_eq!(slack.len(), receiver.take("/hook").len());
        let recovered = slack.iter().any(|got| got.body.contains("RECOVERED"));
        told.push((slack.len(), recovered, duty));
        if told.len() == 2 {
            assert_skipped(&report, "slack");
        }
    }
    let (none, trigger, resolve) = (vec![], vec!["trigger".into()], vec!["resolve".into()]);
    assert_eq!(
        told,
        [
            (1, false, trigger.clone()),
            (0, false, none.clone()),
            (1, true, resolve),
            (0, false, none),
            (1, false, trigger),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hourly_health_look_tells_a_stale_backup_once_and_beats_no_heart() {
    let place = Place::new("history: ./history\n");
    place.backup("a.dump", b"PGDMP and more", 73);
    let receiver = Receiver::start(vec![]).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let output = place
            .run("health", &["--format", "json"], &urls(&receiver))
            .await;
        let (code, report) = report(&output);
        assert_eq!(code, 1);
        assert_found(&report, "backup.stale");
        let slack = receiver.take("/slack");
        assert!(
            slack
                .iter()
                .all(|got| got.body.contains("value: 73 hours · limit: 48 hours"))
        );
        told.push(slack.len());
    }
    assert_eq!(told, [1, 0]);
    assert!(receiver.take("/heart").is_empty());
    place
        .run("health", &["--no-notify"], &urls(&receiver))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_of_a_dry_run_or_when_the_user_says_so() {
    let place = Place::new("");
    place.backup("a.dump", b"no dump", 1);
    let receiver = Receiver::start(vec![]).await;
    for more in [["--no-notify"], ["--dry-run"]] {
        place.run("verify", &more, &urls(&receiver)).await;
    }
    place
        .run("health", &["--no-notify"], &urls(&receiver))
        .await;
    assert!(receiver.got().is_empty(), "{:?}", receiver.got());
    place.run("verify", &[], &urls(&receiver)).await;
    assert!(!receiver.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_is_told_in_his_language() {
    let place = Place::new("");
    place.backup("a.dump", b"no dump", 1);
    let receiver = Receiver::start(vec![]).await;
    place
        .run("verify", &["--lang", "ja"], &urls(&receiver))
        .await;
    let slack = receiver.take("/slack");
    assert!(slack[0].body.contains("不合格"), "{}", slack[0].body);
    let report: Value = receiver.take("/hook")[0].json();
    assert_eq!(report["verdict"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_refuses_is_told_in_the_report_the_history_and_the_metrics_and_changes_no_verdict()
 {
    let place = Place::new(
        "history: ./history\nmetrics: { textfile: ./shop.prom }\nseverity: { notify.failed: critical }\n",
    );
    place.backup("a.dump", b"no dump", 1);
    let refusals = (0..4).map(|_| Answer::status(403)).collect();
    let receiver = Receiver::start(refusals).await;
    let mut environment = urls(&receiver);
    environment.retain(|(name, _)| ["SLACK_URL", "HOOK_URL", "HOOK_SECRET"].contains(name));
    let output = place
        .run("verify", &["--format", "json"], &environment)
        .await;
    let (code, report) = report(&output);
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    for name in ["slack", "webhook"] {
        assert_eq!(sink(&report, name)["delivered"], false);
        assert!(sink(&report, name)["error"].is_string());
    }
    let findings = report["findings"].as_array().unwrap();
    let refused = findings
        .iter()
        .filter(|finding| finding["code"] == "notify.failed");
    let severities: Vec<_> = refused.map(|finding| finding["severity"].clone()).collect();
    assert_eq!(severities, ["warning", "warning"]);
    let metrics = fs::read_to_string(place.path("shop.prom")).unwrap();
    assert!(
        metrics.contains("backup_verify_notify_failed{backup=\"shop\"} 2\n"),
        "{metrics}"
    );
    let kept = everything_below(&place.path("history"));
    assert!(kept.contains("notify.failed"));
}

/// The exit code and report of a run of which the address in this variable hangs, and which is interrupted then.
async fn interrupted_while_it_hangs(
    place: &Place,
    variable: &str,
    more: &[(&str, String)],
) -> (i32, Value) {
    place.backup("a.dump", b"no dump", 1);
    let hangs = Receiver::start(vec![Answer::Hang, Answer::Hang]).await;
    let mut command = pgdrill(&["verify", "--format", "json"]);
    command.arg(place.path("shop.yaml"));
    command.env(variable, hangs.url("/hangs"));
    command.envs(more.iter().map(|(name, value)| (name, value)));
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("the one that hangs is told", async || {
        (!hangs.got().is_empty()).then_some(())
    })
    .await;
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    let interrupted = Instant::now();
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    let output = ended.await.unwrap();
    // It would be tried for 15 seconds at least otherwise; whoever pressed Ctrl-C is promised four.
    let waited = interrupted.elapsed();
    assert!(waited < Duration::from_secs(12), "{variable}: {waited:?}");
    report(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_plan_makes_no_failed_backup_healthy() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create table t as select 1 id");
    let place = Place::new(
        "history: ./history\nmetrics: { textfile: ./shop.prom }\ntables:\n  t:\n    row_count: { min: 5 }\n    not_null: [id]\n",
    );
    place.backup("a.dump", &cluster.dump(&["-Fc", "postgres"]), 1);
    let receiver = Receiver::start(vec![]).await;
    let (code, _) = report(
        &place
            .run("verify", &["--format", "json"], &urls(&receiver))
            .await,
    );
    assert_eq!(code, 1);
    assert_heart_beats(&receiver, true);
    let metrics = fs::read_to_string(place.path("shop.prom")).unwrap();
    let parts = [
        ["--only", "t.id.not_null"],
        ["--backup", "a.dump"],
        ["--select", "oldest"],
    ];
    for part in parts {
        let more = [&["--format", "json"], &part[..]].concat();
        let (_, report) = report(&place.run("verify", &more, &urls(&receiver)).await);
        assert_eq!(report["aside"], true, "{report}");
        assert_eq!(receiver.take("/heart").len(), 0, "{part:?}");
        assert_eq!(
            fs::read_to_string(place.path("shop.prom")).unwrap(),
            metrics
        );
    }
    let told = place.run("history", &["--format", "json"], &[]).await;
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (&told["last_pass"], &told["failures"]),
        (&Value::Null, &1.into()),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_a_sink_hangs_ends_the_run_with_its_verdict_in_every_record() {
    let place = Place::new("history: ./history\nmetrics:\n  pushgateway: ${GATEWAY}\n");
    let gateway = Receiver::start(vec![]).await;
    let others = [("GATEWAY", gateway.url(""))];
    let (code, report) = interrupted_while_it_hangs(&place, "HOOK_URL", &others).await;
    // A failed backup outranks the interruption.
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    let error = sink(&report, "webhook")["error"].as_str().unwrap();
    assert!(error.contains("webhook"), "{error}");
    assert!(everything_below(&place.path("history")).contains("notify.failed"));
    let pushed = &gateway.got()[0].body;
    assert!(
        pushed.contains("backup_verify_notify_failed{backup=\"shop\"} 1\n"),
        "{pushed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_the_message_of_the_start_hangs_still_tells_people_and_the_metrics() {
    let place = Place::new("metrics:\n  pushgateway: ${GATEWAY}\n");
    let others = Receiver::start(vec![]).await;
    let environment = [
        ("HOOK_URL", others.url("/hook")),
        ("GATEWAY", others.url("")),
    ];
    let (code, report) = interrupted_while_it_hangs(&place, "HEART_START", &environment).await;
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    assert_eq!(sink(&report, "heartbeat.start")["delivered"], false);
    for name in ["webhook", "pushgateway"] {
        assert_eq!(sink(&report, name)["delivered"], true, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_a_pushgateway_hangs_ends_the_run_with_its_report() {
    let place = Place::new("history: ./history\nmetrics:\n  pushgateway: ${GATEWAY}\n");
    let (code, report) = interrupted_while_it_hangs(&place, "GATEWAY", &[]).await;
    assert_eq!((code, &report["verdict"]), (1, &"failed".into()));
    assert_eq!(sink(&report, "pushgateway")["delivered"], false);
    assert!(everything_below(&place.path("history")).contains("pushgateway"));
}

/// Every file's text.
fn everything_below(folder: &Path) -> String {
    let pattern = folder.join("**/*").display().to_string();
    let paths = glob::glob(&pattern).unwrap().flatten();
    let files = paths.filter(|path| path.is_file());
    let texts = files.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
    texts.collect()
}

/// Refuses and repeats what was asked, closes, or redirects.
fn misbehaving() -> Vec<Answer> {
    let echo = "/planted-path planted-hmac planted-routing-key";
    let answers = (0..40).map(|number| match number % 4 {
        0 => Answer::Status(403, String::new(), echo),
        1 => Answer::Close,
        2 => Answer::Status(302, "location: /planted-path\r\n".to_owned(), echo),
        _ => Answer::Status(400, String::new(), echo),
    });
    answers.collect()
}

/// Every secret that a plan can hold.
fn secrets(receiver: &Receiver, gateway: &Receiver, mail: &Smtp) -> Vec<(&'static str, String)> {
    let login = |url: String| url.replace("//", "//planted-user:planted-password@");
    let smtp = format!(
        "smtp://planted%40example.com:planted-smtp@localhost:{}",
        mail.port
    );
    let dsn = "postgres://planted-user:planted-dsn@127.0.0.1:1/x";
    vec![
        ("SLACK_URL", login(receiver.url("/slack/planted-path"))),
        ("HOOK_URL", login(receiver.url("/hook?token=planted-token"))),
        ("HOOK_SECRET", "planted-hmac".to_owned()),
        ("HEART_START", login(receiver.url("/heart/planted-path"))),
        ("HEART_FAILURE", login(receiver.url("/heart/planted-path"))),
        ("DUTY_KEY", "planted-routing-key".to_owned()),
        ("DUTY_URL", receiver.url("/duty")),
        ("SMTP_URL", smtp),
        ("SSL_CERT_FILE", mail.ca().display().to_string()),
        ("PUSH", login(gateway.url("/planted-path"))),
        ("DSN", dsn.to_owned()),
        ("RUST_LOG", "trace".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_output_log_or_record() {
    let place = Place::new(
        "history: ./history\nmetrics:\n  textfile: ./out/\n  pushgateway: ${PUSH}\nlive:\n  dsn: ${DSN}\n",
    );
    fs::create_dir(place.path("out")).unwrap();
    place.backup("a.dump", b"no dump", 1);
    let receiver = Receiver::start(misbehaving()).await;
    let gateway = Receiver::start((0..3).map(|_| Answer::status(403)).collect()).await;
    let Some(mail) = Smtp::start("starttls") else {
        return;
    };
    let environment = secrets(&receiver, &gateway, &mail);
    let mut seen = String::new();
    for format in pgdrill::sinks::FORMATS.iter().map(|format| format.name) {
        let file = format!("{format}={}", place.path("out").join(format).display());
        let more = [
            "--format",
            format,
            "--output",
            &file,
            "-vv",
            "--log-format",
            "json",
        ];
        let output = place.run("verify", &more, &environment).await;
        assert_eq!(output.status.code(), Some(1));
        seen += &String::from_utf8_lossy(&output.stdout);
        seen += &String::from_utf8_lossy(&output.stderr);
    }
    seen += &everything_below(&place.path("out"));
    seen += &everything_below(&place.path("history"));
    // They were used.
    let got = receiver.got();
    assert!(got.iter().any(|got| got.path.contains("planted-path")));
    assert!(
        got.iter()
            .any(|got| got.body.contains("planted-routing-key"))
    );
    for told in ["notify.failed", "could not tell Slack", "with code 535"] {
        assert!(seen.contains(told), "{told} is not in {seen}");
    }
    let places = seen.match_indices("planted").map(|(at, _)| {
        let around: Vec<char> = seen[..at].chars().rev().take(120).collect();
        around.into_iter().rev().collect::<String>()
    });
    let places: Vec<_> = places.collect();
    assert!(places.is_empty(), "{places:?}");
}
