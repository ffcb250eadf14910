//! A drill that knows from the last one what it needs starts the sandbox before it has found the backup.

use std::{
    env,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use serde_json::Value;

use super::support::{
    cluster::Cluster,
    place::{Place, in_bucket},
    program::{assert_found, pgdrill, report, run, verify},
    s3::S3Server,
};

fn shop() -> Option<Vec<u8>> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create database shop;\n\\connect shop\ncreate table word as select 1 as one;\n",
    );
    Some(cluster.dump(&["-Fc", "shop"]))
}

async fn drilled(plan: &Path) -> (i32, Value) {
    verify(plan, &["--sandbox", "local", "--reprove"]).await
}

/// Whether a server runs in one of the folders in here. A folder of the server's own user may go away while it is looked at.
fn serves(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.any(|path| path.ends_with("postmaster.pid") || path.is_dir() && serves(&path))
}

fn nothing_is_left(report: &Value) {
    let run = report["run"].as_str().unwrap();
    let folder = env::temp_dir().join(format!("pgdrill-{run}"));
    assert!(!folder.exists(), "{}", folder.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_starts_before_the_storage_has_answered() {
    let Some(dump) = shop() else { return };
    let storage = S3Server::start().await;
    storage.put("shop.dump", &dump, 3_600);
    let place = Place::new("history: ./history\n");
    let plan = in_bucket(&storage, "", "history: ./history\n");
    let path = place.path("shop.yaml");
    fs::write(&path, plan).unwrap();
    let (code, first) = drilled(&path).await;
    assert_eq!(code, 0, "{first:#}");
    // The server's own user must get there.
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), Permissions::from_mode(0o755)).unwrap();
    let folder = temporary.path().to_owned();
    storage.faults.hold(move || serves(&folder));
    let path = path.display().to_string();
    let arguments = [
        "verify",
        &path,
        "--format",
        "json",
        "--sandbox",
        "local",
        "--reprove",
    ];
    let mut again = pgdrill(&arguments);
    again.env("TMPDIR", temporary.path());
    let (code, second) = report(&run(again).await);
    assert_eq!(code, 0, "{second:#}");
    assert!(!storage.faults.held_in_vain(), "{second:#}");
    nothing_is_left(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_no_dump_came_for_is_removed() {
    let Some(dump) = shop() else { return };
    let place = Place::new("history: ./history\n");
    place.store("shop.dump", &dump);
    let plan = place.path("shop.yaml");
    assert_eq!(drilled(&plan).await.0, 0);
    place.store("shop.dump", b"PGDMP and nothing that follows");
    let (code, report) = drilled(&plan).await;
    assert_eq!(code, 1, "{report:#}");
    nothing_is_left(&report);
    fs::remove_file(place.file("shop.dump")).unwrap();
    let (code, report) = drilled(&plan).await;
    assert_eq!(code, 1, "{report:#}");
    assert_found(&report, "backup.none");
    nothing_is_left(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_needs_another_server_than_the_last_one_gets_it() {
    let Some(dump) = shop() else { return };
    let place = Place::new("history: ./history\n");
    place.store("shop.dump", &dump);
    let plan = place.path("shop.yaml");
    let (code, first) = drilled(&plan).await;
    assert_eq!(code, 0, "{first:#}");
    let version = first["dump"]["server_version"].as_str().unwrap();
    rewrite(&place.path("history"), version, "13.1");
    let (code, second) = drilled(&plan).await;
    assert_eq!(code, 0, "{second:#}");
    assert_eq!(second["sandbox"]["provider"], "local");
    nothing_is_left(&second);
}

/// Puts another word into every file of a folder.
fn rewrite(folder: &Path, word: &str, other: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rewrite(&path, word, other);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(word), "{text}");
            fs::write(&path, text.replace(word, other)).unwrap();
        }
    }
}
