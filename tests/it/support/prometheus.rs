//! A real Prometheus and a real Pushgateway, each on a free port of 127.0.0.1, gone with the test.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Url;
use serde_json::Value;
use tempfile::TempDir;

use super::server::missing;

/// How long we wait for what must happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long we wait before we look again.
const PAUSE: Duration = Duration::from_millis(100);

/// A program that is killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a program can be started; says "skipped" when it cannot.
pub(crate) fn installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).exists());
    if !found {
        let package = if name == "promtool" {
            "prometheus"
        } else {
            name
        };
        missing(package, &format!("{name} is not installed"));
    }
    found
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn start(program: &str, arguments: &[String]) -> Running {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null());
    Running(command.stderr(Stdio::null()).spawn().unwrap())
}

/// Looks until there is something to see.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a URL answers with 200.
async fn get(url: &str) -> Option<String> {
    let answer = reqwest::get(url).await.ok()?;
    answer.error_for_status().ok()?.text().await.ok()
}

/// A Pushgateway.
pub(crate) struct Pushgateway {
    pub url: String,
    _running: Running,
}

impl Pushgateway {
    pub(crate) async fn start() -> Option<Self> {
        if !installed("prometheus-pushgateway") {
            return None;
        }
        let port = free_port();
        let listen = format!("--web.listen-address=127.0.0.1:{port}");
        let gateway = Self {
            url: format!("http://127.0.0.1:{port}"),
            _running: start("prometheus-pushgateway", &[listen]),
        };
        until("the Pushgateway is ready", || {
            get_owned(format!("{}/-/ready", gateway.url))
        })
        .await;
        Some(gateway)
    }

    /// Everything that was pushed, as it is scraped.
    pub(crate) async fn metrics(&self) -> String {
        get(&format!("{}/metrics", self.url)).await.unwrap()
    }

    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

async fn get_owned(url: String) -> Option<String> {
    get(&url).await
}

/// A Prometheus that scrapes twice a second.
pub(crate) struct Prometheus {
    url: String,
    _folder: TempDir,
    _running: Running,
}

impl Prometheus {
    /// Starts one with these addresses to scrape, and the rules in this file.
    pub(crate) async fn start(targets: &[&str], rules: &Path) -> Option<Self> {
        if !installed("prometheus") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = serde_json::json!({
            "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms" },
            "rule_files": [fs::canonicalize(rules).unwrap()],
            "scrape_configs": [{
                "job_name": "test", "honor_labels": true, "static_configs": [{ "targets": targets }],
            }],
        });
        let file = folder.path().join("prometheus.yml");
        // JSON is YAML.
        fs::write(&file, config.to_string()).unwrap();
        let port = free_port();
        let arguments = [
            format!("--config.file={}", file.display()),
            format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        let prometheus = Self {
            url: format!("http://127.0.0.1:{port}"),
            _running: start("prometheus", &arguments),
            _folder: folder,
        };
        until("Prometheus is ready", || {
            get_owned(format!("{}/-/ready", prometheus.url))
        })
        .await;
        Some(prometheus)
    }

    /// What an expression comes to: labels and value of each series.
    pub(crate) async fn query(&self, expression: &str) -> Vec<(Value, String)> {
        let url = format!("{}/api/v1/query", self.url);
        let url = Url::parse_with_params(&url, [("query", expression)]).unwrap();
        let answer = reqwest::get(url).await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let series = answer["data"]["result"].as_array().unwrap();
        series
            .iter()
            .map(|one| {
                let value = one["value"][1].as_str().unwrap().to_owned();
                (one["metric"].clone(), value)
            })
            .collect()
    }

    /// The summary of an alert that waits or fires, with its names and figures filled in.
    pub(crate) async fn summary(&self, alert: &str) -> String {
        let text = get(&format!("{}/api/v1/alerts", self.url)).await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let alerts = answer["data"]["alerts"].as_array().unwrap();
        let mut named = alerts.iter().filter(|one| {
            let labels = &one["labels"];
            labels["alertname"] == alert && labels["backup"] == "shop"
        });
        let summary = &named.next().unwrap()["annotations"]["summary"];
        summary.as_str().unwrap().to_owned()
    }

    /// Waits until an expression comes to something.
    pub(crate) async fn answer(&self, expression: &str) -> Vec<(Value, String)> {
        until(expression, || async {
            let found = self.query(expression).await;
            (!found.is_empty()).then_some(found)
        })
        .await
    }
}

/// Runs promtool; shows what it said when it is not content.
pub(crate) fn promtool(arguments: &[&str], input: &str) {
    use std::io::Write;
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}\n{input}");
    // It reads its input only for some commands.
    assert!(written.is_ok() || input.is_empty(), "promtool did not read");
}
