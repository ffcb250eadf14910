//! The built program, run as a user runs it, with nothing of the tester's environment but the path.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use super::s3::{ACCESS_KEY, SECRET};

/// The program with these arguments, ready to be started.
pub(crate) fn pgdrill(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdrill"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET);
    command
}

/// Runs it to its end without blocking the servers of the test.
pub(crate) async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// Runs `verify --format json` on a plan with more arguments; returns exit code and report.
pub(crate) async fn verify(plan: &Path, more: &[&str]) -> (i32, Value) {
    let plan = plan.display().to_string();
    let mut arguments = vec!["verify", &plan, "--format", "json"];
    arguments.extend(more);
    report(&run(pgdrill(&arguments)).await)
}

/// The exit code and the report that a run printed.
pub(crate) fn report(output: &Output) -> (i32, Value) {
    let told = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}); it said: {told}"));
    (output.status.code().unwrap_or(-1), report)
}

/// The codes of a report's findings, with their severities.
pub(crate) fn findings(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (text(&finding["code"]), text(&finding["severity"])))
        .collect()
}

/// Whether a report has a finding with this code; shows what it has when it does not.
pub(crate) fn assert_found(report: &Value, code: &str) {
    let found = findings(report);
    assert!(
        found.iter().any(|(name, _)| name == code),
        "{code} is not among {found:?}"
    );
}
