//! Real databases, in every dump format, by every PostgreSQL major at hand, from a folder and from S3: all green.

use std::{fs, path::Path};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use super::support::{
    postgres::Postgres,
    program::{findings, pgdrill, run},
    s3::{BUCKET, S3Server},
};

/// Every real database and how many rows it holds: counted once with `count(*)` over all tables after loading it with
/// PostgreSQL's own programs.
const DATABASES: [(&str, u64); 3] = [
    ("chinook", 15_607),
    ("northwind", 3_362),
    ("dvdrental", 44_825),
];

/// The plan of the whole cluster's dump: its name chooses the database to ask.
const CLUSTER: &str = "northwind";

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new("tests/data/real").join(name)).unwrap()
}

/// Loads the real databases.
fn load(server: &Postgres) {
    // It makes its own database.
    server.sh(
        "psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f -",
        &data("chinook.sql"),
    );
    server.load("northwind", &data("northwind.sql"));
    server.sh("createdb dvdrental", b"");
    server.sh("pg_restore -d dvdrental", &data("dvdrental-pg15.tar"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Names and bytes of a dump's files.
type Files = Vec<(String, Vec<u8>)>;

/// Every dump of a database: its format, and its files.
fn dumps(server: &Postgres, database: &str) -> Vec<(&'static str, Files)> {
    let one = |name: &str, bytes: Vec<u8>| vec![(name.to_owned(), bytes)];
    let dump = |format: &str| server.sh(&format!("pg_dump -F{format} {database}"), b"");
    let plain = dump("p");
    let folder =
        format!("rm -rf /tmp/out && pg_dump -Fd -f /tmp/out {database} && tar -C /tmp -cf - out");
    let folder = server.sh(&folder, b"");
    vec![
        ("custom", one("x", dump("c"))),
        ("tar", one("x", dump("t"))),
        ("plain-gz", one("x", gzip(&plain))),
        ("plain", one("x", plain)),
        ("directory", unpacked(&folder)),
        ("directory-tar-gz", one("x", gzip(&folder))),
    ]
}

fn unpacked(tar: &[u8]) -> Files {
    let mut files = Vec::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if entry.header().entry_type().is_file() {
            files.push((name, bytes));
        }
    }
    files
}

/// One drill: the plan's name and the rows that must be found.
type Expected = Vec<(String, u64)>;

/// Puts every dump into the bucket; returns what to expect of each.
fn fill(server: &Postgres, bucket: &S3Server) -> Expected {
    let mut expected = Vec::new();
    for (database, rows) in DATABASES {
        for (format, files) in dumps(server, database) {
            let name = format!("{database}-{format}");
            for (file, bytes) in files {
                bucket.put(&format!("{name}/{file}"), &bytes, 60);
            }
            expected.push((name, rows));
        }
    }
    bucket.put(
        &format!("{CLUSTER}/all.sql"),
        &server.sh("pg_dumpall", b""),
        60,
    );
    expected.push((CLUSTER.to_owned(), DATABASES[1].1));
    expected
}

/// Drills every dump in one run of the program; `url` is where the bucket is.
async fn drill(expected: &Expected, url: &str, endpoint: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in expected {
        let plan = format!(
            "version: 1\nname: {name}\nbackup:\n  url: {url}/{name}/\n{endpoint}database:\n  tables: {{ min: 3 }}\n"
        );
        fs::write(folder.path().join(format!("{name}.yaml")), plan).unwrap();
    }
    let plans = folder.path().display().to_string();
    let output = run(pgdrill(&[
        "verify",
        &plans,
        "--sandbox",
        "docker",
        "--format",
        "json",
    ]))
    .await;
    let told = String::from_utf8_lossy(&output.stderr);
    let reports = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no reports ({error}); it said: {told}"));
    assert_green(expected, &reports);
    assert_eq!(output.status.code(), Some(0));
    reports
}

fn assert_green(expected: &Expected, reports: &Value) {
    let reports = reports.as_array().unwrap();
    assert_eq!(reports.len(), expected.len());
    for (name, rows) in expected {
        let report = reports
            .iter()
            .find(|report| report["plan"] == name.as_str())
            .unwrap();
        let findings = findings(report);
        assert_eq!(report["verdict"], "passed", "{name}: {findings:?}");
        // Their data are years older than the dump: a quiet database, which is a note and no alarm. Some of the images
        // hold clients with known holes, which is said of them and not of the backup.
        let expected = |(code, severity): &(String, String)| {
            code == "tools.vulnerable" || (code == "backup.frozen" && severity == "info")
        };
        assert!(findings.iter().all(expected), "{name}: {findings:?}");
        assert_eq!(report["proof"]["rows_found"], *rows, "{name}");
        complete(name, &report["proof"], *rows);
    }
}

/// Every object and every row of a healthy dump is found again; nothing was left out.
fn complete(name: &str, proof: &Value, rows: u64) {
    let level = proof["level"].as_str().unwrap();
    // That of the whole cluster holds two databases more, which were only restored.
    let levels = match name {
        CLUSTER => &["restored"][..],
        _ => &["complete", "transport-proved"],
    };
    assert!(levels.contains(&level), "{name}: {proof}");
    assert_eq!(proof["rows_expected"], rows, "{name}");
    assert_eq!(proof["objects_expected"], proof["objects_found"], "{name}");
    assert!(proof["objects_found"].as_u64().unwrap() > 10, "{name}");
    assert_eq!(proof["not_compared"], Value::Array(Vec::new()), "{name}");
}

async fn every_dump_of(major: u32) {
    let Some(server) = Postgres::start(major) else {
        return;
    };
    load(&server);
    let bucket = S3Server::start().await;
    let expected = fill(&server, &bucket);
    let folder = bucket.file("").display().to_string();
    let folder = folder.trim_end_matches('/');
    drill(&expected, folder, "").await;
    let endpoint = format!("  endpoint: {}\n", bucket.endpoint);
    let reports = drill(&expected, &format!("s3://{BUCKET}"), &endpoint).await;
    let sandbox = &reports[0]["sandbox"]["image"];
    assert_eq!(
        sandbox,
        format!("postgres:{major}").as_str(),
        "client and server match the dump"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dump_of_postgresql_13_drills_green() {
    every_dump_of(13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dump_of_postgresql_15_drills_green() {
    every_dump_of(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dump_of_postgresql_17_drills_green() {
    every_dump_of(17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dump_of_postgresql_18_drills_green() {
    every_dump_of(18).await;
}
