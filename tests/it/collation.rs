//! Text sorts as in the dump, unless somebody asks for the collation C: then the report says so.

use std::path::Path;

use serde_json::Value;

use super::support::{cluster::Cluster, place::Place, program::verify};

/// A database whose text sorts by the rules of a language, which no system has to have installed.
const SHOP: &str = "create database shop template template0 encoding 'UTF8' locale_provider icu icu_locale 'en' locale 'C.utf8';
\\connect shop
create table word (word text primary key);
insert into word values ('a'), ('B'), ('c');
";

/// `a` to `c`: in the order of the alphabet `B` lies between them.
const PARTS: &str = "create table part (word text) partition by range (word);
create table early partition of part for values from ('a') to ('c');
insert into part values ('B');
";

const FIRST: &str = "sql:
- name: first
  query: select (array_agg(word order by word desc))[3] from word
  equals: a
";

fn dump(cluster: &Cluster, more: &str) -> Vec<u8> {
    cluster.psql("postgres", format!("{SHOP}{more}").as_bytes());
    let dump = cluster.dump(&["-Fc", "shop"]);
    cluster.psql("postgres", b"drop database shop");
    dump
}

fn first(report: &Value) -> &str {
    let checks = report["checks"].as_array().unwrap();
    let sql = checks.iter().find(|check| check["check"] == "sql");
    sql.unwrap()["status"].as_str().unwrap()
}

async fn drilled(plan: &Path, more: &[&str]) -> (i32, Value) {
    verify(plan, &[&["--sandbox", "local"], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn text_sorts_as_in_the_dump_unless_the_collation_c_is_asked_for() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let place = Place::new(FIRST);
    place.store("shop.dump", &dump(&cluster, ""));
    let plan = place.path("shop.yaml");
    let (code, own) = drilled(&plan, &[]).await;
    assert_eq!((code, first(&own)), (0, "passed"), "{own:#}");
    assert_eq!(own["restore"].get("collation"), None);
    assert!(!own["proof"]["notes"].to_string().contains("collation"));

    let (code, asked) = drilled(&plan, &["--collation", "C"]).await;
    assert_eq!((code, first(&asked)), (1, "failed"), "{asked:#}");
    assert_eq!(asked["restore"]["collation"], "C");
    assert_eq!(asked["proof"]["level"], "complete");
    let notes = asked["proof"]["notes"].to_string();
    assert!(
        notes.contains("its order in the dumped database is not proven"),
        "{notes}"
    );
    assert_ne!(own["plan_digest"], asked["plan_digest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_fits_in_the_dumps_own_order_says_nothing_about_the_backup() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let place = Place::new("restore: { collation: C }\n");
    place.store("shop.dump", &dump(&cluster, PARTS));
    let plan = place.path("shop.yaml");
    let (code, asked) = drilled(&plan, &[]).await;
    assert_eq!(code, 3, "{asked:#}");
    let findings = asked["findings"].to_string();
    assert!(findings.contains("restore.collation: dump"), "{findings}");
    let (code, own) = drilled(&plan, &["--collation", "dump"]).await;
    assert_eq!(code, 0, "{own:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_makes_its_databases_keeps_their_collations() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", SHOP.as_bytes());
    let place = Place::new("restore: { collation: C }\n");
    place.store("shop.sql", &cluster.dump(&["-C", "shop"]));
    let (code, report) = drilled(&place.path("shop.yaml"), &[]).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["restore"].get("collation"), None);
    let notes = report["sandbox"]["notes"].to_string();
    assert!(notes.contains("and not by the collation"), "{notes}");
}

const OWN: &str = "sql:
- name: own
  query: select datcollate from pg_database where datname = current_database()
  equals: C.utf8
";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_its_own_collation_whenever_it_is_asked() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let words = SHOP.replace("locale_provider icu icu_locale 'en' ", "");
    cluster.psql("postgres", words.as_bytes());
    let place = Place::new(OWN);
    place.store("shop.dump", &cluster.dump(&["-Fc", "shop"]));
    let (code, report) = drilled(&place.path("shop.yaml"), &[]).await;
    assert_eq!((code, first(&report)), (0, "passed"), "{report:#}");
    assert_eq!(report["restore"].get("collation"), None);
    assert!(!report["proof"]["notes"].to_string().contains("collation"));
}
