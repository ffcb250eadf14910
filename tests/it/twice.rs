//! A dump that looks damaged is read again: what only one reading found came on the way, and says nothing of the backup.

use std::fs;

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

/// Where a byte of a row is, in a dump that does not notice when it is another one; with a checksum that does.
async fn weak() -> Option<(Shop, usize)> {
    let dump = shop("-Z0")?;
    let text = b" is word 1234";
    let at = (dump.windows(text.len())).position(|bytes| bytes == text)?;
    let shop = Shop::of(&dump).await;
    let sidecar = format!("{}  shop.dump\n", sha256(&dump));
    shop.storage.put("shop.dump.sha256", sidecar.as_bytes(), 60);
    Some((shop, at))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_one_reading_does_not_have_is_no_bad_backup() {
    let Some((shop, at)) = weak().await else {
        return;
    };
    shop.storage.faults.flip_at(at, 1);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 3, "{report:#}");
    assert_told(&report, "run.stopped", ON_THE_WAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_that_no_reading_has_is_told() {
    let Some((shop, at)) = weak().await else {
        return;
    };
    shop.storage.faults.flip_at(at, u32::MAX);
    let (code, report) = shop.drill().await;
    assert_eq!(code, 1, "{report:#}");
    assert_told(&report, "dump.corrupt", IN_THE_DUMP);
}
