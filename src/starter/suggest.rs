//! What is worth asking of a table, judged from what it looks like. Everything suggested holds in what was seen.

use jiff::Timestamp;

use super::{Column, Table};

/// What to ask of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub(super) min_rows: u64,
    pub(super) not_null: Vec<String>,
    pub(super) unique: Vec<Vec<String>>,
    /// Column, then `table.column`.
    pub(super) references: Vec<(String, String)>,
    pub(super) freshness: Option<Fresh>,
}

/// How fresh a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fresh {
    pub(super) column: String,
    /// How much older than the dump the newest value is, in hours.
    pub(super) hours: u64,
    /// The limit to write, in hours; none where the data are too old for one to mean anything.
    pub(super) limit: Option<u64>,
}

/// Columns that say when a row was written, the best first.
const WRITTEN: [&str; 12] = [
    "updated_at",
    "created_at",
    "modified_at",
    "inserted_at",
    "last_update",
    "last_updated",
    "last_modified",
    "updated",
    "created",
    "modified",
    "created_on",
    "updated_on",
];

/// Beyond this many hours data are no longer written to: a limit would only repeat how old they are.
const OLD: u64 = 30 * 24;

/// The usual limit, in hours.
const USUAL: u64 = 48;

/// What to ask; `None` of a table without rows, of which nothing can be asked that could hold.
pub(super) fn suggest(table: &Table, taken: Timestamp) -> Option<Suggestion> {
    if table.rows == 0 {
        return None;
    }
    let column = |name: &String| table.columns.iter().find(|column| column.name == *name);
    let filled = |name: &String| column(name).is_some_and(|column| column.nulls == 0);
    let unique: Vec<Vec<String>> = {
        let whole = table
            .uniques
            .iter()
            .filter(|names| names.iter().all(filled));
        let mut unique: Vec<Vec<String>> = whole.cloned().collect();
        unique.dedup();
        unique
    };
    let has_values = |name: &String| column(name).is_some_and(|column| column.nulls < table.rows);
    let points = table.references.iter().filter(|r| has_values(&r.column));
    let mut references: Vec<(String, String)> = Vec::new();
    for reference in points {
        let target = format!(
            "{}.{}",
            label(&reference.schema, &reference.table),
            reference.key
        );
        // A column has one entry in a plan.
        if references
            .iter()
            .all(|(known, _)| *known != reference.column)
        {
            references.push((reference.column.clone(), target));
        }
    }
    Some(Suggestion {
        min_rows: tidy(table.rows - table.rows / 10),
        not_null: table
            .columns
            .iter()
            .filter(|column| column.nulls == 0 && (column.required || is_key(column, table)))
            .map(|column| column.name.clone())
            .collect(),
        unique,
        references,
        freshness: fresh(&table.columns, taken),
    })
}

/// The table as a plan names it.
pub(super) fn label(schema: &str, table: &str) -> String {
    if schema == "public" {
        table.to_owned()
    } else {
        format!("{schema}.{table}")
    }
}

/// Whether a column is obviously a key, though it is not declared NOT NULL.
fn is_key(column: &Column, table: &Table) -> bool {
    let points = table.references.iter().any(|r| r.column == column.name);
    points || column.name == "id" || column.name.ends_with("_id")
}

/// At most this number, as a person would write it: two digits and zeros.
fn tidy(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number / unit * unit).max(1)
}

/// The best column that says when a row was written, if its newest value can be compared with the dump's time.
fn fresh(columns: &[Column], taken: Timestamp) -> Option<Fresh> {
    WRITTEN.iter().find_map(|name| {
        let column = columns
            .iter()
            .find(|c| c.is_time && c.name.eq_ignore_ascii_case(name))?;
        let age = taken.as_second() - column.newest?.as_second();
        // Planned rows say nothing about freshness; zones alone are less than a day apart.
        if age < -86_400 {
            return None;
        }
        let hours = u64::try_from(age).unwrap_or(0).div_ceil(3_600);
        let limit = match hours {
            0..=24 => Some(USUAL),
            // Twice what it is, in whole days.
            25..=OLD => Some((hours * 2).div_ceil(24) * 24),
            _ => None,
        };
        Some(Fresh {
            column: column.name.clone(),
            hours,
            limit,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEN: Timestamp = Timestamp::UNIX_EPOCH;

    fn time(name: &str, hours_before: i64) -> Column {
        Column {
            name: name.to_owned(),
            is_time: true,
            newest: Timestamp::from_second(-hours_before * 3_600).ok(),
            ..Column::default()
        }
    }

    #[test]
    fn nine_tenths_are_written_as_a_person_would_write_them() {
        let min = |rows| {
            let table = Table {
                rows,
                ..Table::default()
            };
            suggest(&table, TAKEN).map(|s| s.min_rows)
        };
        assert_eq!(min(0), None);
        assert_eq!(min(1), Some(1));
        assert_eq!(min(9), Some(9));
        assert_eq!(min(25), Some(23));
        assert_eq!(min(412), Some(370));
        assert_eq!(min(8_780), Some(7_900));
        assert_eq!(min(1_234_567), Some(1_100_000));
    }

    #[test]
    fn a_limit_leaves_room_and_old_data_get_none() {
        let limit = |hours| fresh(&[time("created_at", hours)], TAKEN).map(|f| f.limit);
        assert_eq!(limit(0), Some(Some(48)));
        assert_eq!(limit(24), Some(Some(48)));
        assert_eq!(limit(25), Some(Some(72)));
        assert_eq!(limit(100), Some(Some(216)));
        assert_eq!(limit(24 * 365), Some(None));
        assert_eq!(limit(-48), None);
    }

    #[test]
    fn only_what_holds_is_suggested() {
        let column = |name: &str, required, nulls| Column {
            name: name.to_owned(),
            required,
            nulls,
            ..Column::default()
        };
        let table = Table {
            rows: 10,
            columns: vec![
                column("id", true, 0),
                column("user_id", false, 0),
                column("note", false, 0),
                column("slug", false, 3),
            ],
            uniques: vec![vec!["id".to_owned()], vec!["slug".to_owned()]],
            ..Table::default()
        };
        let suggestion = suggest(&table, TAKEN).unwrap();
        assert_eq!(suggestion.not_null, ["id", "user_id"]);
        assert_eq!(suggestion.unique, [["id"]]);
    }
}
