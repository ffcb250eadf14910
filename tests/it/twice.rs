//! A dump that looks damaged is read again: what only one reading found came on the way, and says nothing of the backup.

use std::{fs, io::Write as _, time::Duration};

use serde_json::Value;

use super::{
    evidence::sha256,
    support::{
        cluster::Cluster,
        place::{Place, in_bucket},
        program::{assert_found, pgdrill, run, verify},
        s3::S3Server,
    },
};

/// A dump of some thousand rows, compressed like this.
fn shop(compression: &str) -> Option<Vec<u8>> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create database shop;\n\\connect shop\n\
          create table words as select n, md5(n::text) || ' is word ' || n from generate_series(1, 20000) n;\n",
    );
    Some(cluster.dump(&["-Fc", compression, "shop"]))
}

/// A bucket with a dump, and a plan for it.
struct Shop {
    storage: S3Server,
    place: Place,
}

impl Shop {
    async fn of(dump: &[u8]) -> Self {
        let storage = S3Server::start().await;
        storage.put("shop.dump", dump, 3_600);
        let place = Place::new("");
        let plan = in_bucket(&storage, "", "");
        fs::write(place.path("shop.yaml"), plan).unwrap();
        Self { storage, place }
    }

    async fn drill(&self) -> (i32, Value) {
        verify(&self.place.path("shop.yaml"), &["--sandbox", "local"]).await
    }
}

/// The report says this of it, and it is all that it says.
fn assert_told(report: &Value, code: &str, says: &str) {
    assert_found(report, code);
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report:#}");
    assert!(findings[0].to_string().contains(says), "{report:#}");
}

const ON_THE_WAY: &str = "A second reading came to something else.";
const IN_THE_DUMP: &str = "It was read twice.";

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_damaged_on_the_way_is_no_bad_backup() {
    let Some(dump) = shop("-Z6") else { return };
    let shop = Shop::of(&dump).await;
    shop.storage.faults.flip(1);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 3, "{report:#}");
    assert_told(&report, "run.stopped", ON_THE_WAY);
    // Nothing is wrong with it.
    assert_eq!(shop.drill().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_were_damaged_on_the_way_are_no_bad_backup() {
    let Some(dump) = shop("-Z6") else { return };
    let shop = Shop::of(&dump).await;
    shop.storage.faults.flip_at(dump.len() / 2, 1);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 3, "{report:#}");
    assert_told(&report, "run.stopped", ON_THE_WAY);
    assert_eq!(
        report["stages"].as_array().unwrap().last().unwrap()["name"],
        "reread"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_every_reading_finds_is_the_dumps() {
    let Some(dump) = shop("-Z6") else { return };
    let shop = Shop::of(&dump).await;
    shop.storage.faults.flip_at(dump.len() / 2, u32::MAX);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 1, "{report:#}");
    assert_told(&report, "dump.corrupt", IN_THE_DUMP);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_could_not_be_looked_for_again_is_not_told() {
    let Some(dump) = shop("-Z6") else { return };
    let shop = Shop::of(&dump).await;
    shop.storage.faults.flip(1);
    shop.storage.faults.deny_after("get shop.dump", 1);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 3, "{report:#}");
    assert_told(&report, "run.stopped", "denies this to the credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_looked_at_again_where_nothing_is_restored() {
    let Some(dump) = shop("-Z6") else { return };
    let shop = Shop::of(&dump).await;
    let plan = shop.place.path("shop.yaml").display().to_string();
    let arguments = ["inspect", &plan, "--format", "json"];
    for (readings, code, says) in [(1, 3, ON_THE_WAY), (u32::MAX, 1, IN_THE_DUMP)] {
        shop.storage.faults.flip(readings);
        let output = run(pgdrill(&arguments)).await;
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(says), "{told}");
    }
}

/// In a row of a dump that does not notice when a byte is another one: of a text, and between two columns.
const IN_A_TEXT: &[u8] = b" is word 1234";
const BETWEEN_COLUMNS: &[u8] = b"\t81dc9bdb52d04dc2";

/// Where a byte is, in a dump that does not notice when it is another one.
async fn weak(byte: &[u8]) -> Option<(Shop, usize)> {
    let dump = shop("-Z0")?;
    let at = dump.windows(byte.len()).position(|bytes| bytes == byte)?;
    Some((Shop::of(&dump).await, at))
}

/// The same, with a checksum beside it that does notice.
async fn weak_with_checksum(byte: &[u8]) -> Option<(Shop, usize)> {
    let (shop, at) = weak(byte).await?;
    let dump = fs::read(shop.storage.file("shop.dump")).unwrap();
    let sidecar = format!("{}  shop.dump\n", sha256(&dump));
    shop.storage.put("shop.dump.sha256", sidecar.as_bytes(), 60);
    Some((shop, at))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_one_reading_does_not_have_is_no_bad_backup() {
    for byte in [IN_A_TEXT, BETWEEN_COLUMNS] {
        let Some((shop, at)) = weak_with_checksum(byte).await else {
            return;
        };
        shop.storage.faults.flip_at(at, 1);
        let (code, report) = shop.drill().await;
        assert_eq!(code, 3, "{report:#}");
        assert_told(&report, "run.stopped", ON_THE_WAY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_no_reading_has_is_told() {
    let Some((shop, at)) = weak_with_checksum(IN_A_TEXT).await else {
        return;
    };
    shop.storage.faults.flip_at(at, u32::MAX);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 1, "{report:#}");
    assert_told(&report, "dump.corrupt", IN_THE_DUMP);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_as_others_in_one_reading_are_no_bad_backup() {
    let Some((shop, at)) = weak(BETWEEN_COLUMNS).await else {
        return;
    };
    shop.storage.faults.flip_at(at, 1);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 3, "{report:#}");
    assert_told(&report, "run.stopped", ON_THE_WAY);
    // Nothing that was found in those bytes is told.
    assert!(report["proof"].is_null(), "{report:#}");
    assert!(report["restore"].is_null(), "{report:#}");
}

/// What the report says of the first error of the restore.
fn error_of(report: &Value) -> String {
    assert_found(report, "restore.failed");
    let mut findings = report["findings"].as_array().unwrap().iter();
    let error = findings.find(|found| found["code"] == "restore.failed");
    error.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_postgresql_could_not_take_twice_are_the_backups() {
    let Some((shop, at)) = weak(BETWEEN_COLUMNS).await else {
        return;
    };
    shop.storage.faults.flip_at(at, u32::MAX);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 1, "{report:#}");
    assert!(error_of(&report).contains(IN_THE_DUMP), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_postgresql_could_not_take_is_looked_at_again() {
    let Some((shop, at)) = weak(b"CREATE TABLE public.words").await else {
        return;
    };
    let plan = shop.place.path("shop.yaml");
    let arguments = ["--sandbox", "local", "--tier", "schema"];
    shop.storage.faults.flip_at(at, 1);
    let (code, report) = verify(&plan, &arguments).await;
    assert_eq!(code, 3, "{report:#}");
    assert_told(&report, "run.stopped", ON_THE_WAY);
    shop.storage.faults.flip_at(at, u32::MAX);
    let (code, report) = verify(&plan, &arguments).await;
    assert_eq!(code, 1, "{report:#}");
    assert!(error_of(&report).contains(IN_THE_DUMP), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_databases_name_that_came_on_the_way_is_no_wrong_dump() {
    let Some(dump) = shop("-Z6") else { return };
    let name = b"\x04\0\0\0shop";
    let at = dump.windows(name.len()).position(|bytes| bytes == name);
    let at = at.unwrap() + name.len() - 1;
    for (database, readings, code, says) in [
        ("shop", 1, 3, ON_THE_WAY),
        ("shop", u32::MAX, 1, IN_THE_DUMP),
        ("other", 0, 1, IN_THE_DUMP),
    ] {
        let shop = Shop::of(&dump).await;
        let plan = fs::read_to_string(shop.place.path("shop.yaml")).unwrap();
        let backup = format!("backup: {{ database: {database},");
        let plan = plan.replace("backup: {", &backup);
        fs::write(shop.place.path("shop.yaml"), plan).unwrap();
        shop.storage.faults.flip_at(at, readings);
        let (exit, report) = shop.drill().await;
        assert_eq!(exit, code, "{report:#}");
        let told = if code == 3 {
            "run.stopped"
        } else {
            "dump.unexpected"
        };
        assert_told(&report, told, says);
        assert_eq!(report["dump"].is_null(), code == 3, "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checksum_of_the_dump_before_is_not_held_against_this_one() {
    let Some(dump) = shop("-Z6") else { return };
    let shop = Shop::of(&dump).await;
    let storage = &shop.storage;
    let more = "sql:\n  - name: slow\n    query: select count(*) from words, pg_sleep(1)\n    equals: 20000\n";
    let plan = in_bucket(storage, "", more);
    fs::write(shop.place.path("shop.yaml"), plan).unwrap();
    let put = |sum: &str| storage.put("shop.dump.sha256", format!("{sum}\n").as_bytes(), 60);
    put(&sha256(b"yesterday's"));
    // Its manifest is asked for when its checksum was read.
    let was_read = |line: &String| line.contains("get shop.dump.pgdrill.json");
    let job_writes_it = async {
        while !storage.faults.log().iter().any(was_read) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        put(&sha256(&dump));
    };
    let ((code, report), ()) = tokio::join!(shop.drill(), job_writes_it);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "transport-proved");
}

/// A server with a table of some thousand rows.
fn words() -> Option<Cluster> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create table words as select n, md5(n::text) word from generate_series(1, 20000) n",
    );
    Some(cluster)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_still_written_is_no_bad_backup() {
    let Some(cluster) = words() else { return };
    let whole = cluster.dump(&["-Fp"]);
    let place = Place::new("");
    let (there, rest) = whole.split_at(whole.len() / 2);
    place.store("shop.sql", there);
    let file = place.file("shop.sql");
    let mut file = fs::File::options().append(true).open(file).unwrap();
    let rest = rest.to_vec();
    let writes = tokio::spawn(async move {
        for piece in rest.chunks(1_000) {
            tokio::time::sleep(Duration::from_millis(250)).await;
            file.write_all(piece).unwrap();
        }
    });
    let (code, report) = place.drill("local").await;
    writes.abort();
    assert_eq!(code, 3, "{report:#}");
    assert_found(&report, "backup.changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_dump_whose_members_still_arrive_is_no_bad_backup() {
    let Some(cluster) = words() else { return };
    let place = Place::new("");
    let folder = place.file("shop");
    cluster.dump(&["-Fd", "-f", folder.to_str().unwrap()]);
    let is_data = |name: &str| name.ends_with(".dat.gz");
    let names = fs::read_dir(&folder).unwrap().flatten();
    let mut names = names.map(|entry| entry.file_name().into_string().unwrap());
    let member = folder.join(names.find(|name| is_data(name)).unwrap());
    let elsewhere = place.path("on its way");
    fs::rename(&member, &elsewhere).unwrap();
    let arrives = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        fs::rename(elsewhere, member).unwrap();
    });
    let (code, report) = place.drill("local").await;
    arrives.await.unwrap();
    assert_eq!(code, 3, "{report:#}");
    assert_found(&report, "backup.changed");
}
