//! The engines that load an archive give the same database, and say which of them it was and why.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _},
    ops::Range,
    path::Path,
    sync::Arc,
};

use pgdrill::{
    dump::{self, Contents, Opened},
    plan::{Collation, Provider},
    restore::{self, Arriving, Hooks, Member, Members, Whole},
    sandbox::{self, Needs, Sandbox},
};
use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{
    stretch::placed,
    support::{
        cluster::Cluster,
        postgres::Postgres,
        program::{assert_found, verify},
        s3::{BUCKET, S3Server},
        shown::Shown,
    },
};

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new("tests/data/real").join(name)).unwrap()
}

/// So many objects that their tables are made by several programs, and their indexes, too: a view between them, partitions,
/// defaults that call a function, comments, privileges, foreign keys.
const MANY: &str = "
    create function seven() returns int language sql as 'select 7';
    do $$ begin
        for n in 1 .. 700 loop
            execute format('create table t%1$s (id serial primary key, held int default seven(), note text); '
                'comment on table t%1$s is ''Table %1$s''; grant select on t%1$s to public; '
                'create index on t%1$s (note); create index on t%1$s (held, note); '
                'insert into t%1$s (note) select ''note '' || m from generate_series(1, 3) m', n);
        end loop;
        for n in 1 .. 20 loop
            execute format('create table p%1$s (id int, at int) partition by range (at); '
                'create table p%1$s_a partition of p%1$s for values from (0) to (9); '
                'create table p%1$s_b partition of p%1$s default; create index on p%1$s (id); '
                'alter table t%1$s add foreign key (id) references t700; insert into p%1$s select m, m from generate_series(1, 20) m', n);
        end loop;
    end $$;
    create view between as select t1.id, p1.at from t1 join p1 using (id);
    create table later (like between);
    alter table t2 alter note set default 'x' || seven()";

/// The real databases, one of what is loaded in an odd way (partitions, a foreign key to a partitioned table, large objects,
/// a generated column, a materialized view, comments, privileges), and one of many tables.
fn load(server: &Postgres) -> [&'static str; 5] {
    let psql = "psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f -";
    server.sh(psql, &data("chinook.sql"));
    server.load("northwind", &data("northwind.sql"));
    server.sh("createdb dvdrental", b"");
    server.sh("pg_restore -d dvdrental", &data("dvdrental-pg15.tar"));
    server.load("odd", &fs::read("tests/it/engines.sql").unwrap());
    server.load("many", MANY.as_bytes());
    ["chinook", "northwind", "dvdrental", "odd", "many"]
}

/// One dump in the forms that matter here: with offsets and without them; the odd one with every compression, too.
fn dumps(server: &Postgres, major: u32, database: &str) -> Vec<(String, Dump)> {
    if database == "many" {
        let form = format!("pg_dump -Fc {database} | cat");
        let bytes = server.sh(&form, b"");
        return vec![(form, Dump::File(bytes))];
    }
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
    forms.push(format!("pg_dump -Ft {database} | cat"));
    let mut folders = vec!["-Z6"];
    if database == "odd" {
        folders.push("-Z0");
    }
    if database == "odd" && major >= 16 {
        folders.extend(["--compress=zstd", "--compress=lz4"]);
    }
    let folder = |how| {
        let take = format!("pg_dump -Fd {how} -f /tmp/d {database}");
        let tar = server.sh(
            &format!("{take} && tar -C /tmp/d -cf - . && rm -r /tmp/d"),
            b"",
        );
        (take, Dump::Folder(unpacked(&tar)))
    };
    let folders: Vec<_> = folders.into_iter().map(folder).collect();
    let dump = |form: String| {
        let bytes = server.sh(&form, b"");
        (form, Dump::File(bytes))
    };
    forms.into_iter().map(dump).chain(folders).collect()
}

/// A dump of one file, or of several.
enum Dump {
    File(Vec<u8>),
    Folder(BTreeMap<String, Vec<u8>>),
}

fn unpacked(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().unwrap().into_owned();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    files
}

fn members(files: &BTreeMap<String, Vec<u8>>, contents: &Contents, shown: &dump::Shown) -> Members {
    let (held, contents, shown) = (files.clone(), contents.clone(), shown.clone());
    Members {
        files: files
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.len() as u64))
            .collect(),
        open: Box::new(move |name| {
            let bytes = held[name].clone();
            let size = bytes.len() as u64;
            let bytes = dump::member(&contents, name, Box::new(Cursor::new(bytes)), &shown);
            Ok(Member {
                name: name.to_owned(),
                size,
                bytes,
            })
        }),
    }
}

/// How a dump is loaded.
#[derive(Clone, Copy, Debug)]
enum By {
    Piped,
    Sections,
    File,
    Folder,
    Stream,
    /// The same, and most of its tables ahead of their turn.
    Ahead,
}

/// Which tables of an archive come ahead of their turn: all between the first and the last of them that may.
fn stretch(bytes: &[u8]) -> Range<u64> {
    let placed = placed(bytes);
    let tables = placed.iter().take_while(|(_, entry)| entry.is_table_data());
    placed[1].0..placed[tables.count() - 1].0
}

fn archive(bytes: Vec<u8>, shown: dump::Shown) -> (Contents, dump::Bytes) {
    match dump::open_shown(Cursor::new(bytes), shown) {
        Ok(Opened::Archive(contents, reader)) => (contents, reader),
        _ => panic!("no archive"),
    }
}

/// What it holds, and how it is read.
fn opened(dump: &Dump, by: By, shown: &Arc<Shown>) -> (Contents, Arriving) {
    match (dump, by) {
        (Dump::File(bytes), By::Ahead) => {
            let range = stretch(bytes);
            shown.elsewhere.set(range.clone()).unwrap();
            let places = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            let early = Box::new(Cursor::new(bytes[places.clone()].to_vec()));
            let rest = [&bytes[..places.start], &bytes[places.end..]].concat();
            let (contents, bytes) = archive(rest, shown.clone());
            let stretch = Some(dump::stretch(&contents, range, early, shown.clone()));
            (contents, Arriving::Whole(Whole { bytes, stretch }))
        }
        (Dump::File(bytes), _) => {
            let (contents, bytes) = archive(bytes.clone(), shown.clone());
            let stretch = None;
            (contents, Arriving::Whole(Whole { bytes, stretch }))
        }
        (Dump::Folder(files), _) => {
            let contents = dump::directory(&files["toc.dat"]).unwrap();
            let members = members(files, &contents, &(shown.clone() as dump::Shown));
            (contents, Arriving::Members(members))
        }
    }
}

/// A drill has a spool of its own.
async fn emptied(sandbox: &Sandbox) {
    let path = sandbox.spool().join("dump").display().to_string();
    let tool = sandbox.tool("rm", &["-rf", &path]).await.unwrap();
    drop(tool.stdin);
    assert_eq!(tool.status.await.unwrap(), 0);
}

async fn restored(sandbox: &Sandbox, dump: &Dump, by: By) {
    let maintenance = sandbox.superuser("postgres").await.unwrap();
    let drop = format!("drop database if exists \"{}\"", sandbox.database());
    maintenance.batch_execute(&drop).await.unwrap();
    emptied(sandbox).await;
    let shown = Arc::new(Shown::default());
    let (contents, dump) = opened(dump, by, &shown);
    restore::prepare(sandbox, &contents, Collation::Dump)
        .await
        .unwrap();
    let restored = match (by, dump) {
        (By::Stream | By::Ahead, dump) => {
            let hooks = Hooks {
                relay: &shown.relay,
                along: None,
            };
            restore::streamed(sandbox, &contents, dump, hooks, 2).await
        }
        (_, Arriving::Members(members)) => restore::directory(sandbox, members, 2).await,
        (By::Piped, Arriving::Whole(whole)) => restore::piped(sandbox, whole.bytes).await,
        (By::Sections, Arriving::Whole(whole)) => {
            restore::spooled(sandbox, whole.bytes, 1, 2, true).await
        }
        (By::File, Arriving::Whole(whole)) => {
            restore::spooled(sandbox, whole.bytes, 1, 2, false).await
        }
        (By::Folder, Arriving::Whole(_)) => panic!("no folder"),
    };
    let restored = restored.unwrap();
    let complaints: Vec<_> = restored.complaints.iter().collect();
    assert!(complaints.is_empty(), "{by:?}: {complaints:?}");
}

/// The engines beside the one `pg_restore` that is compared with: for a file that is read as it arrives, for a folder one
/// that is copied.
fn engines(dump: &Dump, form: &str) -> (By, Vec<By>) {
    match dump {
        Dump::Folder(_) => (By::Folder, vec![By::Stream]),
        Dump::File(_) if form.contains("-Ft") => (By::Piped, vec![By::Stream]),
        Dump::File(_) if form.ends_with("| cat") => (By::Piped, vec![By::Sections, By::Stream]),
        Dump::File(_) => (By::Piped, vec![By::File, By::Stream, By::Ahead]),
    }
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
async fn agrees(sandbox: &Sandbox, dump: &Dump, form: &str) {
    let (contents, toc) = match dump {
        Dump::File(bytes) => {
            let (contents, head) = dump::head(bytes.clone().into()).unwrap();
            assert!(head.len() < bytes.len());
            (contents, head)
        }
        Dump::Folder(files) => {
            let toc = files["toc.dat"].clone();
            (dump::directory(&toc).unwrap(), toc.into())
        }
    };
    let told = restore::listed(sandbox, &contents, &toc).await.unwrap();
    assert_eq!(told, None, "{form}");
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
            let (first, others) = engines(&dump, &form);
            restored(&sandbox, &dump, first).await;
            let expected = fingerprint(&sandbox).await;
            assert!(expected.len() > 100, "{form}: {expected:#?}");
            for by in others {
                restored(&sandbox, &dump, by).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_loaded_without_a_log_of_its_rows() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let table = b"create table noise (text text); \
        insert into noise select repeat(md5(n::text), 8) from generate_series(1, 160000) n";
    server.psql("postgres", table);
    let dump = Dump::File(server.dump(&["-Fc", "postgres"]));
    let needs = Needs {
        run: ulid::Ulid::generate().to_string(),
        provider: Provider::Local,
        ..Needs::default()
    };
    let sandbox = sandbox::start(&needs).await.unwrap();
    let maintenance = sandbox.superuser("postgres").await.unwrap();
    let written = async || -> i64 {
        let sql = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint";
        maintenance.query_one(sql, &[]).await.unwrap().get(0)
    };
    let mut logged = Vec::new();
    for by in [By::Piped, By::Stream] {
        let before = written().await;
        restored(&sandbox, &dump, by).await;
        logged.push(written().await - before);
    }
    sandbox.stop().await.unwrap();
    // The table has some 45 MB, and making a database has a log of its own.
    assert!(
        logged[0] > 40_000_000 && logged[1] < 15_000_000,
        "{logged:?}"
    );
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
