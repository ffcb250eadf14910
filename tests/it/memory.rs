//! What an earlier run proved: remembered for the same bytes, plan and server; and the way back to the newest good backup.

use std::{fs, path::PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    program::{pgdrill, run, verify},
};

const SHOP: &str = "create table orders (id int primary key);
insert into orders select generate_series(1, 500);";

/// A folder of dumps, oldest first, and a plan that keeps its history beside them.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(plan: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        let place = Self { folder };
        place.plan_says(plan);
        place
    }

    fn plan_says(&self, more: &str) {
        let plan = format!(
            "version: 1\nname: shop\nbackup: {{ url: ./backups }}\nhistory: ./history\n{more}"
        );
        fs::write(self.plan(), plan).unwrap();
    }

    fn plan(&self) -> PathBuf {
        self.folder.path().join("shop.yaml")
    }

    /// Stores a dump that was written so many hours ago.
    fn store(&self, name: &str, dump: &[u8], hours: u64) {
        let path = self.folder.path().join("backups").join(name);
        fs::write(&path, dump).unwrap();
        let written = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3_600);
        fs::File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(written)
            .unwrap();
    }

    async fn drill(&self, more: &[&str]) -> (i32, Value) {
        let mut arguments = vec!["--sandbox", "local"];
        arguments.extend(more);
        verify(&self.plan(), &arguments).await
    }
}

const CHECKS: &str = "tables: { orders: { row_count: { min: 1 } } }\n";

fn dump() -> Option<Vec<u8>> {
    let server = Cluster::start()?;
    server.psql("postgres", SHOP.as_bytes());
    Some(server.dump(&["-Fc"]))
}

fn proven_by(report: &Value) -> Option<&str> {
    report["proof"]["run"].as_str()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_proven_once_is_remembered_until_anything_changes() {
    let Some(dump) = dump() else {
        return;
    };
    let place = Place::new(CHECKS);
    place.store("a.dump", &dump, 1);
    let (code, first) = place.drill(&[]).await;
    assert_eq!((code, proven_by(&first)), (0, None), "{first}");

    let (code, second) = place.drill(&[]).await;
    assert_eq!(code, 0, "{second}");
    assert_eq!(proven_by(&second), first["run"].as_str());
    assert_eq!(second["restore"], Value::Null);
    assert_eq!(
        second["checks"].as_array().unwrap().len(),
        first["checks"].as_array().unwrap().len()
    );

    for reason in [
        "--reprove",
        "--select=oldest",
        "--backup=a.dump",
        "--only=orders",
    ] {
        let (code, again) = place.drill(&[reason]).await;
        assert_eq!((code, proven_by(&again)), (0, None), "{reason}: {again}");
    }
    place.plan_says("tables: { orders: { row_count: { min: 2 } } }\n");
    let (_, other_plan) = place.drill(&[]).await;
    assert_eq!(proven_by(&other_plan), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_checks_that_held_is_no_proof_of_the_others() {
    let Some(dump) = dump() else {
        return;
    };
    let more = "sql: [{ name: never, query: select 1, equals: 2 }]\n";
    let place = Place::new(&format!("{CHECKS}{more}"));
    place.store("a.dump", &dump, 1);
    let (code, part) = place.drill(&["--only=orders"]).await;
    assert_eq!(code, 0, "{part}");
    let (code, whole) = place.drill(&[]).await;
    assert_eq!((code, proven_by(&whole)), (1, None), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_under_the_same_name_size_and_time_are_proven_again() {
    let Some(dump) = dump() else {
        return;
    };
    let place = Place::new(CHECKS);
    place.store("a.dump", &dump, 1);
    place.drill(&[]).await;
    let path = place.folder.path().join("backups/a.dump");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let mut other = dump.clone();
    let end = other.len();
    other[end - 200..].fill(0);
    fs::write(&path, other).unwrap();
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(written)
        .unwrap();
    let (code, report) = place.drill(&[]).await;
    assert_eq!((code, proven_by(&report)), (1, None), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_looks_at_the_clock_is_asked_again() {
    let Some(dump) = dump() else {
        return;
    };
    let place = Place::new(
        "sql: [{ name: today, query: select current_date > '2020-01-01', equals: true }]\n",
    );
    place.store("a.dump", &dump, 1);
    for _ in 0..2 {
        let (code, report) = place.drill(&[]).await;
        assert_eq!((code, proven_by(&report)), (0, None), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_good_backup_is_found_behind_bad_ones() {
    let Some(dump) = dump() else {
        return;
    };
    let place = Place::new(CHECKS);
    place.store("good.dump", &dump, 100);
    place.store("cut.dump", &dump[..dump.len() / 2], 80);
    place.store("text.dump", b"not a dump at all", 60);
    let (code, newest) = place.drill(&[]).await;
    assert_eq!(code, 1, "{newest}");

    let (code, report) = place.drill(&["--select", "newest-good"]).await;
    assert_eq!(
        (code, report["verdict"].as_str()),
        (0, Some("passed")),
        "{report}"
    );
    assert_eq!(report["backup"]["key"], "good.dump");
    let told = passed_over(&report);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("\"text.dump\""), "{told:?}");
    assert!(told[1].starts_with("\"cut.dump\""), "{told:?}");

    let kept = fs::read_dir(place.folder.path().join("history/shop"))
        .unwrap()
        .count();
    assert_eq!(kept, 4, "every drill is kept");
    let marked = searches(&place).await;
    assert_eq!(
        marked.iter().filter(|run| run.is_string()).count(),
        2,
        "{marked:?}"
    );
    assert_eq!(report["search"], Value::Null);
    let (_, again) = place.drill(&["--select", "newest-good"]).await;
    assert_eq!(proven_by(&again), report["run"].as_str());
    assert_eq!(passed_over(&again).len(), 2, "{again}");
    // Once they are gone, nothing is left to warn of.
    for bad in ["cut.dump", "text.dump"] {
        fs::remove_file(place.folder.path().join("backups").join(bad)).unwrap();
    }
    let (_, alone) = place.drill(&[]).await;
    assert_eq!(proven_by(&alone), report["run"].as_str());
    assert_eq!(passed_over(&alone), Vec::<&str>::new());
}

/// The searches in which the runs of the past were passed over.
async fn searches(place: &Place) -> Vec<Value> {
    let plan = place.plan().display().to_string();
    let told = run(pgdrill(&["history", &plan, "--format", "json"])).await;
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let runs = told["runs"].as_array().unwrap().iter();
    runs.map(|run| run["search"].clone()).collect()
}

/// What a report says of backups that were passed over.
fn passed_over(report: &Value) -> Vec<&str> {
    (report["findings"].as_array().unwrap().iter())
        .filter_map(|finding| finding["message"].as_str())
        .filter(|message| message.contains("was passed over"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_without_a_good_backup_fails_and_one_that_cannot_look_says_so() {
    let Some(dump) = dump() else {
        return;
    };
    let place = Place::new(CHECKS);
    place.store("old.dump", &dump[..dump.len() / 2], 2);
    place.store("new.dump", &dump[..dump.len() / 3], 1);
    let (code, report) = place.drill(&["--select", "newest-good"]).await;
    assert_eq!(
        (code, report["backup"]["key"].as_str()),
        (1, Some("old.dump")),
        "{report}"
    );

    place.store("good.dump", &dump, 3);
    let plan = place.plan();
    let nowhere = [
        "--sandbox",
        "service",
        "--service-url",
        "postgres://nobody@127.0.0.1:1/x",
        "--select",
        "newest-good",
    ];
    let (code, report) = verify(&plan, &nowhere).await;
    assert_eq!(
        (code, report["verdict"].as_str()),
        (3, Some("unverified")),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_or_a_manifest_that_appears_later_leads_to_a_new_proof() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", SHOP.as_bytes());
    let place = Place::new(CHECKS);
    let file = place.folder.path().join("backups/a.dump");
    let dsn = format!(
        "host={} user=postgres dbname=postgres",
        server.socket().display()
    );
    let path = file.to_str().unwrap();
    let taken = pgdrill(&["manifest", &dsn, "--", "pg_dump", "-Fc", "-f", path]);
    assert_eq!(run(taken).await.status.code(), Some(0));
    let manifest = fs::read(file.with_file_name("a.dump.pgdrill.json")).unwrap();
    fs::remove_file(file.with_file_name("a.dump.pgdrill.json")).unwrap();
    let dump = fs::read(&file).unwrap();
    place.store("a.dump", &dump, 1);
    let digest = Sha256::digest(&dump);
    let digest = digest.iter().map(|byte| format!("{byte:02x}"));
    let sum = format!("{}  a.dump\n", digest.collect::<String>());

    let appears: [(&str, &[u8], &str); 3] = [
        ("", b"", "complete"),
        ("a.dump.sha256", sum.as_bytes(), "transport-proved"),
        ("a.dump.pgdrill.json", &manifest, "source-equal"),
    ];
    for (name, bytes, level) in appears {
        if !name.is_empty() {
            fs::write(file.with_file_name(name), bytes).unwrap();
        }
        let (code, new) = place.drill(&[]).await;
        assert_eq!((code, proven_by(&new)), (0, None), "{name}: {new}");
        assert_eq!(new["proof"]["level"], level, "{name}: {new}");
        let (code, again) = place.drill(&[]).await;
        assert_eq!(code, 0, "{name}: {again}");
        assert_eq!(proven_by(&again), new["run"].as_str(), "{name}");
        assert_eq!(again["proof"]["level"], level, "{name}: {again}");
    }
    // A list that grows by another dump says nothing new of this one.
    let longer = format!("{sum}{}  b.dump\n", "0".repeat(64));
    fs::write(file.with_file_name("a.dump.sha256"), longer).unwrap();
    let (_, same) = place.drill(&[]).await;
    assert_ne!(proven_by(&same), None, "{same}");
}
