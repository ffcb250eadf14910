//! How fast `pgdrill health` lists a million keys, in how much memory, beside `aws s3 ls --recursive`.
//!
//! `cargo bench --bench listing`, or with another number: `cargo bench --bench listing -- --keys 100000`. Both programs
//! list the same loopback server, one after the other; it makes its pages while it answers, keeps nothing, and looks at
//! no signature, so that the figures are those of the clients. Needs `aws` in the path for the comparison.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on should fail loudly, and its result is what it prints"
)]

#[path = "../it/support/generated.rs"]
mod generated;
#[path = "../it/support/peak.rs"]
mod peak;

use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use generated::Generated;
use peak::Ended;

/// As many as the bucket of a large team holds.
const KEYS: u64 = 1_000_000;

/// What the listing may take, in bytes.
const MEMORY: u64 = 100_000_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--keys");
    let keys = given.map_or(KEYS, |at| arguments[at + 1].parse().unwrap());
    let bucket = Generated::of(keys);
    let endpoint = bucket.serve().await;
    let ours = tokio::task::spawn_blocking({
        let endpoint = endpoint.clone();
        move || pgdrill(&endpoint, bucket)
    });
    let ours = ours.await.unwrap();
    let theirs = tokio::task::spawn_blocking(move || aws(&endpoint, keys));
    let ratio = match theirs.await.unwrap() {
        Some(theirs) => format!("{:.1} times as fast", ours / theirs),
        None => "aws is not installed: no comparison".to_owned(),
    };
    println!("{ratio}");
}

/// Lists with pgdrill; returns keys a second.
fn pgdrill(endpoint: &str, bucket: Generated) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("big.yaml");
    let text = format!(
        "version: 1\nbackup:\n  url: s3://backups/db/\n  endpoint: {endpoint}\nprices:\n  storage_gb_month: 0.015\n"
    );
    fs::write(&plan, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdrill"));
    command.arg("health").arg("--format").arg("json").arg(&plan);
    let began = Instant::now();
    let ended = peak::run(with_keys(&mut command));
    let took = began.elapsed();
    let report: serde_json::Value = serde_json::from_slice(&ended.output).unwrap();
    assert_eq!(ended.code, Some(0), "{report}");
    assert_eq!(report["backup"]["count"], bucket.keys, "{report}");
    assert_eq!(report["backup"]["storage_bytes"], bucket.bytes());
    assert!(ended.peak < MEMORY, "{} bytes at the peak", ended.peak);
    told("pgdrill health", bucket.keys, took, &ended)
}

/// Lists with the AWS command line; returns keys a second.
fn aws(endpoint: &str, keys: u64) -> Option<f64> {
    Command::new("aws").arg("--version").output().ok()?;
    let mut command = Command::new("aws");
    command.args(["s3", "ls", "--recursive", "s3://backups/db/"]);
    command.args(["--endpoint-url", endpoint]);
    let began = Instant::now();
    let ended = peak::run(with_keys(&mut command));
    let took = began.elapsed();
    let lines = ended.output.split(|byte| *byte == b'\n').count() - 1;
    assert_eq!(lines as u64, keys);
    Some(told("aws s3 ls --recursive", keys, took, &ended))
}

fn with_keys(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

#[expect(clippy::cast_precision_loss, reason = "shown without decimals")]
fn told(name: &str, keys: u64, took: Duration, ended: &Ended) -> f64 {
    let seconds = took.as_secs_f64();
    let rate = keys as f64 / seconds;
    let peak = ended.peak as f64 / 1e6;
    println!(
        "{name:<22} {keys} keys in {seconds:.1} s: {rate:.0} keys/s, {peak:.1} MB at the peak"
    );
    rate
}
