//! Roles that the plan has for a dump: `restore.globals`.

use serde_json::Value;

use super::support::{
    cluster::{Cluster, succeed},
    place::Place,
    postgres::Postgres,
    program::{assert_found, verify},
    server::Server,
};

/// A check that only the roles of the file can let hold: no dump of a database names a membership.
const PLAN: &str = "restore: { globals: globals.sql }
sql:
  - name: members
    query: select count(*) from pg_auth_members where member = (select oid from pg_roles where rolname = 'clerk')
    equals: 1
";

fn place() -> Option<Place> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create role app; create role clerk login password 'x' in role app; create database shop;\n\\connect shop\n\
          create table t as select 1 as n;\n",
    );
    let globals = succeed(cluster.client("pg_dumpall").arg("--globals-only")).stdout;
    let place = Place::new("");
    let plan = std::fs::read_to_string(place.path("shop.yaml")).unwrap();
    std::fs::write(place.path("globals.sql"), globals).unwrap();
    std::fs::write(place.path("shop.yaml"), plan + PLAN).unwrap();
    place.store("x.dump", &cluster.dump(&["-Fc", "shop"]));
    Some(place)
}

/// It is not the dump that is wrong.
fn assert_unverified(code: i32, report: &Value, words: &str) {
    assert_eq!((code, &report["verdict"]), (3, &"unverified".into()));
    assert_found(report, "run.stopped");
    assert!(report["findings"].to_string().contains(words), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_of_the_plan_and_their_memberships_are_there() {
    let Some(place) = place() else {
        return;
    };
    for provider in ["local", "docker"] {
        let (code, report) = place.drill(provider).await;
        assert_eq!(code, 0, "{provider}: {report:#}");
        assert_eq!(report["proof"]["level"], "complete", "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_cannot_be_made_are_no_pass_and_not_the_backups_fault() {
    let Some(place) = place() else {
        return;
    };
    let broken = b"create role first;\ncreate role second nonsense;\ncreate role third;\n";
    std::fs::write(place.path("globals.sql"), broken).unwrap();
    for more in [&[][..], &["--tier", "schema"]] {
        let arguments = [&["--sandbox", "local"], more].concat();
        let (code, report) = verify(&place.path("shop.yaml"), &arguments).await;
        assert_unverified(code, &report, "restore.globals");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_gets_no_roles_of_the_plan() {
    let (Some(place), Some(service)) = (place(), Server::start()) else {
        return;
    };
    let more = ["--sandbox", "service", "--service-url", &service.url];
    let (code, report) = verify(&place.path("shop.yaml"), &more).await;
    assert_unverified(code, &report, "cannot be made in a service");
}

#[tokio::test(flavor = "multi_thread")]
async fn memberships_are_made_whoever_gave_them() {
    let Some(source) = Postgres::start(17) else {
        return;
    };
    source.load(
        "shop",
        b"create role app; create role clerk in role app; create table t as select 1 as n;",
    );
    let place = Place::new("");
    let plan = std::fs::read_to_string(place.path("shop.yaml")).unwrap();
    let globals = source.sh("pg_dumpall --globals-only", b"");
    assert!(String::from_utf8_lossy(&globals).contains("GRANTED BY"));
    std::fs::write(place.path("globals.sql"), globals).unwrap();
    for (name, dump, more) in [
        ("x.dump", "pg_dump -Fc shop", PLAN),
        ("y.sql", "pg_dumpall", PLAN.split_once('\n').unwrap().1),
    ] {
        std::fs::write(place.path("shop.yaml"), plan.clone() + more).unwrap();
        place.store(name, &source.sh(dump, b""));
        let (code, report) = place.drill("docker").await;
        assert_eq!(code, 0, "{name}: {report:#}");
    }
}
