//! `pgdrill manifest`: what the source held in the dump's own snapshot, and what a drill makes of it.

use std::{fs, path::PathBuf, process::Output};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    postgres::Postgres,
    program::{assert_found, pgdrill, run, verify},
};

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        let plan = "version: 1\nname: shop\nbackup: { url: ./backups }\ndatabase: { tables: { min: 1 } }\n";
        fs::write(folder.path().join("shop.yaml"), plan).unwrap();
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("backups").join(name)
    }

    fn manifest(&self) -> Value {
        let text = fs::read(self.file("shop.dump.pgdrill.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut manifest = self.manifest();
        change(&mut manifest);
        fs::write(self.file("shop.dump.pgdrill.json"), manifest.to_string()).unwrap();
    }

    async fn take(&self, server: &Cluster, arguments: &[&str]) -> Output {
        let dsn = format!(
            "host={} user=postgres dbname=shop password=hunter2",
            server.socket().display()
        );
        let file = self.file("shop.dump");
        let file = file.to_str().unwrap();
        let mut all = vec!["manifest", &dsn, "--", "pg_dump", "-f", file];
        all.extend(arguments);
        run(pgdrill(&all)).await
    }

    async fn drill(&self, sandbox: &str) -> (i32, Value) {
        verify(
            &self.folder.path().join("shop.yaml"),
            &["--sandbox", sandbox],
        )
        .await
    }
}

fn server() -> Option<Cluster> {
    let server = Cluster::start()?;
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", &fs::read("tests/it/complete.sql").unwrap());
    Some(server)
}

fn level(report: &Value) -> &str {
    report["proof"]["level"].as_str().unwrap_or("none")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_with_a_manifest_is_equal_to_the_source_while_others_write() {
    let Some(server) = server() else {
        return;
    };
    server.psql("shop", b"CREATE TABLE public.busy (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), pad text DEFAULT repeat('x', 200));\
        INSERT INTO public.busy (id) SELECT nextval('public.busy_id_seq') FROM generate_series(1, 20000);");
    let place = Place::new();
    let mut writer = server.client("psql");
    writer.args([
        "-X",
        "-q",
        "-d",
        "shop",
        "-c",
        "DO $$ BEGIN LOOP \
        DELETE FROM public.busy WHERE id IN (SELECT id FROM public.busy ORDER BY id LIMIT 20); \
        INSERT INTO public.busy DEFAULT VALUES; COMMIT; END LOOP; END $$",
    ]);
    let mut writer = writer.spawn().unwrap();
    // The writer is at work once its first row is there.
    while server
        .psql("shop", b"SELECT count(*) FROM public.busy WHERE id > 20000")
        .trim()
        == "0"
    {}
    let output = place.take(&server, &["-Fc"]).await;
    let during = server.psql("shop", b"SELECT count(*) FROM public.busy");
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));

    let manifest = place.manifest();
    let busy = manifest["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["name"] == "busy")
        .unwrap();
    assert_ne!(
        busy["rows"]["count"].to_string(),
        during.trim(),
        "nobody wrote meanwhile"
    );
    assert!(!manifest.to_string().contains("hunter2"));
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_held_and_the_dump_lost_is_named() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    assert_eq!(
        place.take(&server, &["-Fc", "-Z0"]).await.status.code(),
        Some(0)
    );
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report}");

    let whole = fs::read(place.file("shop.dump.pgdrill.json")).unwrap();
    let at = |manifest: &Value, name: &str| {
        let tables = manifest["tables"].as_array().unwrap();
        tables
            .iter()
            .position(|table| table["name"] == name)
            .unwrap()
    };
    place.change(|manifest| {
        let lines = at(manifest, "lines");
        manifest["tables"][lines]["rows"]["count"] = 201.into();
    });
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "complete"), "{report}");
    assert_found(&report, "restore.rows");
    assert!(
        report["findings"]
            .to_string()
            .contains("public.lines (200 rows of 201)"),
        "{report}"
    );

    fs::write(place.file("shop.dump.pgdrill.json"), &whole).unwrap();
    place.change(|manifest| {
        let lines = at(manifest, "lines");
        manifest["tables"][lines]["rows"]["digest"] = "0".repeat(32).into();
    });
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "complete"), "{report}");
    assert!(
        report["findings"]
            .to_string()
            .contains("public.lines (200 rows, other contents)"),
        "{report}"
    );

    fs::write(place.file("shop.dump.pgdrill.json"), &whole).unwrap();
    // One flipped bit in a value: nothing but a manifest or a checksum sees it.
    let mut dump = fs::read(place.file("shop.dump")).unwrap();
    let value = b"at 2026-01-01 10:00:00+09";
    let found = dump
        .windows(value.len())
        .position(|window| window == value)
        .unwrap();
    dump[found] ^= 1;
    fs::write(place.file("shop.dump"), &dump).unwrap();
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "complete"), "{report}");
    assert_found(&report, "dump.corrupt");
    fs::remove_file(place.file("shop.dump.pgdrill.json")).unwrap();
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "complete"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_directory_dump_that_is_not_the_manifests_is_named() {
    let Some(server) = server() else {
        return;
    };
    server.psql("shop", b"COMMENT ON VIEW public.seen IS 'what was seen'");
    let place = Place::new();
    assert_eq!(place.take(&server, &["-Fd"]).await.status.code(), Some(0));
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report}");
    // One letter of a comment in the table of contents: no length, no checksum and no row tells of it.
    let toc = place.file("shop.dump/toc.dat");
    let mut bytes = fs::read(&toc).unwrap();
    let found = memchr::memmem::find(&bytes, b"what was seen").unwrap();
    bytes[found] ^= 2;
    fs::write(&toc, &bytes).unwrap();
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "complete"), "{report}");
    assert_found(&report, "dump.corrupt");
    let told = report["findings"].to_string();
    assert!(told.contains("\\\"toc.dat\\\""), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_foreign_manifest_raises_nothing() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    assert_eq!(place.take(&server, &["-Fc"]).await.status.code(), Some(0));
    place.change(|manifest| {
        manifest["dump"]["file"] = "other.dump".into();
        manifest["dump"]["sha256"] = "0".repeat(64).into();
    });
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "complete"), "{report}");
    assert_found(&report, "manifest.unusable");
    fs::write(
        place.file("shop.dump.pgdrill.json"),
        "{\"manifest\": 1, \"tab",
    )
    .unwrap();
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "complete"), "{report}");
    assert_found(&report, "manifest.unusable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pg_dump_that_failed_is_told_and_standard_output_is_refused() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    let output = place.take(&server, &["-Fc", "--no-such-option"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        server.socket().display()
    );
    let output = run(pgdrill(&["manifest", &dsn, "--", "pg_dump", "-Fc"])).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("-f FILE"), "{}", told(&output));

    assert_eq!(place.take(&server, &["-Fc"]).await.status.code(), Some(0));
    place.change(|manifest| manifest["exit_status"] = 1.into());
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 1, "{report}");
    assert_found(&report, "dump.incomplete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_an_older_server_holds_after_a_restore_into_a_newer_one() {
    let (Some(server), Some(_newer)) = (server(), Postgres::start(17)) else {
        return;
    };
    let place = Place::new();
    assert_eq!(place.take(&server, &["-Fc"]).await.status.code(), Some(0));
    let plan = "version: 1\nname: shop\nbackup: { url: ./backups }\nsandbox: { image: \"postgres:17\" }\ndatabase: { tables: { min: 1 } }\n";
    fs::write(place.folder.path().join("shop.yaml"), plan).unwrap();
    let (code, report) = place.drill("docker").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report}");
    assert_eq!(report["sandbox"]["image"], "postgres:17");
}
