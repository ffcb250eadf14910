//! What changed in the database since the last proven backup: pure.

mod rows;
mod schema;
mod sequences;

use std::collections::{BTreeMap, BTreeSet};

use crate::{finding::Finding, report::DatabaseFacts};

/// How many names a finding lists; the rest is counted.
const NAMED: usize = 10;

/// Tables, by schema and name, that checks of the plan compared: nothing more is said of the numbers of their rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judged<'a> {
    /// Those whose fall was judged.
    pub fall: &'a [String],
    /// Those whose growth was judged.
    pub growth: &'a [String],
}

/// What there is to say about the changes from one database to a later one.
#[must_use]
pub fn changes(now: &DatabaseFacts, before: &DatabaseFacts, judged: Judged<'_>) -> Vec<Finding> {
    let (tables, old) = (tables(now), tables(before));
    let both: Vec<_> = tables
        .iter()
        .filter_map(|(name, table)| Some((*name, table, old.get(name)?)))
        .collect();
    let but_not = |judged: &[String]| -> Vec<_> {
        let counted = (both.iter()).filter(|(name, ..)| !judged.iter().any(|known| known == name));
        counted
            .map(|&(name, now, before)| rows::Change {
                table: name,
                now: now.rows,
                before: before.rows,
            })
            .collect()
    };
    let findings = [
        schema::judge(&schema::Facts {
            now,
            before,
            tables: &tables,
            old: &old,
        }),
        rows::dropped(&but_not(judged.fall)),
        rows::grew(&but_not(judged.growth)),
        sequences::judge(&now.sequences, &before.sequences),
    ];
    findings.into_iter().flatten().collect()
}

/// A table as its users see it: partitions are a part of it, however often they come and go.
#[derive(Debug, Default)]
struct Table<'a> {
    rows: u64,
    columns: BTreeSet<&'a str>,
}

fn tables(facts: &DatabaseFacts) -> BTreeMap<&str, Table<'_>> {
    let mut tables: BTreeMap<&str, Table<'_>> = BTreeMap::new();
    for stored in &facts.tables {
        let name = stored.partition_of.as_ref().unwrap_or(&stored.name);
        let table = tables.entry(name).or_default();
        table.rows = table.rows.saturating_add(stored.rows);
        table
            .columns
            .extend(stored.columns.iter().map(String::as_str));
    }
    tables
}

/// Names in double quotes, the first of them; control characters are left to whoever shows them.
fn list(names: &[String]) -> String {
    let quoted: Vec<_> = (names.iter().take(NAMED))
        .map(|name| format!("\"{name}\""))
        .collect();
    match names.len().checked_sub(NAMED) {
        None | Some(0) => quoted.join(", "),
        Some(more) => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// `1 table`, `2 tables`.
fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        finding::{Code, Severity},
        report::TableFacts,
    };

    pub(super) fn facts(tables: &[(&str, u64)]) -> DatabaseFacts {
        let table = |&(name, rows): &(&str, u64)| TableFacts {
            name: name.to_owned(),
            rows,
            columns: vec!["id".to_owned()],
            partition_of: None,
        };
        DatabaseFacts {
            tables: tables.iter().map(table).collect(),
            ..DatabaseFacts::default()
        }
    }

    fn codes(findings: &[Finding]) -> Vec<(Code, Severity)> {
        findings.iter().map(|f| (f.code, f.severity)).collect()
    }

    #[test]
    fn the_same_database_is_no_news() {
        let facts = facts(&[("public.users", 5)]);
        assert_eq!(changes(&facts, &facts, Judged::default()), []);
    }

    #[test]
    fn a_renamed_table_is_one_gone_and_one_new() {
        let found = changes(
            &facts(&[("public.people", 5)]),
            &facts(&[("public.users", 5)]),
            Judged::default(),
        );
        assert_eq!(codes(&found), [(Code::SchemaChanged, Severity::Warning)]);
        let detail = found[0].detail.as_deref().unwrap();
        assert!(
            detail.contains("Gone tables: \"public.users\"."),
            "{detail}"
        );
        assert!(
            detail.contains("New tables: \"public.people\"."),
            "{detail}"
        );
    }

    #[test]
    fn a_table_that_the_plan_compares_itself_is_left_to_it() {
        let (now, before) = (facts(&[("public.users", 0)]), facts(&[("public.users", 5)]));
        assert_eq!(
            codes(&changes(&now, &before, Judged::default())),
            [(Code::RowsDropped, Severity::Warning)]
        );
        let users = ["public.users".to_owned()];
        let fall = Judged {
            fall: &users,
            growth: &[],
        };
        assert_eq!(changes(&now, &before, fall), []);
        // That its growth is bounded says nothing of its fall.
        let growth = Judged {
            fall: &[],
            growth: &users,
        };
        assert_eq!(changes(&now, &before, growth).len(), 1);
    }

    #[test]
    fn partitions_that_come_and_go_do_not_shrink_their_table() {
        let partitioned = |parts: &[(&str, u64)]| {
            let mut facts = facts(parts);
            for table in &mut facts.tables {
                table.partition_of = Some("public.events".to_owned());
            }
            facts
        };
        let before = partitioned(&[("public.events_1", 10), ("public.events_2", 10)]);
        let now = partitioned(&[("public.events_2", 0), ("public.events_3", 15)]);
        let found = changes(&now, &before, Judged::default());
        assert_eq!(codes(&found), [(Code::SchemaChanged, Severity::Info)]);
        assert_eq!(
            found[0].message,
            "the schema changed: 1 partition is gone, 1 partition is new"
        );
    }

    #[test]
    fn long_lists_end_with_a_number() {
        let names: Vec<_> = (0..12).map(|n| format!("t{n}")).collect();
        assert!(list(&names).ends_with("\"t9\" and 2 more"));
    }
}
