//! The engine `stream` loads every kind of archive as it arrives: inside a codec, in a folder or a prefix, as a tar.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::support::{
    cluster::{Cluster, succeed},
    program::{assert_found, verify},
    s3::{BUCKET, S3Server},
};

/// Two tables that are larger than what shares a `pg_restore`, small ones, and large objects.
const SHOP: &str = "create table users (id int primary key, name text not null);
insert into users select n, md5(n::text) || md5((-n)::text) from generate_series(1, 70000) n;
create table orders (id int primary key, user_id int references users, noise text);
insert into orders select n, n, repeat(md5(n::text), 3) from generate_series(1, 60000) n;
create table empty (id int);
create table few (id int);
insert into few values (1), (2);
create view names as select name from users;
select lo_create(70001);
select lo_put(70001, 0, decode(repeat('00ff', 5000), 'hex'));
select lo_create(4000000000);
select lo_put(4000000000, 0, 'far');
select lo_create(70002);";

/// The files of a dump by their names; a dump of one file has one.
type Files = BTreeMap<String, Vec<u8>>;

struct Shop {
    server: Cluster,
}

impl Shop {
    fn open() -> Option<Self> {
        let server = Cluster::start()?;
        server.psql("postgres", SHOP.as_bytes());
        Some(Self { server })
    }

    fn directory(&self, level: &str) -> Files {
        let folder = tempfile::tempdir_in(self.server.socket()).unwrap();
        let path = folder.path().join("dump");
        let mut dump = self.server.client("pg_dump");
        succeed(dump.args(["-Fd", level, "-f"]).arg(&path));
        let files = fs::read_dir(&path).unwrap().flatten();
        let file = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            (format!("shop/{name}"), fs::read(entry.path()).unwrap())
        };
        files.map(file).collect()
    }

    fn file(&self, name: &str, arguments: &[&str]) -> Files {
        Files::from([(name.to_owned(), self.server.dump(arguments))])
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn packed(files: Files, ending: &str, pack: impl Fn(&[u8]) -> Vec<u8>) -> Files {
    let one = |(name, bytes): (String, Vec<u8>)| (name + ending, pack(&bytes));
    files.into_iter().map(one).collect()
}

/// Drills a dump, from a folder or from a bucket.
async fn drill(files: &Files, bucket: Option<&S3Server>, more: &[&str]) -> (i32, Value) {
    let place = tempfile::tempdir().unwrap();
    let source = if let Some(bucket) = bucket {
        for (name, bytes) in files {
            bucket.put(&format!("db/{name}"), bytes, 60);
        }
        format!("url: s3://{BUCKET}/db/\n  endpoint: {}", bucket.endpoint)
    } else {
        for (name, bytes) in files {
            let path = place.path().join("backups").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        "url: ./backups".to_owned()
    };
    let plan = format!(
        "version: 1\nname: shop\nbackup:\n  {source}\ndatabase: {{ tables: {{ min: 1 }} }}\n"
    );
    let path = place.path().join("shop.yaml");
    fs::write(&path, plan).unwrap();
    run(&path, more).await
}

async fn run(plan: &Path, more: &[&str]) -> (i32, Value) {
    let arguments = [&["--sandbox", "local", "--jobs", "2"], more].concat();
    verify(plan, &arguments).await
}

fn is_streamed(report: &Value, code: i32, what: &str) {
    assert_eq!(code, 0, "{what}: {report}");
    let level = report["proof"]["level"].as_str().unwrap();
    assert!(
        ["complete", "transport-proved"].contains(&level),
        "{what}: {report}"
    );
    let told = &report["restore"];
    assert_eq!(told["engine"], "stream", "{what}: {told}");
    let why = "Its tables are loaded by 2 pg_restore while it arrives.";
    assert_eq!(told["why"], why, "{what}");
}

/// From a folder, and from a bucket.
async fn are_streamed(files: &Files, what: &str) {
    let bucket = S3Server::start().await;
    for from in [None, Some(&bucket)] {
        let what = format!("{what}, S3: {}", from.is_some());
        let (code, report) = drill(files, from, &[]).await;
        is_streamed(&report, code, &what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_archive_inside_gzip_or_zstd_is_loaded_block_by_block() {
    let Some(shop) = Shop::open() else { return };
    let dump = shop.file("shop.dump", &["-Fc"]);
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    for files in [
        packed(dump.clone(), ".gz", gzip),
        packed(dump, ".zst", zstd),
    ] {
        are_streamed(&files, &format!("{:?}", files.keys())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_dump_is_loaded_while_its_members_arrive() {
    let Some(shop) = Shop::open() else { return };
    for level in ["-Z1", "-Z0"] {
        let files = shop.directory(level);
        are_streamed(&files, level).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tar_archive_is_loaded_member_by_member() {
    let Some(shop) = Shop::open() else { return };
    let tar = shop.file("shop.tar", &["-Ft"]);
    for files in [packed(tar.clone(), ".gz", gzip), tar] {
        are_streamed(&files, &format!("{:?}", files.keys())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_member_is_told_whichever_engine_loads_it() {
    let Some(shop) = Shop::open() else { return };
    let whole = shop.directory("-Z1");
    let largest = whole.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    let (largest, size) = (largest.0.clone(), largest.1.len());
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = whole.clone();
        change(files.get_mut(&largest).unwrap());
        files
    };
    let cut = change(&|bytes| bytes.truncate(size / 2));
    let flipped = change(&|bytes| bytes[size / 2] ^= 4);
    for (files, code) in [(cut, "dump.truncated"), (flipped, "dump.corrupt")] {
        let mut told = Vec::new();
        for engine in ["stream", "pg-restore"] {
            let (exit, report) = drill(&files, None, &["--engine", engine]).await;
            assert_eq!(exit, 1, "{report}");
            assert_found(&report, code);
            told.push(report["findings"].clone());
        }
        assert_eq!(told[0], told[1]);
    }
}
