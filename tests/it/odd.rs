//! Databases that are as good as any other, and seldom seen.

use super::support::{
    cluster::{Cluster, succeed},
    place::Place,
    postgres::Postgres,
};

/// A drill of what this `pg_dump` writes of the database `odd`: it passes; gives the report.
async fn passes(cluster: &Cluster, arguments: &[&str]) -> serde_json::Value {
    let place = Place::new("");
    place.store("odd.dump", &cluster.dump(arguments));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{arguments:?}: {report:#}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn quoted_identifiers_name_the_same_objects() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create role bkp; create database odd;\n\\connect odd\n\
          create type st as enum ('a'); create table t as select 1 as n;\n\
          create function f1(x st, y text, z t[]) returns int language sql as 'select 1';\n\
          create procedure p1(x st) language sql as 'select 1';\n\
          create cast (st as t) with inout as assignment;\n\
          grant execute on function pg_catalog.pg_ls_dir(text) to bkp;\n\
          revoke execute on function pg_catalog.pg_sleep(double precision) from public;\n",
    );
    for format in ["-Fc", "-Fp"] {
        let report = passes(&cluster, &[format, "--quote-all-identifiers", "odd"]).await;
        assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_may_have_a_small_number_and_a_comment() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create table t as select 1 as n;\n\
          select lo_from_bytea(4711, 'abc'); comment on large object 4711 is 'x';\n",
    );
    let report = passes(&cluster, &["-Fc", "odd"]).await;
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_an_encoding_that_is_not_read_are_no_loss() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        "create database odd template template0 encoding 'EUC_JP' locale 'C';\n\\connect odd\nset client_encoding = 'UTF8';\n\
         create table \"日本\" (n int primary key, \"名\" text); insert into \"日本\" values (1, '東');\n\
         create view \"眺め\" as select * from \"日本\"; create table plain (n int);\n"
            .as_bytes(),
    );
    for format in ["-Fc", "-Fp"] {
        let report = passes(&cluster, &[format, "odd"]).await;
        assert_eq!(report["proof"]["level"], "restored", "{report:#}");
        let not_compared = report["proof"]["not_compared"].to_string();
        assert!(
            not_compared.contains("in an encoding that is not read here"),
            "{report:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_may_have_a_role_of_our_own_name() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create role pgdrill login superuser password 'x'; create database shop;\n\\connect shop\n\
          create table t as select 1 as n;\n",
    );
    let place = Place::new("");
    let all = succeed(&mut cluster.client("pg_dumpall"));
    place.store("all.sql", &all.stdout);
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablespace_is_not_made_outside_the_sandbox() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let place = Place::new("");
    let outside = place.path("outside");
    std::fs::create_dir(&outside).unwrap();
    let script = format!("create tablespace fast location '{}';\n", outside.display());
    place.store(
        "all.sql",
        format!("-- PostgreSQL database cluster dump\n\n{script}").as_bytes(),
    );
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "{report:#}");
    assert!(
        report.to_string().contains("--no-tablespaces"),
        "{report:#}"
    );
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_server_are_not_written_into_it() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let socket = cluster.socket().display().to_string();
    cluster.psql(
        "postgres",
        format!(
            "create database remote; create database odd;\n\\connect remote\ncreate table t as select 1 as n;\n\
             \\connect odd\ncreate extension postgres_fdw;\n\
             create server s foreign data wrapper postgres_fdw options (host '{socket}', dbname 'remote');\n\
             create user mapping for public server s options (user 'postgres', password_required 'false');\n\
             create foreign table f (n int) server s options (table_name 't'); create table own as select 1 as n;\n"
        )
        .as_bytes(),
    );
    let place = Place::new("");
    for more in [&["-Fc"][..], &["-Fp"], &["-Fp", "--inserts"]] {
        let dump = cluster.dump(&[more, &["--include-foreign-data=s", "odd"]].concat());
        place.store("odd.dump", &dump);
        let (code, report) = place.drill("local").await;
        assert_eq!(code, 3, "{more:?}: {report:#}");
        assert!(report.to_string().contains("foreign table"), "{report:#}");
    }
    assert_eq!(
        cluster.psql("remote", b"select count(*) from t").trim(),
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_not_every_partition_has_is_no_loss() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create table p (n int) partition by range (n); create table p1 partition of p for values from (0) to (9);\n\
          insert into p values (1); create index on only p (n);\n",
    );
    let report = passes(&cluster, &["-Fc", "odd"]).await;
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_makes_a_database_of_every_server_says_nothing_of_the_backup() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create table t as select 1 as n;\n");
    let place = Place::new("");
    place.store("postgres.sql", &cluster.dump(&["-Fp", "-C", "postgres"]));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "{report:#}");
    assert!(
        report.to_string().contains("without `--create`"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_database_fires_none_of_its_triggers_on_login() {
    let Some(server) = Postgres::start(17) else {
        return;
    };
    server.load(
        "odd",
        b"create table seen (who text); insert into seen values ('a');\n\
          create function onlog() returns event_trigger language plpgsql security definer as\n\
            $$ begin insert into public.seen values (session_user); end $$;\n\
          create event trigger lg on login execute function onlog(); alter event trigger lg enable always;\n",
    );
    let place = Place::new("");
    place.store("odd.dump", &server.sh("pg_dump -Fc odd", b""));
    let (code, report) = place.drill("docker").await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
}
