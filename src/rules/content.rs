//! Is this the dump that the plan expects, and does it hold data?

use crate::{
    finding::{Code, Finding},
    plan::{BackupPlan, RestorePlan},
    report::DumpFacts,
};

/// What there is to say about what a dump says of itself, before anything is restored.
#[must_use]
pub fn content(
    dump: &DumpFacts,
    backup: Option<&BackupPlan>,
    restore: &RestorePlan,
) -> Option<Finding> {
    let expected = backup.and_then(|backup| backup.database.as_deref());
    if let (Some(expected), Some(found)) = (expected, dump.database.as_deref())
        && expected != found
    {
        return Some(other_database(expected, &format!("\"{found}\"")));
    }
    data(dump.tables, restore)
}

/// Whether a dump holds the data of any table, once that is known.
#[must_use]
pub fn data(tables: Option<u64>, restore: &RestorePlan) -> Option<Finding> {
    (tables == Some(0) && !restore.allow_schema_only).then(|| {
        Finding::new(Code::DumpIncomplete, "the dump holds the data of no table")
            .detail("It creates what tables look like at most; not a row could be restored from it.")
            .hint(
                "Check the backup job for `--schema-only`; where that is meant, set `restore: { allow_schema_only: true }`.",
            )
    })
}

/// Whether the databases of a whole cluster's dump are those that the plan expects.
#[must_use]
pub fn cluster(databases: &[String], backup: Option<&BackupPlan>) -> Option<Finding> {
    let expected = backup.and_then(|backup| backup.database.as_deref())?;
    if databases.is_empty() || databases.iter().any(|name| name == expected) {
        return None;
    }
    Some(other_database(
        expected,
        &format!("\"{}\"", databases.join("\", \"")),
    ))
}

fn other_database(expected: &str, found: &str) -> Finding {
    Finding::new(
        Code::DumpUnexpected,
        format!("the dump is not of the database \"{expected}\""),
    )
    .detail(format!(
        "It says that it was taken from {found}; `backup.database` expects \"{expected}\"."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(database: Option<&str>, tables: Option<u64>) -> DumpFacts {
        DumpFacts {
            database: database.map(ToOwned::to_owned),
            tables,
            ..DumpFacts::default()
        }
    }

    fn code(dump: &DumpFacts, expected: Option<&str>, allow: bool) -> Option<Code> {
        let backup = BackupPlan {
            database: expected.map(ToOwned::to_owned),
            ..BackupPlan::default()
        };
        let restore = RestorePlan {
            allow_schema_only: allow,
            ..RestorePlan::default()
        };
        content(dump, Some(&backup), &restore).map(|finding| finding.code)
    }

    #[test]
    fn another_database_is_told_where_the_plan_names_one() {
        let shop = dump(Some("shop"), Some(3));
        assert_eq!(code(&shop, Some("shop"), false), None);
        assert_eq!(code(&shop, None, false), None);
        assert_eq!(
            code(&shop, Some("shop_test"), false),
            Some(Code::DumpUnexpected)
        );
        // A script does not say it.
        assert_eq!(code(&dump(None, None), Some("shop"), false), None);
    }

    #[test]
    fn a_dump_without_data_is_incomplete_unless_that_is_meant() {
        let bare = dump(Some("shop"), Some(0));
        assert_eq!(code(&bare, None, false), Some(Code::DumpIncomplete));
        assert_eq!(code(&bare, None, true), None);
    }

    #[test]
    fn a_cluster_must_hold_the_database() {
        let backup = BackupPlan {
            database: Some("shop".to_owned()),
            ..BackupPlan::default()
        };
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(cluster(&names(&["a", "shop"]), Some(&backup)), None);
        assert_eq!(cluster(&[], Some(&backup)), None);
        assert_eq!(cluster(&names(&["a"]), None), None);
        let told = cluster(&names(&["a", "b"]), Some(&backup)).unwrap();
        assert_eq!(told.code, Code::DumpUnexpected);
    }
}
