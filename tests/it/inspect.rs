//! What `inspect` says of real dumps, entry by entry what `pg_restore -l` says, and how little it reads for that.

use std::{fs, io::Cursor, process::Command};

use pgdrill::dump::{self, Entry, Opened};
use serde_json::Value;

use super::{
    gallery::SEED,
    support::{
        cluster::Cluster,
        postgres::Postgres,
        program::{pgdrill, run},
        s3::{BUCKET, S3Server},
    },
};

/// Lines of `pg_restore -l -v`, without the OID of the catalogue, and what each entry depends on.
fn listed(listing: &str) -> Vec<(String, Vec<i32>)> {
    let mut entries: Vec<(String, Vec<i32>)> = Vec::new();
    for line in listing.lines() {
        if let Some(numbers) = line.strip_prefix(";\tdepends on:") {
            let numbers = numbers
                .split_whitespace()
                .map(|number| number.parse().unwrap());
            entries.last_mut().unwrap().1 = numbers.collect();
        } else if let Some((id, rest)) = line.split_once("; ").filter(|_| !line.starts_with(';')) {
            let (_, rest) = rest.split_once(' ').unwrap();
            entries.push((format!("{id}; {}", rest.trim_end()), Vec::new()));
        }
    }
    entries.sort();
    entries
}

fn ours(entries: &[Entry]) -> Vec<(String, Vec<i32>)> {
    let mut lines: Vec<_> = entries
        .iter()
        .map(|entry| {
            let schema = entry.namespace.as_deref().unwrap_or("-");
            let owner = entry.owner.as_deref().unwrap_or_default();
            let line = format!(
                "{}; {} {} {schema} {} {owner}",
                entry.id, entry.oid, entry.desc, entry.tag
            );
            (
                line.replace(['\n', '\r'], " ").trim_end().to_owned(),
                entry.depends.to_vec(),
            )
        })
        .collect();
    lines.sort();
    lines
}

fn same_entries(major: u32) {
    let Some(server) = Postgres::start(major) else {
        return;
    };
    server.load("shop", SEED.as_bytes());
    server.sh("createdb dvdrental", b"");
    let rental = fs::read("tests/data/real/dvdrental-pg15.tar").unwrap();
    server.sh("pg_restore -d dvdrental", &rental);
    for database in ["shop", "dvdrental"] {
        for format in ["c", "t", "d"] {
            let make = format!("rm -rf /tmp/x && pg_dump -F{format} -f /tmp/x {database}");
            server.sh(&make, b"");
            let listing = server.sh("pg_restore -l -v /tmp/x 2>/dev/null", b"");
            let contents = if format == "d" {
                dump::directory(&server.sh("cat /tmp/x/toc.dat", b"")).unwrap()
            } else {
                match dump::open(Cursor::new(server.sh("cat /tmp/x", b""))).unwrap() {
                    Opened::Archive(contents, _) => contents,
                    _ => panic!("taken for no archive"),
                }
            };
            let (theirs, ours) = (
                listed(&String::from_utf8(listing).unwrap()),
                ours(&contents.toc),
            );
            let other = theirs
                .iter()
                .zip(&ours)
                .find(|(theirs, ours)| theirs != ours);
            assert_eq!(other, None, "{major} {database} {format}");
            assert_eq!(theirs.len(), ours.len(), "{major} {database} {format}");
            assert_eq!(contents.major(), Some(major));
            assert_eq!(contents.database.as_deref(), Some(database));
        }
    }
}

#[test]
fn entries_are_those_that_pg_restore_13_lists() {
    same_entries(13);
}

#[test]
fn entries_are_those_that_pg_restore_15_lists() {
    same_entries(15);
}

#[test]
fn entries_are_those_that_pg_restore_17_lists() {
    same_entries(17);
}

#[test]
fn entries_are_those_that_pg_restore_18_lists() {
    same_entries(18);
}

async fn inspected(command: Command) -> (Option<i32>, Value) {
    let output = run(command).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    (output.status.code(), value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_a_folder_an_object_and_a_plan_are_inspected() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create database shop");
    cluster.psql("shop", SEED.as_bytes());
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("shop.dump");
    fs::write(&file, cluster.dump(&["-Fc", "shop"])).unwrap();
    let folder = cluster.socket().join("shop.dir");
    cluster.dump(&["-Fd", "-f", folder.to_str().unwrap(), "shop"]);
    let plan = place.path().join("plan.yaml");
    fs::write(&plan, "version: 1\nbackup:\n  url: .\n").unwrap();
    let toc = folder.join("toc.dat");
    for (what, format) in [
        (&file, "custom"),
        (&folder, "directory"),
        (&toc, "directory"),
        (&plan, "custom"),
    ] {
        let command = pgdrill(&[
            "inspect",
            "--entries",
            "--format",
            "json",
            what.to_str().unwrap(),
        ]);
        let (code, value) = inspected(command).await;
        assert_eq!(code, Some(0), "{value}");
        assert_eq!(value["dump"]["format"], format);
        assert_eq!(value["dump"]["database"], "shop");
        let tables = value["tables"].as_array().unwrap();
        assert_eq!(tables.len(), 3, "{value}");
        assert!(tables.contains(&"public.users".into()));
        assert_eq!(
            value["entries"].as_array().unwrap().len() as u64,
            value["dump"]["entries"].as_u64().unwrap()
        );
    }
    let bare = run(pgdrill(&["inspect", file.to_str().unwrap()])).await;
    let page = String::from_utf8(bare.stdout).unwrap();
    assert!(page.contains("table         public.users"), "{page}");
    let cut = place.path().join("cut.dump");
    fs::write(&cut, &fs::read(&file).unwrap()[..2000]).unwrap();
    let (code, value) = inspected(pgdrill(&[
        "inspect",
        "--format",
        "json",
        cut.to_str().unwrap(),
    ]))
    .await;
    assert_eq!(
        (code, value["finding"]["code"].as_str()),
        (Some(1), Some("dump.truncated"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_no_dump_is_not_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shop.dump"), "x").unwrap();
    let ended = run(pgdrill(&["inspect", folder.path().to_str().unwrap()])).await;
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(told.contains("has no toc.dat"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_told_as_that() {
    for absent in ["/absent.dump", "absent/shop.dump"] {
        let ended = run(pgdrill(&["inspect", absent])).await;
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(3), "{told}");
        assert!(
            told.contains(&format!("there is no \"{absent}\"")),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_large_object_in_a_bucket_only_the_head_is_read() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create database shop");
    cluster.psql("shop", SEED.as_bytes());
    // Bytes that do not compress, so that the data are many times what may wait on the way.
    cluster.psql(
        "shop",
        b"create table noise as select string_agg(md5(random()::text), '') t from generate_series(1, 2000000) n group by n % 5000",
    );
    let server = S3Server::start().await;
    let bytes = cluster.dump(&["-Fc", "-Z0", "shop"]);
    server.put("db/shop.dump", &bytes, 60);
    let url = format!("s3://{BUCKET}/db/shop.dump");
    let command = pgdrill(&[
        "inspect",
        "--format",
        "json",
        "--endpoint",
        &server.endpoint,
        &url,
    ]);
    let (code, value) = inspected(command).await;
    assert_eq!(code, Some(0), "{value}");
    let read = value["read_bytes"].as_u64().unwrap();
    assert!(
        read > 0 && read < bytes.len() as u64 / 2,
        "{read} of {}",
        bytes.len()
    );
}
