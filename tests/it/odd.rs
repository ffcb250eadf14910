//! Databases that are as good as any other, and seldom seen.

use super::support::{
    cluster::{Cluster, succeed},
    place::Place,
    postgres::Postgres,
    program::{assert_found, verify},
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
async fn settings_of_the_source_change_how_rows_are_written_and_not_what_they_are() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        br"create database odd; alter database odd set quote_all_identifiers = on;
          alter database odd set bytea_output = 'escape'; alter database odd set standard_conforming_strings = off;
          \connect odd
          create table names as select 'pg_class'::regclass as of; comment on table names is E'path C:\\data';
          create table bytes as select E'\\x00ff41'::bytea as of;
          create table mixed as select 'pg_class'::regclass as of, E'\\x00ff41'::bytea as held;
          ",
    );
    for format in ["-Fc", "-Fp"] {
        let report = passes(&cluster, &[format, "odd"]).await;
        assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_end_in_a_name_is_no_loss() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create table \"new\nline\" (a int, constraint \"c\r\nd\" check (a > 0)); create index \"i\nx\" on \"new\nline\" (a);\n\
          insert into \"new\nline\" values (1);\n",
    );
    for format in ["-Fc", "-Fp"] {
        let report = passes(&cluster, &[format, "odd"]).await;
        assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn xml_that_comes_back_otherwise_is_counted_and_not_called_another() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        br#"create database odd;
          \connect odd
          create table plain as select '<a/>'::xml as of;
          create table declared (of xml);
          insert into declared values (E'<?xml version="1.0" encoding="UTF-8"?>\n\n<a>1</a>\n'), ('<a/>');
          "#,
    );
    let report = passes(&cluster, &["-Fc", "odd"]).await;
    assert_eq!(report["proof"]["level"], "restored", "{report:#}");
    let not_compared = report["proof"]["not_compared"].to_string();
    assert!(
        not_compared.contains("public.declared: it holds xml"),
        "{report:#}"
    );
    assert!(!not_compared.contains("public.plain"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn some_partitions_are_loaded_by_themselves_and_some_through_their_table() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create type mood as enum ('a', 'b', 'c'); create table tp (a int, e mood) partition by list (a);\n\
          create table tp1 partition of tp for values in (1);\n\
          create table tp2 partition of tp for values in (2) partition by hash (e);\n\
          create table tp2_0 partition of tp2 for values with (modulus 2, remainder 0);\n\
          create table tp2_1 partition of tp2 for values with (modulus 2, remainder 1);\n\
          insert into tp select 1 + n % 2, (array['a', 'b', 'c'])[1 + n % 3]::mood from generate_series(1, 100) n;\n",
    );
    let dump = String::from_utf8(cluster.dump(&["-Fp", "odd"])).unwrap();
    // As `pg_dump` from 16 on writes it by itself: where an enum falls in hash partitions may be another place there.
    let through = dump.replace("COPY public.tp2_0 (", "COPY public.tp (");
    let through = through.replace("COPY public.tp2_1 (", "COPY public.tp (");
    assert_eq!(through.matches("COPY public.tp (").count(), 2);
    let place = Place::new("");
    place.store("odd.sql", through.as_bytes());
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    assert_eq!(report["proof"]["rows_expected"], 100, "{report:#}");
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

/// A database `odd` with this in it, which reads the table `t` of a database `remote` as the server `s`.
fn two_servers(cluster: &Cluster, remote: u8, own: &str) {
    let socket = cluster.socket().display().to_string();
    cluster.psql(
        "postgres",
        format!(
            "create database remote; create database odd;\n\\connect remote\ncreate table t as select {remote} as n;\n\
             \\connect odd\ncreate extension postgres_fdw;\n\
             create server s foreign data wrapper postgres_fdw options (host '{socket}', dbname 'remote');\n\
             create user mapping for public server s options (user 'postgres', password_required 'false');\n{own}"
        )
        .as_bytes(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_server_are_not_written_into_it() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    two_servers(
        &cluster,
        1,
        "create foreign table f (n int) server s options (table_name 't'); create table own as select 1 as n;\n",
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
async fn a_database_of_every_server_is_not_made_again() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create table t as select 1 as n; create database shop;\n\\connect shop\n create table s as select 1 as n;\n\
          \\connect template1\n create table u as select 1 as n;\n",
    );
    for arguments in [
        &["-C"][..],
        &["-C", "--clean"],
        &["-C", "--clean", "--if-exists"],
    ] {
        let arguments = [&["-Fp", "postgres"][..], arguments].concat();
        let report = passes(&cluster, &arguments).await;
        assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    }
    for arguments in [&["--clean"][..], &["--clean", "--if-exists"]] {
        let mut dumpall = cluster.client("pg_dumpall");
        let place = Place::new("");
        place.store("all.sql", &succeed(dumpall.args(arguments)).stdout);
        let (code, report) = place.drill("local").await;
        assert_eq!(code, 0, "{arguments:?}: {report:#}");
    }
}

/// What one job restores, and several may not, for `pg_restore` sets one to change what another has not made yet.
#[tokio::test(flavor = "multi_thread")]
async fn what_jobs_spoil_for_one_another_is_made_once_more() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create table t (id int not null, a int not null, b text);\n\
          insert into t select i, i, md5(i::text) from generate_series(1, 200000) i;\n\
          create unique index ta on t (a); create unique index ti on t (id);\n\
          alter table t cluster on ta; alter table t replica identity using index ti;\n\
          create table p (id int, r text) partition by list (r);\n\
          create table pa partition of p for values in ('a') partition by hash (id);\n\
          create table pa0 partition of pa for values with (modulus 1, remainder 0);\n\
          insert into p select i, 'a' from generate_series(1, 50) i;\n\
          create function f() returns trigger language plpgsql as 'begin return new; end';\n\
          create trigger t1 before insert on p for each row execute function f();\n\
          alter table pa0 enable always trigger t1;\n",
    );
    let place = Place::new("");
    let folder = place.file("odd.dir");
    succeed(
        cluster
            .client("pg_dump")
            .args(["-Fd", "-f"])
            .arg(&folder)
            .arg("odd"),
    );
    place.store("odd.dump", &cluster.dump(&["-Fc", "odd"]));
    let plan = place.path("shop.yaml");
    for backup in ["odd.dump", "odd.dir/"] {
        for engine in ["stream", "pg-restore"] {
            let more = [
                "--sandbox",
                "local",
                "--jobs",
                "4",
                "--engine",
                engine,
                "--backup",
                backup,
            ];
            let (code, report) = verify(&plan, &more).await;
            assert_eq!(code, 0, "{more:?}: {report:#}");
            assert_eq!(report["proof"]["level"], "complete", "{report:#}");
            assert_eq!(report["restore"]["engine"], engine);
        }
    }
}

/// A constraint that looks into another table holds in the dump's own order, and not while both tables are loaded.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_several_connections_load_in_another_order_are_restored_by_one() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create function slow(i int) returns boolean language plpgsql as\n\
          'begin perform pg_sleep(case when i = 1 then 1 else 0 end); return true; end';\n\
          create table a (id int check (slow(id)), t text default repeat('x', 100));\n\
          insert into a (id) select generate_series(1, 20000);\n\
          create function known(i int) returns boolean language sql as 'select i in (select id from public.a)';\n\
          create table z (id int check (known(id)));\n\
          insert into z values (1), (2);\n",
    );
    let place = Place::new("");
    place.store("good.dump", &cluster.dump(&["-Fc", "odd"]));
    cluster.psql("odd", b"delete from a where id = 2");
    place.store("bad.dump", &cluster.dump(&["-Fc", "odd"]));
    let plan = place.path("shop.yaml");
    for (backup, verdict) in [("good.dump", 0), ("bad.dump", 1)] {
        for engine in ["stream", "pg-restore"] {
            let more = ["--sandbox", "local", "--jobs", "2", "--engine", engine];
            let more = [&more[..], &["--backup", backup]].concat();
            let (code, report) = verify(&plan, &more).await;
            assert_eq!(code, verdict, "{more:?}: {report:#}");
            if verdict == 0 {
                // On a busy machine the second connection may come after the first has ended.
                continue;
            }
            assert_eq!(report["restore"]["engine"], "pg-restore");
            let why = report["restore"]["why"].as_str().unwrap();
            assert!(why.contains("once more by one"), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_psql_did_not_run_is_not_proven() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create table a as select 1 as n; create table b as select generate_series(1, 500) as n;\n",
    );
    let script = String::from_utf8(cluster.dump(&["-Fp", "odd"])).unwrap();
    let script = script.replacen("COPY public.b", "SELECT provider();\nCOPY public.b", 1);
    let ignore = "restore: { ignore: [{ error: provider, reason: gone, until: 2099-01-01 }] }\n";
    let place = Place::new(ignore);
    place.store("odd.sql", script.as_bytes());
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(report["verdict"], "unverified", "{report:#}");
    assert_found(&report, "run.stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_a_later_database_is_told_although_psql_stopped_before_it() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database aa; create database shop;\n\\connect aa\ncreate table t as select 1 as n;\n\\connect shop\n\
          create table s as select 1 as n;\n",
    );
    let all = succeed(&mut cluster.client("pg_dumpall")).stdout;
    let all = String::from_utf8(all).unwrap();
    let broken = all.replacen("CREATE TABLE public.t", "CREATE NONSENSE public.t", 1);
    let cut = broken.find("COPY public.s").unwrap() + "COPY public.s (n) FROM stdin;\n1".len();
    let place = Place::new("");
    place.store("all.sql", &broken.as_bytes()[..cut]);
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 1, "{report:#}");
    assert_found(&report, "dump.incomplete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_several_databases_is_not_complete_by_one_of_them() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database crm; create database shop;\n\\connect crm\n create table t as select 1 as n;\n\
          \\connect shop\n create table t as select 1 as n;\n",
    );
    let all = String::from_utf8(succeed(&mut cluster.client("pg_dumpall")).stdout).unwrap();
    let place = Place::new("");
    place.store("all.sql", all.as_bytes());
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "restored", "{report:#}");
    assert!(
        report["proof"]["notes"].to_string().contains("\\\"crm\\\""),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clean_frees_before_it_drops_needs_no_table() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd;\n\\connect odd\n\
          create table items (id int primary key, name text); insert into items select n, 'x' from generate_series(1, 50) n;\n\
          create view counted as select id, name, count(*) from items group by id;\n\
          create domain d as int; alter domain d add constraint dck check (value > 0) not valid;\n\
          create transform for int language sql (from sql with function pg_catalog.varchar_support(internal));\n",
    );
    for more in [
        &["-Fp", "--clean"][..],
        &["-Fp", "--clean", "--if-exists"],
        &["-Fc", "--quote-all-identifiers"],
    ] {
        let report = passes(&cluster, &[more, &["odd"]].concat()).await;
        assert_eq!(report["proof"]["rows_found"], 50, "{more:?}: {report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_of_an_old_script_has_no_table_in_its_heading() {
    if Cluster::start().is_none() {
        return;
    }
    let place = Place::new("");
    let heading =
        "--\n-- Name: pk_t; Type: CONSTRAINT; Schema: public; Owner: -; Tablespace: \n--\n";
    let sql = format!(
        "--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.t (id int);\nINSERT INTO public.t VALUES (1);\n{heading}\
         ALTER TABLE ONLY public.t ADD CONSTRAINT pk_t PRIMARY KEY (id);\n--\n-- PostgreSQL database dump complete\n--\n"
    );
    place.store("odd.sql", sql.as_bytes());
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
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

#[tokio::test(flavor = "multi_thread")]
async fn an_event_trigger_that_keeps_the_restore_from_its_end_is_no_pass() {
    let Some(server) = Postgres::start(17) else {
        return;
    };
    // Materialized views are filled when event triggers are there.
    server.load(
        "odd",
        b"create table t as select 1 a; create materialized view m as select a from t;\n\
          create function noddl() returns event_trigger language plpgsql as $$ begin raise exception 'no ddl'; end $$;\n\
          create event trigger zz on ddl_command_start execute function noddl();\n",
    );
    for format in ["-Fc", "-Fp"] {
        let place = Place::new("");
        place.store(
            "odd.dump",
            &server.sh(&format!("pg_dump {format} odd"), b""),
        );
        let (code, report) = place.drill("docker").await;
        assert_eq!(code, 1, "{format}: {report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_takes_away_again_is_not_missing() {
    if Cluster::start().is_none() {
        return;
    }
    let good =
        "CREATE TABLE public.\u{c4}RGER (id int);\nINSERT INTO public.\u{c4}RGER VALUES (1);\n";
    for taken in [
        "",
        "BEGIN;\nCREATE TABLE public.tmp (id int);\nROLLBACK;\n",
        "CREATE TABLE public.tmp (id int);\nDO $$ BEGIN EXECUTE 'DROP TABLE public.tmp'; END $$;\n",
        "CREATE TABLE public.tmp (id int);\nALTER TABLE public.tmp RENAME TO other;\n",
        "CREATE TABLE public.tmp (id int);\nDROP TABLE public.tmp CASCADE;\n",
        "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS 'drop table public.tmp';\n\
         CREATE TABLE public.tmp (id int);\nSELECT public.f();\n",
    ] {
        let place = Place::new("");
        let end = "--\n-- PostgreSQL database dump complete\n--\n";
        let head = "--\n-- PostgreSQL database dump\n--\nSET client_encoding = 'UTF8';\n";
        place.store("odd.sql", format!("{head}{taken}{good}{end}").as_bytes());
        let (code, report) = place.drill("local").await;
        assert_eq!(code, 0, "{taken}: {report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partitions_copy_of_a_trigger_counts_as_internal_before_15() {
    let Some(server) = Postgres::start(13) else {
        return;
    };
    server.load(
        "odd",
        b"create table p (id int) partition by range (id); create table p1 partition of p for values from (0) to (100);\n\
          insert into p select generate_series(1, 50);\n\
          create function f() returns trigger language plpgsql as 'begin return new; end';\n\
          create trigger t1 before insert on p for each row execute function f(); alter table p1 disable trigger t1;\n",
    );
    let place = Place::new("");
    place.store("odd.dump", &server.sh("pg_dump -Fc odd", b""));
    let (code, report) = place.drill("docker").await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_needs_none_of_the_sources_tablespaces() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"set allow_in_place_tablespaces = on;\ncreate tablespace \"odd ts\" location '';\ncreate database odd;\n\\connect odd\n\
          create table t tablespace \"odd ts\" as select 1 as n; create index i on t (n) tablespace \"odd ts\";\n",
    );
    for format in ["-Fc", "-Fp"] {
        let report = passes(&cluster, &[format, "odd"]).await;
        assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_partition_in_another_server_are_not_counted_as_restored() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    two_servers(
        &cluster,
        11,
        "create table p (n int) partition by range (n);\n\
         create table p1 partition of p for values from (0) to (9); insert into p values (1);\n\
         create foreign table p2 partition of p for values from (10) to (19) server s options (table_name 't');\n",
    );
    let place = Place::new("tables: { \"p*\": { row_count: { equals: 1 } } }\n");
    for more in [
        &["-Fc", "--load-via-partition-root"][..],
        &["-Fp", "--load-via-partition-root"],
        &["-Fc"],
    ] {
        place.store("odd.dump", &cluster.dump(&[more, &["odd"]].concat()));
        let (code, report) = place.drill("local").await;
        assert_eq!(code, 0, "{more:?}: {report:#}");
        assert_eq!(report["proof"]["level"], "complete", "{report:#}");
        let checked = report["checks"].to_string();
        assert!(checked.contains("p1.row_count"), "{checked}");
    }
    let place = Place::new("tables: { p: { row_count: { min: 1 } } }\n");
    place.store("odd.dump", &cluster.dump(&["-Fc", "odd"]));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "no backup could answer: {report:#}");
    let told = report["findings"].to_string();
    assert!(
        told.contains("the rows of a foreign table are not in the backup"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_in_no_encoding_keeps_nothing_from_being_compared() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create role r; create database odd encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0;\n\
          \\connect odd\nset client_encoding = 'SQL_ASCII'; create table t as select 1 as n;\n\
          comment on table t is 'caf\xe9'; create table u (n int); comment on table u is 'plain'; grant select on u to r;\n",
    );
    let dump = cluster.dump(&["-Fp", "odd"]);
    let place = Place::new("");
    place.store("odd.dump", &dump);
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["proof"]["level"], "complete", "{report:#}");
    let notes = report["proof"]["notes"].to_string();
    assert!(!notes.contains("does not tell privileges"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_no_encoding_is_told_by_that() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database odd encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0;\n\
          \\connect odd\nset client_encoding = 'SQL_ASCII'; create table \"caf\xe9\" as select 1 as n;\n",
    );
    let place = Place::new("");
    place.store("odd.dump", &cluster.dump(&["-Fc", "odd"]));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "{report:#}");
    let told = report["findings"].to_string();
    assert!(told.contains("is not in its encoding"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn privileges_of_functions_of_one_name_are_compared_each_for_itself() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create role r; create database odd;\n\\connect odd\ncreate table t as select 1 as n;\n\
          create function f(a int) returns int language sql as 'select 1'; revoke all on function f(int) from public;\n\
          create function f(a text, variadic b int[]) returns int language sql as 'select 1'; grant all on function f(text, int[]) to r;\n\
          create aggregate f(float8) (sfunc = float8pl, stype = float8); grant all on function f(float8) to r;\n\
          create procedure f(inout a t) language sql as 'select a'; grant all on procedure f(t) to r;\n",
    );
    for format in ["-Fc", "-Fp"] {
        for more in [&[][..], &["--quote-all-identifiers"]] {
            let report = passes(&cluster, &[&[format, "odd"], more].concat()).await;
            assert_eq!(report["proof"]["level"], "complete", "{report:#}");
            let notes = report["proof"]["notes"].to_string();
            assert!(!notes.contains("could not be told apart"), "{notes}");
        }
    }
}
