//! The suggested checks as YAML with comments.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{
    Facts, Table,
    suggest::{Fresh, Suggestion, label, suggest},
};

/// How wide a line may grow before a list goes on in the next one.
const WIDTH: usize = 100;

/// The parts `tables` and `database` of a plan, for a dump that was taken at this time. `sequences_hold` says whether the
/// drill found every sequence ahead of its column.
#[must_use]
pub fn checks(facts: &Facts, taken: Timestamp, sequences_hold: bool) -> String {
    let mut text = String::new();
    let mut empty = Vec::new();
    let mut left_out = Vec::new();
    text.push_str("tables:\n");
    let before = text.len();
    for table in &facts.tables {
        let name = label(&table.schema, &table.name);
        let columns = table
            .columns
            .iter()
            .all(|column| can_be_written(&column.name));
        if !columns || !can_be_named(&table.schema, &table.name) {
            left_out.push(name);
            continue;
        }
        match suggest(table, taken) {
            Some(suggestion) => one(&mut text, &name, table, &suggestion),
            None => empty.push(name),
        }
    }
    if text.len() == before {
        text.clear();
    }
    note(
        &mut text,
        "no row when this was written, so nothing could be asked",
        &empty,
    );
    note(
        &mut text,
        "names that a plan cannot hold: ask in `sql`",
        &left_out,
    );
    database(&mut text, facts, sequences_hold);
    text
}

fn note(text: &mut String, why: &str, names: &[String]) {
    if !names.is_empty() {
        let _ = writeln!(
            text,
            "  # {why}: {}",
            names.join(", ").replace(['\n', '\r'], " ")
        );
    }
}

fn one(text: &mut String, name: &str, table: &Table, suggestion: &Suggestion) {
    let _ = writeln!(text, "  {}:", scalar(name));
    let min = suggestion.min_rows;
    let _ = writeln!(
        text,
        "    row_count: {{ min: {min} }}   # {} when this was written",
        table.rows
    );
    let not_null: Vec<_> = suggestion
        .not_null
        .iter()
        .map(|name| scalar(name))
        .collect();
    list(text, "not_null", &not_null);
    let unique: Vec<_> = suggestion.unique.iter().map(|names| key(names)).collect();
    list(text, "unique", &unique);
    if !suggestion.references.is_empty() {
        text.push_str("    references:\n");
        for (column, target) in &suggestion.references {
            let _ = writeln!(text, "      {}: {}", scalar(column), scalar(target));
        }
    }
    if let Some(fresh) = &suggestion.freshness {
        freshness(text, fresh);
    }
}

fn freshness(text: &mut String, fresh: &Fresh) {
    let column = scalar(&fresh.column);
    let age = in_words(fresh.hours);
    let _ = match fresh.limit {
        Some(limit) => writeln!(
            text,
            "    freshness: {{ {column}: {limit}h }}   # the newest was {age} older than the dump"
        ),
        None => writeln!(
            text,
            "    # freshness: {{ {column}: 48h }}   # the newest was {age} older than the dump: nobody writes here?"
        ),
    };
}

fn in_words(hours: u64) -> String {
    match hours {
        0..=48 => format!("{hours} h"),
        _ => format!("{} days", hours / 24),
    }
}

/// One column, or the list of a composite key.
fn key(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| scalar(name)).collect();
    match names.as_slice() {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// A list that goes on in the next line where it grows too wide.
fn list(text: &mut String, key: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let mut line = format!("    {key}: [");
    for (at, item) in items.iter().enumerate() {
        let comma = if at + 1 < items.len() { "," } else { "" };
        if line.len() + item.len() > WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(6);
        }
        let _ = write!(line, "{item}{comma} ");
    }
    let _ = writeln!(text, "{}]", line.trim_end());
}

fn database(text: &mut String, facts: &Facts, sequences_hold: bool) {
    let ask_sequences = facts.sequences && sequences_hold;
    if facts.count == 0 && facts.extensions.is_empty() && !ask_sequences {
        return;
    }
    text.push_str("database:\n");
    if facts.count > 0 {
        let _ = writeln!(
            text,
            "  tables: {{ min: {} }}   # every one that was there",
            facts.count
        );
    }
    if !facts.extensions.is_empty() {
        let names: Vec<_> = facts.extensions.iter().map(|name| scalar(name)).collect();
        let _ = writeln!(text, "  extensions: [{}]", names.join(", "));
    }
    if ask_sequences {
        text.push_str("  sequences_behind: { max: 0 }   # the first insert after a recovery must not collide\n");
    } else if facts.sequences {
        text.push_str("  # sequences_behind: { max: 0 }   # did not hold when this was written: see `pgdrill verify`\n");
    }
}

/// Whether a plan can name the table: dots and globs mean something else there.
fn can_be_named(schema: &str, table: &str) -> bool {
    [schema, table].iter().all(|name| {
        let strange = |c: char| ".*?[]\"$".contains(c) || c.is_control();
        !name.is_empty() && !name.contains(strange)
    })
}

/// Whether a plan can name the column: it fills in `${…}`, and takes what is blank for nothing.
fn can_be_written(column: &str) -> bool {
    !column.contains("${") && !column.trim().is_empty()
}

/// A name as YAML writes it: bare where it cannot be taken for anything else, otherwise in quotes.
fn scalar(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let taken = words.iter().any(|word| name.eq_ignore_ascii_case(word));
    if starts && name.chars().all(plain) && !taken {
        return name.to_owned();
    }
    let escaped: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        plan,
        starter::{Column, Reference},
    };

    fn read(text: &str) -> plan::Plan {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.yaml");
        fs::write(&file, format!("version: 1\n{text}")).unwrap();
        let today = jiff::civil::date(2026, 11, 25);
        let loaded = plan::read(&file, &|_| None, today);
        let loaded = loaded.unwrap_or_else(|mistakes| panic!("{text}\n{}", mistakes.render(false)));
        loaded.plan
    }

    fn table(name: &str, column: &str) -> Table {
        Table {
            schema: "public".to_owned(),
            name: name.to_owned(),
            rows: 1_000,
            columns: vec![
                Column {
                    name: column.to_owned(),
                    required: true,
                    ..Column::default()
                },
                Column {
                    name: "created_at".to_owned(),
                    is_time: true,
                    newest: Some(Timestamp::UNIX_EPOCH),
                    ..Column::default()
                },
            ],
            uniques: vec![vec![column.to_owned()]],
            references: vec![Reference {
                column: column.to_owned(),
                schema: "public".to_owned(),
                table: "users".to_owned(),
                key: "id".to_owned(),
            }],
        }
    }

    #[test]
    fn what_is_written_is_a_plan_that_asks_what_was_suggested() {
        let facts = Facts {
            tables: vec![
                table("orders", "user_id"),
                Table {
                    schema: "public".to_owned(),
                    name: "later".to_owned(),
                    ..Table::default()
                },
            ],
            count: 2,
            extensions: vec!["uuid-ossp".to_owned()],
            sequences: true,
        };
        let text = checks(&facts, Timestamp::UNIX_EPOCH, true);
        let plan = read(&text);
        let asked: Vec<_> = plan.checks.tables[0]
            .checks
            .iter()
            .map(|check| check.kind.name())
            .collect();
        assert_eq!(
            asked,
            ["row_count", "not_null", "unique", "references", "freshness"]
        );
        assert_eq!(plan.checks.database.len(), 3);
        assert!(text.contains("nothing could be asked: later"), "{text}");
        assert!(text.contains("min: 900 }   # 1000 when"), "{text}");
    }

    #[test]
    fn an_empty_database_asks_nothing() {
        assert_eq!(checks(&Facts::default(), Timestamp::UNIX_EPOCH, true), "");
    }

    proptest! {
        #[test]
        fn any_name_is_read_back_as_it_is(name in "[^\\x00]{1,12}", column in "[^\\x00]{1,12}") {
            prop_assume!(can_be_named("public", &name) && can_be_written(&column) && column != "created_at");
            let facts = Facts { tables: vec![table(&name, &column)], count: 1, ..Facts::default() };
            let plan = read(&checks(&facts, Timestamp::UNIX_EPOCH, true));
            prop_assert_eq!(&plan.checks.tables[0].table, &name);
            prop_assert!(plan.checks.tables[0].checks.iter().any(
                |check| check.kind == plan::TableKind::NotNull(column.clone())));
        }
    }
}
