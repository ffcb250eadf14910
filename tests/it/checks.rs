//! Every kind of check against a real server: holds, does not hold, compared nothing.

use std::time::Duration;

use pgdrill::{
    checks::Outcome,
    finding::{Code, Severity},
    plan::{Checks, DatabaseKind, Expected, Freshness, Number, RelativeTo, TableKind},
    report::{CheckResult, CheckStatus},
    units::Age,
};

use crate::support::{
    declare::{block, bounds, database, limit, one, question, questions, table_check, tables},
    questions_db::{Database, context},
};

use CheckStatus::{Error, Failed, Passed, Skipped, Warned};

const SHOP: &str = r#"
    create schema billing;
    create type mood as enum ('happy', 'sad');
    create table users (
        id bigserial primary key, email text, status mood, tenant int, slug text,
        score numeric(10, 2), created_at timestamptz, birthday date, note text);
    insert into users (email, status, tenant, slug, score, created_at, birthday, note) values
        ('a@x.example', 'happy', 1, 'a', 1.50, '2026-11-22 00:00+00', '2000-01-01', '10'),
        ('b@x.example', 'sad', 1, 'b', 2.25, '2026-11-21 00:00+00', '2000-01-02', '20'),
        ('b@x.example', 'sad', 2, 'b', 0.25, '2026-11-20 00:00+00', '2000-01-03', '30'),
        ('nobody', 'sad', 2, 'b', -4, '2026-11-19 00:00+00', '2000-01-04', 'forty'),
        (null, null, null, null, null, null, null, null);
    create table orders (id int generated always as identity primary key, user_id bigint, total bigint, took interval);
    insert into orders (user_id, total, took) values
        (1, 9007199254740992, '1 hour'), (2, 1, '2 hours'), (null, 0, '3 hours');
    create table lost (user_id bigint);
    insert into lost values (1), (99), (null);
    create table empty (id int, parent bigint, at timestamptz);
    create table nulls (id int, at timestamptz);
    insert into nulls values (null, null);
    create table billing.invoices (amount numeric);
    insert into billing.invoices values (0.1), (0.2);
    create view live_users as select * from users;
    create table "Ü x'""<&>|{}.b" ("Co.l" int);
    insert into "Ü x'""<&>|{}.b" values (1);
    create table measured (at date, y int) partition by range (y);
    create table measured_1 partition of measured for values from (0) to (10);
    create table measured_2 partition of measured for values from (10) to (20);
    insert into measured select '2026-11-22', n from generate_series(0, 19) n;
"#;

const READINGS: &str = "
    create table readings (exact numeric, rough float8, sure boolean);
    insert into readings values (1.00, 1, true), (3.0, 'Infinity', false), ('NaN', 'NaN', true);
";

async fn shop() -> Option<Database> {
    Database::with(SHOP).await
}

fn result<'a>(outcome: &'a Outcome, id: &str) -> &'a CheckResult {
    let found = outcome.results.iter().find(|result| result.id == id);
    found.unwrap_or_else(|| {
        let ids: Vec<_> = outcome.results.iter().map(|r| r.id.as_str()).collect();
        panic!("no result is called {id}: {ids:?}")
    })
}

fn declared(outcome: &Outcome) -> Vec<&CheckResult> {
    (outcome.results.iter())
        .filter(|result| !result.id.starts_with("builtin."))
        .collect()
}

/// Asks cases of (table, kind, limit) in one go and compares status and a part of the message.
async fn expect(database: &Database, cases: Vec<(&str, TableKind, &str, CheckStatus, &str)>) {
    let blocks = cases.iter().map(|(table, kind, hard, ..)| {
        let check = table_check(kind.clone(), hard);
        block(table, vec![check])
    });
    let outcome = database.ask(&tables(blocks.collect())).await;
    for (case, result) in cases.iter().zip(declared(&outcome)) {
        let (.., status, words) = case;
        let message = result.message.clone().unwrap_or_default();
        assert_eq!(result.status, *status, "{case:?}: {result:?}");
        assert!(message.contains(words), "{case:?}: {message}");
    }
}

fn col(name: &str) -> String {
    name.to_owned()
}

#[rustfmt::skip]
#[tokio::test]
async fn rows_are_counted() {
    let Some(db) = shop().await else { return };
    let rows = || TableKind::RowCount;
    expect(
        &db,
        vec![
            ("users", rows(), "min 5", Passed, ""),
            ("users", rows(), "min 1000", Failed, "users.row_count#2 is 5, at least 1000 was asked for"),
            ("public.users", rows(), "equals 5", Passed, ""),
            ("billing.invoices", rows(), "equals 2", Passed, ""),
            ("empty", rows(), "min 1", Failed, "empty.row_count is 0"),
            ("live_users", rows(), "equals 5", Passed, ""),
            ("measured", rows(), "equals 20", Passed, ""),
            ("Ü x'\"<&>|{}.b", rows(), "equals 1", Passed, ""),
            ("users", rows(), "", Error, "it has no limit"),
            ("user", rows(), "min 1", Failed, "finds no table \"user\""),
        ],
    )
    .await;
}

#[rustfmt::skip]
#[tokio::test]
async fn columns_and_their_nulls_are_looked_at() {
    let Some(db) = shop().await else { return };
    let not_null = |name| TableKind::NotNull(col(name));
    expect(
        &db,
        vec![
            ("users", TableKind::Columns(vec![col("id"), col("email")]), "", Passed, ""),
            ("users", TableKind::Columns(vec![col("id"), col("emial")]), "", Failed, "finds no \"emial\" in \"users\""),
            ("users", not_null("id"), "", Passed, ""),
            ("users", not_null("email"), "", Failed, "is 1, at most 0"),
            ("users", not_null("email"), "max 20%", Passed, ""),
            ("users", not_null("email"), "max 19.9%", Failed, "is 20 %, at most 19.9 %"),
            ("users", not_null("emial"), "", Failed, "finds no column \"emial\""),
            ("nulls", not_null("id"), "", Failed, "is 1"),
            ("empty", not_null("id"), "", Error, "compared nothing: the table is empty"),
            ("Ü x'\"<&>|{}.b", not_null("Co.l"), "", Passed, ""),
        ],
    )
    .await;
}

#[rustfmt::skip]
#[tokio::test]
async fn duplicates_are_found_and_nulls_are_distinct() {
    let Some(db) = shop().await else { return };
    let unique = |names: &[&str]| TableKind::Unique(names.iter().map(|n| col(n)).collect());
    expect(
        &db,
        vec![
            ("users", unique(&["id"]), "", Passed, ""),
            ("users", unique(&["email"]), "", Failed, "users.unique.email is 2"),
            ("users", unique(&["tenant", "email"]), "", Passed, ""),
            ("users", unique(&["tenant", "slug"]), "", Failed, "users.unique.tenant+slug is 2"),
            ("empty", unique(&["id"]), "", Error, "the table is empty"),
            ("nulls", unique(&["id"]), "", Error, "every value is NULL"),
        ],
    )
    .await;
}

#[rustfmt::skip]
#[tokio::test]
async fn values_are_held_against_lists_patterns_and_ranges() {
    let Some(db) = Database::with(&format!("{SHOP}{READINGS}")).await else { return };
    let accepted = |name, list: &[&str]| {
        TableKind::AcceptedValues(col(name), list.iter().map(|v| (*v).to_owned()).collect())
    };
    let matches = |name, pattern: &str| TableKind::Matches(col(name), pattern.to_owned());
    let range = |name| TableKind::Range(col(name));
    expect(
        &db,
        vec![
            ("users", accepted("status", &["happy", "sad", "gone"]), "", Passed, ""),
            ("users", accepted("status", &["happy"]), "", Failed, "is 3"),
            ("users", accepted("tenant", &["1.0", "2"]), "", Passed, ""),
            ("users", accepted("tenant", &["1"]), "max 2", Passed, ""),
            ("users", accepted("slug", &["a", "b'\\"]), "", Failed, "is 3"),
            ("nulls", accepted("id", &["1"]), "", Error, "every value is NULL"),
            ("readings", accepted("exact", &["1", "3", "NaN"]), "", Passed, ""),
            ("readings", accepted("exact", &["1", "3"]), "", Failed, "is 1"),
            ("readings", accepted("exact", &["1", "3", "n/a"]), "", Failed, "is 1"),
            ("readings", accepted("rough", &["1", "NaN", "Infinity"]), "", Passed, ""),
            ("readings", accepted("rough", &["1", "NaN", "-Infinity"]), "", Failed, "is 1"),
            ("readings", accepted("sure", &["yes", "FALSE"]), "", Passed, ""),
            ("readings", accepted("sure", &["yes"]), "", Failed, "is 1"),
            ("users", matches("email", "^[^@[:space:]]+@[^@[:space:]]+$"), "max 1", Passed, ""),
            ("users", matches("email", "^[^@[:space:]]+@[^@[:space:]]+$"), "max 25%", Passed, ""),
            ("users", matches("email", "^a\\."), "", Failed, "is 4"),
            ("users", matches("email", "("), "", Error, "invalid regular expression"),
            ("empty", matches("id", "x"), "", Error, "the table is empty"),
            ("users", range("score"), "min -4, max 2.25", Passed, ""),
            ("users", range("score"), "min -3.99", Failed, "holds a value below -3.99 in \"score\""),
            ("users", range("score"), "max 2.24", Failed, "above 2.24"),
            ("users", range("tenant"), "min 1, max 2", Passed, ""),
            ("orders", range("took"), "min 1h, max 3h", Passed, ""),
            ("orders", range("took"), "max 2h", Failed, "above 2 h"),
            ("users", range("birthday"), "min 1", Error, "its type is date"),
            ("users", range("note"), "min 1", Error, "could not be converted"),
            ("empty", range("id"), "min 1", Error, "the table is empty"),
        ],
    )
    .await;
}

#[rustfmt::skip]
#[tokio::test]
async fn sums_means_and_distinct_values_are_exact() {
    let Some(db) = shop().await else { return };
    let (sum, avg) = (|n| TableKind::Sum(col(n)), |n| TableKind::Avg(col(n)));
    let distinct = |n| TableKind::Distinct(col(n));
    expect(
        &db,
        vec![
            ("orders", sum("total"), "equals 9007199254740993", Passed, ""),
            ("orders", sum("total"), "equals 9007199254740992", Failed, "is 9007199254740993, exactly 9007199254740992"),
            ("billing.invoices", sum("amount"), "equals 0.3", Passed, ""),
            ("billing.invoices", avg("amount"), "equals 0.15", Passed, ""),
            ("billing.invoices", avg("amount"), "min 0.16", Failed, "billing.invoices.avg.amount#2 is 0.15"),
            ("orders", sum("took"), "equals 6h", Passed, ""),
            ("users", sum("email"), "min 1", Error, "could not be converted"),
            ("users", distinct("email"), "equals 3", Passed, ""),
            ("users", distinct("status"), "min 3", Failed, "is 2"),
            ("empty", sum("id"), "min 0", Error, "the table is empty"),
            ("nulls", sum("id"), "min 0", Error, "every value is NULL"),
        ],
    )
    .await;
}

#[rustfmt::skip]
#[tokio::test]
async fn rows_that_point_at_nothing_are_found() {
    let Some(db) = shop().await else { return };
    let to_users = |name| TableKind::References(col(name), col("users"), col("id"));
    let elsewhere = TableKind::References(col("user_id"), col("usres"), col("id"));
    let no_key = TableKind::References(col("user_id"), col("users"), col("key"));
    expect(
        &db,
        vec![
            ("orders", to_users("user_id"), "", Passed, ""),
            ("lost", to_users("user_id"), "", Failed, "lost.references.user_id is 1"),
            ("lost", to_users("user_id"), "max 50%", Passed, ""),
            ("empty", to_users("parent"), "", Error, "the table is empty"),
            ("lost", elsewhere, "", Failed, "finds no table \"usres\""),
            ("lost", no_key, "", Failed, "finds no column \"key\" in \"users\""),
        ],
    )
    .await;
    let elsewhere = TableKind::References(col("user_id"), col("usres"), col("id"));
    let outcome = db.ask(&one("lost", elsewhere, "")).await;
    let finding = outcome.findings.iter().find(|finding| finding.code == Code::CheckFailed).unwrap();
    assert!(finding.hint.starts_with("Check the table's name in the plan"), "{finding:?}");
    assert!(finding.detail.as_ref().unwrap().contains("There is a table \"users\"."), "{finding:?}");
}

fn fresh(column: &str, max_age: u64, warn: Option<u64>, relative_to: RelativeTo) -> TableKind {
    TableKind::Freshness(Freshness {
        column: col(column),
        max_age: Age::from_secs(max_age),
        warn: warn.map(Age::from_secs),
        relative_to,
    })
}

#[tokio::test]
async fn a_date_beyond_every_clock_is_ahead_of_its_time() {
    let far = "create table far (on_day date); insert into far values ('300000-01-01');";
    let Some(db) = Database::with(far).await else {
        return;
    };
    let fresh = fresh("on_day", 86_400, None, RelativeTo::Backup);
    let case = ("far", fresh, "", Warned, "ahead of its time");
    expect(&db, vec![case]).await;
}

#[rustfmt::skip]
#[tokio::test]
async fn freshness_is_measured_from_the_dump_or_from_now() {
    const DAY: u64 = 86_400;
    let Some(db) = shop().await else { return };
    let (backup, now) = (RelativeTo::Backup, RelativeTo::Now);
    expect(
        &db,
        vec![
            ("users", fresh("created_at", DAY, None, backup), "", Passed, ""),
            ("users", fresh("created_at", DAY - 1, None, backup), "", Failed, "is 24 h, at most 23 h 59 min"),
            ("users", fresh("created_at", DAY, Some(DAY / 4), backup), "", Warned, "at most 6 h 0 min"),
            ("users", fresh("created_at", DAY, None, now), "", Failed, "is 48 h, at most 24 h"),
            ("measured", fresh("at", DAY, None, backup), "", Passed, ""),
            ("users", fresh("email", DAY, None, backup), "", Error, "its type is text"),
            ("empty", fresh("at", DAY, None, backup), "", Error, "the table is empty"),
            ("nulls", fresh("at", DAY, None, backup), "", Error, "every value is NULL"),
        ],
    )
    .await;
    let mut unknown = context();
    unknown.backup_time = None;
    let checks = one("users", fresh("created_at", 3 * DAY, None, backup), "");
    let outcome = db.try_ask(&checks, &unknown).await.unwrap();
    let result = result(&outcome, "users.freshness.created_at");
    assert_eq!(result.status, Passed);
    assert!(result.message.as_ref().unwrap().contains("is not known"));

    let old = one("users", fresh("created_at", DAY - 1, None, backup), "");
    let outcome = db.ask(&old).await;
    assert_eq!(declared(&outcome)[0].value, Some(86_400.into()), "seconds, for programs");
    assert_eq!(outcome.findings[0].figures.value.as_deref(), Some("24 h"), "for people");
}

#[tokio::test]
async fn a_filter_is_the_users_own_sql_and_may_end_in_a_comment() {
    let Some(db) = shop().await else { return };
    let mut filtered = block("users", vec![table_check(TableKind::RowCount, "equals 2")]);
    filtered.filter = Some("tenant = 1 or users.tenant is null and false -- the first".to_owned());
    let mut nothing = block(
        "users",
        vec![table_check(TableKind::NotNull(col("id")), "")],
    );
    nothing.filter = Some("tenant = 99".to_owned());
    let mut wrong = block("users", vec![table_check(TableKind::RowCount, "min 0")]);
    wrong.filter = Some("true); select (1".to_owned());
    let outcome = db.ask(&tables(vec![filtered, nothing, wrong])).await;
    let found = declared(&outcome);
    assert_eq!(found[0].status, Passed, "{:?}", found[0]);
    assert!(
        found[1]
            .message
            .as_ref()
            .unwrap()
            .contains("no row meets the filter")
    );
    assert_eq!((found[1].status, found[2].status), (Error, Error));
}

#[tokio::test]
async fn an_empty_table_is_skipped_only_where_the_plan_allows_it() {
    let Some(db) = shop().await else { return };
    let checks = |rows| {
        let rows = table_check(TableKind::RowCount, rows);
        let column = table_check(TableKind::NotNull(col("id")), "");
        tables(vec![block("empty", vec![rows, column])])
    };
    let statuses = async |rows| {
        let outcome = db.ask(&checks(rows)).await;
        (declared(&outcome).iter().map(|result| result.status)).collect::<Vec<_>>()
    };
    assert_eq!(statuses("min 0").await, [Passed, Skipped]);
    assert_eq!(statuses("min 0, max 5").await, [Passed, Skipped]);
    assert_eq!(statuses("max 5").await, [Passed, Error]);
    assert_eq!(statuses("min 1").await, [Failed, Error]);
}

#[tokio::test]
async fn a_glob_names_restored_tables_and_never_none() {
    let Some(db) = shop().await else { return };
    let mut all = block("public.*", vec![table_check(TableKind::RowCount, "min 1")]);
    all.except = vec!["nulls".to_owned(), "public.Ü*".to_owned()];
    let mut legacy = block("lost", Vec::new());
    legacy.skip = Some("dropped in 2025".to_owned());
    let none = block("audit_*", vec![table_check(TableKind::RowCount, "min 1")]);
    let partitions = block(
        "measured_*",
        vec![table_check(TableKind::RowCount, "equals 10")],
    );
    let outcome = db.ask(&tables(vec![all, legacy, none, partitions])).await;
    let found: Vec<_> = (declared(&outcome).into_iter())
        .map(|result| (result.id.as_str(), result.status))
        .collect();
    assert_eq!(
        found,
        [
            ("empty.row_count", Failed),
            ("measured.row_count", Passed),
            ("orders.row_count", Passed),
            ("users.row_count", Passed),
            ("lost.skip", Skipped),
            ("audit_*.row_count", Error),
            ("measured_1.row_count", Passed),
            ("measured_2.row_count", Passed),
        ]
    );
    assert_eq!(
        result(&outcome, "lost.skip").message.as_deref(),
        Some("dropped in 2025")
    );
}

#[tokio::test]
async fn a_finding_names_the_line_and_a_secret_word_of_no_row() {
    let Some(db) = shop().await else { return };
    let mut check = table_check(TableKind::RowCount, "min 1000");
    check.limit.description = Some("Somebody must have signed up".to_owned());
    let outcome = db.ask(&tables(vec![block("users", vec![check])])).await;
    let result = result(&outcome, "users.row_count");
    assert_eq!(
        (result.file.as_deref(), result.line),
        (Some("checks/shop.yaml"), Some(12))
    );
    assert_eq!(result.limit.as_deref(), Some("min 1000"));
    assert_eq!(result.value, Some(5.into()));
    let finding = outcome
        .findings
        .iter()
        .find(|f| f.code == Code::CheckFailed)
        .unwrap();
    assert_eq!(
        finding.message,
        "users.row_count is 5, at least 1000 was asked for"
    );
    assert_eq!(
        finding.detail.as_deref(),
        Some("Declared at checks/shop.yaml:12. Somebody must have signed up.")
    );
    assert_eq!(finding.subject.as_deref(), Some("users.row_count"));
    assert!(!format!("{outcome:?}").contains("x.example"));
}

async fn expect_sql(db: &Database, cases: Vec<(&str, Expected, CheckStatus, &str)>) {
    let sql = cases
        .iter()
        .map(|(query, expected, ..)| question("q", query, expected.clone()));
    let outcome = db.ask(&questions(sql.collect())).await;
    for (case, result) in cases.iter().zip(declared(&outcome)) {
        let message = result.message.clone().unwrap_or_default();
        assert_eq!(result.status, case.2, "{case:?}: {result:?}");
        assert!(message.contains(case.3), "{case:?}: {message}");
    }
}

#[rustfmt::skip]
#[tokio::test]
async fn questions_in_sql_compare_the_first_column_of_the_one_row() {
    let Some(db) = shop().await else { return };
    let within = |text| Expected::Bounds(bounds(text));
    let text = |text: &str| Expected::Text(text.to_owned());
    let matching = |text: &str| Expected::Matches(text.to_owned());
    expect_sql(
        &db,
        vec![
            ("select * from users where id < 0", Expected::NoRows, Passed, ""),
            ("select * from users", Expected::NoRows, Failed, "\"q\" found 5 rows, none was asked for"),
            ("select generate_series(1, 10000)", Expected::NoRows, Failed, "found 10000 rows"),
            ("select generate_series(1, 10001)", Expected::NoRows, Failed, "found more than 10000 rows"),
            ("select sum(total) from orders", within("equals 9007199254740993"), Passed, ""),
            ("select sum(total) from orders", within("equals 9007199254740992"), Failed, "is 9007199254740993"),
            ("select -0.00012::numeric", within("equals -0.00012"), Passed, ""),
            ("select 0.1::float8", within("equals 0.1"), Passed, ""),
            ("select 'NaN'::numeric", within("min 0"), Error, "not a finite number"),
            ("select null::int", within("equals 0"), Error, "returned NULL"),
            ("select 1 where false", within("equals 0"), Error, "no row"),
            ("select 1 union all select 1", within("equals 1"), Error, "more than one row"),
            ("select '36 hours'::interval", within("max 48h"), Passed, ""),
            ("select '3 days'::interval", within("max 48h"), Failed, "is 3 days, at most 48 h"),
            ("select true", Expected::Truth(true), Passed, ""),
            ("select 1 = 2", Expected::Truth(true), Failed, "is false, true was asked for"),
            ("select 1", Expected::Truth(true), Error, "no truth value"),
            ("select null", Expected::Null, Passed, ""),
            ("select 1", Expected::Null, Failed, "is not NULL"),
            ("select status from users where id = 1", text("happy"), Passed, ""),
            ("select email from users where id = 1", text("a@y.example"), Failed, "does not match"),
            ("select created_at from users where id = 1", text("2026-11-22 00:00:00+00"), Passed, ""),
            ("select null::text", text("x"), Error, "returned NULL"),
            ("select 5.00", Expected::NumberOrText("5".to_owned()), Passed, ""),
            ("select 5.01", Expected::NumberOrText("5".to_owned()), Failed, "\"q\" does not match"),
            ("select '5.00'", Expected::NumberOrText("5".to_owned()), Failed, "4 characters came back"),
            ("select '0044-03-15 BC'::date", text("0044-03-15 BC"), Passed, ""),
            ("select email from users where id = 1", matching("^a@"), Passed, ""),
            ("select email from users where id = 1", matching("^b@"), Failed, "does not match"),
            ("select null::text", matching(".*"), Error, "returned NULL"),
            ("select '\\x00'::bytea", within("min 1"), Error, "a value of type bytea"),
            ("select * from nowhere", Expected::NoRows, Error, "relation \"nowhere\" does not exist"),
            ("select 1 where 1 = $1", Expected::NoRows, Error, "takes parameters"),
            ("select email::int from users", within("min 1"), Error, "could not be converted"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_question_that_takes_too_long_says_nothing_about_the_backup() {
    let Some(db) = shop().await else { return };
    let mut slow = question("slow", "select pg_sleep(60)", Expected::Null);
    slow.timeout = Duration::from_millis(200);
    let mut bounded = block("users", vec![table_check(TableKind::RowCount, "min 1")]);
    bounded.filter = Some("pg_sleep(60) is null".to_owned());
    bounded.checks[0].limit.timeout = Duration::from_millis(200);
    bounded.checks[0].limit.severity = Severity::Warning;
    let mut checks = tables(vec![bounded]);
    checks.sql = vec![slow];
    let outcome = db.ask(&checks).await;
    for found in declared(&outcome) {
        assert_eq!(found.status, Error);
        let message = found.message.as_ref().unwrap();
        assert!(message.ends_with("took longer than 200 ms"), "{message}");
    }
    let found: Vec<_> = (outcome.findings.iter())
        .map(|f| (f.code, f.severity))
        .collect();
    assert_eq!(
        found,
        [
            (Code::CheckError, Severity::Warning),
            (Code::RunStopped, Severity::Critical)
        ]
    );
}

#[tokio::test]
async fn every_decimal_of_the_server_is_read_exactly() {
    let Some(db) = shop().await else { return };
    let numbers = [
        "0",
        "0.00",
        "-1",
        "10000",
        "9999.9999",
        "-0.00000012",
        "123456789012345678901234567890.5",
        "1e30",
        "1e-30",
        "100000000",
        "0.1000",
    ];
    let client = db.client().await;
    let mut asked = Vec::new();
    for number in numbers {
        let text: String = client
            .query_one(&format!("select ({number}::numeric)::text"), &[])
            .await
            .unwrap()
            .get(0);
        let query = format!("select {number}::numeric");
        asked.push(question("n", &query, Expected::Text(text)));
    }
    let outcome = db.ask(&questions(asked)).await;
    assert!(
        declared(&outcome).iter().all(|r| r.status == Passed),
        "{outcome:#?}"
    );
}

#[tokio::test]
async fn what_has_no_text_of_its_own_reads_as_the_server_prints_it() {
    let Some(db) = shop().await else { return };
    let values = [
        "'Infinity'::float8",
        "'-Infinity'::float4",
        "'NaN'::float8",
        "1e-7::float8",
        "1e20::float8",
        "1e15::float8",
        "123456789012345::float8",
        "1e-4::float8",
        "-1.5e-5::float8",
        "0.1::float4",
        "1e6::float4",
        "123456::float4",
        "1.5e-5::float4",
        "'-0'::float8",
        "1e300::float8",
        "'0044-03-15 BC'::date",
        "'0001-01-01 BC'::date",
        "'0001-01-01'::date",
        "'0044-03-15 12:00:00.5 BC'::timestamp",
        "'0044-03-15 12:00+00 BC'::timestamptz",
    ];
    let client = db.client().await;
    client.batch_execute("set timezone to 'UTC'").await.unwrap();
    let mut asked = Vec::new();
    for value in values {
        let text = format!("select ({value})::text");
        let text: String = client.query_one(&text, &[]).await.unwrap().get(0);
        let query = format!("select {value}");
        asked.push(question(value, &query, Expected::Text(text)));
    }
    let outcome = db.ask(&questions(asked)).await;
    for (value, result) in values.iter().zip(declared(&outcome)) {
        assert_eq!(result.status, Passed, "{value}: {result:?}");
    }
}

#[rustfmt::skip]
#[tokio::test]
async fn the_database_as_a_whole_is_asked() {
    use DatabaseKind::{
        Extensions, InvalidIndexes, RestoreErrors, Schemas, Size, Tables, UnvalidatedConstraints,
    };
    let Some(db) = shop().await else { return };
    let cases = [
        (Extensions(vec![col("plpgsql")]), "", Passed, ""),
        (
            Extensions(vec![col("plpgsql"), col("postgis")]),
            "",
            Failed,
            "finds no extension \"postgis\"",
        ),
        (Schemas(vec![col("billing")]), "", Passed, ""),
        (
            Schemas(vec![col("archive")]),
            "",
            Failed,
            "finds no schema \"archive\"",
        ),
        (Tables, "min 10", Passed, ""),
        (Tables, "min 11", Failed, "database.tables is 10"),
        (Size, "min 1MB", Passed, ""),
        (Size, "min 1GiB", Failed, "at least 1.1 GB was asked for"),
        (InvalidIndexes, "max 0", Passed, ""),
        (UnvalidatedConstraints, "", Passed, ""),
        (RestoreErrors, "max 0", Passed, ""),
    ];
    for (kind, hard, status, words) in cases {
        let outcome = db.ask(&database(kind.clone(), hard)).await;
        let found = declared(&outcome)[0];
        let message = found.message.clone().unwrap_or_default();
        assert_eq!(found.status, status, "{found:?}");
        assert!(message.contains(words), "{message}");
        let twin = format!("builtin.{}", kind.name());
        assert!(!outcome.results.iter().any(|result| result.id == twin));
    }
}

#[rustfmt::skip]
#[tokio::test]
async fn broken_indexes_constraints_and_sequences_are_named() {
    let sql = format!(
        "{SHOP} alter table lost add constraint later check (user_id > 0) not valid;
         create index slow on lost (user_id);
         update pg_index set indisvalid = false where indexrelid = 'slow'::regclass;
         select setval('users_id_seq', 2);
         create sequence shared increment -1 start -1 minvalue -100 maxvalue -1;
         create table down (id int default nextval('shared'));
         insert into down values (-5);
         create sequence round cycle; create table r (id int default nextval('round')); insert into r values (9);"
    );
    let Some(db) = Database::with(&sql).await else {
        return;
    };
    let mut errors = context();
    errors.restore_errors = 3;
    let outcome = db.try_ask(&Checks::default(), &errors).await.unwrap();
    let cases = [
        ("builtin.restore_errors", Failed, Severity::Critical, 3),
        ("builtin.invalid_indexes", Failed, Severity::Critical, 1),
        ("builtin.unvalidated_constraints", Warned, Severity::Info, 1),
        ("builtin.sequences_behind", Warned, Severity::Warning, 2),
    ];
    for (id, status, severity, count) in cases {
        let found = result(&outcome, id);
        assert_eq!(
            (found.status, found.value.clone()),
            (status, Some(count.into())),
            "{found:?}"
        );
        let finding = outcome
            .findings
            .iter()
            .find(|f| f.subject.as_deref() == Some(id))
            .unwrap();
        assert_eq!(finding.severity, severity);
    }
    let details: Vec<_> = outcome
        .findings
        .iter()
        .filter_map(|f| f.detail.clone())
        .collect();
    let details = details.join(" ");
    for name in [
        "public.slow",
        "lost.later",
        "public.users_id_seq",
        "public.shared",
    ] {
        assert!(details.contains(name), "{name}: {details}");
    }
    assert!(!details.contains("round"), "{details}");
}

#[tokio::test]
async fn without_a_plan_the_built_in_checks_prove_it_with_a_warning() {
    let Some(db) = shop().await else { return };
    let outcome = db.ask(&Checks::default()).await;
    let ids: Vec<_> = outcome
        .results
        .iter()
        .map(|r| (r.id.as_str(), r.status))
        .collect();
    assert_eq!(
        ids,
        [
            ("builtin.tables", Passed),
            ("builtin.rows", Passed),
            ("builtin.restore_errors", Passed),
            ("builtin.invalid_indexes", Passed),
            ("builtin.unvalidated_constraints", Passed),
            ("builtin.sequences_behind", Passed),
        ]
    );
    assert_eq!(outcome.findings.len(), 1);
    assert_eq!(outcome.findings[0].code, Code::ChecksNone);
    assert!(
        outcome
            .results
            .iter()
            .all(|r| r.file.is_none() && r.line.is_none() && r.seconds.is_sign_positive())
    );
    let proof = outcome.proof.unwrap();
    // 5 users, 3 orders, 3 lost, 1 of nulls, 2 invoices, 1 oddly named, 20 measured.
    assert_eq!((proof.tables, proof.rows_found, proof.checks), (9, 35, 2));
}

#[tokio::test]
async fn nothing_restored_proves_nothing() {
    let Some(db) = Database::with("create view v as select 1").await else {
        return;
    };
    let outcome = db.ask(&Checks::default()).await;
    assert_eq!(result(&outcome, "builtin.tables").status, Failed);
    assert_eq!(result(&outcome, "builtin.rows").status, Skipped);
    assert_eq!(outcome.proof, None);
}

#[tokio::test]
async fn empty_tables_prove_nothing_unless_the_plan_means_them_to_be_empty() {
    let Some(db) = Database::with("create table a (id int); create table b (id int)").await else {
        return;
    };
    let outcome = db.ask(&Checks::default()).await;
    assert_eq!(result(&outcome, "builtin.rows").status, Failed);
    assert_eq!(outcome.proof, None);
    let half = db.ask(&one("a", TableKind::RowCount, "equals 0")).await;
    assert_eq!(result(&half, "builtin.rows").status, Failed);
    let meant = db.ask(&one("*", TableKind::RowCount, "equals 0")).await;
    assert_eq!(result(&meant, "builtin.rows").status, Passed);
    let proof = meant.proof.unwrap();
    assert_eq!((proof.tables, proof.rows_found, proof.checks), (2, 0, 3));
    let bounded = db.ask(&one("*", TableKind::RowCount, "max 5000000")).await;
    assert_eq!(result(&bounded, "builtin.rows").status, Failed);
    assert_eq!(bounded.proof, None);
    let filtered = {
        let mut checks = one("*", TableKind::RowCount, "equals 0");
        checks.tables[0].filter = Some("id > 5".to_owned());
        db.ask(&checks).await
    };
    assert_eq!(filtered.proof, None);
}

#[tokio::test]
async fn inherited_rows_and_partitions_are_counted_once() {
    let sql = "create table parent (id int); create table child () inherits (parent);
               insert into parent values (1); insert into child values (2), (3);
               create table p (id int) partition by list (id); create table p1 partition of p default;
               insert into p values (1), (2);";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let outcome = db.ask(&Checks::default()).await;
    assert_eq!(result(&outcome, "builtin.rows").value, Some(5.into()));
}

#[tokio::test]
async fn only_chooses_by_id_table_name_or_tag_and_refuses_unknown_words() {
    let Some(db) = shop().await else { return };
    let mut named = table_check(TableKind::RowCount, "min 1");
    named.limit.name = Some("people".to_owned());
    let mut users = block(
        "users",
        vec![named, table_check(TableKind::NotNull(col("id")), "")],
    );
    users.tags = vec!["core".to_owned()];
    let checks = tables(vec![
        users,
        block("lost", vec![table_check(TableKind::RowCount, "min 1")]),
    ]);
    let chosen = async |word: &str| {
        let mut context = context();
        context.only = vec![word.to_owned()];
        let outcome = db.try_ask(&checks, &context).await?;
        let ids: Vec<_> = declared(&outcome).iter().map(|r| r.id.clone()).collect();
        assert!(
            outcome.results.len() > ids.len(),
            "the built-in ones still run"
        );
        Ok::<_, pgdrill::error::Error>(ids)
    };
    let both = ["users.row_count", "users.not_null.id"].map(str::to_owned);
    assert_eq!(chosen("core").await.unwrap(), both);
    assert_eq!(chosen("users").await.unwrap(), both);
    assert_eq!(chosen("public.users").await.unwrap(), both);
    assert_eq!(chosen("people").await.unwrap(), both[..1]);
    assert_eq!(chosen("users.not_null.id").await.unwrap(), both[1..]);
    assert!(chosen("builtin.rows").await.unwrap().is_empty());
    let refused = chosen("user.row_count").await.unwrap_err();
    assert!(refused.to_string().contains("user.row_count"));
}

#[tokio::test]
async fn severity_and_soft_bounds_reach_the_findings() {
    let Some(db) = shop().await else { return };
    let mut soft = table_check(TableKind::RowCount, "min 1");
    soft.limit.warn = bounds("min 100");
    let mut info = table_check(TableKind::RowCount, "max 1");
    info.limit.severity = Severity::Info;
    let outcome = db
        .ask(&tables(vec![block("users", vec![soft, info])]))
        .await;
    let found: Vec<_> = outcome
        .findings
        .iter()
        .map(|f| (f.code, f.severity))
        .collect();
    assert_eq!(
        found,
        [
            (Code::CheckWarned, Severity::Warning),
            (Code::CheckWarned, Severity::Info)
        ]
    );
    assert_eq!(
        result(&outcome, "users.row_count").limit.as_deref(),
        Some("min 1, warn min 100")
    );
    assert!(outcome.proof.is_some());
}

#[tokio::test]
async fn tables_of_an_extension_are_not_the_users() {
    let sql = "create table mine (id int); insert into mine values (1);
               create table theirs (id int); insert into theirs values (1), (2);
               alter extension plpgsql add table theirs;";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let outcome = db.ask(&one("*", TableKind::RowCount, "min 1")).await;
    assert_eq!(result(&outcome, "builtin.rows").value, Some(1.into()));
    assert_eq!(declared(&outcome).len(), 1);
    let named = db
        .ask(&one("theirs", TableKind::RowCount, "equals 2"))
        .await;
    assert_eq!(result(&named, "theirs.row_count").status, Passed);
}

#[tokio::test]
async fn another_schema_may_be_the_plans_own() {
    let Some(db) = shop().await else { return };
    let mut checks = one("invoices", TableKind::RowCount, "equals 2");
    checks.schema = Some("billing".to_owned());
    checks.sql = vec![question(
        "both",
        "select count(*) from invoices, orders",
        Expected::Bounds(bounds("equals 6")),
    )];
    let outcome = db.ask(&checks).await;
    assert_eq!(result(&outcome, "invoices.row_count").status, Passed);
    assert_eq!(result(&outcome, "sql.both").status, Passed);
    let number: Number = "6".parse().unwrap();
    assert_eq!(limit("equals 6").bounds.equals, Some(number));
}
