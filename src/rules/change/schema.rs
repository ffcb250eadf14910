//! Which tables, columns, indexes and sequences came or went?

use std::collections::{BTreeMap, BTreeSet};

use super::{Table, count, list};
use crate::{
    finding::{Code, Finding, Severity},
    report::DatabaseFacts,
};

/// Two databases, and their tables as their users see them.
pub(super) struct Facts<'a> {
    /// The later one.
    pub now: &'a DatabaseFacts,
    /// The earlier one.
    pub before: &'a DatabaseFacts,
    /// The tables of the later one.
    pub tables: &'a BTreeMap<&'a str, Table<'a>>,
    /// The tables of the earlier one.
    pub old: &'a BTreeMap<&'a str, Table<'a>>,
}

/// What came and went of one kind.
struct Kind {
    one: &'static str,
    many: &'static str,
    gone: Vec<String>,
    new: Vec<String>,
}

/// One finding with everything that came or went; a table that is gone makes it a warning.
pub(super) fn judge(facts: &Facts<'_>) -> Option<Finding> {
    let kinds = kinds(facts);
    let mut words = Vec::new();
    let mut sentences = Vec::new();
    for kind in &kinds {
        for (names, state, title) in [(&kind.gone, "gone", "Gone"), (&kind.new, "new", "New")] {
            if !names.is_empty() {
                let verb = if names.len() == 1 { "is" } else { "are" };
                let counted = count(names.len(), kind.one, kind.many);
                words.push(format!("{counted} {verb} {state}"));
                sentences.push(format!("{title} {}: {}.", kind.many, list(names)));
            }
        }
    }
    if words.is_empty() {
        return None;
    }
    let message = format!("the schema changed: {}", words.join(", "));
    let finding = Finding::new(Code::SchemaChanged, message).detail(sentences.join(" "));
    let table_gone = kinds
        .iter()
        .any(|kind| kind.one == TABLE && !kind.gone.is_empty());
    Some(if table_gone {
        finding
            .severity(Severity::Warning)
            .hint("Check that a migration dropped or renamed the table, and that the backup job still dumps it.")
    } else {
        finding
    })
}

const TABLE: &str = "table";

fn kinds(facts: &Facts<'_>) -> [Kind; 5] {
    let names =
        |tables: &BTreeMap<&str, Table<'_>>| tables.keys().map(|n| (*n).to_owned()).collect();
    let indexes = |facts: &DatabaseFacts| facts.indexes.iter().cloned().collect();
    let sequences =
        |facts: &DatabaseFacts| facts.sequences.iter().map(|s| s.name.clone()).collect();
    [
        kind(TABLE, "tables", &names(facts.old), &names(facts.tables)),
        kind(
            "partition",
            "partitions",
            &partitions(facts.before, facts.tables),
            &partitions(facts.now, facts.old),
        ),
        kind(
            "column",
            "columns",
            &columns(facts.old, facts.tables),
            &columns(facts.tables, facts.old),
        ),
        kind(
            "index",
            "indexes",
            &indexes(facts.before),
            &indexes(facts.now),
        ),
        kind(
            "sequence",
            "sequences",
            &sequences(facts.before),
            &sequences(facts.now),
        ),
    ]
}

fn kind(
    one: &'static str,
    many: &'static str,
    before: &BTreeSet<String>,
    now: &BTreeSet<String>,
) -> Kind {
    Kind {
        one,
        many,
        gone: before.difference(now).cloned().collect(),
        new: now.difference(before).cloned().collect(),
    }
}

/// Partitions of tables that both databases have.
fn partitions(facts: &DatabaseFacts, other: &BTreeMap<&str, Table<'_>>) -> BTreeSet<String> {
    let of_both = facts.tables.iter().filter(|table| {
        let root = table.partition_of.as_deref();
        root.is_some_and(|root| other.contains_key(root))
    });
    of_both.map(|table| table.name.clone()).collect()
}

/// Columns of tables that both databases have: a table that is gone is gone with all of its columns.
fn columns(
    tables: &BTreeMap<&str, Table<'_>>,
    other: &BTreeMap<&str, Table<'_>>,
) -> BTreeSet<String> {
    let both = tables.iter().filter(|(name, _)| other.contains_key(*name));
    both.flat_map(|(name, table)| {
        table
            .columns
            .iter()
            .map(move |column| format!("{name}.{column}"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Judged, changes, tests::facts};
    use super::*;
    use crate::report::SequenceFacts;

    fn change(now: &DatabaseFacts, before: &DatabaseFacts) -> Option<Finding> {
        changes(now, before, Judged::default()).into_iter().next()
    }

    #[test]
    fn a_new_table_is_news_and_a_gone_one_is_a_warning() {
        let (one, two) = (facts(&[("a", 1)]), facts(&[("a", 1), ("b", 1)]));
        let new = change(&two, &one).unwrap();
        assert_eq!(new.severity, Severity::Info);
        assert_eq!(new.message, "the schema changed: 1 table is new");
        let gone = change(&one, &two).unwrap();
        assert_eq!(gone.severity, Severity::Warning);
        assert_eq!(gone.detail.as_deref(), Some("Gone tables: \"b\"."));
    }

    #[test]
    fn columns_indexes_and_sequences_are_named() {
        let before = facts(&[("a", 1)]);
        let mut now = before.clone();
        now.tables[0].columns = vec!["key".to_owned()];
        now.indexes = vec!["public.a_key".to_owned()];
        now.sequences = vec![SequenceFacts::default()];
        let finding = change(&now, &before).unwrap();
        assert_eq!(finding.severity, Severity::Info);
        assert_eq!(
            finding.message,
            "the schema changed: 1 column is gone, 1 column is new, 1 index is new, 1 sequence is new"
        );
        assert!(finding.detail.unwrap().contains("Gone columns: \"a.id\"."));
    }

    #[test]
    fn columns_in_another_order_are_the_same() {
        let mut before = facts(&[("a", 1)]);
        before.tables[0].columns = vec!["x".to_owned(), "y".to_owned()];
        let mut now = before.clone();
        now.tables[0].columns.reverse();
        assert_eq!(change(&now, &before), None);
    }
}
