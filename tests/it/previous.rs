//! Against the last proven run: whole drills of dumps that were taken one after another.

use std::{
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    cluster::Cluster,
    program::{findings, pgdrill, run, verify},
};

const SHOP: &str = "
create database shop;
\\c shop
create table orders (id bigserial primary key, cents bigint, created_at timestamptz);
insert into orders (cents, created_at)
    select 100, '2026-11-01'::timestamptz + n * interval '1 minute' from generate_series(1, 1000) n;
insert into orders (cents, created_at) values (100, '2099-01-01');
create index orders_at on orders (created_at);
create table notes (id int, text text);
insert into notes values (1, 'planted-row-value');
create table events (at date) partition by range (at);
create table events_1 partition of events for values from ('2026-01-01') to ('2026-02-01');
insert into events select '2026-01-05' from generate_series(1, 10);
create sequence round maxvalue 3 cycle;
";

/// A source, its dumps, and a plan that keeps a history.
struct Drill {
    source: Cluster,
    folder: TempDir,
}

impl Drill {
    fn new(checks: &str) -> Option<Self> {
        let source = Cluster::start()?;
        source.psql("postgres", SHOP.as_bytes());
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        let drill = Self { source, folder };
        drill.declare(checks);
        Some(drill)
    }

    fn declare(&self, checks: &str) {
        let plan = format!(
            "version: 1\nname: shop\nbackup: {{ url: ./backups }}\nhistory: ./history\n\
             sandbox: {{ provider: local }}\n{checks}"
        );
        fs::write(self.plan(), plan).unwrap();
    }

    fn plan(&self) -> PathBuf {
        self.folder.path().join("shop.yaml")
    }

    fn sql(&self, sql: &str) {
        self.source.psql("shop", sql.as_bytes());
    }

    /// Dumps the source so many hours ago.
    fn dump(&self, name: &str, hours_ago: u64) {
        let path = self.folder.path().join("backups").join(name);
        fs::write(&path, self.source.dump(&["-Fc", "shop"])).unwrap();
        let written = SystemTime::now() - Duration::from_secs(hours_ago * 3_600);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(written).unwrap();
    }

    async fn verify(&self, more: &[&str]) -> (i32, Value) {
        verify(&self.plan(), more).await
    }
}

fn finding<'a>(report: &'a Value, code: &str) -> &'a Value {
    let found = report["findings"].as_array().unwrap();
    let with_code = found.iter().find(|finding| finding["code"] == code);
    with_code.unwrap_or_else(|| panic!("{code} is not among {:?}", findings(report)))
}

fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is not among {checks:?}"))
}

fn codes(report: &Value) -> Vec<String> {
    let changes = ["schema.", "rows.", "sequence."];
    let is_change = |code: &String| changes.iter().any(|area| code.starts_with(area));
    findings(report)
        .into_iter()
        .map(|(code, _)| code)
        .filter(is_change)
        .collect()
}

#[tokio::test]
async fn the_first_run_says_so_and_the_second_one_tells_every_change() {
    let Some(drill) = Drill::new("tables: { orders: { row_count: { min: 1 } } }\n") else {
        return;
    };
    drill.dump("1.dump", 3);
    let (code, report) = drill.verify(&[]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["baseline"], Value::Null);
    let notes = report["sandbox"]["notes"].to_string();
    assert!(
        notes.contains("baseline: none yet, nothing was compared"),
        "{notes}"
    );
    assert_eq!(codes(&report), Vec::<String>::new());
    known(&report);

    drill.sql(
        "drop table notes; alter table orders add column note text; drop index orders_at;
         truncate orders restart identity; insert into orders (cents) values (1);
         insert into events select '2026-01-06' from generate_series(1, 2000);
         select nextval('round'), nextval('round'), nextval('round'), nextval('round');",
    );
    drill.dump("2.dump", 1);
    let (code, report) = drill.verify(&[]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["baseline"]["key"], "1.dump");
    assert_eq!(
        codes(&report),
        [
            "schema.changed",
            "rows.dropped",
            "rows.grew",
            "sequence.backwards"
        ]
    );
    let schema = finding(&report, "schema.changed");
    assert_eq!(schema["severity"], "warning");
    assert_eq!(
        schema["message"],
        "the schema changed: 1 table is gone, 1 column is new, 1 index is gone"
    );
    let rows = finding(&report, "rows.dropped");
    assert_eq!(
        rows["message"],
        "\"public.orders\" has 1 row, 1001 in the last proven backup"
    );
    assert_eq!(finding(&report, "rows.grew")["subject"], "public.events");
    let back = finding(&report, "sequence.backwards");
    assert_eq!(
        back["message"],
        "the sequence \"public.orders_id_seq\" went backwards"
    );
}

/// What a first report knows of the database: names and counts, and no row's value.
fn known(report: &Value) {
    let database = &report["database"];
    let orders = database["tables"].as_array().unwrap().iter();
    let orders = orders
        .clone()
        .find(|table| table["name"] == "public.orders")
        .unwrap();
    assert_eq!(orders["rows"], 1_001);
    assert_eq!(
        orders["columns"],
        serde_json::json!(["id", "cents", "created_at"])
    );
    let events = &database["tables"][0];
    assert_eq!(events["partition_of"], "public.events", "{database}");
    let indexes = database["indexes"].to_string();
    assert!(indexes.contains("public.orders_pkey") && indexes.contains("public.orders_at"));
    let sequences = database["sequences"].to_string();
    assert!(
        sequences.contains("public.orders_id_seq") && !sequences.contains("round"),
        "{sequences}"
    );
    assert_eq!(database["sequences"][0]["last_value"], 1_001);
    // The thousandth minute of November; the row of 2099 is later than the dump.
    assert_eq!(database["newest"], "2026-11-01T16:40:00Z");
    assert!(!report.to_string().contains("planted-row-value"));
}

const PREVIOUS: &str = "
tables:
  orders:
    row_count: { previous: { max_drop: 10% } }
    sum:
      cents: { previous: { max_drop: 5%, severity: warning } }
database:
  size: { min: 1MB, previous: { max_drop: 50% } }
sql:
  - name: cents of orders
    query: select sum(cents) from orders
    previous: { equals: true, severity: info }
";

#[tokio::test]
async fn a_failed_run_is_never_a_baseline() {
    let Some(drill) = Drill::new(PREVIOUS) else {
        return;
    };
    drill.dump("1.dump", 5);
    let (code, report) = drill.verify(&[]).await;
    assert_eq!(code, 0, "{report}");
    for id in [
        "orders.row_count",
        "orders.sum.cents",
        "sql.cents-of-orders",
    ] {
        let check = check(&report, id);
        assert_eq!(check["status"], "skipped");
        assert_eq!(
            check["message"],
            "nothing to compare with: no proven run has this check yet"
        );
    }
    let size = check(&report, "database.size");
    assert_eq!(size["status"], "passed");
    assert!(
        size["message"]
            .to_string()
            .contains("nothing to compare with"),
        "{size}"
    );

    // Ten percent exactly is allowed, eleven are not; the sum has its own severity.
    drill.sql("delete from orders where id <= 111");
    drill.dump("2.dump", 4);
    for _ in 0..2 {
        let (code, report) = drill.verify(&[]).await;
        assert_eq!((code, &report["verdict"]), (1, &Value::from("failed")));
        assert_eq!(report["baseline"]["key"], "1.dump");
        let rows = check(&report, "orders.row_count");
        assert_eq!(rows["status"], "failed");
        assert_eq!(
            rows["message"],
            "orders.row_count is 890, was 1001 in the last proven run: a drop of 11.09 %, at most 10 % was asked for"
        );
        assert_eq!(check(&report, "orders.sum.cents")["severity"], "warning");
        assert_eq!(check(&report, "sql.cents-of-orders")["status"], "warned");
        assert_eq!(check(&report, "database.size")["status"], "passed");
    }
    let (code, report) = drill.verify(&["--only", "database.size"]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!(check(&report, "database.size")["message"], Value::Null);
}

#[tokio::test]
async fn a_changed_question_is_not_compared_and_a_newer_backup_is_no_baseline() {
    let rows = |filter: &str| {
        format!(
            "tables: {{ orders: {{ where: {filter}, row_count: {{ previous: {{ max_drop: 0 }} }} }} }}\n"
        )
    };
    let Some(drill) = Drill::new(&rows("id > 0")) else {
        return;
    };
    drill.dump("1.dump", 5);
    drill.dump("2.dump", 3);
    let (code, _) = drill.verify(&[]).await;
    assert_eq!(code, 0);
    let (_, report) = drill.verify(&["--backup", "1.dump"]).await;
    assert_eq!(report["baseline"], Value::Null);
    let notes = report["sandbox"]["notes"].to_string();
    assert!(
        notes.contains("every proven run is of a newer backup"),
        "{notes}"
    );

    drill.declare(&rows("id > 900"));
    let (code, report) = drill.verify(&[]).await;
    assert_eq!(code, 0, "{report}");
    let told = check(&report, "orders.row_count")["message"].to_string();
    assert!(told.contains("asked something else"), "{told}");
    assert_eq!(report["baseline"]["key"], "1.dump");
    let human = run(pgdrill(&["verify", &drill.plan().display().to_string()])).await;
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(human.contains("baseline 1.dump, proven "), "{human}");
}
