//! Is the backup the same as an earlier one: byte for byte, or row count for row count?

use super::{COPY, Drill, Facts, in_words};
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
    report::{DatabaseFacts, Report},
};

/// The same size and the same tag as the one before it, or as the last proven one.
pub(super) fn judge(facts: &Facts, _: &Limits, _: &Prices) -> Option<Finding> {
    let chosen = facts.chosen?;
    let tag = chosen.etag.as_ref()?;
    let same = |size: u64, etag: Option<&String>| size == chosen.size && etag == Some(tag);
    let previous = facts
        .previous()
        .filter(|previous| same(previous.size, previous.etag.as_ref()))
        .map(|previous| ("the one before it", &previous.key));
    let proven = facts
        .proven()
        .and_then(|run| run.backup.as_ref())
        .filter(|proven| same(proven.size_bytes, proven.etag.as_ref()))
        .map(|proven| ("the last proven one", &proven.key));
    let (which, key) = previous.or(proven)?;
    let message = format!("\"{}\" is the same as {which}", chosen.key);
    let detail = format!(
        "\"{key}\" has the same {} bytes and the same ETag {tag}.",
        chosen.size
    );
    Some(
        Finding::new(Code::BackupFrozen, message)
            .detail(detail)
            .about(&chosen.key),
    )
}

/// The same bytes as the last proven one, or the same count of rows in every table. A database that nobody writes to
/// looks like this, too: so it is a warning, and says what was compared.
pub(super) fn restored(drill: &Drill, _: &Limits) -> Option<Finding> {
    let said = |finding: &Finding| finding.code == Code::BackupFrozen;
    if drill.report.findings.iter().any(said) {
        return None;
    }
    let before = drill.proven()?;
    let (ours, theirs) = (drill.report.backup.as_ref()?, before.backup.as_ref()?);
    let message = if ours.sha256.is_some() && ours.sha256 == theirs.sha256 {
        format!("\"{}\" is the same as the last proven one", ours.key)
    } else {
        format!(
            "no table has more or fewer rows than in the last proven backup of \"{}\"",
            drill.report.plan
        )
    };
    let compared = if ours.sha256.is_some() && ours.sha256 == theirs.sha256 {
        "has the same SHA-256".to_owned()
    } else {
        same_data(drill.report, before)?
    };
    let apart = ours.last_modified?.as_second() - theirs.last_modified?.as_second();
    let apart = in_words(apart.unsigned_abs());
    let detail = format!(
        "\"{}\", stored {apart} earlier and proven at {}, {compared}.",
        theirs.key, before.started
    );
    Some(
        Finding::new(Code::BackupFrozen, message)
            .detail(detail)
            .hint("Check that the backup job dumps the live database, not a copy or an old file; a database that nobody writes to looks the same.")
            .about(&ours.key),
    )
}

/// What is equal in two restored databases, when everything that was counted is.
fn same_data(one: &Report, other: &Report) -> Option<String> {
    let (one, other) = (one.database.as_ref()?, other.database.as_ref()?);
    let rows: u64 = one.tables.iter().map(|table| table.rows).sum();
    if rows == 0 || !is_same(one, other) {
        return None;
    }
    let newest = match one.newest {
        Some(newest) => format!(" and the same newest moment, {newest}"),
        None => String::new(),
    };
    Some(format!(
        "has the same {rows} rows in the same {} tables, {} sequences at the same values{newest}",
        one.tables.len(),
        one.sequences.len(),
    ))
}

fn is_same(one: &DatabaseFacts, other: &DatabaseFacts) -> bool {
    let rows = |facts: &DatabaseFacts| -> Vec<(String, u64)> {
        let tables = facts.tables.iter();
        tables
            .map(|table| (table.name.clone(), table.rows))
            .collect()
    };
    let values = |facts: &DatabaseFacts| -> Vec<(String, Option<i64>)> {
        let sequences = facts.sequences.iter();
        sequences.map(|s| (s.name.clone(), s.last_value)).collect()
    };
    rows(one) == rows(other) && values(one) == values(other) && one.newest == other.newest
}

/// Whether two objects were stored too close together to be two backups.
pub(super) fn is_copy(one: jiff::Timestamp, other: jiff::Timestamp) -> bool {
    (one.as_second() - other.as_second()).abs() < COPY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::Limits,
        report::{SequenceFacts, TableFacts},
        rules::tests::{at, backup, listing, newest, proven, with},
    };

    #[test]
    fn the_same_size_and_the_same_tag_are_the_same_bytes() {
        let mut listing = listing(vec![backup("b", 7, 60), backup("a", 7, 90_000)]);
        assert_eq!(with(judge, &listing).unwrap().code, Code::BackupFrozen);
        listing.backups[0].etag = Some("another".to_owned());
        assert_eq!(with(judge, &listing), None);
    }

    #[test]
    fn a_copy_within_the_hour_is_no_second_backup() {
        let stored = |seconds| {
            with(
                judge,
                &listing(vec![backup("b", 7, 60), backup("a", 7, seconds)]),
            )
        };
        assert_eq!(stored(60 + 3_599), None);
        assert!(stored(60 + 3_600).is_some());
    }

    #[test]
    fn a_file_that_is_stored_again_under_its_name_is_compared_with_its_proof() {
        let listing = listing(vec![backup("latest", 7, 60)]);
        let judged = |past: &[Report]| {
            let facts = Facts {
                past,
                ..newest(&listing)
            };
            judge(&facts, &Limits::default(), &Prices::default())
        };
        let again = judged(&[proven("latest", 7, 90_000)]).unwrap();
        assert_eq!(
            again.message,
            "\"latest\" is the same as the last proven one"
        );
        // The same object, drilled once more.
        assert_eq!(judged(&[proven("latest", 7, 60)]), None);
    }

    #[test]
    fn without_tags_nothing_is_said() {
        let mut listing = listing(vec![backup("b", 7, 60), backup("a", 7, 90_000)]);
        for backup in &mut listing.backups {
            backup.etag = None;
        }
        assert_eq!(with(judge, &listing), None);
    }

    fn database(users: u64, value: i64) -> DatabaseFacts {
        let table = |name: &str, rows| TableFacts {
            name: name.to_owned(),
            rows,
            ..TableFacts::default()
        };
        DatabaseFacts {
            tables: vec![table("public.notes", 0), table("public.users", users)],
            sequences: vec![SequenceFacts {
                name: "public.users_id_seq".to_owned(),
                last_value: Some(value),
                increment: 1,
            }],
            newest: Some(at(99_999)),
            ..DatabaseFacts::default()
        }
    }

    fn drilled(now: DatabaseFacts, before: DatabaseFacts) -> Option<Finding> {
        let mut report = proven("b", 7, 60);
        report.database = Some(now);
        let mut past = [proven("a", 8, 90_000)];
        past[0].database = Some(before);
        let drill = Drill {
            report: &report,
            past: &past,
        };
        restored(&drill, &Limits::default())
    }

    #[test]
    fn every_table_and_sequence_equal_is_a_warning_that_says_what_was_compared() {
        let finding = drilled(database(5, 5), database(5, 5)).unwrap();
        assert_eq!(finding.code, Code::BackupFrozen);
        let detail = finding.detail.unwrap();
        assert!(
            detail.contains("the same 5 rows in the same 2 tables, 1 sequences"),
            "{detail}"
        );
    }

    #[test]
    fn one_row_one_sequence_or_one_moment_more_is_life() {
        assert_eq!(drilled(database(6, 5), database(5, 5)), None);
        assert_eq!(drilled(database(5, 6), database(5, 5)), None);
        let mut moved = database(5, 5);
        moved.newest = Some(at(99_998));
        assert_eq!(drilled(moved, database(5, 5)), None);
    }

    #[test]
    fn empty_tables_are_not_compared() {
        assert_eq!(drilled(database(0, 0), database(0, 0)), None);
    }

    #[test]
    fn a_folder_without_tags_is_compared_by_what_was_read() {
        let with_digest = |digest: &str| {
            let mut report = proven("b", 7, 60);
            let mut past = [proven("a", 7, 90_000)];
            report.backup.as_mut().unwrap().sha256 = Some("aa".to_owned());
            past[0].backup.as_mut().unwrap().sha256 = Some(digest.to_owned());
            let drill = Drill {
                report: &report,
                past: &past,
            };
            restored(&drill, &Limits::default())
        };
        assert!(
            with_digest("aa")
                .unwrap()
                .detail
                .unwrap()
                .contains("SHA-256")
        );
        assert_eq!(with_digest("bb"), None);
    }
}
