//! What stands behind a long table of an archive is loaded while the rows of that one still arrive.

use std::{
    fs::{self, File},
    process::Command,
};

use pgdrill::dump::{self, Data, Entry, Opened};

use super::support::{
    cluster::{Cluster, succeed},
    program::{assert_found, pgdrill, report, run},
    s3::{BUCKET, S3Server},
};

/// A long table, some behind it, the last of which waits for its turn in any case, and a foreign key against the order.
const SHOP: &[u8] = b"create table a_long (id int primary key, name text); \
    insert into a_long select n, repeat(md5(n::text), 4) from generate_series(1, 450000) n; \
    create table b_large (id int primary key references a_long, name text); \
    insert into b_large select n, repeat(md5(n::text), 4) from generate_series(1, 90000) n; \
    create table c_small (id int); insert into c_small select generate_series(1, 1000); \
    create table d_empty (id int); \
    create table e_last (id int); insert into e_last values (1)";

const KEY: &str = "db/shop.dump";

/// The entries of an archive whose places it names, in the order of these.
pub(crate) fn placed(bytes: &[u8]) -> Vec<(u64, Entry)> {
    let head = std::io::Cursor::new(bytes.to_vec());
    let Ok(Opened::Archive(contents, _)) = dump::open(head) else {
        panic!("no archive");
    };
    let place = |entry: Entry| match entry.data {
        Data::At(at) => Some((at, entry)),
        _ => None,
    };
    let mut placed: Vec<_> = contents.toc.into_iter().filter_map(place).collect();
    placed.sort_by_key(|(at, _)| *at);
    placed
}

struct Shop {
    storage: S3Server,
    dump: Vec<u8>,
    place: tempfile::TempDir,
    _server: Cluster,
}

impl Shop {
    async fn open() -> Option<Self> {
        let server = Cluster::start()?;
        server.psql("postgres", SHOP);
        let place = tempfile::tempdir_in(server.socket()).unwrap();
        let file = place.path().join("dump");
        // Into a file, so that it knows where everything is; not compressed, so that it is long enough.
        succeed(
            server
                .client("pg_dump")
                .args(["-Fc", "-Z0", "-f"])
                .arg(&file),
        );
        Some(Self {
            storage: S3Server::start().await,
            dump: fs::read(file).unwrap(),
            place,
            _server: server,
        })
    }

    fn place_of(&self, table: &str) -> u64 {
        let placed = placed(&self.dump);
        let found = placed.iter().find(|(_, entry)| &*entry.tag == table);
        found.unwrap().0
    }

    /// Drills it while the bytes of the long table that are not asked for at first are held until something was said.
    async fn drill(&self, until: &'static str) -> (i32, serde_json::Value) {
        self.storage.put(KEY, &self.dump, 60);
        let said = self.place.path().join("said");
        let plan = self.place.path().join("shop.yaml");
        let url = format!(
            "url: s3://{BUCKET}/db/, endpoint: \"{}\"",
            self.storage.endpoint
        );
        let text =
            format!("version: 1\nbackup: {{ {url} }}\ndatabase: {{ tables: {{ min: 1 }} }}\n");
        fs::write(&plan, text).unwrap();
        let plan = plan.display().to_string();
        let mut drill = drill_of(&plan);
        drill.stderr(File::create(&said).unwrap());
        let is_said = move || fs::read_to_string(&said).unwrap().contains(until);
        let rest = 8 << 20..self.place_of("b_large");
        self.storage.faults.hold_part(KEY, rest, is_said);
        let (code, report) = report(&run(drill).await);
        assert!(!self.storage.faults.held_in_vain(), "{report:#}");
        (code, report)
    }
}

fn drill_of(plan: &str) -> Command {
    let mut drill = pgdrill(&["verify", plan, "--format", "json", "-vv"]);
    drill.args(["--sandbox", "local", "--jobs", "2"]);
    drill
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_behind_a_long_one_are_loaded_while_it_arrives() {
    let Some(shop) = Shop::open().await else {
        return;
    };
    // Whatever else is said of it, a table that was read to be compared was loaded.
    let (code, report) = shop.drill("was read ahead").await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "transport-proved", "{report:#}");
    assert_eq!(report["restore"]["engine"], "stream", "{report:#}");
    assert_eq!(report["proof"]["rows_found"], 541_001, "{report:#}");
    assert_eq!(
        report["backup"]["size_bytes"],
        shop.dump.len(),
        "{report:#}"
    );
    let log = shop.storage.faults.log();
    let ahead = format!("get {KEY} from {} if-match", shop.place_of("b_large"));
    let behind = format!("get {KEY} from {} if-match", shop.place_of("e_last"));
    assert!(log.contains(&ahead) && log.contains(&behind), "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_what_came_ahead_of_its_turn_is_the_dumps() {
    let Some(mut shop) = Shop::open().await else {
        return;
    };
    // The number of the entry that the data say they belong to.
    let at = usize::try_from(shop.place_of("c_small")).unwrap() + 2;
    shop.dump[at] ^= 0x55;
    let (code, report) = shop.drill("this comes ahead of its turn").await;
    assert_eq!(code, 1, "{report:#}");
    assert_found(&report, "dump.corrupt");
    let said = report.to_string();
    assert!(said.contains("that has none"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_ahead_of_its_turn_is_not_the_dumps_fault() {
    let Some(shop) = Shop::open().await else {
        return;
    };
    let first = format!("get {KEY} from {}", shop.place_of("b_large"));
    shop.storage.faults.deny(first.leak());
    let (code, report) = shop.drill("this comes ahead of its turn").await;
    assert_eq!(code, 3, "{report:#}");
    assert_found(&report, "run.stopped");
    let said = report.to_string();
    assert!(
        said.contains("denies this to the credentials"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_behind_a_long_one_of_a_folder_are_proven_as_well() {
    let Some(shop) = Shop::open().await else {
        return;
    };
    let plan = shop.place.path().join("shop.yaml");
    fs::write(&plan, "version: 1\nbackup: { url: ./dump }\n").unwrap();
    let ran = run(drill_of(&plan.display().to_string())).await;
    let (code, report) = report(&ran);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    assert_eq!(report["proof"]["rows_found"], 541_001, "{report:#}");
    let size = shop.dump.len();
    assert_eq!(report["backup"]["size_bytes"], size, "{report:#}");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("this comes ahead of its turn"), "{said}");
}
