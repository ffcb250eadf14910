//! What was read while others were still loaded counts only as long as nothing writes to it.

use std::{
    fs::{self, File},
    io::Cursor,
    sync::Arc,
};

use pgdrill::{
    dump::{self, Detail, Opened, Target},
    proof::{self, Ahead, Compared, Meter, Reader},
};
use tokio::net::UnixStream;
use tokio_postgres::{Client, NoTls};

use super::{
    missing::client,
    support::{
        cluster::{Cluster, succeed},
        program::{pgdrill, report, run},
        s3::{BUCKET, S3Server},
        shown::Shown,
    },
};

const TABLE: &[u8] = b"CREATE TABLE things (id int, name text); \
    INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(1, 1000) n";

/// A dump of the one table, and the table.
fn dumped(server: &Cluster, how: &str) -> (proof::Dump, Target) {
    let bytes = server.dump(&["-Fc", how, "shop"]);
    let shown = Arc::new(Shown::default());
    let opened = dump::open_shown(Cursor::new(bytes), shown.clone()).unwrap();
    let Opened::Archive(contents, bytes) = opened else {
        panic!("no archive");
    };
    let target = contents.toc.iter().find_map(|entry| match &entry.detail {
        Detail::Lines(target) => Some((**target).clone()),
        _ => None,
    });
    let dump = proof::Dump {
        expected: proof::expected(&contents),
        ledger: shown.ledger(&contents, bytes),
        contents,
        refused: Vec::new(),
    };
    (dump, target.unwrap())
}

/// How often the table was read whole.
async fn scans(server: &Cluster) -> i64 {
    let sql = "select pg_stat_get_numscans('public.things'::regclass)";
    let row = client(server, "shop").await.query_one(sql, &[]).await;
    row.unwrap().get(0)
}

/// A connection as drills read on.
async fn reader(server: &Cluster, database: &str) -> Reader {
    let meter = Meter::default();
    let socket = UnixStream::connect(server.socket().join(".s.PGSQL.5432")).await;
    let mut config = tokio_postgres::Config::new();
    config.user("postgres").dbname(database);
    let connected = config.connect_raw(meter.on(socket.unwrap()), NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    Reader::metered(client, meter)
}

/// Waits until nobody is connected but this one: counters are told when a session leaves.
async fn all_left(watching: &Client) {
    let sql =
        "select count(*) from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid()";
    while watching.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) > 0 {}
}

/// Reads the table ahead.
async fn read_ahead(server: &Cluster, dump: &proof::Dump, target: Target) -> Ahead {
    let mut ahead = Ahead::default();
    ahead.allow(1);
    let reader = reader(server, "shop").await;
    ahead.begin(reader, target, dump.contents.encoding.clone());
    while ahead.reading() > 0 {
        tokio::task::yield_now().await;
    }
    ahead
}

/// Reads ahead, does this to the table, and compares; tells how often the table was read by comparing.
async fn compared(server: &Cluster, done: &[u8]) -> (Compared, i64) {
    server.psql("postgres", b"DROP DATABASE IF EXISTS shop");
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", TABLE);
    let (dump, target) = dumped(server, "-Z6");
    let watching = client(server, "postgres").await;
    let ahead = read_ahead(server, &dump, target).await;
    server.psql("shop", done);
    all_left(&watching).await;
    let before = scans(server).await;
    let reader = reader(server, "shop").await;
    let compared = proof::compare(&dump, vec![reader], ahead).await.unwrap();
    all_left(&watching).await;
    (compared, scans(server).await - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_ahead_is_not_read_again_unless_somebody_wrote_to_it() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let (whole, scans) = compared(&server, b"SELECT 1").await;
    assert!(whole.complete && whole.findings.is_empty(), "{whole:?}");
    assert_eq!((whole.digests, scans), (1, 0));
    let built = b"CREATE INDEX ON things (name); ALTER TABLE things ADD PRIMARY KEY (id)";
    let (whole, _) = compared(&server, built).await;
    assert!(whole.answers.len() == 1, "{whole:?}");
    let writes: [&[u8]; 5] = [
        b"UPDATE things SET name = 'other' WHERE id = 7",
        b"DELETE FROM things WHERE id = 7",
        b"INSERT INTO things VALUES (7, 'seven')",
        b"TRUNCATE things",
        b"ALTER TABLE things ALTER id TYPE bigint USING id + 1",
    ];
    for sql in writes {
        let (compared, scans) = compared(&server, sql).await;
        let sql = String::from_utf8_lossy(sql);
        assert!(!compared.complete && !compared.findings.is_empty(), "{sql}");
        assert!(scans > 0, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_ahead_counts_for_nothing_while_somebody_else_is_there() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", TABLE);
    let (dump, target) = dumped(&server, "-Z6");
    let ahead = read_ahead(&server, &dump, target).await;
    let somebody = client(&server, "shop").await;
    let write = "BEGIN; UPDATE things SET name = 'other' WHERE id = 7; COMMIT; BEGIN; SELECT 1";
    somebody.batch_execute(write).await.unwrap();
    let reader = reader(&server, "shop").await;
    let compared = proof::compare(&dump, vec![reader], ahead).await.unwrap();
    assert!(
        !compared.complete && !compared.findings.is_empty(),
        "{compared:?}"
    );
    drop(somebody);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_several_parts_is_read_whole_and_nothing_twice() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    // Some 300 MB, which are two parts.
    let table = b"CREATE TABLE things (id int, name text); \
        INSERT INTO things SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, 280000) n";
    server.psql("shop", table);
    let (dump, target) = dumped(&server, "-Z0");
    let clients = async || vec![reader(&server, "shop").await, reader(&server, "shop").await];
    let whole = proof::compare(&dump, clients().await, Ahead::default()).await;
    let whole = whole.unwrap();
    assert!(whole.complete && whole.digests == 1, "{whole:?}");
    // The same while somebody still reads ahead.
    let mut ahead = Ahead::default();
    ahead.allow(1);
    ahead.begin(
        reader(&server, "shop").await,
        target,
        dump.contents.encoding.clone(),
    );
    let whole = proof::compare(&dump, clients().await, ahead).await;
    let whole = whole.unwrap();
    assert!(whole.complete && whole.digests == 1, "{whole:?}");
    for lost in ["max(ctid)", "min(ctid)"] {
        server.psql(
            "shop",
            format!("DELETE FROM things WHERE ctid = (SELECT {lost} FROM things)").as_bytes(),
        );
        let missing = proof::compare(&dump, clients().await, Ahead::default()).await;
        assert!(!missing.unwrap().complete, "{lost}");
    }
}

/// A large table, and a small one.
const SHOP: &[u8] = b"create table large (id int, name text); \
    insert into large select n, md5(n::text) || md5((-n)::text) from generate_series(1, 150000) n; \
    create table small (id int); insert into small values (1)";

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_reads_a_loaded_table_while_the_rest_has_not_arrived() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", SHOP);
    let place = tempfile::tempdir_in(server.socket()).unwrap();
    let dump = place.path().join("dump");
    succeed(server.client("pg_dump").args(["-Fd", "-f"]).arg(&dump));
    let storage = S3Server::start().await;
    let mut data = Vec::new();
    for entry in fs::read_dir(&dump).unwrap().flatten() {
        let key = format!("db/shop/{}", entry.file_name().display());
        let bytes = fs::read(entry.path()).unwrap();
        storage.put(&key, &bytes, 60);
        if key.ends_with(".dat.gz") {
            data.push((bytes.len(), key));
        }
    }
    let (_, small) = data.into_iter().min().unwrap();
    let (said, plan) = (place.path().join("said"), place.path().join("shop.yaml"));
    let url = format!("url: s3://{BUCKET}/db/, endpoint: \"{}\"", storage.endpoint);
    let text = format!("version: 1\nbackup: {{ {url} }}\ndatabase: {{ tables: {{ min: 1 }} }}\n");
    fs::write(&plan, text).unwrap();
    let plan = plan.display().to_string();
    let mut drill = pgdrill(&["verify", &plan, "--format", "json", "-vv"]);
    drill.args(["--sandbox", "local", "--jobs", "2"]);
    drill.stderr(File::create(&said).unwrap());
    let is_read = move || {
        fs::read_to_string(&said)
            .unwrap()
            .contains("was read ahead")
    };
    storage.faults.hold_object(&small, is_read);
    let (code, report) = report(&run(drill).await);
    assert_eq!(code, 0, "{report:#}");
    assert!(!storage.faults.held_in_vain(), "{report:#}");
    assert_eq!(report["proof"]["level"], "transport-proved", "{report:#}");
}
