//! What bad input gets: a clear message, the right exit code, nothing left behind.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::{Cluster, skipped},
    postgres::Postgres,
    program::{assert_found, findings, pgdrill, report, run, verify},
    s3::{BUCKET, S3Server},
};

/// A folder with a plan and its backups.
struct Place {
    folder: TempDir,
}

impl Place {
    /// A plan with these lines more.
    fn new(more: &str) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(place.folder.path().join("backups")).unwrap();
        place.write(
            "plan.yaml",
            format!("version: 1\nname: shop\nbackup:\n  url: ./backups\n{more}"),
        );
        place
    }

    /// A plan that looks into a bucket.
    fn bucket(url: &str, endpoint: &str) -> Self {
        let place = Self::new("");
        let plan =
            format!("version: 1\nname: shop\nbackup:\n  url: {url}\n  endpoint: {endpoint}\n");
        place.write("plan.yaml", &plan);
        place
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn plan(&self) -> PathBuf {
        self.folder.path().join("plan.yaml")
    }

    async fn verify(&self, more: &[&str]) -> (i32, Value) {
        verify(&self.plan(), more).await
    }
}

/// The run's error: its whole text.
fn told(report: &Value) -> String {
    report["findings"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_is_a_failure_of_the_backup() {
    let (code, report) = Place::new("").verify(&[]).await;
    assert_eq!(code, 1);
    assert_found(&report, "backup.none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_bucket_is_a_failure_of_the_backup() {
    let server = S3Server::start().await;
    let place = Place::bucket(&format!("s3://{BUCKET}/db/"), &server.endpoint);
    let (code, report) = place.verify(&[]).await;
    assert_eq!(code, 1);
    assert_found(&report, "backup.none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_exist_says_nothing_about_the_backup() {
    let server = S3Server::start().await;
    let (code, report) = Place::bucket("s3://elsewhere/db/", &server.endpoint)
        .verify(&[])
        .await;
    assert_eq!((code, report["verdict"].as_str()), (3, Some("unverified")));
    assert!(told(&report).contains("elsewhere"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_name_the_variable_and_never_the_secret() {
    let server = S3Server::start().await;
    let place = Place::bucket(&format!("s3://{BUCKET}/db/"), &server.endpoint);
    let plan = place.plan().display().to_string();
    let mut command = pgdrill(&["verify", &plan, "--format", "json", "-vv"]);
    command.env("AWS_SECRET_ACCESS_KEY", "planted-secret-4711");
    let output = run(command).await;
    let (code, report) = report(&output);
    assert_eq!(code, 3);
    assert!(
        told(&report).contains("AWS_SECRET_ACCESS_KEY"),
        "{}",
        told(&report)
    );
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("planted-secret-4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_backup_that_is_empty_is_told_of_once() {
    let place = Place::new("");
    fs::write(place.plan().with_file_name("backups/x.dump"), "").unwrap();
    fs::write(place.plan().with_file_name("backups/y.dump"), "late").unwrap();
    let (code, report) = place.verify(&["--backup", "x.dump"]).await;
    assert_eq!(code, 1);
    let empty = findings(&report);
    let empty = empty.iter().filter(|(code, _)| code == "backup.empty");
    assert_eq!(empty.count(), 1, "{report:#}");
    assert!(!told(&report).contains("newest"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_settings_stand_in_the_way_is_named() {
    let place = Place::bucket(&format!("s3://{BUCKET}/db/"), "http://127.0.0.1:9");
    let plan = place.plan().display().to_string();
    let config = place.plan().with_file_name("aws.ini");
    let written = "[profile child]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = gone\n\
                   [profile asks]\ncredential_process = sh -c 'echo hunter2 >&2; exit 3'\n";
    fs::write(&config, written).unwrap();
    for (name, value, says) in [
        ("AWS_PROFILE", "typo", "no profile \\\"typo\\\""),
        ("AWS_PROFILE", "child", "no profile \\\"gone\\\""),
        ("AWS_PROFILE", "asks", "exit status: 3"),
        ("AWS_USE_FIPS_ENDPOINT", "true", "AWS_USE_FIPS_ENDPOINT"),
        (
            "AWS_USE_DUALSTACK_ENDPOINT",
            "true",
            "AWS_USE_DUALSTACK_ENDPOINT",
        ),
    ] {
        let mut command = pgdrill(&["health", &plan, "--format", "json", "-v"]);
        if name == "AWS_PROFILE" {
            command.env_remove("AWS_ACCESS_KEY_ID");
            command.env_remove("AWS_SECRET_ACCESS_KEY");
        }
        command.env("AWS_CONFIG_FILE", &config).env(name, value);
        let output = run(command).await;
        let (code, report) = report(&output);
        assert_eq!(code, 3, "{name}={value}");
        assert!(told(&report).contains(says), "{name}={value}: {report:#}");
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&all).contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_environment_says_of_retries_ends_nothing() {
    let server = S3Server::start().await;
    let place = Place::bucket(&format!("s3://{BUCKET}/db/"), &server.endpoint);
    let plan = place.plan().display().to_string();
    let config = place.plan().with_file_name("aws.ini");
    fs::write(
        &config,
        "[default]\nretry_mode = legacy\nmax_attempts = 0\n",
    )
    .unwrap();
    let config = config.display().to_string();
    for (name, value) in [
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_RETRY_MODE", ""),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_CONFIG_FILE", &config),
    ] {
        let mut command = pgdrill(&["health", &plan, "--format", "json"]);
        command.env(name, value);
        let (code, report) = report(&run(command).await);
        assert_eq!(code, 1, "{name}={value}");
        assert_found(&report, "backup.none");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_nobody_listens_at_is_named() {
    let place = Place::bucket("s3://backups/db/", "http://127.0.0.1:9");
    let (code, report) = place.verify(&[]).await;
    assert_eq!(code, 3);
    assert!(told(&report).contains("127.0.0.1:9"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_three_typos_shows_all_of_them_with_their_places() {
    let place = Place::new(
        "limits:\n  max_agee: 48h\ntables:\n  users:\n    row_cuont: { min: 1 }\n    not_nul: [id]\n",
    );
    let plan = place.plan().display().to_string();
    let output = run(pgdrill(&["verify", &plan])).await;
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    for (typo, meant, place) in [
        ("max_agee", "max_age", ":6:"),
        ("row_cuont", "row_count", ":9:"),
        ("not_nul", "not_null", ":10:"),
    ] {
        for word in [typo, meant, place] {
            assert!(told.contains(word), "{word} is not in: {told}");
        }
    }
    assert!(output.stdout.is_empty(), "nothing was looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_that_is_stopped_is_an_error_with_a_hint() {
    let place = Place::new("");
    place.write(
        "backups/x.sql",
        "create table t (id int); insert into t values (1);\n",
    );
    let plan = place.plan().display().to_string();
    let mut command = pgdrill(&["verify", &plan, "--sandbox", "docker", "--format", "json"]);
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let (code, report) = report(&run(command).await);
    assert_eq!(code, 3);
    assert!(told(&report).contains("Docker"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_nowhere_is_named() {
    let place = Place::new("");
    place.write(
        "backups/x.sql",
        "create table t (id int); insert into t values (1);\n",
    );
    let more = ["--sandbox", "docker", "--image", "pgdrill.invalid/none:1"];
    let (code, report) = place.verify(&more).await;
    assert_eq!(code, 3);
    assert!(told(&report).contains("pgdrill.invalid/none:1") || told(&report).contains("Docker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_newer_than_the_tools_is_no_bad_backup() {
    let (Some(newest), Some(_)) = (Postgres::start(18), Cluster::start()) else {
        return;
    };
    newest.load(
        "shop",
        b"create table t (id int); insert into t values (1);",
    );
    let place = Place::new("");
    place.write("backups/x.dump", newest.sh("pg_dump -Fc shop", b""));
    let (code, report) = place.verify(&["--sandbox", "local"]).await;
    assert_eq!(
        (code, report["verdict"].as_str()),
        (3, Some("unverified")),
        "{}",
        told(&report)
    );
    assert!(told(&report).contains("18"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_extension_is_noticed_before_the_restore_and_its_image_named() {
    let Some(_server) = Cluster::start() else {
        return;
    };
    let place = Place::new("");
    let script = "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.4\n\
                  -- Dumped by pg_dump version 15.4\n\nCREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n\
                  create table t (id int);\n\n--\n-- PostgreSQL database dump complete\n--\n";
    place.write("backups/x.sql", script);
    let (code, report) = place.verify(&["--sandbox", "local"]).await;
    assert_eq!(code, 3, "{}", told(&report));
    assert_found(&report, "sandbox.extension");
    assert!(
        told(&report).contains("postgis/postgis:15"),
        "{}",
        told(&report)
    );
    assert_eq!(report["proof"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_of_the_run_and_no_bad_backup() {
    let Some(server) = Cluster::start() else {
        return;
    };
    if !nix::unistd::geteuid().is_root() {
        skipped("root", "a small disk can only be mounted as root");
        return;
    }
    let small = SmallDisk::mount();
    server.psql("postgres", b"create table t as select n, repeat(md5(n::text), 20) x from generate_series(1, 400000) n;");
    let place = Place::new("");
    place.write("backups/x.dump", server.dump(&["-Fc", "postgres"]));
    let plan = place.plan().display().to_string();
    let mut command = pgdrill(&["verify", &plan, "--sandbox", "local", "--format", "json"]);
    command.env("TMPDIR", small.folder.path());
    let (code, report) = report(&run(command).await);
    assert_eq!(
        (code, report["verdict"].as_str()),
        (3, Some("unverified")),
        "{}",
        told(&report)
    );
    assert!(told(&report).contains("disk"), "{}", told(&report));
    let left: Vec<_> = fs::read_dir(small.folder.path())
        .unwrap()
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("pgdrill-0")),
        "{left:?}"
    );
}

/// A folder with room for an empty cluster and not much more.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pgd")
            .tempdir_in("/tmp")
            .unwrap();
        let path = folder.path().display().to_string();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=120m,mode=0755", "tmpfs", &path])
            .status();
        assert!(mounted.unwrap().success());
        Self { folder }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_dump_says_what_it_looks_like() {
    let place = Place::new("");
    place.write(
        "backups/x.dump",
        "<!DOCTYPE html><html><body>Access denied</body></html>",
    );
    let (code, report) = place.verify(&[]).await;
    assert_eq!(code, 1);
    assert_found(&report, "dump.unreadable");
    assert!(told(&report).contains("HTML"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_look_into_is_unverified() {
    let place = Place::new("");
    place.write("backups/x.dump", "age-encryption.org/v1\n-> X25519 abc\n");
    let (code, report) = place.verify(&[]).await;
    assert_eq!((code, &report["verdict"]), (3, &"unverified".into()));
    assert_found(&report, "run.stopped");
    assert!(told(&report).contains("age"), "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_dump_of_every_format_is_a_failure() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql(
        "postgres",
        b"create table t as select n, md5(n::text) x from generate_series(1, 20000) n;",
    );
    for format in ["-Fc", "-Ft", "-Fp"] {
        let dump = server.dump(&[format, "postgres"]);
        let place = Place::new("");
        place.write("backups/x.dump", &dump[..dump.len() * 2 / 3]);
        let (code, report) = place.verify(&["--sandbox", "local"]).await;
        assert_eq!(code, 1, "{format}: {}", told(&report));
        let found = findings(&report);
        assert!(
            found.iter().any(|(code, _)| code.starts_with("dump.")),
            "{format}: {found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_newest_backup_fails_although_the_one_before_it_is_healthy() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"create table t as select 1 id;");
    let place = Place::new("");
    place.write("backups/old.dump", server.dump(&["-Fc", "postgres"]));
    let old = fs::File::options()
        .write(true)
        .open(place.folder.path().join("backups/old.dump"))
        .unwrap();
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_hours(24);
    old.set_modified(yesterday).unwrap();
    place.write("backups/new.dump", "");
    let (code, report) = place.verify(&["--sandbox", "local"]).await;
    assert_eq!(code, 1, "{}", told(&report));
    assert_found(&report, "backup.empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_backup_in_the_plan_it_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.yaml");
    fs::write(
        &plan,
        "version: 1\ntables:\n  users:\n    row_count: { min: 1 }\n",
    )
    .unwrap();
    let output = run(pgdrill(&["verify", &plan.display().to_string()])).await;
    assert_eq!(output.status.code(), Some(2));
}

/// A database that no restore brings back whole: its check looks at a table by a name that only its own search path
/// finds.
const FRAGILE: &[u8] = b"create table limits (most int); insert into limits values (1000);
create function fits(int) returns boolean language plpgsql as 'begin return $1 <= (select most from limits); end';
create table orders (id int check (fits(id)), note text);
insert into orders select n, 'planted-row-4711' from generate_series(1, 100) n;";

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_loses_a_table_names_it_and_no_row() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", FRAGILE);
    for format in ["-Fc", "-Fp"] {
        let place = Place::new("");
        place.write("backups/x.dump", server.dump(&[format, "postgres"]));
        let (code, report) = place.verify(&["--sandbox", "local"]).await;
        assert_eq!(code, 1, "{format}: {}", told(&report));
        assert_found(&report, "restore.failed");
        assert!(
            told(&report).contains("TABLE DATA orders"),
            "{format}: {}",
            told(&report)
        );
        assert!(!report.to_string().contains("planted-row-4711"), "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_the_plan_expects_is_kept_with_its_reason_and_hides_no_lost_row() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", FRAGILE);
    let ignored = "restore:\n  ignore:\n    - error: 'relation \"limits\" does not exist'\n      reason: known\n      until: 2100-01-01\n";
    let place = Place::new(ignored);
    let dump = server.dump(&["-Fc", "postgres"]);
    place.write("backups/x.dump", dump.clone());
    let (code, report) = place.verify(&["--sandbox", "local"]).await;
    assert_eq!(code, 1, "{}", told(&report));
    assert_found(&report, "restore.rows");

    // Whoever can do without these rows says so in so many words.
    let place = Place::new(&format!("{ignored}severity:\n  restore.rows: warning\n"));
    place.write("backups/x.dump", dump);
    let (code, report) = place.verify(&["--sandbox", "local"]).await;
    assert_eq!(code, 0, "{}", told(&report));
    assert_eq!(report["restore"]["ignored"][0]["reason"], "known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_calls_no_check_is_refused_before_anything_is_looked_at() {
    let checks = "tables:
  shop.Orders:
    tags: [money]
    row_count: { min: 1 }
    not_null: [id]
  '\"odd.name\"': { skip: tells nothing }
database:
  size: { min: 1 MB }
sql:
  - { name: nothing is lost, query: select 1 where false }
";
    let place = Place::new(checks);
    let mut called = vec!["money", "shop.Orders", "Orders", "Orders.not_null.id"];
    called.extend(["shop.Orders.row_count#2", "odd.name.skip", "database.size"]);
    called.extend(["nothing is lost", "sql.nothing-is-lost", "builtin.rows"]);
    for word in called {
        let (code, report) = place.verify(&["--only", word]).await;
        assert_eq!(code, 1, "{word}");
        assert_found(&report, "backup.none");
    }
    for (word, meant) in [("mony", "money"), ("builtin.row", "shop.Orders")] {
        let plan = place.plan();
        let output = run(pgdrill(&["verify", plan.to_str().unwrap(), "--only", word])).await;
        assert_eq!(output.status.code(), Some(2), "{word}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            told.contains(&format!("no check is called \"{word}\"")),
            "{told}"
        );
        assert!(
            word != "mony" || told.contains(&format!("Did you mean \"{meant}\"?")),
            "{told}"
        );
    }
    place.write(
        "plan.yaml",
        fs::read_to_string(place.plan())
            .unwrap()
            .replace("shop.Orders", "'*'"),
    );
    let (code, _) = place.verify(&["--only", "mony"]).await;
    assert_eq!(code, 1, "a table may be called so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_calls_a_check_of_another_plan_is_told_before_a_backup_is_looked_for() {
    let place = Place::new("");
    let other = "version: 1\nname: other\nbackup: { url: ./absent }\nsql: [{ name: nightly, query: select 1 where false }]\n";
    place.write("other.yaml", other);
    let plan = place.plan();
    place.write("plan.yaml", "version: 1\nname: shop\nbackup: { url: ./absent }\ntables: { users: { row_count: { min: 1 } } }\n");
    let both = plan.parent().unwrap().to_str().unwrap();
    let output = run(pgdrill(&[
        "verify", both, "--only", "nightly", "--format", "json",
    ]))
    .await;
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |name: &str| {
        let mut all = reports.as_array().unwrap().iter();
        let report = all.find(|report| report["plan"] == name).unwrap();
        report["findings"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        of("shop"),
        "no check is called \"nightly\"",
        "it was told before a folder was looked for"
    );
    assert!(of("other").contains("absent"), "{}", of("other"));
}
