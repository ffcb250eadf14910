//! The same dump in every sandbox, with one job and with several: the same verdict, owners and privileges included.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::{Cluster, skipped},
    postgres::{self, Postgres},
    program::{findings, verify},
    server::Server,
};

/// A shop whose tables belong to somebody, with a privilege, a policy and an event trigger.
const SHOP: &str = r#"
create role "shop owner" nologin;
create role clerk nologin;
create schema sales authorization "shop owner";
create table sales.orders (id int primary key, note text);
alter table sales.orders owner to "shop owner";
insert into sales.orders select n, md5(n::text) from generate_series(1, 5000) n;
alter table sales.orders enable row level security;
create policy own on sales.orders to clerk using (id > 10);
grant select on sales.orders to clerk;
create function public.nothing() returns event_trigger language plpgsql as 'begin end';
create event trigger watches on ddl_command_end when tag in ('CREATE SEQUENCE') execute function public.nothing();
"#;

/// What the plan asks: rows, the owner, the privilege, the policy's role.
const CHECKS: &str = "
tables:
  sales.orders:
    row_count: { equals: 5000 }
sql:
  - name: the owner is back
    query: select pg_get_userbyid(relowner) = 'shop owner' from pg_class where oid = 'sales.orders'::regclass
    equals: true
  - name: the privilege is back
    query: select has_table_privilege('clerk', 'sales.orders', 'select')
    equals: true
  - name: the policy is back
    query: select roles = '{clerk}' from pg_policies where policyname = 'own'
    equals: true
";

struct Place {
    folder: TempDir,
}

impl Place {
    fn new(server: &Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, format) in [("custom", "-Fc"), ("tar", "-Ft"), ("plain", "-Fp")] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(
                folder.path().join(name).join("x"),
                server.dump(&[format, "shop"]),
            )
            .unwrap();
            let plan = format!("version: 1\nname: {name}\nbackup:\n  url: ./{name}\n{CHECKS}");
            fs::write(folder.path().join(format!("{name}.yaml")), plan).unwrap();
        }
        Self { folder }
    }

    fn plan(&self, format: &str) -> PathBuf {
        self.folder.path().join(format!("{format}.yaml"))
    }
}

fn assert_green((code, report): &(i32, Value), what: &str) {
    let critical: Vec<_> = findings(report)
        .into_iter()
        .filter(|(code, severity)| severity != "info" && code != "tools.vulnerable")
        .collect();
    assert!(critical.is_empty(), "{what}: {}", report["findings"]);
    assert_eq!(
        (*code, report["verdict"].as_str()),
        (0, Some("passed")),
        "{what}"
    );
    assert_eq!(report["proof"]["rows_found"], 5000, "{what}");
}

fn shop() -> Option<Cluster> {
    let server = Cluster::start()?;
    server.psql("postgres", b"create database shop");
    server.psql("shop", SHOP.as_bytes());
    Some(server)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_provider_comes_to_the_same_verdict() {
    let (Some(server), Some(service)) = (shop(), Server::start()) else {
        skipped("postgres", "no PostgreSQL server is installed");
        return;
    };
    let place = Place::new(&server);
    let mut providers = vec!["local", "service"];
    let version: u32 = server
        .psql("postgres", b"show server_version_num")
        .trim()
        .parse()
        .unwrap();
    if postgres::has_image(version / 10_000) {
        providers.push("docker");
    }
    for format in ["custom", "tar", "plain"] {
        for &provider in &providers {
            let plan = place.plan(format);
            let mut more = vec!["--sandbox", provider];
            if provider == "service" {
                more.extend(["--service-url", &service.url]);
            }
            let outcome = verify(&plan, &more).await;
            assert_eq!(outcome.1["sandbox"]["provider"], provider);
            assert_green(&outcome, &format!("{format} in {provider}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_jobs_come_to_the_same_verdict() {
    let Some(server) = shop() else {
        return;
    };
    let place = Place::new(&server);
    for format in ["custom", "tar"] {
        let outcome = verify(&place.plan(format), &["--sandbox", "local", "--jobs", "2"]).await;
        assert_green(&outcome, format);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_restores_nothing_and_only_asks_what_is_named() {
    let Some(server) = shop() else {
        return;
    };
    let place = Place::new(&server);
    let (code, report) = verify(&place.plan("custom"), &["--dry-run"]).await;
    assert_eq!(code, 0);
    assert_eq!(
        (&report["sandbox"], &report["proof"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(report["verdict"], "unverified", "nothing was proven");
    let only = ["--sandbox", "local", "--only", "the owner is back"];
    let (code, report) = verify(&place.plan("custom"), &only).await;
    assert_eq!(code, 0);
    let declared = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| !check["file"].is_null());
    assert_eq!(declared.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_fails_only_when_it_is_asked_to() {
    let Some(server) = shop() else {
        return;
    };
    let place = Place::new(&server);
    let plan = place.plan("custom");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(
        &plan,
        text.replace("{ equals: 5000 }", "{ min: 1, warn: { min: 9000 } }"),
    )
    .unwrap();
    assert_eq!(verify(&plan, &["--sandbox", "local"]).await.0, 0);
    assert_eq!(
        verify(&plan, &["--sandbox", "local", "--fail-on", "warning"])
            .await
            .0,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_does_not_hold_fails_with_its_line() {
    let Some(server) = shop() else {
        return;
    };
    let place = Place::new(&server);
    let plan = place.plan("custom");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("equals: 5000", "equals: 5001")).unwrap();
    let (code, report) = verify(&plan, &["--sandbox", "local"]).await;
    assert_eq!(code, 1);
    let failed = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["status"] == "failed")
        .unwrap();
    assert_eq!(
        (&failed["value"], &failed["line"]),
        (&Value::from(5000), &Value::from(8))
    );
    assert!(failed["file"].as_str().unwrap().ends_with("custom.yaml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_does_not_let_us_do_is_not_blamed_on_the_backup() {
    let (Some(source), sockets) = (Cluster::start(), tempfile::tempdir().unwrap()) else {
        return;
    };
    let Some(service) = Postgres::start_in(17, sockets.path()) else {
        return;
    };
    source.psql(
        "postgres",
        b"create role app; create database owned owner app;\n\\connect owned\nset role app; \
          create schema shop; create table public.t as select 1 id; create table shop.u as select 2 id;",
    );
    service.load(
        "rights",
        b"create role few login createdb createrole bypassrls; grant pg_read_all_data to few with admin option",
    );
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("b")).unwrap();
    fs::write(
        place.path().join("b/x.dump"),
        source.dump(&["-Fc", "owned"]),
    )
    .unwrap();
    let plan = place.path().join("few.yaml");
    fs::write(&plan, "version: 1\nname: few\nbackup:\n  url: ./b\n").unwrap();
    let url = format!("postgres://few@/postgres?host={}", sockets.path().display());
    let more = ["--sandbox", "service", "--service-url", &url];
    let (code, report) = verify(&plan, &more).await;
    let found = findings(&report);
    assert_eq!(code, 3, "{}", report["findings"]);
    assert!(found.iter().any(|(code, _)| code == "run.stopped"));
    assert!(
        report["findings"].to_string().contains("permission denied"),
        "{}",
        report["findings"]
    );
}
