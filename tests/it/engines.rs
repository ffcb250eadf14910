//! The engines that load an archive give the same database, and say which of them it was and why.

use std::{fs, io::Cursor, path::Path};

use pgdrill::{
    dump::{self, Contents, Opened},
    plan::Provider,
    restore::{self, Restored},
    sandbox::{self, Needs, Sandbox},
};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::support::{
    cluster::Cluster,
    postgres::Postgres,
    program::{assert_found, verify},
    s3::{BUCKET, S3Server},
};

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new("tests/data/real").join(name)).unwrap()
}

/// The real databases, and one of what is loaded in an odd way: partitions, a foreign key to a partitioned table, large
/// objects, a generated column, a materialized view, comments, privileges.
fn load(server: &Postgres) -> [&'static str; 4] {
    let psql = "psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f -";
    server.sh(psql, &data("chinook.sql"));
    server.load("northwind", &data("northwind.sql"));
    server.sh("createdb dvdrental", b"");
    server.sh("pg_restore -d dvdrental", &data("dvdrental-pg15.tar"));
    server.load("odd", &fs::read("tests/it/engines.sql").unwrap());
    ["chinook", "northwind", "dvdrental", "odd"]
}

/// One dump in the forms that matter here: with offsets and without them; the odd one with every compression, too.
fn dumps(server: &Postgres, major: u32, database: &str) -> Vec<(String, Vec<u8>)> {
    let mut forms = vec![
        format!("pg_dump -Fc -f /tmp/x {database} && cat /tmp/x"),
        format!("pg_dump -Fc {database} | cat"),
    ];
    if database == "odd" {
        forms.push(format!("pg_dump -Fc -Z0 {database} | cat"));
    }
    if database == "odd" && major >= 16 {
        forms.push(format!("pg_dump -Fc --compress=zstd {database} | cat"));
        forms.push(format!("pg_dump -Fc --compress=lz4 {database} | cat"));
    }
    let dump = |form: String| {
        let bytes = server.sh(&form, b"");
        (form, bytes)
    };
    forms.into_iter().map(dump).collect()
}

/// How a dump is loaded.
#[derive(Clone, Copy, Debug)]
enum By {
    Piped,
    Sections,
    File,
    Stream,
}

async fn restored(sandbox: &Sandbox, dump: &[u8], by: By) -> (Contents, Restored) {
    let maintenance = sandbox.superuser("postgres").await.unwrap();
    let drop = format!("drop database if exists \"{}\"", sandbox.database());
    maintenance.batch_execute(&drop).await.unwrap();
    let Ok(Opened::Archive(contents, reader)) = dump::open(Cursor::new(dump.to_vec())) else {
        panic!("no archive");
    };
    restore::prepare(sandbox, &contents).await.unwrap();
    let size = dump.len() as u64;
    let restored = match by {
        By::Piped => restore::piped(sandbox, reader).await,
        By::Sections => restore::spooled(sandbox, reader, size, 2, true).await,
        By::File => restore::spooled(sandbox, reader, size, 2, false).await,
        By::Stream => restore::streamed(sandbox, &contents, reader, 2).await,
    };
    let restored = restored.unwrap();
    let complaints: Vec<_> = restored.complaints.iter().collect();
    assert!(complaints.is_empty(), "{by:?}: {complaints:?}");
    (contents, restored)
}

/// Everything that two databases can differ in: the schema as `pg_dump` writes it, the rows of every table, the values of
/// sequences, large objects.
async fn fingerprint(sandbox: &Sandbox) -> Vec<String> {
    let database = sandbox.database();
    let arguments = ["--schema-only", "--dbname", database];
    let mut tool = sandbox.tool("pg_dump", &arguments).await.unwrap();
    drop(tool.stdin);
    let mut all = Vec::new();
    while let Some(line) = tool.lines.recv().await {
        // A random word that guards against what a dump could smuggle into psql.
        let random = line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        all.extend((!random).then_some(line));
    }
    assert_eq!(tool.status.await.unwrap(), 0);
    let client = sandbox.superuser(database).await.unwrap();
    let tables = "select oid::regclass::text from pg_class where relkind in ('r', 'm', 'S') \
        and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1";
    for table in answers(&client, tables).await {
        let rows = "sum(('x' || substr(md5(row(t.*)::text), 1, 15))::bit(60)::bigint)";
        let digest = format!("select count(*) || ' ' || coalesce({rows}, 0) from {table} t");
        all.push(format!("{table}: {:?}", answers(&client, &digest).await));
    }
    let large = "select loid::text || ' ' || md5(string_agg(data, '' order by pageno)) from pg_largeobject group by loid";
    all.extend(answers(&client, large).await);
    all
}

/// What `pg_restore -l` reads in the table of contents alone is what we read there, entry by entry.
async fn agrees(sandbox: &Sandbox, dump: &[u8], form: &str) {
    let (contents, head) = dump::head(dump.to_vec().into()).unwrap();
    assert!(head.len() < dump.len());
    let mut tool = sandbox.tool("pg_restore", &["--list"]).await.unwrap();
    tool.stdin.write_all(&head).await.unwrap();
    drop(tool.stdin);
    let mut listed = Vec::new();
    while let Some(line) = tool.lines.recv().await {
        // `215; 1259 16389 TABLE public users postgres`: the second number is that of a catalogue.
        let entry = line.split_once("; ").filter(|_| !line.starts_with(';'));
        let entry = entry.and_then(|(id, rest)| Some((id, rest.split_once(' ')?.1)));
        listed.extend(entry.map(|(id, rest)| format!("{id} {}", rest.trim_end())));
    }
    assert_eq!(tool.status.await.unwrap(), 0, "{form}");
    let unlisted = [
        "ENCODING",
        "STDSTRINGS",
        "SEARCHPATH",
        "DATABASE",
        "DATABASE PROPERTIES",
    ];
    let read = contents
        .toc
        .iter()
        .filter(|entry| !unlisted.contains(&&*entry.desc));
    let read = read.map(|entry| {
        let schema = entry.namespace.as_deref().unwrap_or("-");
        let owner = entry.owner.as_deref().unwrap_or_default();
        let line = format!(
            "{} {} {} {schema} {} {owner}",
            entry.id, entry.oid, entry.desc, entry.tag
        );
        line.trim_end().to_owned()
    });
    assert_eq!(read.collect::<Vec<_>>(), listed, "{form}");
}

async fn answers(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.simple_query(sql).await.unwrap();
    let rows = rows.into_iter().filter_map(|row| match row {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

async fn the_same_database(major: u32) {
    let Some(server) = Postgres::start(major) else {
        return;
    };
    let databases = load(&server);
    let needs = Needs {
        run: ulid::Ulid::generate().to_string(),
        provider: Provider::Docker,
        major: Some(major),
        tools_major: Some(major),
        ..Needs::default()
    };
    let sandbox = sandbox::start(&needs).await.unwrap();
    for database in databases {
        for (form, dump) in dumps(&server, major, database) {
            agrees(&sandbox, &dump, &form).await;
            let (_, first) = restored(&sandbox, &dump, By::Piped).await;
            let expected = fingerprint(&sandbox).await;
            assert!(expected.len() > 100, "{form}: {expected:#?}");
            let also = if form.ends_with("| cat") {
                By::Sections
            } else {
                By::File
            };
            for by in [also, By::Stream] {
                let (_, loaded) = restored(&sandbox, &dump, by).await;
                assert_eq!(loaded.bytes, first.bytes, "{form} by {by:?}");
                let found = fingerprint(&sandbox).await;
                let differ = expected
                    .iter()
                    .zip(&found)
                    .find(|(one, other)| one != other);
                assert_eq!(differ, None, "PostgreSQL {major}, {form} by {by:?}");
                assert_eq!(expected.len(), found.len(), "{form} by {by:?}");
            }
        }
    }
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_gives_the_same_database_in_postgresql_13() {
    the_same_database(13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_gives_the_same_database_in_postgresql_15() {
    the_same_database(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_gives_the_same_database_in_postgresql_17() {
    the_same_database(17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_gives_the_same_database_in_postgresql_18() {
    the_same_database(18).await;
}

/// A folder with a dump and a plan.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn of(dump: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backups = folder.path().join("backups");
        fs::create_dir(&backups).unwrap();
        fs::write(backups.join("shop.dump"), dump).unwrap();
        let plan = "version: 1\nname: shop\nbackup: { url: ./backups }\ndatabase: { tables: { min: 1 } }\n";
        fs::write(folder.path().join("shop.yaml"), plan).unwrap();
        Self { folder }
    }

    async fn drill(&self, more: &[&str]) -> (i32, Value) {
        let arguments = [&["--sandbox", "local"], more].concat();
        verify(&self.folder.path().join("shop.yaml"), &arguments).await
    }
}

const SHOP: &str = "create table users (id int primary key, name text not null);
insert into users select n, md5(n::text) from generate_series(1, 20000) n;
create table orders (id int primary key, user_id int references users);
insert into orders select n, n from generate_series(1, 5000) n;
create view names as select name from users;";

fn shop(arguments: &[&str]) -> Option<Vec<u8>> {
    let server = Cluster::start()?;
    server.psql("postgres", SHOP.as_bytes());
    Some(server.dump(arguments))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_names_the_engine_and_why_it_was_taken() {
    let Some(dump) = shop(&["-Fc"]) else { return };
    let place = Place::of(&dump);
    for (more, engine, why) in [
        (&[][..], "pg-restore", "The dump is small."),
        (&["--engine", "stream"], "stream", "It was asked for."),
        (
            &["--jobs", "2"],
            "stream",
            "Its tables are loaded by 2 pg_restore",
        ),
        (
            &["--jobs", "2", "--engine", "pg-restore"],
            "pg-restore",
            "in three sections",
        ),
        (&["--jobs", "1"], "pg-restore", "as it arrives"),
    ] {
        let (code, report) = place.drill(more).await;
        assert_eq!(
            (code, &report["proof"]["level"]),
            (0, &Value::from("complete")),
            "{report}"
        );
        assert_eq!(report["restore"]["engine"], engine, "{more:?}");
        let told = report["restore"]["why"].as_str().unwrap();
        assert!(told.contains(why), "{more:?}: {told}");
        assert!(
            report["restore"]["bytes"].as_u64().unwrap() > 100_000,
            "{more:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_loaded_block_by_block_falls_back_and_says_so() {
    let Some(dump) = shop(&["-Fc", "--inserts"]) else {
        return;
    };
    let (code, report) = Place::of(&dump).drill(&["--engine", "stream"]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["restore"]["engine"], "pg-restore");
    let told = report["restore"]["why"].as_str().unwrap();
    assert!(told.contains("are INSERT statements"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_one_table_is_told_once_and_the_others_are_loaded() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", SHOP.as_bytes());
    // It holds for the rows that there are, and not for those of a restore.
    let rule = "create function fine(int) returns bool language sql as $$ select current_user = 'postgres' $$;
        alter table orders add check (fine(id));";
    server.psql("postgres", rule.as_bytes());
    let place = Place::of(&server.dump(&["-Fc"]));
    let mut told = Vec::new();
    for engine in ["stream", "pg-restore"] {
        let (code, report) = place.drill(&["--engine", engine, "--jobs", "2"]).await;
        assert_eq!(code, 1, "{report}");
        assert_found(&report, "restore.failed");
        let errors = report["restore"]["errors"].as_array().unwrap().clone();
        assert!(
            errors
                .iter()
                .any(|error| error["object"] == "TABLE DATA orders"),
            "{errors:?}"
        );
        told.push(errors);
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_tier_proves_no_row_and_finds_what_is_wrong_with_the_schema() {
    let Some(dump) = shop(&["-Fc"]) else { return };
    let place = Place::of(&dump);
    let (code, report) = place.drill(&["--tier", "schema"]).await;
    assert_eq!(
        (code, &report["verdict"]),
        (3, &Value::from("unverified")),
        "{report}"
    );
    assert_eq!(
        (&report["proof"], &report["findings"]),
        (&Value::Null, &Value::Array(Vec::new()))
    );
    let notes = report["sandbox"]["notes"].to_string();
    assert!(notes.contains("no row was proven"), "{notes}");
    assert!(!notes.contains("\"0 of "), "{notes}");

    let mut broken = dump;
    let at = memchr::memmem::find(&broken, b"SELECT users.name").unwrap();
    broken[at..at + 6].copy_from_slice(b"SELEKT");
    let (code, report) = Place::of(&broken).drill(&["--tier", "schema"]).await;
    assert_eq!(
        (code, &report["verdict"]),
        (1, &Value::from("failed")),
        "{report}"
    );
    assert_found(&report, "restore.failed");
    assert_found(&report, "restore.missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_tier_reads_the_table_of_contents_alone() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let sql = SHOP
        .replace("md5(n::text)", "repeat(md5(random()::text), 10)")
        .replace("20000", "90000");
    server.psql("postgres", sql.as_bytes());
    let dump = server.dump(&["-Fc", "-Z0"]);
    assert!(dump.len() > 20_000_000);
    let bucket = S3Server::start().await;
    bucket.put("db/shop.dump", &dump, 60);
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("shop.yaml");
    let text = format!(
        "version: 1\nbackup:\n  url: s3://{BUCKET}/db/\n  endpoint: {}\ndatabase: {{ tables: {{ min: 1 }} }}\n",
        bucket.endpoint
    );
    fs::write(&plan, text).unwrap();
    let (code, report) = verify(&plan, &["--sandbox", "local", "--tier", "schema"]).await;
    assert_eq!(code, 3, "{report}");
    let gets: Vec<_> = bucket
        .faults
        .log()
        .into_iter()
        .filter(|line| line.starts_with("get"))
        .collect();
    assert_eq!(gets.len(), 1, "{gets:?}");
    assert!(
        report["restore"]["bytes"].as_u64().unwrap() < 65_536,
        "{report}"
    );

    let (code, report) = verify(&plan, &["--sandbox", "local"]).await;
    assert_eq!(
        (code, &report["restore"]["engine"]),
        (0, &Value::from("stream")),
        "{report}"
    );
    assert_eq!(report["backup"]["checksums"], serde_json::json!(["md5"]));
    assert_eq!(report["proof"]["level"], "transport-proved");
}
