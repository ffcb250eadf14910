//! Many checks of a table are one reading of it, and answer as if each had been asked alone.

use pgdrill::{
    plan::TableKind,
    report::CheckStatus::{self, Error, Failed, Passed},
};

use crate::support::{
    declare::{block, table_check, tables},
    questions_db::Database,
};

const READINGS: &str = "create table readings (id int, note text);
    insert into readings select n, 'note ' || n from generate_series(1, 1000) n;
    insert into readings values (null, 'forty');";

/// How often a table was read from its first row to its last. A session that ended has told its counts.
async fn scans(db: &Database) -> i64 {
    let client = db.superuser().await;
    let asking = "select count(*) from pg_stat_activity where usename = $1";
    loop {
        let row = client
            .query_one(asking, &[&db.reader().role])
            .await
            .unwrap();
        if row.get::<_, i64>(0) == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    let told = "select seq_scan from pg_stat_user_tables where relname = 'readings'";
    client.query_one(told, &[]).await.unwrap().get(0)
}

async fn answers(db: &Database, kinds: Vec<(TableKind, &str)>) -> Vec<CheckStatus> {
    let checks = kinds
        .into_iter()
        .map(|(kind, hard)| table_check(kind, hard));
    let outcome = db
        .ask(&tables(vec![block("readings", checks.collect())]))
        .await;
    let own = outcome
        .results
        .iter()
        .filter(|result| !result.id.starts_with("builtin."));
    own.map(|result| result.status).collect()
}

#[tokio::test]
async fn a_table_is_read_once_for_all_its_checks() {
    let Some(db) = Database::with(READINGS).await else {
        return;
    };
    let before = scans(&db).await;
    let id = || "id".to_owned();
    let found = answers(
        &db,
        vec![
            (TableKind::RowCount, "equals 1001"),
            (TableKind::NotNull(id()), ""),
            (TableKind::NotNull("note".to_owned()), ""),
            (TableKind::Range(id()), "max 1000"),
            (TableKind::Sum(id()), "equals 500500"),
            (TableKind::Avg(id()), "equals 500.5"),
        ],
    )
    .await;
    assert_eq!(found, [Passed, Failed, Passed, Passed, Passed, Passed]);
    assert_eq!(scans(&db).await - before, 1);
}

#[tokio::test]
async fn one_that_cannot_be_answered_leaves_the_others_their_answers() {
    let Some(db) = Database::with(READINGS).await else {
        return;
    };
    let found = answers(
        &db,
        vec![
            (TableKind::RowCount, "equals 1001"),
            (TableKind::Sum("note".to_owned()), "min 1"),
            (TableKind::Sum("id".to_owned()), "equals 500500"),
        ],
    )
    .await;
    assert_eq!(found, [Passed, Error, Passed]);
}
