//! The tables of keys in the documents are those of the plan's own schema. `PGDRILL_TEST_WRITE=1` writes them anew.

use std::{fmt::Write, fs};

use serde_json::Value;

/// Each document, the words around its table, and where the schema lists the keys.
const TABLES: [(&str, &str, &str); 8] = [
    (".github/PLAN.md", "plan", ""),
    (".github/CHECKS.md", "table", "/definitions/table"),
    (".github/CHECKS.md", "database", "/definitions/database"),
    (".github/CHECKS.md", "sql", "/definitions/sql"),
    (".github/CHECKS.md", "limit", "/definitions/limit"),
    (".github/CHECKS.md", "age", "/definitions/age"),
    (".github/CHECKS.md", "previous", "/definitions/previous"),
    (".github/CHECKS.md", "live", "/definitions/live"),
];

/// Keys whose own keys are on a page of their own.
const ELSEWHERE: [&str; 3] = ["tables", "database", "sql"];

#[test]
fn the_documents_show_every_key_of_a_plan() {
    let schema: Value = serde_json::from_str(pgdrill::plan::schema()).unwrap();
    for (document, name, pointer) in TABLES {
        let text = fs::read_to_string(document).unwrap();
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let (_, rest) = text.split_once(&begin).unwrap();
        let (table, _) = rest.split_once(&end).unwrap();
        let expected = expected(&schema, pointer);
        if std::env::var_os("PGDRILL_TEST_WRITE").is_some() {
            let old = format!("{begin}{table}{end}");
            let whole = text.replace(&old, &format!("{begin}{expected}{end}"));
            fs::write(document, whole).unwrap();
            continue;
        }
        assert_eq!(
            table, expected,
            "{document}: the table \"{name}\" must be:\n{expected}"
        );
    }
}

fn expected(schema: &Value, pointer: &str) -> String {
    let mut table = "| key | what it is | otherwise |\n|---|---|---|\n".to_owned();
    let depth = if pointer.is_empty() { 2 } else { 0 };
    let mapping = schema.pointer(pointer).unwrap();
    rows(schema, mapping, "", depth, &mut table);
    table
}

/// One row a key, and the keys inside up to so many levels below.
fn rows(schema: &Value, mapping: &Value, above: &str, depth: u8, table: &mut String) {
    for (key, own) in mapping["properties"].as_object().unwrap() {
        let about = resolved(schema, own);
        let text = |field: &str| own.get(field).or_else(|| about.get(field));
        let described = text("description").and_then(Value::as_str);
        let described = described.unwrap_or_default().replace('|', "\\|");
        let default = text("default").map_or_else(String::new, |value| match value {
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        });
        writeln!(table, "| `{above}{key}` | {described} | {default} |").unwrap();
        let here = depth > 0 && !(above.is_empty() && ELSEWHERE.contains(&key.as_str()));
        if let Some(inner) = shape(schema, about).filter(|_| here) {
            rows(schema, inner, &format!("{above}{key}."), depth - 1, table);
        }
    }
}

/// What a reference stands for.
fn resolved<'a>(schema: &'a Value, about: &'a Value) -> &'a Value {
    let reference = about.get("$ref").and_then(Value::as_str);
    let found = reference.and_then(|reference| schema.pointer(reference.strip_prefix('#')?));
    found.unwrap_or(about)
}

/// The mapping that a key may hold, directly or as one way to write it, or in a list.
fn shape<'a>(schema: &'a Value, about: &'a Value) -> Option<&'a Value> {
    if about.get("properties").is_some() {
        return Some(about);
    }
    let ways = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|word| about.get(word)?.as_array());
    let item = about.get("items").into_iter();
    let mut inner = ways.flatten().chain(item).map(|way| resolved(schema, way));
    inner.find(|way| way.get("properties").is_some())
}
