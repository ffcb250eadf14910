//! What speaks for a dump's bytes: checksums and manifests in every place where they may lie, right and wrong ones.

use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::support::{
    cluster::{Cluster, succeed},
    place::{Place, in_bucket},
    postgres::Postgres,
    program::{assert_found, findings, pgdrill, run, verify},
    s3::S3Server,
};

const SHOP: &[u8] = b"create table orders (id int primary key, note text not null);
insert into orders select n, 'order number ' || n from generate_series(1, 2000) n;";

/// What a flipped bit hits: the text of a row, as it stands in an uncompressed dump.
const VALUE: &[u8] = b"order number 1234";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    digits
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Another digest than the right one.
fn wrong(digest: &str) -> String {
    let other = if digest.starts_with('0') { "1" } else { "0" };
    format!("{other}{}", &digest[1..])
}

struct Report {
    code: i32,
    report: Value,
}

impl Report {
    async fn of(place: &Place, sandbox: &str) -> Self {
        let (code, report) = place.drill(sandbox).await;
        Self { code, report }
    }

    fn level(&self) -> &str {
        self.report["proof"]["level"].as_str().unwrap_or("none")
    }

    fn says(&self, note: &str) -> bool {
        self.report["proof"]["notes"].to_string().contains(note)
    }

    #[track_caller]
    fn is(&self, code: i32, level: &str) {
        assert_eq!((self.code, self.level()), (code, level), "{}", self.report);
    }
}

const WEAK: &str = "does not notice a flipped bit";

async fn compressed_by(major: u32) {
    let Some(server) = Postgres::start(major) else {
        return;
    };
    server.load("shop", SHOP);
    let image = format!("sandbox: {{ image: \"postgres:{major}\" }}\n");
    for compression in ["lz4", "zstd", "none"] {
        let dump = server.sh(&format!("pg_dump -Fc --compress={compression} shop"), b"");
        let place = Place::new(&image);
        fs::write(place.file("shop.dump"), &dump).unwrap();
        let alone = Report::of(&place, "docker").await;
        alone.is(0, "complete");
        assert!(alone.says(WEAK), "{compression}: {}", alone.report);

        let digest = sha256(&dump);
        let sidecar = format!("{digest}  shop.dump\n");
        fs::write(place.file("shop.dump.sha256"), sidecar).unwrap();
        let proved = Report::of(&place, "docker").await;
        proved.is(0, "transport-proved");
        assert!(!proved.says(WEAK), "{compression}: {}", proved.report);

        let sidecar = format!("{}  shop.dump\n", wrong(&digest));
        fs::write(place.file("shop.dump.sha256"), sidecar).unwrap();
        let failed = Report::of(&place, "docker").await;
        failed.is(1, "complete");
        assert_found(&failed.report, "dump.corrupt");
        assert!(failed.says(WEAK), "{compression}: {}", failed.report);
    }
    let dump = server.sh("pg_dump -Fc shop", b"");
    let place = Place::new(&image);
    fs::write(place.file("shop.dump"), dump).unwrap();
    let gzip = Report::of(&place, "docker").await;
    gzip.is(0, "complete");
    assert!(!gzip.says(WEAK), "{}", gzip.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_of_postgresql_17_that_notices_nothing_says_so_until_a_checksum_speaks_for_it() {
    compressed_by(17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_of_postgresql_18_that_notices_nothing_says_so_until_a_checksum_speaks_for_it() {
    compressed_by(18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checksums_and_manifests_in_a_bucket_raise_the_proof_or_fail_the_dump() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", SHOP);
    let local = Place::new("");
    let file = local.file("shop.dump");
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        server.socket().display()
    );
    let path = file.to_str().unwrap();
    let taken = pgdrill(&["manifest", &dsn, "--", "pg_dump", "-Fc", "-Z0", "-f", path]);
    assert_eq!(run(taken).await.status.code(), Some(0));
    let dump = fs::read(&file).unwrap();
    let manifest = fs::read(local.file("shop.dump.pgdrill.json")).unwrap();

    let bucket = S3Server::start().await;
    let plan = local.path("bucket.yaml");
    let text = in_bucket(&bucket, "db/", "");
    fs::write(&plan, text).unwrap();
    let drill = async || {
        let (code, report) = verify(&plan, &["--sandbox", "local"]).await;
        Report { code, report }
    };
    bucket.put("db/shop.dump", &dump, 60);
    let digest = sha256(&dump);
    let matched = "The SHA-256 in \\\"db/shop.dump.sha256\\\" matched.";
    bucket.put("db/shop.dump.sha256", format!("{digest}\n").as_bytes(), 60);
    let proved = drill().await;
    proved.is(0, "transport-proved");
    assert!(proved.says(matched), "{}", proved.report);

    bucket.put("db/shop.dump.pgdrill.json", &manifest, 60);
    let equal = drill().await;
    equal.is(0, "source-equal");

    let mut other: Value = serde_json::from_slice(&manifest).unwrap();
    other["tables"][0]["rows"]["count"] = 2001.into();
    bucket.put(
        "db/shop.dump.pgdrill.json",
        other.to_string().as_bytes(),
        60,
    );
    let lost = drill().await;
    lost.is(1, "transport-proved");
    assert_found(&lost.report, "restore.rows");

    fs::remove_file(bucket.file("db/shop.dump.pgdrill.json")).unwrap();
    bucket.put("db/shop.dump.sha256", wrong(&digest).as_bytes(), 60);
    let failed = drill().await;
    failed.is(1, "complete");
    assert_found(&failed.report, "dump.corrupt");
}

/// A directory dump without compression, in which nothing but a checksum notices a flipped bit.
fn directory(server: &Cluster, place: &Place) {
    let folder = place.file("shop");
    let mut dump = server.client("pg_dump");
    dump.args(["-Fd", "-Z0", "-d", "shop", "-f"]).arg(folder);
    succeed(&mut dump);
}

/// `sha256sum * > SHA256SUMS`, of the files whose name this allows.
fn sums(place: &Place, prefix: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut lines = Vec::new();
    for entry in fs::read_dir(place.file("shop")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if wanted(&name) {
            let digest = sha256(&fs::read(entry.path()).unwrap());
            lines.push(format!("{digest}  {prefix}{name}\n"));
        }
    }
    lines.concat()
}

/// Flips a bit of a value; the member that it is in.
fn flip(place: &Place) -> String {
    for entry in fs::read_dir(place.file("shop")).unwrap() {
        let entry = entry.unwrap();
        let mut bytes = fs::read(entry.path()).unwrap();
        let at = bytes.windows(VALUE.len()).position(|part| part == VALUE);
        if let Some(at) = at {
            bytes[at] ^= 1;
            fs::write(entry.path(), bytes).unwrap();
            return entry.file_name().into_string().unwrap();
        }
    }
    panic!("no member holds the value");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_checksums_proves_a_directory_dump_only_when_it_names_every_member() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", SHOP);
    let place = Place::new("");
    directory(&server, &place);
    let alone = Report::of(&place, "local").await;
    alone.is(0, "complete");
    assert!(alone.says(WEAK), "{}", alone.report);

    // Inside, beside it under its own name, and beside it under a name for all.
    for (file, prefix) in [
        ("shop/SHA256SUMS", ""),
        ("shop.sha256", "./shop/"),
        ("SHA256SUMS", "/backups/shop/"),
    ] {
        let all = sums(&place, prefix, |name| name.contains(".dat"));
        fs::write(place.file(file), all).unwrap();
        let proved = Report::of(&place, "local").await;
        proved.is(0, "transport-proved");
        assert!(!proved.says(WEAK), "{file}: {}", proved.report);
        fs::remove_file(place.file(file)).unwrap();
    }
    let some = sums(&place, "", |name| name == "toc.dat");
    fs::write(place.file("shop/SHA256SUMS"), some).unwrap();
    let part = Report::of(&place, "local").await;
    part.is(0, "complete");
    assert!(part.says("names 1 of 2 members"), "{}", part.report);

    let all = sums(&place, "", |name| name.contains(".dat"));
    fs::write(place.file("shop/SHA256SUMS"), all).unwrap();
    let member = flip(&place);
    let failed = Report::of(&place, "local").await;
    failed.is(1, "complete");
    assert_found(&failed.report, "dump.corrupt");
    let about = failed.report["findings"].to_string();
    assert!(about.contains(&format!("shop/{member}")), "{about}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_a_directory_dump_knows_every_file() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", SHOP);
    let place = Place::new("");
    let folder = place.file("shop");
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        server.socket().display()
    );
    let folder = folder.to_str().unwrap();
    let taken = pgdrill(&[
        "manifest", &dsn, "--", "pg_dump", "-Fd", "-Z0", "-f", folder,
    ]);
    assert_eq!(run(taken).await.status.code(), Some(0));
    let equal = Report::of(&place, "local").await;
    equal.is(0, "source-equal");
    assert_eq!(findings(&equal.report), []);

    flip(&place);
    let failed = Report::of(&place, "local").await;
    failed.is(1, "complete");
    assert_found(&failed.report, "dump.corrupt");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_with_a_flipped_bit_is_suspected_until_a_checksum_speaks_for_the_dump() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", SHOP);
    server.psql("shop", b"create table customers (id int primary key)");
    let place = Place::new("");
    let folder = place.file("shop");
    let mut dump = server.client("pg_dump");
    succeed(dump.args(["-Fd", "-d", "shop", "-f"]).arg(&folder));
    let whole = Report::of(&place, "local").await;
    whole.is(0, "complete");
    assert!(!whole.says(WEAK) && whole.says("table of contents has no checksum"));
    assert_eq!(findings(&whole.report), []);

    let mut toc = fs::read(folder.join("toc.dat")).unwrap();
    let made = toc
        .windows(25)
        .position(|part| part == b"CREATE TABLE public.order");
    let owner = made.unwrap()
        + toc[made.unwrap()..]
            .windows(8)
            .position(|part| part == b"postgres")
            .unwrap();
    toc[owner + 4] ^= 2;
    fs::write(folder.join("toc.dat"), toc).unwrap();
    let suspected = Report::of(&place, "local").await;
    suspected.is(0, "complete");
    let found = &suspected.report["findings"][0];
    assert_eq!(found["code"], "dump.corrupt", "{}", suspected.report);
    assert_eq!(found["severity"], "warning", "{}", suspected.report);
    assert_eq!(
        found["message"],
        "the owner \"posteres\" is one bit away from \"postgres\""
    );

    // It is what was written: a checksum says so.
    fs::write(place.file("shop.sha256"), sums(&place, "./shop/", |_| true)).unwrap();
    let proved = Report::of(&place, "local").await;
    proved.is(0, "transport-proved");
    assert_eq!(findings(&proved.report), []);
}
