//! What the server refuses to answer: whose doing it is, and what its words may quote.

use jiff::civil::date;
use pgdrill::{
    checks::Outcome,
    finding::Code,
    plan::{self, Expected, TableKind},
};

use crate::support::{
    declare::{block, bounds, question, questions, table_check, tables},
    questions_db::Database,
};

/// Asks each query for no row, in a check that is called by its number.
async fn asked(db: &Database, queries: &[&str], expected: &Expected) -> Outcome {
    let numbered = queries.iter().enumerate();
    let checks = numbered.map(|(number, query)| {
        let name = format!("q{number}");
        question(&name, query, expected.clone())
    });
    db.ask(&questions(checks.collect())).await
}

/// What was found about the check with this number, and what it says.
fn told(outcome: &Outcome, number: usize) -> (Code, String) {
    let id = format!("sql.q{number}");
    let found = outcome
        .findings
        .iter()
        .find(|finding| finding.subject.as_deref() == Some(&id));
    let found = found.unwrap_or_else(|| panic!("nothing about {id}: {outcome:#?}"));
    (found.code, found.message.clone())
}

fn assert_all(outcome: &Outcome, queries: &[&str], code: Code) {
    for (number, query) in queries.iter().enumerate() {
        let (found, message) = told(outcome, number);
        assert_eq!(found, code, "{query}: {message}");
    }
}

#[tokio::test]
async fn a_name_that_a_query_takes_from_a_row_is_not_quoted() {
    let sql = "create table n (t text); insert into n values ('hunter2');
               create view broken as select t::regclass from n;";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let queries = [
        "select t::regclass from n",
        "select t::regtype from n",
        "select (t || ' a b')::regtype from n",
        "select (t || '.a.b.c')::regclass from n",
        "select current_setting(t) from n",
        "select query_to_xml(t, true, true, '') from n",
        "select set_config(t, 'x', true) from n",
        "select * from broken",
        "select to_tsquery('simple', t || ' ' || t) from n",
    ];
    let outcome = asked(&db, &queries, &Expected::NoRows).await;
    assert_all(&outcome, &queries, Code::CheckError);
    assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:#?}");
}

#[tokio::test]
async fn a_name_that_is_written_in_a_query_is_quoted() {
    let Some(db) = Database::with("create table n (t text)").await else {
        return;
    };
    let queries = ["select count(*) from lost", "select lost from n"];
    let outcome = asked(&db, &queries, &Expected::NoRows).await;
    assert_all(&outcome, &queries, Code::CheckError);
    for number in 0..2 {
        let (_, message) = told(&outcome, number);
        assert!(message.contains("\"lost\" does not exist"), "{message}");
    }
}

#[tokio::test]
async fn a_value_of_the_environment_is_in_no_answer() {
    let sql = "create table n (t text); insert into n values ('a')";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("shop.yaml");
    let text = "version: 1
tables:
  n:
    where: t = ${PLANTED}
    row_count: { min: 1 }
    unique: [t]
sql:
  - name: q0
    query: select count(*) from n where t = ${PLANTED}
    min: 0
  - name: q1
    query: select t from n
    matches: ${PLANTED}
";
    std::fs::write(&plan, text).unwrap();
    let environment = |_: &str| Some("hunter2".to_owned());
    let loaded = plan::read(&plan, &environment, date(2026, 11, 24)).unwrap();
    let outcome = db.ask(&loaded.plan.checks).await;
    let told = (&outcome.results, &outcome.findings);
    assert!(!format!("{told:?}").contains("hunter2"), "{told:#?}");
    let pattern = outcome.results.iter().find(|result| result.id == "sql.q1");
    assert_eq!(pattern.unwrap().limit.as_deref(), Some("matches ***"));
}

#[tokio::test]
async fn a_check_that_cannot_be_sent_leaves_the_others_their_answers() {
    let sql = "create table n (id int); insert into n values (1), (2)";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let mut declared = questions(vec![
        question("q0", "select '\0'", Expected::NoRows),
        question("q1", "select 1 where false", Expected::NoRows),
    ]);
    let counted = |filter: &str| {
        let check = table_check(TableKind::RowCount, "min 1");
        let mut block = block("n", vec![check]);
        block.filter = Some(filter.to_owned());
        block
    };
    let blocks = ["id > $1", "id > 0 or '\0' = ''", "id > 0"];
    declared.tables = tables(blocks.map(counted).to_vec()).tables;
    let outcome = db.ask(&declared).await;
    assert_all(&outcome, &["q0"], Code::RunStopped);
    let stopped = outcome.findings.iter().map(|found| found.code);
    let stopped = stopped.filter(|code| *code == Code::RunStopped);
    assert_eq!(stopped.count(), 3, "{:#?}", outcome.findings);
    let held = outcome.results.iter().filter(|result| {
        result.file.is_some() && result.status == pgdrill::report::CheckStatus::Passed
    });
    assert_eq!(held.count(), 2, "{:#?}", outcome.results);
}

#[tokio::test]
async fn what_the_asking_role_may_not_do_says_nothing_about_the_backup() {
    let sql = "create table n (id int); insert into n values (1);
               create sequence s;
               create function shut() returns int language sql as 'select 1';
               revoke execute on function shut() from public;
               create role poor; create view seen as select id from n; alter view seen owner to poor;";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let queries = [
        "select shut()",
        "select id from seen",
        "select pg_read_file('/etc/hostname')",
    ];
    let outcome = asked(&db, &queries, &Expected::NoRows).await;
    assert_all(&outcome, &queries, Code::RunStopped);
    let (_, message) = told(&outcome, 0);
    assert!(message.contains("function shut"), "{message}");
    let mut seen = questions(Vec::new());
    seen.tables = vec![block(
        "seen",
        vec![table_check(TableKind::RowCount, "min 1")],
    )];
    let outcome = db.ask(&seen).await;
    assert_eq!(outcome.findings[0].code, Code::RunStopped);
}

#[tokio::test]
async fn a_mistake_that_only_the_plan_can_make_says_nothing_about_the_backup() {
    let sql = "create table n (id int, t text); insert into n values (1, 'a')";
    let Some(db) = Database::with(sql).await else {
        return;
    };
    let queries = [
        "select 1; select 2",
        "-- nothing",
        "select $1",
        "select id from n where id = $1",
        "selct 1",
        "select '127.0.0.1'::inet",
    ];
    let one = Expected::Bounds(bounds("min 1"));
    let outcome = asked(&db, &queries, &one).await;
    assert_all(&outcome, &queries, Code::RunStopped);
    let broken = Expected::Matches("a{3,1}".to_owned());
    let outcome = asked(&db, &["select t from n"], &broken).await;
    assert_eq!(told(&outcome, 0).0, Code::RunStopped);
    let column = TableKind::Matches("t".to_owned(), "a{3,1}".to_owned());
    let outcome = db
        .ask(&tables(vec![block(
            "n",
            vec![table_check(column, "max 0")],
        )]))
        .await;
    assert_eq!(outcome.findings[0].code, Code::RunStopped);
}

#[tokio::test]
async fn a_missing_name_may_be_the_backups() {
    let Some(db) = Database::with("create table n (id int); insert into n values (1)").await else {
        return;
    };
    let queries = [
        "select * from lost",
        "select lost from n",
        "select lost(id) from n",
        "select id from n union all select id from n",
    ];
    let one = Expected::Bounds(bounds("min 1"));
    let outcome = asked(&db, &queries, &one).await;
    assert_all(&outcome, &queries, Code::CheckError);
}

#[tokio::test]
async fn an_answer_of_many_megabytes_is_not_compared() {
    let Some(db) = Database::with("create table n (id int)").await else {
        return;
    };
    let queries = ["select repeat('x', 2000000)"];
    for expected in [
        Expected::Text("x".to_owned()),
        Expected::Matches("^x".to_owned()),
    ] {
        let outcome = asked(&db, &queries, &expected).await;
        let (code, message) = told(&outcome, 0);
        assert_eq!(code, Code::RunStopped);
        assert!(message.contains("too large to be compared"), "{message}");
    }
    let null = asked(&db, &queries, &Expected::Null).await;
    assert_eq!(told(&null, 0).0, Code::CheckFailed);
}
