//! Questions that would do more than ask, and what the role that asks them can and cannot see.

use std::time::{Duration, Instant};

use pgdrill::{
    checks,
    finding::Code,
    plan::{Expected, TableKind},
    report::CheckStatus,
};

use crate::support::{
    declare::{bounds, one, question, questions},
    questions_db::{Database, context},
};

const FIXTURE: &str = "
    create extension dblink; create extension postgres_fdw;
    create table z (id int); insert into z select generate_series(1, 10);
    create sequence s;
    create materialized view m as select count(*) from z;
    create server away foreign data wrapper postgres_fdw options (host '127.0.0.1', port '1');
    create user mapping for public server away options (user 'x', password 'x');
    create foreign table f (id int) server away;
    create function evil() returns int language plpgsql as $$ begin insert into z values (0); return 1; end $$;
    create function evil_definer() returns int language plpgsql security definer as
        $$ begin insert into z values (0); return 1; end $$;
";

/// Statements that would write, run a program, read a file, reach out, or undo the limits.
fn hostile(folder: &str) -> Vec<String> {
    [
        "insert into z values (0) returning id",
        "copy (select 1) to program 'touch {f}/marker'",
        "copy (select 1) to '{f}/marker'",
        "select pg_read_file('/etc/passwd')",
        "select * from dblink_connect('host={f} user=postgres')",
        "select lo_export(lo_from_bytea(0, 'x'), '{f}/marker')",
        "select pg_reload_conf()",
        "select * from f",
        "commit; drop table z",
        "commit",
        "select pg_sleep(60)",
        "set session characteristics as transaction read write",
        "set default_transaction_read_only = off",
        "select set_config('transaction_read_only', 'off', true)",
        "create temp table t as select 1",
        "do $$ begin delete from z; end $$",
        "refresh materialized view m",
        "lock table z",
        "select nextval('s')",
        "select evil()",
        "select evil_definer()",
        "with gone as (delete from z returning id) select count(*) from gone",
        "explain analyze delete from z",
        "set role postgres",
        "alter role current_user superuser",
    ]
    .map(|statement| statement.replace("{f}", folder))
    .to_vec()
}

async fn unchanged(db: &Database) {
    let state = "select (select count(*) from z), (select is_called from s), (select count(*) from pg_largeobject)";
    let row = db.superuser().await.query_one(state, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 10);
    assert!(!row.get::<_, bool>(1), "a sequence moved");
    assert_eq!(row.get::<_, i64>(2), 0);
    assert!(!db.folder().join("marker").exists());
}

#[tokio::test]
async fn a_hostile_question_changes_nothing_and_is_no_pass() {
    let Some(db) = Database::with(FIXTURE).await else {
        return;
    };
    let folder = db.folder().display().to_string();
    for expected in [Expected::NoRows, Expected::Bounds(bounds("min 0"))] {
        let asked = hostile(&folder).into_iter().map(|statement| {
            let mut check = question(&statement, &statement, expected.clone());
            check.timeout = Duration::from_millis(500);
            check
        });
        let outcome = db.ask(&questions(asked.collect())).await;
        unchanged(&db).await;
        let harmless = ["explain analyze", "set_config"];
        for result in outcome.results.iter().filter(|r| r.check == "sql") {
            assert_ne!(result.status, CheckStatus::Passed, "{result:?}");
            if !harmless.iter().any(|word| result.id.contains(word)) {
                assert!(result.message.is_some(), "{result:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_role_itself_refuses_what_the_questions_guard_lets_through() {
    let Some(db) = Database::with(FIXTURE).await else {
        return;
    };
    let folder = db.folder().display().to_string();
    for statement in hostile(&folder) {
        let client = db.client().await;
        // As nobody would ask: the simple protocol, several statements, and no read-only transaction around them.
        let short = "set statement_timeout = '500ms'; set default_transaction_read_only = off;";
        let _ = client.batch_execute(short).await;
        let writes_by_definer = statement.contains("evil_definer");
        if !writes_by_definer {
            let _ = client.batch_execute(&statement).await;
        }
        drop(client);
        unchanged(&db).await;
    }
}

#[tokio::test]
async fn one_question_leaves_nothing_behind_for_the_next() {
    let Some(db) = Database::with(FIXTURE).await else {
        return;
    };
    let off = "select set_config('default_transaction_read_only', 'off', false)";
    let still = "select current_setting('default_transaction_read_only') = 'on'
                 and current_setting('transaction_read_only') = 'on' and current_setting('TimeZone') = 'UTC'";
    let checks = questions(vec![
        question("off", off, Expected::Text("off".to_owned())),
        question("still on", still, Expected::Truth(true)),
    ]);
    let clients = vec![db.client().await];
    let superuser = db.superuser().await;
    let outcome = checks::run(&checks, &context(), &superuser, clients)
        .await
        .unwrap();
    let last = outcome.results.last().unwrap();
    assert_eq!(last.status, CheckStatus::Passed, "{last:?}");
}

#[tokio::test]
async fn row_security_hides_no_row_from_the_role_that_asks() {
    let sql = "create table t (id int); insert into t select generate_series(1, 100);
               alter table t enable row level security; alter table t force row level security;
               create role half_blind_reader login password 'x' in role pg_read_all_data;";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let counted = one("t", TableKind::RowCount, "equals 100");
    let outcome = db.ask(&counted).await;
    assert_eq!(outcome.results.last().unwrap().status, CheckStatus::Passed);
    // A role that row security would hide rows from gets no smaller count, but no answer.
    let blind = vec![db.connect_as("half_blind_reader", "x").await];
    let superuser = db.superuser().await;
    let outcome = checks::run(&counted, &context(), &superuser, blind)
        .await
        .unwrap();
    let last = outcome.results.last().unwrap();
    assert_eq!(last.status, CheckStatus::Error, "{last:?}");
    assert_eq!(outcome.proof, None);
}

#[tokio::test]
async fn a_secret_value_is_nowhere_in_the_outcome() {
    let sql = "create table restore_canary (token text, n numeric); insert into restore_canary values ('hunter2', 4711.25);";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let token = "select token from restore_canary";
    let queries = [
        (token, Expected::Text("hunter2".to_owned())),
        (token, Expected::Text("another-secret".to_owned())),
        (token, Expected::Matches("^hunter".to_owned())),
        (token, Expected::Bounds(bounds("max 1"))),
        (token, Expected::NoRows),
        (
            "select n from restore_canary",
            Expected::Bounds(bounds("equals 4711.25")),
        ),
        (
            "select n from restore_canary",
            Expected::Bounds(bounds("equals 1")),
        ),
        (
            "select token::int from restore_canary",
            Expected::Bounds(bounds("equals 1")),
        ),
        ("select 1 where hunter2 = 1", Expected::NoRows),
        ("select hunter2", Expected::Truth(true)),
    ];
    let asked = queries.map(|(query, expected)| {
        let mut check = question("canary", query, expected);
        check.secret = true;
        check
    });
    let outcome = db.ask(&questions(asked.to_vec())).await;
    let json = serde_json::to_string(&(&outcome.results, &outcome.findings)).unwrap();
    for secret in ["hunter", "4711", "another-secret"] {
        assert!(!json.contains(secret), "{secret} in {json}");
        assert!(!format!("{outcome:?}").contains(secret));
    }
    let statuses: Vec<_> = outcome
        .results
        .iter()
        .filter(|r| r.check == "sql")
        .map(|r| r.status)
        .collect();
    assert_eq!(statuses[0], CheckStatus::Passed);
    assert_eq!(statuses[1], CheckStatus::Failed);
}

#[tokio::test]
async fn a_text_of_a_row_is_shown_by_no_check_at_all() {
    let sql = "create table t (token text); insert into t values ('hunter2'), ('hunter2');
               create function raises() returns int language plpgsql as
               $$ begin raise exception 'found %', (select max(token) from t); end $$;
               create function dresses(state text) returns int language plpgsql as
               $$ begin raise exception 'found %', (select max(token) from t) using errcode = state; end $$;";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let column = || "token".to_owned();
    let kinds = [
        TableKind::Unique(vec![column()]),
        TableKind::AcceptedValues(column(), vec!["x".to_owned()]),
        TableKind::Matches(column(), "^x".to_owned()),
        TableKind::Range(column()),
        TableKind::Sum(column()),
    ];
    let checks = kinds.map(|kind| crate::support::declare::table_check(kind, "max 0"));
    let mut declared =
        crate::support::declare::tables(vec![crate::support::declare::block("t", checks.to_vec())]);
    declared.sql = vec![
        question("raises", "select raises()", Expected::NoRows),
        question("dresses", "select dresses('42704')", Expected::NoRows),
        question("fills", "select dresses('53400')", Expected::NoRows),
        question(
            "text",
            "select max(token) from t",
            Expected::Text("x".to_owned()),
        ),
        question("cast", "select max(token)::int from t", Expected::NoRows),
    ];
    let outcome = db.ask(&declared).await;
    assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:#?}");
    // Its class says that our limit on temporary files was met, which is told as that.
    let wide = (outcome.findings.iter()).find(|f| f.message.contains("10GB of temporary files"));
    assert_eq!(wide.map(|found| found.code), Some(Code::RunStopped));
    assert!(
        outcome
            .results
            .iter()
            .filter(|r| r.file.is_some())
            .all(|r| r.status != CheckStatus::Passed)
    );
}

#[tokio::test]
async fn a_server_that_goes_away_is_an_error_of_the_run() {
    let Some(db) = Database::with("create table t (id int); insert into t values (1)").await else {
        return;
    };
    let checks = questions(vec![question(
        "slow",
        "select pg_sleep(9)",
        Expected::NoRows,
    )]);
    let superuser = db.superuser().await;
    let stop = async {
        let begun = Instant::now();
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where query like 'select pg_sleep(9)%' and state = 'active' and pid <> pg_backend_pid()
                      and datname = current_database()";
        while superuser
            .query_one(kill, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            assert!(
                begun.elapsed() < Duration::from_secs(9),
                "the question was never asked"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let context = context();
    let (outcome, ()) = tokio::join!(db.try_ask(&checks, &context), stop);
    assert!(outcome.is_err(), "{outcome:?}");
}

#[tokio::test]
async fn an_administrator_who_is_no_superuser_gets_a_clear_error() {
    let Some(db) =
        Database::with("create role managed_admin login password 'x' createrole createdb").await
    else {
        return;
    };
    let admin = db.connect_as("managed_admin", "x").await;
    let refused = checks::create_reader(&admin, "managed").await.unwrap_err();
    let text = refused.to_string();
    assert!(
        text.starts_with("could not make a role that reads everything"),
        "{text}"
    );
    let version: String = admin
        .query_one("show server_version_num", &[])
        .await
        .unwrap()
        .get(0);
    let before_16 = version.as_str() < "160000";
    assert_eq!(checks::may_create_reader(&admin).await.is_err(), before_16);
    assert!(
        checks::may_create_reader(&db.superuser().await)
            .await
            .is_ok()
    );
    // The refused attempt leaves the connection usable.
    assert!(admin.query_one("select 1", &[]).await.is_ok());
}

#[tokio::test]
async fn the_role_that_asks_can_be_removed_again() {
    let Some(db) = Database::with("create table t (id int)").await else {
        return;
    };
    let superuser = db.superuser().await;
    let reader = checks::create_reader(&superuser, "another-run")
        .await
        .unwrap();
    checks::drop_reader(&superuser, &reader).await.unwrap();
    let left = "select count(*) from pg_roles where rolname = $1";
    let left: i64 = superuser
        .query_one(left, &[&reader.role])
        .await
        .unwrap()
        .get(0);
    assert_eq!(left, 0);
    assert_ne!(db.reader().role, reader.role);
}
