//! `pgdrill manifest`: what the source held in the dump's own snapshot, and what a drill makes of it.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
    sync::Arc,
};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::{Cluster, succeed},
    postgres::{Postgres, has_image},
    program::{assert_found, pgdrill, run, verify},
    tls,
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

/// A process that changes a table all the time; it has begun.
fn writer(server: &Cluster) -> Child {
    server.psql("shop", b"CREATE TABLE public.busy (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), pad text DEFAULT repeat('x', 200));\
        INSERT INTO public.busy (id) SELECT nextval('public.busy_id_seq') FROM generate_series(1, 20000);");
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
    let writer = writer.spawn().unwrap();
    // The writer is at work once its first row is there.
    while server
        .psql("shop", b"SELECT count(*) FROM public.busy WHERE id > 20000")
        .trim()
        == "0"
    {}
    writer
}

/// `pgdrill manifest --snapshot`: gives the snapshot to whoever dumps, and ends its input when that is done.
async fn with_snapshot(dsn: &str, dump: &Path, take: impl FnOnce(&str) + Send + 'static) -> Output {
    let path = dump.display().to_string();
    let mut command = pgdrill(&["manifest", dsn, "--snapshot", "--dump", &path]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let taken = tokio::task::spawn_blocking(move || {
        let mut id = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut id)
            .unwrap();
        take(id.trim());
        // Its standard input ends here.
        child.wait_with_output().unwrap()
    });
    taken.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dumps_in_the_printed_snapshot_gets_a_manifest_of_that_moment() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    let mut writer = writer(&server);
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        server.socket().display()
    );
    let file = place.file("shop.dump");
    let mut pg_dump = server.client("pg_dump");
    pg_dump.args(["-Fc", "-d", "shop", "-f"]).arg(&file);
    let before = server.psql("shop", b"SELECT pg_current_snapshot()");
    let output = with_snapshot(&dsn, &file, move |id| {
        succeed(pg_dump.arg(format!("--snapshot={id}")));
    });
    let output = output.await;
    let after = server.psql("shop", b"SELECT pg_current_snapshot()");
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_ne!(before, after, "nobody wrote meanwhile");
    let manifest = place.manifest();
    assert_eq!(manifest["exit_status"], Value::Null);
    assert!(manifest["dump"]["sha256"].is_string(), "{manifest}");
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_the_dump_lost_is_counted() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    assert_eq!(place.take(&server, &["-Fc"]).await.status.code(), Some(0));
    let manifest = place.manifest();
    assert_eq!(manifest["manifest"], 2);
    let objects = &manifest["objects"];
    for (kind, count) in [
        ("view", 1),
        ("materialized view", 1),
        ("policy", 1),
        ("trigger", 1),
        ("rule", 1),
        ("domain", 1),
        ("extension", 2),
        ("foreign table", 1),
        ("procedure", 1),
        ("aggregate", 1),
        ("cast", 1),
        ("publication", 1),
    ] {
        assert_eq!(objects[kind], count, "{kind}: {objects}");
    }
    place.change(|manifest| manifest["objects"]["view"] = 2.into());
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "transport-proved"), "{report}");
    assert_found(&report, "restore.missing");
    assert!(
        report["findings"].to_string().contains("view: 1 of 2"),
        "{report}"
    );

    // A manifest of the first version held no numbers of objects.
    place.change(|manifest| {
        manifest["manifest"] = 1.into();
        manifest.as_object_mut().unwrap().remove("objects");
        manifest["dump"].as_object_mut().unwrap().remove("members");
    });
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report}");
}

/// What servers of different majors write or count differently, as far as all of them know it.
const ACROSS: &[u8] = b"
CREATE ROLE reader;
CREATE TYPE public.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN public.positive AS int CHECK (value > 0);
CREATE TABLE public.items (id serial PRIMARY KEY, mood public.mood NOT NULL DEFAULT 'ok', few public.positive,
    price numeric NOT NULL, ratio double precision, at timestamptz, span int4range, doc jsonb, raw bytea);
INSERT INTO public.items (few, price, ratio, at, span, doc, raw)
    SELECT n, n / 3.0, n / 3.0, '2026-03-08 06:59:59+00'::timestamptz + n * interval '1 minute', int4range(n, n + 2),
        jsonb_build_object('n', n), decode(md5(n::text), 'hex') FROM generate_series(1, 500) n;
CREATE TABLE public.cut (id int PRIMARY KEY, item int NOT NULL REFERENCES public.items (id)) PARTITION BY RANGE (id);
CREATE TABLE public.cut_1 PARTITION OF public.cut FOR VALUES FROM (0) TO (100);
CREATE TABLE public.cut_2 PARTITION OF public.cut FOR VALUES FROM (100) TO (1000);
INSERT INTO public.cut SELECT n, n FROM generate_series(1, 300) n;
CREATE TABLE public.points_to (id int, cut int REFERENCES public.cut (id));
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON public.cut FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE VIEW public.cheap AS SELECT id FROM public.items WHERE price < 10;
CREATE STATISTICS public.both ON mood, few FROM public.items;
CREATE TYPE public.spans AS RANGE (subtype = float8);
GRANT ALL ON public.items TO reader;
GRANT USAGE ON SCHEMA public TO reader;
REVOKE ALL ON FUNCTION public.touch() FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
COMMENT ON COLUMN public.items.price IS 'in yen';
COMMENT ON SCHEMA public IS 'ours';
SELECT lo_from_bytea(70001, 'large'::bytea);
";

/// A manifest of one major, and a restore into another.
async fn across(from: u32, into: &[u32]) {
    let sockets = tempfile::tempdir().unwrap();
    let Some(server) = Postgres::start_in(from, sockets.path()) else {
        return;
    };
    server.load("shop", ACROSS);
    let place = Place::new();
    let file = place.file("shop.dump");
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        sockets.path().display()
    );
    let (to, beside) = (file.clone(), Arc::new(server));
    // The server must outlive the manifest: the last sequences are read when the dump is there.
    let server = Arc::clone(&beside);
    let output = with_snapshot(&dsn, &file, move |id| {
        let dump = format!("pg_dump -Fc --snapshot={id} shop");
        fs::write(to, server.sh(&dump, b"")).unwrap();
    });
    let output = output.await;
    drop(beside);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let version = place.manifest()["server_version"].to_string();
    assert!(version.starts_with(&format!("\"{from}.")), "{version}");
    for &into in into {
        if !has_image(into) {
            return;
        }
        let plan = format!(
            "version: 1\nname: shop\nbackup: {{ url: ./backups }}\nsandbox: {{ image: \"postgres:{into}\" }}\ndatabase: {{ tables: {{ min: 1 }} }}\n"
        );
        fs::write(place.folder.path().join("shop.yaml"), plan).unwrap();
        let (code, report) = place.drill("docker").await;
        let reached = (code, level(&report));
        assert_eq!(reached, (0, "source-equal"), "{from} into {into}: {report}");
        let notes = report["proof"]["notes"].to_string();
        assert!(!notes.contains("fewer"), "{from} into {into}: {notes}");
        assert_eq!(
            report["proof"]["objects_expected"], report["proof"]["objects_found"],
            "{from} into {into}: {report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_postgresql_13_holds_in_its_own_and_in_newer_majors() {
    across(13, &[13, 15, 18]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_postgresql_17_holds_in_its_own_and_in_the_next_major() {
    across(17, &[17, 18]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_postgresql_18_holds() {
    across(18, &[18]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_with_a_manifest_is_equal_to_the_source_while_others_write() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    let mut writer = writer(&server);
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
async fn settings_of_the_source_and_a_sequence_that_cycles_are_no_difference() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql(
        "postgres",
        br"create database shop; alter database shop set bytea_output = 'escape';
          alter database shop set quote_all_identifiers = on;
          \connect shop
          create table bytes as select '\x00ff41'::bytea as of, 'pg_class'::regclass as name;
          create table declared (of xml);
          create sequence round minvalue 1 maxvalue 9 cycle; select setval('round', 5);
          ",
    );
    let place = Place::new();
    let output = place.take(&server, &["-Fc"]).await;
    assert!(output.status.success(), "{}", told(&output));
    // It went round while the dump was written.
    place.change(|manifest| {
        let round = &mut manifest["sequences"][0];
        assert_eq!(round["cycles"], true);
        (round["before"], round["after"]) = (7.into(), 9.into());
    });
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "source-equal"), "{report:#}");
    let text =
        br#"insert into declared values (E'<?xml version="1.0" encoding="UTF-8"?>\n\n<a/>\n');"#;
    server.psql("shop", text);
    let output = place.take(&server, &["-Fc"]).await;
    assert!(output.status.success(), "{}", told(&output));
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "restored"), "{report:#}");
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
    assert_eq!((code, level(&report)), (1, "transport-proved"), "{report}");
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
    assert_eq!((code, level(&report)), (1, "transport-proved"), "{report}");
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

#[tokio::test(flavor = "multi_thread")]
async fn pg_dump_verifies_the_source_as_we_do() {
    let Some((server, ca)) = tls::server("DNS:localhost") else {
        return;
    };
    let place = Place::new();
    let spy = place.folder.path().join("pg_dump");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] || env | grep ^PGSSL >\"$0.saw\"\nexec /usr/bin/pg_dump \"$@\"\n";
    fs::write(&spy, script).unwrap();
    fs::set_permissions(&spy, fs::Permissions::from_mode(0o755)).unwrap();
    let other = tls::authority(place.folder.path());
    let url = server.url_with(&[("127.0.0.1", "localhost")]);
    let file = place.file("shop.dump");
    let take = async |ca: &Path, mode: &str| {
        let dsn = format!("{url}{mode}");
        let end = ["--", spy.to_str().unwrap(), "-f", file.to_str().unwrap()];
        let mut all = vec!["manifest", &dsn, "--ca", ca.to_str().unwrap()];
        all.extend(end);
        run(pgdrill(&all)).await
    };
    assert_eq!(take(&other, "").await.status.code(), Some(3));
    for mode in ["", "?sslmode=verify-ca", "?sslmode=require"] {
        let output = take(&ca, mode).await;
        assert_eq!(output.status.code(), Some(0), "{mode}: {}", told(&output));
        let saw = fs::read_to_string(place.folder.path().join("pg_dump.saw")).unwrap();
        assert!(saw.contains("PGSSLMODE=verify-full"), "{saw}");
        assert!(
            saw.contains(&format!("PGSSLROOTCERT={}", ca.display())),
            "{saw}"
        );
    }
}

/// The level that a drill reaches which passes.
async fn reached(place: &Place) -> String {
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    level(&report).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_leaves_something_out_is_not_what_the_source_held() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql(
        "postgres",
        b"create database shop encoding 'UTF8' template template0",
    );
    server.psql(
        "shop",
        "create table users as select 1 id, 'ü' name; create table orders as select 2 id; create table none (id int)".as_bytes(),
    );
    let place = Place::new();
    for left_out in ["-T orders", "--exclude-table-data=orders", "-OvT orders"] {
        let arguments: Vec<_> = ["-Fc"].into_iter().chain(left_out.split(' ')).collect();
        let taken = place.take(&server, &arguments).await;
        assert!(taken.status.success(), "{}", told(&taken));
        let reached = reached(&place).await;
        assert_ne!(reached, "source-equal", "{left_out}");
    }
    // A script of INSERTs has no word about an empty table, and its rows are counted alone: no loss, and no equality.
    let taken = place.take(&server, &["-Fp", "--inserts"]).await;
    assert!(taken.status.success(), "{}", told(&taken));
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "transport-proved"), "{report}");
    let notes = report["proof"]["notes"].to_string();
    assert!(!notes.contains("no checksum was found"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_outlives_a_pg_dump_that_wrote_nothing() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new();
    assert!(place.take(&server, &["-Fc"]).await.status.success());
    let before = place.manifest();
    let output = place.take(&server, &["-Fc", "--no-such-option"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert_eq!(place.manifest(), before);
}

/// Kinds of objects that are seldom made, each once; an operator that is only named is none.
const SELDOM: &[u8] = b"
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE OPERATOR FAMILY public.alone USING hash;
CREATE FUNCTION public.tongue_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE tongue HANDLER public.tongue_handler;
CREATE FOREIGN DATA WRAPPER away;
CREATE SERVER there FOREIGN DATA WRAPPER away;
CREATE USER MAPPING FOR PUBLIC SERVER there;
CREATE TEXT SEARCH PARSER public.cut (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE public.form (LEXIZE = dsimple_lexize);
CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false);
CREATE FUNCTION public.same(a int, b int) RETURNS boolean LANGUAGE sql AS 'SELECT a = b';
CREATE OPERATOR public.=~= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.same, NEGATOR = OPERATOR(public.!~=));
CREATE TABLE public.held AS SELECT 1 AS n;
";

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_are_seldom_made_are_counted_and_an_operator_that_is_only_named_is_not() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", SELDOM);
    let place = Place::new();
    assert_eq!(place.take(&server, &["-Fc"]).await.status.code(), Some(0));
    let manifest = place.manifest();
    let objects = &manifest["objects"];
    for kind in [
        "access method",
        "operator family",
        "procedural language",
        "user mapping",
        "text search parser",
        "text search template",
        "subscription",
        "operator",
    ] {
        assert_eq!(objects[kind], 1, "{kind}: {objects}");
    }
    assert_eq!(reached(&place).await, "source-equal");
    place.change(|manifest| manifest["objects"]["subscription"] = 2.into());
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "transport-proved"), "{report}");
    let told = report["findings"].to_string();
    assert!(told.contains("subscription: 1 of 2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_a_pg_dump_of_somebody_else_left_out_is_a_warning() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"create database shop");
    server.psql(
        "shop",
        b"create table users as select 1 as id; create table orders as select 2 as id",
    );
    let place = Place::new();
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        server.socket().display()
    );
    let file = place.file("shop.dump");
    let mut pg_dump = server.client("pg_dump");
    pg_dump
        .args(["-Fc", "-T", "orders", "-d", "shop", "-f"])
        .arg(&file);
    let output = with_snapshot(&dsn, &file, move |id| {
        succeed(pg_dump.arg(format!("--snapshot={id}")));
    });
    assert_eq!(output.await.status.code(), Some(0));
    assert_eq!(place.manifest()["selects"], Value::Null);
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "transport-proved"), "{report}");
    assert_found(&report, "restore.rows");
    let told = report["findings"].to_string();
    assert!(
        told.contains("They are: public.orders. Whether pg_dump was told"),
        "{told}"
    );
}
