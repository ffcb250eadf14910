//! Names of tables, columns and checks: found as people write them, quoted as PostgreSQL wants them.

use std::collections::HashSet;

use glob::Pattern;

use super::catalog::{Catalog, Table};

/// The schema of tables that are named without one, unless the plan names another.
pub(super) const PUBLIC: &str = "public";

/// An identifier in double quotes.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal, read the same whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A name for people: on one line, without control characters.
pub(super) fn shown(name: &str) -> String {
    let escape = |c: char| -> String {
        if c.is_control() {
            c.escape_default().collect()
        } else {
            c.into()
        }
    };
    name.chars().map(escape).collect()
}

/// Names for people: in double quotes, the first five of them.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    /// More names than this make a line unreadable.
    const MOST: usize = 5;
    let quoted: Vec<_> = (names.iter().take(MOST))
        .map(|name| format!("\"{}\"", shown(name.as_ref())))
        .collect();
    match names.len().checked_sub(MOST) {
        None | Some(0) => quoted.join(", "),
        Some(more) => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// Whether this names tables by a glob.
pub(super) fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// How a table is called in reports: without its schema where that goes without saying.
pub(super) fn label(table: &Table, schema: &str) -> String {
    if table.schema == schema {
        shown(&table.name)
    } else {
        shown(&format!("{}.{}", table.schema, table.name))
    }
}

/// The table that somebody means by this name.
pub(super) fn find<'a>(catalog: &'a Catalog, name: &str, schema: &str) -> Option<&'a Table> {
    let bare = |table: &&Table| {
        table.schema == schema && (table.name == name || identifier(&table.name) == name)
    };
    let tables = &catalog.tables;
    (tables.iter().find(bare)).or_else(|| tables.iter().find(|table| is_full_name(table, name)))
}

fn is_full_name(table: &Table, name: &str) -> bool {
    let forms = |text: &str| [text.to_owned(), identifier(text)];
    forms(&table.schema).iter().any(|schema| {
        let rest = name.strip_prefix(schema.as_str());
        rest.and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| forms(&table.name).iter().any(|form| form == rest))
    })
}

/// The name of a restored table that looks most like this one.
pub(super) fn alike(catalog: &Catalog, name: &str, schema: &str) -> Option<String> {
    /// Below this likeness (Jaro-Winkler, 0 to 1) a suggestion only confuses.
    const LIKENESS: f64 = 0.85;
    let candidates = catalog.tables.iter().filter_map(|table| {
        let label = label(table, schema);
        let bare = strsim::jaro_winkler(&table.name.to_lowercase(), &name.to_lowercase());
        let full = strsim::jaro_winkler(&label.to_lowercase(), &name.to_lowercase());
        (bare.max(full) >= LIKENESS).then_some((bare.max(full), label))
    });
    candidates
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, label)| label)
}

/// Whether a pattern names this table; one without a schema only looks into the plan's own.
pub(super) fn matches(pattern: &Pattern, table: &Table, schema: &str) -> bool {
    if pattern.as_str().contains('.') {
        pattern.matches(&format!("{}.{}", table.schema, table.name))
    } else {
        table.schema == schema && pattern.matches(&table.name)
    }
}

/// A name as a part of an id: lower case, words joined by hyphens.
pub(super) fn slug(name: &str) -> String {
    let words: Vec<_> = name
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        "unnamed".to_owned()
    } else {
        words.join("-")
    }
}

/// Numbers the ids that were given before: `users.row_count#2`.
pub(super) fn make_unique<'a>(ids: impl Iterator<Item = &'a mut String>) {
    let mut taken = HashSet::new();
    for id in ids {
        if !taken.insert(id.clone()) {
            let numbered = (2_u64..).map(|number| format!("{id}#{number}"));
            if let Some(free) = numbered.into_iter().find(|name| !taken.contains(name)) {
                taken.insert(free.clone());
                *id = free;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::catalog::tests::table;

    fn catalog(names: &[(&str, &str)]) -> Catalog {
        Catalog {
            tables: names.iter().map(|(s, t)| table(s, t, &[])).collect(),
            ..Catalog::default()
        }
    }

    #[test]
    fn a_table_is_found_as_people_write_it() {
        let catalog = catalog(&[("public", "users"), ("billing", "a.b"), ("x.y", "z")]);
        let found = |name| find(&catalog, name, PUBLIC).map(|t| t.name.as_str());
        assert_eq!(found("users"), Some("users"));
        assert_eq!(found("public.users"), Some("users"));
        assert_eq!(found("billing.a.b"), Some("a.b"));
        assert_eq!(found("billing.\"a.b\""), Some("a.b"));
        assert_eq!(found("\"x.y\".z"), Some("z"));
        assert_eq!(found("Users"), None);
        assert_eq!(alike(&catalog, "Users", PUBLIC).as_deref(), Some("users"));
        assert_eq!(alike(&catalog, "qqq", PUBLIC), None);
    }

    #[test]
    fn a_glob_without_a_schema_stays_in_the_plans_schema() {
        let hit = |pattern: &str, schema, name| {
            let pattern = Pattern::new(pattern).unwrap();
            matches(&pattern, &table(schema, name, &[]), PUBLIC)
        };
        assert!(hit("*", PUBLIC, "users"));
        assert!(!hit("*", "billing", "users"));
        assert!(hit("*.audit_*", "billing", "audit_log"));
        assert!(!hit("public.*", "billing", "users"));
    }

    #[test]
    fn quoting_leaves_no_way_out() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("a'b"), "'a''b'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
        assert_eq!(shown("a\n\u{1b}[31m"), "a\\n\\u{1b}[31m");
    }

    #[test]
    fn repeated_ids_are_numbered() {
        let mut ids = ["a", "b", "a", "a#2", "a"].map(str::to_owned);
        make_unique(ids.iter_mut());
        assert_eq!(ids, ["a", "b", "a#2", "a#2#2", "a#3"]);
    }

    #[test]
    fn a_slug_keeps_letters_of_every_script() {
        assert_eq!(slug("No double-booked  seats!"), "no-double-booked-seats");
        assert_eq!(slug("予約の重複"), "予約の重複");
        assert_eq!(slug("!?"), "unnamed");
    }
}
