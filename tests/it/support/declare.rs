//! Declared checks, built by hand.

use std::{sync::Arc, time::Duration};

use pgdrill::{
    finding::Severity,
    plan::{
        Against, Bounds, Checks, DatabaseCheck, DatabaseKind, Expected, Limit, Place, SqlCheck,
        TableBlock, TableCheck, TableKind,
    },
};

/// Bounds as people write them: `min 1, max 5%`.
pub(crate) fn bounds(text: &str) -> Bounds {
    let mut bounds = Bounds::default();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (word, number) = part.trim().split_once(' ').unwrap();
        let number = Some(number.parse().unwrap());
        match word {
            "min" => bounds.min = number,
            "max" => bounds.max = number,
            "equals" => bounds.equals = number,
            other => panic!("no bound is called {other}"),
        }
    }
    bounds
}

/// Where every check of the tests is said to be written.
pub(crate) fn place(line: u64) -> Place {
    Place {
        file: Arc::from("checks/shop.yaml"),
        line,
        column: 5,
    }
}

/// A critical limit.
pub(crate) fn limit(hard: &str) -> Limit {
    Limit {
        bounds: bounds(hard),
        warn: Bounds::default(),
        against: Against::default(),
        severity: Severity::Critical,
        name: None,
        description: None,
        timeout: Duration::from_secs(30),
        place: place(12),
    }
}

/// A check of a table.
pub(crate) fn table_check(kind: TableKind, hard: &str) -> TableCheck {
    TableCheck {
        kind,
        limit: limit(hard),
    }
}

/// A block of checks.
pub(crate) fn block(table: &str, checks: Vec<TableCheck>) -> TableBlock {
    TableBlock {
        table: table.to_owned(),
        place: place(10),
        filter: None,
        filled: false,
        except: Vec::new(),
        skip: None,
        tags: Vec::new(),
        checks,
    }
}

/// Checks of tables alone.
pub(crate) fn tables(blocks: Vec<TableBlock>) -> Checks {
    Checks {
        tables: blocks,
        ..Checks::default()
    }
}

/// One check of one table.
pub(crate) fn one(table: &str, kind: TableKind, hard: &str) -> Checks {
    tables(vec![block(table, vec![table_check(kind, hard)])])
}

/// One check of the database.
pub(crate) fn database(kind: DatabaseKind, hard: &str) -> Checks {
    Checks {
        database: vec![DatabaseCheck {
            kind,
            limit: limit(hard),
        }],
        ..Checks::default()
    }
}

/// A question in SQL.
pub(crate) fn question(name: &str, query: &str, expected: Expected) -> SqlCheck {
    SqlCheck {
        name: name.to_owned(),
        query: query.to_owned(),
        expected,
        warn: Bounds::default(),
        against: Against::default(),
        severity: Severity::Critical,
        timeout: Duration::from_secs(10),
        secret: false,
        filled: false,
        tags: Vec::new(),
        skip: None,
        description: None,
        place: place(20),
    }
}

/// Questions in SQL alone.
pub(crate) fn questions(sql: Vec<SqlCheck>) -> Checks {
    Checks {
        sql,
        ..Checks::default()
    }
}
