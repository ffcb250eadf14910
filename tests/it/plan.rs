//! Plans: what is read from YAML, and what its author is told.
#![expect(clippy::panic, reason = "a test that cannot go on should fail loudly")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::civil::date;
use pgdrill::{
    finding::{Code, Severity},
    plan::{self, Bounds, Expected, Level, Loaded, Mistakes, Number, Select, TableKind},
    units::Bytes,
};
use proptest::prelude::*;

const SECRET: &str = "hunter2-from-the-environment";

fn environment(name: &str) -> Option<String> {
    match name {
        "CANARY_TOKEN" | "PLANTED" => Some(SECRET.to_owned()),
        "DIGITS" => Some("0123".to_owned()),
        _ => None,
    }
}

fn load(path: &Path) -> Result<Loaded, Mistakes> {
    plan::read(path, &environment, date(2026, 11, 24))
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// What is read from `shop.yaml` in a folder with these files.
fn read_in(files: &[(&str, &str)]) -> Result<Loaded, String> {
    let folder = folder(files);
    let home = format!("{}/", folder.path().display());
    load(&folder.path().join("shop.yaml"))
        .map_err(|mistakes| mistakes.render(false).replace(&home, ""))
}

fn read(text: &str) -> Result<Loaded, String> {
    read_in(&[("shop.yaml", text)])
}

fn refusal(text: &str) -> String {
    match read(text) {
        Ok(loaded) => panic!("this was accepted:\n{text}\n{loaded:#?}"),
        Err(text) => text,
    }
}

fn good(text: &str) -> Loaded {
    read(text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn warnings(text: &str) -> Vec<String> {
    let loaded = good(text);
    assert!(
        loaded
            .warnings
            .iter()
            .all(|warning| warning.level == Level::Warning)
    );
    loaded
        .warnings
        .into_iter()
        .map(|warning| warning.message)
        .collect()
}

/// Every YAML file below a folder.
fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let pattern = format!("{}/{folder}/**/*.yaml", env!("CARGO_MANIFEST_DIR"));
    let files: Vec<PathBuf> = glob::glob(&pattern).unwrap().map(Result::unwrap).collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn every_file_in_checks_is_read_without_a_word() {
    for path in yaml_files("checks") {
        let loaded = load(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(loaded.warnings.is_empty(), "{}", path.display());
        assert!(!loaded.plan.checks.is_empty(), "{}", path.display());
    }
}

#[test]
fn three_typos_are_told_at_once() {
    insta::assert_snapshot!(refusal(
        "version: 1\nbackup:\n  url: ./backups\n  selekt: newest\nlimits:\n  max_age: 48\ntables:\n  users:\n    row_cuont: { min: 1 }\n"
    ));
}

#[test]
fn japanese_keys_and_windows_line_ends_keep_their_columns() {
    insta::assert_snapshot!(refusal(
        "version: 1\r\ntables:\r\n  注文: { 件数: { min: 1 }, row_count: 3 }\r\n"
    ));
}

#[test]
fn each_trap_of_yaml_is_explained() {
    let traps = [
        (
            "operator",
            "version: 1\ntables:\n  users:\n    row_count: > 0\n",
        ),
        (
            "operator_at_least",
            "version: 1\ntables:\n  users:\n    row_count: >= 1000\n",
        ),
        (
            "operator_unequal",
            "version: 1\ntables:\n  users:\n    row_count: != 0\n",
        ),
        (
            "operator_less",
            "version: 1\ntables:\n  users:\n    row_count: < 5\n",
        ),
        (
            "operator_block",
            "version: 1\ntables:\n  users:\n    row_count: >1\n",
        ),
        ("tab", "version: 1\ntables:\n\tusers:\n"),
        (
            "variable_in_flow",
            "version: 1\nbackup: { url: ${BACKUP_URL} }\n",
        ),
        (
            "variable_in_quotes",
            "version: 1\nbackup:\n  url: \"${BACKUP_URL}\"\n",
        ),
        (
            "duplicate_key",
            "version: 1\ntables:\n  users:\n    unique: id\n    unique: email\n",
        ),
    ];
    for (name, text) in traps {
        insta::assert_snapshot!(format!("trap_{name}"), refusal(text));
    }
}

#[test]
fn comparisons_with_the_last_proven_run_are_read() {
    let share = |text: &str| Some(text.parse::<Number>().unwrap());
    let loaded = load(Path::new("checks/examples/04-trend.yaml")).unwrap();
    let checks = &loaded.plan.checks;
    let invoices = &checks.tables[0].checks;
    let rows = invoices[0].limit.against.previous.clone().unwrap();
    assert_eq!(
        (rows.max_drop, rows.max_growth, rows.equals, rows.severity),
        (share("10%"), share("300%"), false, None)
    );
    let size = checks.database[0].limit.against.previous.clone().unwrap();
    assert_eq!(size.severity, Some(Severity::Warning));
    let tables = checks.database[1].limit.against.previous.clone().unwrap();
    assert_eq!(tables.max_drop, share("0"));
    let same =
        good("version: 1\nsql:\n  - { name: a, query: select 1, previous: { equals: true } }\n");
    let sql = &same.plan.checks.sql[0];
    assert!(sql.against.previous.as_ref().unwrap().equals);
    assert_eq!(sql.expected, Expected::Bounds(Bounds::default()));
}

#[test]
fn comparisons_with_the_live_database_are_read_and_are_never_critical() {
    let loaded = load(Path::new("checks/examples/05-live.yaml")).unwrap();
    for (check, tolerance) in loaded.plan.checks.tables[0]
        .checks
        .iter()
        .zip(["0.5%", "0"])
    {
        let live = check.limit.against.live.clone().unwrap();
        assert_eq!(live.tolerance, tolerance.parse().unwrap());
        assert_eq!(live.severity, Severity::Warning);
    }
}

const DRILL: &str = "version: 1\nbackup: { url: ./backups }\n";

#[test]
fn a_comparison_without_its_other_side_is_told_where_it_is_written() {
    let live =
        "tables: { a: { where: t < :backup_time, row_count: { live: { tolerance: 0 } } } }\n";
    let told = refusal(&format!("{DRILL}{live}"));
    assert!(told.contains("has no live database"), "{told}");
    assert!(told.contains("dsn: ${LIVE_DATABASE_URL:-}"), "{told}");
    let dsn = "live:\n  dsn: ${LIVE_DATABASE_URL:-}\n";
    assert_eq!(
        warnings(&format!("{DRILL}{dsn}{live}")),
        Vec::<String>::new()
    );

    let previous = "tables: { a: { row_count: { previous: { max_drop: 10% } } } }\n";
    let told = warnings(&format!("{DRILL}{previous}"));
    assert!(
        told[0].contains("\"previous\" needs \"history\""),
        "{told:?}"
    );
    let kept = warnings(&format!("{DRILL}history: ./history\n{previous}"));
    assert_eq!(kept, Vec::<String>::new());
}

#[test]
fn an_included_file_is_compared_as_its_plan_can() {
    let checks = "version: 1\ntables: { a: { where: t < :backup_time, row_count: { live: { tolerance: 0 } } } }\n";
    let plan = format!("{DRILL}include: [more.yaml]\n");
    let told = read_in(&[("shop.yaml", &plan), ("more.yaml", checks)]).unwrap_err();
    assert!(told.contains("more.yaml:2"), "{told}");
    assert!(read(checks).is_ok());
}

#[test]
fn a_live_comparison_without_a_cut_off_is_said() {
    let told = warnings(
        "version: 1\ntables: { a: { row_count: { live: { tolerance: 0 } } } }\nsql:\n  - { name: b, query: select 1, live: { tolerance: 0 } }\n",
    );
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.contains("without a cut-off")));
}

/// What both the reader and the schema refuse: the YAML, and a part of what the reader says.
const REFUSED_BY_BOTH: &[(&str, &str)] = &[
    (
        "tables: { users: { row_count: { min: 1 } } }",
        "which version",
    ),
    ("version: 2", "version"),
    (
        "version: 1\nschedule: { timezone: UTC }",
        "does not say when",
    ),
    ("version: 1\nlive: { ca: ca.pem }", "which database"),
    ("version: 1\nmetrics: { textfil: a.prom }", "textfile"),
    ("version: 1\ntabels: {}", "did you mean \"tables\"?"),
    ("version: 1\nbackup: {}", "where the backups are"),
    (
        "version: 1\nbackup: { url: 7d, select: newest-bad }",
        "newest-bad",
    ),
    ("version: 1\nlimits: { max_age: 48 }", "48h or 2d"),
    ("version: 1\nlimits: { slow_factor: 0.5 }", "less than 1"),
    ("version: 1\nlimits: { storage: 50 }", "50GB or 1GiB"),
    ("version: 1\nlimits: { monthly_cost: 10 }", "10 USD"),
    ("version: 1\nlimits: { max_shrink: half }", "such as 50%"),
    (
        "version: 1\nprices: { storage_gb_month: cheap }",
        "not a number",
    ),
    (
        "version: 1\nsandbox: { provider: podman }",
        "unknown provider \"podman\"",
    ),
    ("version: 1\nrestore: { jobs: 0 }", "whole number"),
    (
        "version: 1\nrestore: { ignore: [{ error: x, until: 2099-01-01 }] }",
        "no \"reason\"",
    ),
    (
        "version: 1\nrestore: { ignore: [{ error: x, reason: y }] }",
        "no \"until\"",
    ),
    (
        "version: 1\nrestore: { ignore: [{ error: x, reason: y, until: soon }] }",
        "not a date",
    ),
    (
        "version: 1\nseverity: { backup.stal: warning }",
        "did you mean \"backup.stale\"?",
    ),
    (
        "version: 1\nseverity: { run.stopped: info }",
        "cannot be changed",
    ),
    (
        "version: 1\nseverity: { backup.stale: bad }",
        "unknown backup.stale \"bad\"",
    ),
    (
        "version: 1\ntables: { users: { row_count: 1000 } }",
        "write { min: 1000 } or { equals: 1000 }",
    ),
    (
        "version: 1\ntables: { users: { row_count: {} } }",
        "sets no limit",
    ),
    (
        "version: 1\ntables: { users: { row_count: { severity: info } } }",
        "sets no limit",
    ),
    (
        "version: 1\ntables: { users: { row_count: { min: 1, equals: 1 } } }",
        "leaves no room",
    ),
    (
        "version: 1\ntables: { users: { row_count: { min: many } } }",
        "cannot be this",
    ),
    (
        "version: 1\ntables: { users: { row_count: { warn: {} } } }",
        "sets no limit",
    ),
    ("version: 1\ntables: { users: {} }", "has no check"),
    (
        "version: 1\ntables: { users: { where: a = 1 } }",
        "has no check",
    ),
    (
        "version: 1\ntables: { users: { skip: true } }",
        "needs a reason",
    ),
    (
        "version: 1\ntables: { users: { references: { a: users } } }",
        "table.column",
    ),
    (
        "version: 1\ntables: { users: { accepted_values: { a: [] } } }",
        "empty",
    ),
    (
        "version: 1\ntables: { users: { accepted_values: { a: [x, null] } } }",
        "NULL is not a value",
    ),
    (
        "version: 1\ntables: { users: { freshness: { at: {} } } }",
        "how old is too old",
    ),
    (
        "version: 1\ntables: { users: { freshness: { at: yesterday } } }",
        "not a duration",
    ),
    ("version: 1\ntables: { users: { not_null: [] } }", "empty"),
    (
        "version: 1\ntables: { users: { range: { day: { min: 2020-01-01 } } } }",
        "dates are compared",
    ),
    ("version: 1\ndatabase: {}", "has no check"),
    ("version: 1\nsql: [{ query: select 1 }]", "no name"),
    ("version: 1\nsql: [{ name: a }]", "asks nothing"),
    (
        "version: 1\nsql: [{ name: a, query: select 1, file: a.sql }]",
        "both",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, equals: 1, max: 2 }]",
        "leaves no room",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, matches: x, max: 2 }]",
        "leaves no room",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, secret: sure }]",
        "neither true nor false",
    ),
    (
        "version: 1\ncontacts: [{ role: primary }]",
        "a role and a name",
    ),
    (
        "version: 1\nnotify: { slak: {} }",
        "did you mean \"slack\"?",
    ),
    (
        "version: 1\ndefaults: { severity: fatal }",
        "unknown severity \"fatal\"",
    ),
    (
        "version: 1\ntables: { a: { row_count: { previous: {} } } }",
        "sets no limit",
    ),
    (
        "version: 1\ntables: { a: { row_count: { previous: 10% } } }",
        "needs a limit in words",
    ),
    (
        "version: 1\ntables: { a: { row_count: { previous: { max_drop: 10%, equals: true } } } }",
        "leaves no room",
    ),
    (
        "version: 1\ntables: { a: { row_count: { previous: { equals: false } } } }",
        "can only be true",
    ),
    (
        "version: 1\ntables: { a: { row_count: { previous: { max_dorp: 10% } } } }",
        "did you mean \"max_drop\"?",
    ),
    (
        "version: 1\ntables: { a: { row_count: { live: {} } } }",
        "sets no tolerance",
    ),
    (
        "version: 1\ntables: { a: { row_count: { live: { tolerance: 0, severity: critical } } } }",
        "advisory, never critical",
    ),
];

fn validator() -> jsonschema::Validator {
    let schema: serde_json::Value = serde_json::from_str(plan::schema()).unwrap();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    jsonschema::draft7::new(&schema).unwrap()
}

fn json(yaml: &str) -> serde_json::Value {
    serde_yaml::from_str(yaml).unwrap()
}

#[test]
fn every_example_is_valid_by_the_schema() {
    let validator = validator();
    for path in yaml_files("checks") {
        let plan = json(&fs::read_to_string(&path).unwrap());
        let errors: Vec<_> = validator
            .iter_errors(&plan)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn what_is_wrong_is_refused_by_the_reader_and_by_the_schema() {
    let validator = validator();
    for (text, says) in REFUSED_BY_BOTH {
        let refusal = refusal(text);
        assert!(refusal.contains(says), "{text}\n{refusal}");
        assert!(
            !validator.is_valid(&json(text)),
            "the schema accepts: {text}"
        );
    }
}

/// What the schema cannot see: the YAML, and a part of what the reader says.
const REFUSED_BY_THE_READER: &[(&str, &str)] = &[
    (
        "version: 1\nseverity: { history.unreadable: critical }",
        "cannot be critical",
    ),
    (
        "version: 1\nbackup: { url: ./b, endpoint: nonsense }\n",
        "\"endpoint\" is no URL",
    ),
    (
        "version: 1\nbackup: { url: ./b, endpoint: \"https://h/?token=x\" }\n",
        "\"endpoint\" holds more than scheme, host and path",
    ),
    (
        "version: 1\nbackup: { url: s3:/bucket/ }\n",
        "\"url\" is neither a URL nor a folder",
    ),
    (
        "version: 1\nhistory: s3:/bucket/\n",
        "\"history\" is neither a URL nor a folder",
    ),
    (
        "version: 1\ndefaults: { timeout: 0s }\n",
        "\"timeout\" leaves no time at all",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, equals: 1, timeout: 0s }]\n",
        "\"timeout\" leaves no time at all",
    ),
    (
        "version: 1\nrestore: { stall: 0m }\n",
        "\"stall\" leaves no time at all",
    ),
    (
        "version: 1\nrestore: { wall: 0h }\n",
        "\"wall\" leaves no time at all",
    ),
    ("version: 1\nschedule: every day\n", "no cron schedule"),
    ("version: 1\nschedule: \"0 0 30 2 *\"\n", "never comes"),
    (
        "version: 1\nschedule: \"* * * * * *\"\n",
        "more than five fields",
    ),
    (
        "version: 1\nbackup: { url: \"s3://b/\", endpoint: \"http://127.0.0.1:9000 \" }\n",
        "\"endpoint\" is no URL",
    ),
    (
        "version: 1\nschedule: { cron: \"0 0 1 * *\", timezone: Asia/Osaka2 }\n",
        "not known here",
    ),
    (
        "version: 1\nmetrics: { pushgateway: 127.0.0.1 }\n",
        "no URL",
    ),
    ("", "the plan is empty"),
    ("- a\n", "must hold keys and values"),
    ("version: 1\n---\nversion: 1\n", "a second YAML document"),
    ("version: 1\nname: [a\n", "not valid YAML"),
    ("version: 1\nbackup: { url: ./b, match: '[' }", "not a glob"),
    (
        "version: 1\nbackup:\n  url: ${NOWHERE}\n  endpoint: ${NOBODY:?ask Aiko}\n",
        "ask Aiko",
    ),
    ("version: 1\nrestore: { globals: none.sql }", "no such file"),
    (
        "version: 1\nrestore: { ignore: [{ error: x, reason: y, until: 2026-11-23 }] }",
        "ended on 2026-11-23",
    ),
    (
        "version: 1\ntables: { a: { row_count: { min: 9, max: 1 } } }",
        "at least 9 and at most 1",
    ),
    (
        "version: 1\ntables: { a: { row_count: { min: -1 } } }",
        "not negative",
    ),
    (
        "version: 1\ntables: { a: { row_count: { min: 48h } } }",
        "not negative",
    ),
    (
        "version: 1\ntables: { a: { not_null: { b: { min: 1%, max: 5 } } } }",
        "different units",
    ),
    (
        "version: 1\ntables: { a: { matches: { b: '(' } } }",
        "never closed",
    ),
    (
        "version: 1\ntables: { 'a.b.c': { row_count: { min: 1 } } }",
        "schema.table",
    ),
    (
        "version: 1\ntables: { '[': { row_count: { min: 1 } } }",
        "not a glob",
    ),
    (
        "version: 1\ntables: { a: { except: [b], row_count: { min: 1 } } }",
        "not a glob",
    ),
    (
        "version: 1\ndatabase: { size: { min: 100 } }",
        "100MB, 50GB or 1GiB",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1 }, { name: a, query: select 2 }]",
        "two checks are called \"a\"",
    ),
    (
        "version: 1\nsql: [{ name: a, file: none.sql }]",
        "cannot be read",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, equals: }]",
        "no value",
    ),
    ("version: 1\ninclude: [none.yaml]", "no such file"),
    ("version: 1\ninclude: ['teams/*.yaml']", "no such file"),
    ("version: 1\ninclude: [shop.yaml]", "includes itself"),
    (
        "version: 1\ntables: { a: { row_count: { previous: { max_drop: -1 } } } }",
        "cannot be this",
    ),
    (
        "version: 1\ntables: { a: { row_count: { previous: { max_drop: 48h } } } }",
        "cannot be this",
    ),
    (
        "version: 1\ntables: { a: { range: { b: { min: 1, previous: { max_drop: 1 } } } } }",
        "values of rows",
    ),
    (
        "version: 1\ndatabase: { tables: { live: { tolerance: 0 } } }",
        "is not compared with the live database",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, secret: true, previous: { max_drop: 1 } }]",
        "is not kept",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, equals: x, live: { tolerance: 0 } }]",
        "needs a number",
    ),
    (
        "version: 1\nsql: [{ name: a, query: select 1, equals: 50% }]",
        "in quotes for a text",
    ),
];

#[test]
fn a_check_is_switched_off_by_a_reason_and_by_no_other_word() {
    for word in [
        "no", "No", "off", "OFF", "n", "yes", "on", "y", "false", "0", "1", "0.5", "1e3", "0x10",
    ] {
        for plan in [
            format!("version: 1\ntables: {{ users: {{ skip: {word} }} }}"),
            format!("version: 1\nsql: [{{ name: a, query: select 1, skip: {word} }}]"),
        ] {
            let refusal = refusal(&plan);
            assert!(refusal.contains("\"skip\" needs a reason"), "{refusal}");
        }
    }
    for reason in ["no longer filled", "'no'", "off since 2025", "2025-01-01"] {
        good(&format!(
            "version: 1\ntables: {{ users: {{ skip: {reason} }} }}"
        ));
    }
}

#[test]
fn a_value_that_yaml_may_mean_otherwise_must_be_in_quotes() {
    for value in [
        "1e3", ".5", "5.", "-.5", "0x10", "0o17", "0b1", "1E-3", ".inf", ".NaN", "yes", "No", "ON",
        "off", "y", "N",
    ] {
        let equals = format!("version: 1\nsql: [{{ name: a, query: select 1, equals: {value} }}]");
        let accepted = format!(
            "version: 1\ntables: {{ users: {{ accepted_values: {{ a: [2, {value}] }} }} }}"
        );
        for plan in [equals, accepted] {
            let refusal = refusal(&plan);
            assert!(refusal.contains("in quotes"), "{refusal}");
        }
    }
    for value in [
        "'1e3'",
        "\"no\"",
        "1",
        "-0.5",
        "5_000",
        "true",
        "JP",
        "NaN",
        "Infinity",
        "12:30",
        "1.2.3",
        "2026-01-01",
        "0123",
        "0xyz",
        "e5",
        "一",
    ] {
        good(&format!(
            "version: 1\nsql: [{{ name: a, query: select 1, equals: {value} }}]"
        ));
        good(&format!(
            "version: 1\ntables: {{ users: {{ accepted_values: {{ a: [2, {value}] }} }} }}"
        ));
    }
}

#[test]
fn a_lone_m_is_no_age() {
    for key in [
        "freshness: { at: 5M }",
        "freshness: { at: { max_age: 1y 2M } }",
    ] {
        let refusal = refusal(&format!("version: 1\ntables: {{ users: {{ {key} }} }}"));
        assert!(refusal.contains("is not a duration"), "{refusal}");
    }
    good("version: 1\ntables: { users: { freshness: { at: 5m, to: 2months } } }");
}

#[test]
fn a_file_of_sql_may_begin_with_a_byte_order_mark() {
    let plan = "version: 1\nsql: [{ name: a, file: sql/bom.sql }]";
    let read = |sql| read_in(&[("shop.yaml", plan), ("sql/bom.sql", sql)]);
    let loaded = read("\u{feff}select 1").unwrap();
    assert_eq!(loaded.plan.checks.sql[0].query, "select 1");
    assert!(read("\u{feff}\n").unwrap_err().contains("is empty"));
}

#[test]
fn what_only_the_reader_can_see_is_refused_too() {
    for (text, says) in REFUSED_BY_THE_READER {
        let refusal = refusal(text);
        assert!(refusal.contains(says), "{text}\n{refusal}");
    }
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let refusal =
        refusal("version: 1\nbackup:\n  url: ${NOWHERE}\n  endpoint: ${NOBODY:?ask Aiko}\n");
    assert!(
        refusal.contains("\"NOWHERE\"") && refusal.contains("\"NOBODY\""),
        "{refusal}"
    );
    assert!(refusal.contains("shop.yaml:3:8"), "{refusal}");
}

#[test]
fn a_nul_character_is_refused_where_it_stands() {
    let query = "version: 1\nsql:\n  - name: q\n    query: \"select '\\0'\"\n";
    let refused = refusal(query);
    assert!(refused.contains("NUL character"), "{refused}");
    assert!(refused.contains("shop.yaml:4:12"), "{refused}");
    let column = "version: 1\ntables:\n  users:\n    where: \"id > '\\0'\"\n    matches: { email: \"\\0\" }\n";
    assert_eq!(refusal(column).matches("NUL character").count(), 2);
    let plan = "version: 1\nsql:\n  - name: q\n    file: q.sql\n";
    let refused = read_in(&[("shop.yaml", plan), ("q.sql", "select '\0'")]).unwrap_err();
    assert!(refused.contains("NUL character"), "{refused}");
}

#[test]
fn a_value_from_the_environment_is_in_no_message() {
    let keys = [
        "name",
        "backup.url",
        "backup.match",
        "backup.select",
        "limits.max_age",
        "limits.storage",
        "limits.max_shrink",
        "limits.monthly_cost",
        "limits.rto",
        "prices.storage_gb_month",
        "sandbox.provider",
        "restore.jobs",
        "restore.globals",
        "severity.backup",
        "defaults.severity",
        "defaults.timeout",
        "tables.users",
        "database.size",
        "include",
        "history",
        "contacts",
        "version",
    ];
    for key in keys {
        let text = match key.split_once('.') {
            Some((outer, inner)) => {
                format!("version: 1\nx: 1\n{outer}:\n  {inner}: ${{PLANTED}}\n")
            }
            None => format!("x: 1\n{key}: ${{PLANTED}}\n"),
        };
        let refusal = refusal(&text);
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    for inner in [
        "row_count",
        "unique",
        "freshness",
        "columns",
        "severity",
        "skip",
        "row_count:\n      min",
        "row_count:\n      name",
    ] {
        let text = format!("version: 1\nx: 1\ntables:\n  users:\n    {inner}: ${{PLANTED}}\n");
        let refusal = refusal(&text);
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    for written in ["https://u:hunter2@h", "u:hunter2@h", "https://h/#hunter2"] {
        let endpoint = format!("version: 1\nbackup:\n  url: ./b\n  endpoint: \"{written}\"\n");
        assert!(!refusal(&endpoint).contains("hunter2"));
    }
    let twice = "version: 1\nsql:\n  - query: select 1\n    name: ${PLANTED}\n  - query: select 1\n    name: ${PLANTED}\n";
    assert!(!refusal(twice).contains("hunter2"));
}

#[test]
fn a_plan_says_how_its_runs_become_a_watch() {
    let text = "version: 1
backup: { url: s3://b/db/, endpoint: http://127.0.0.1:9000, region: home }
limits: { slow_factor: 2.5, max_unproven: 40d }
history: s3://b/runs/
schedule: { cron: 30 4 * * 1, timezone: Asia/Tokyo }
metrics:
  textfile: ./shop.prom
  pushgateway: ${NOT_SET:-}
";
    let plan = good(text).plan;
    let history = plan.history.unwrap();
    assert_eq!(history.url, "s3://b/runs/");
    assert_eq!(history.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!(history.region.as_deref(), Some("home"));
    let schedule = plan.schedule.unwrap();
    assert_eq!(
        (schedule.cron.as_str(), schedule.timezone.as_str()),
        ("30 4 * * 1", "Asia/Tokyo")
    );
    assert_eq!(plan.metrics.textfile.unwrap(), Path::new("./shop.prom"));
    assert_eq!(plan.metrics.pushgateway, None);
    assert_eq!(plan.limits.max_unproven.to_string(), "40 days");
}

#[test]
fn the_digest_of_a_plan_changes_with_what_is_asked_and_with_nothing_else() {
    let digest = |text: &str| {
        good(&format!(
            "version: 1\ntables: {{ a: {{ unique: id }} }}\n{text}"
        ))
        .plan
        .digest
    };
    let usual = digest("");
    assert_eq!(digest("limits: { max_age: 1h }\n"), usual);
    assert_eq!(
        digest("contacts: [{ role: primary, name: Somebody }]\n"),
        usual
    );
    assert_ne!(
        digest("sql: [{ name: a, query: select 1, equals: 1 }]\n"),
        usual
    );
    assert_ne!(digest("sandbox: { image: postgres:17 }\n"), usual);
    let kept = |more: &str| digest(&format!("backup: {{ url: ./b{more} }}\n"));
    assert_eq!(kept(""), kept(", match: \"*.dump\""));
    assert_ne!(kept(", database: shop"), kept(", database: other"));
    assert_ne!(kept(", timezone: UTC"), kept(", timezone: Asia/Tokyo"));
    assert_ne!(digest("restore: { jobs: 2 }\n"), usual);
}

#[test]
fn what_does_nothing_is_said() {
    let told = warnings("version: 1\ndefaults: { samples: 5 }\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("never printed"));
}

#[test]
fn a_limit_that_cannot_be_breached_is_said() {
    let table = |limit: &str| {
        warnings(&format!(
            "version: 1\ntables: {{ a: {{ row_count: {limit} }} }}\n"
        ))
    };
    assert!(table("{ min: 0 }")[0].contains("always holds"));
    let from_zero = good("version: 1\ntables: { a: { row_count: { min: 0 } } }");
    let help = from_zero.warnings[0].help.clone().unwrap();
    assert!(help.contains("{ min: 0, max: 1000 } where a table may be empty"));
    assert!(table("{ min: 0, max: 9 }").is_empty());
    assert!(table("{ min: 10, warn: { min: 5 } }")[0].contains("never reached"));
    assert!(table("{ min: 10, warn: { min: 50 } }").is_empty());
    assert!(table("{ max: 0 }").is_empty());
    assert!(table("{ previous: { max_drop: 300% } }")[0].contains("always holds"));
    assert!(table("{ previous: { max_drop: 100% } }").is_empty());
    assert!(table("{ previous: { max_drop: 99.9% } }").is_empty());
    let nulls = |limit: &str| {
        warnings(&format!(
            "version: 1\ntables: {{ a: {{ not_null: {{ b: {limit} }} }} }}\n"
        ))
    };
    assert!(nulls("{ max: 100% }")[0].contains("always holds"));
    assert!(nulls("{ max: 200% }")[0].contains("always holds"));
    assert!(nulls("{ max: 99.9% }").is_empty());
    assert!(nulls("{ max: 100% , warn: { max: 5% } }").is_empty());
}

#[test]
fn severities_come_from_the_check_then_the_table_then_the_file() {
    let loaded = good(
        "version: 1\ndefaults: { severity: info, timeout: 5s }\ntables:\n  a:\n    row_count: { min: 1 }\n  b:\n    severity: warning\n    unique: id\n    row_count: { min: 1, severity: critical, timeout: 1m }\n",
    );
    let checks = loaded
        .plan
        .checks
        .tables
        .iter()
        .flat_map(|block| &block.checks);
    let limits: Vec<_> = checks
        .map(|check| {
            (
                check.limit.severity,
                check.limit.timeout.as_secs(),
                check.limit.place.line,
            )
        })
        .collect();
    assert_eq!(
        limits,
        [
            (Severity::Info, 5, 5),
            (Severity::Warning, 5, 8),
            (Severity::Critical, 60, 9)
        ]
    );
}

#[test]
fn sql_answers_are_compared_as_they_are_written() {
    let expected = |limit: &str| {
        let loaded = good(&format!(
            "version: 1\nsql:\n  - name: a\n    query: select 1\n    {limit}\n"
        ));
        loaded.plan.checks.sql.into_iter().next().unwrap().expected
    };
    let decimal = |text: &str| Some(Number::Decimal(text.to_owned()));
    assert_eq!(expected("tags: [a]"), Expected::NoRows);
    assert_eq!(
        expected("equals: pending"),
        Expected::Text("pending".into())
    );
    assert_eq!(expected("equals: '0'"), Expected::Text("0".into()));
    assert_eq!(
        expected("equals: ${DIGITS}"),
        Expected::NumberOrText("0123".into())
    );
    assert_eq!(
        expected("equals: ${PLANTED}"),
        Expected::Text(SECRET.into())
    );
    assert_eq!(expected("equals: true"), Expected::Truth(true));
    assert_eq!(expected("equals: 'yes'"), Expected::Text("yes".into()));
    assert_eq!(expected("equals: null"), Expected::Null);
    let Expected::Bounds(bounds) = expected("equals: 0.10") else {
        panic!()
    };
    assert_eq!(bounds.equals, decimal("0.10"));
    let Expected::Bounds(bounds) = expected("max: 5_000") else {
        panic!()
    };
    assert_eq!(bounds.max, decimal("5000"));
}

#[test]
fn sql_in_blocks_is_never_touched() {
    let loaded =
        good("version: 1\nsql:\n  - name: a\n    query: |\n      select '${HOME}', $1, $$x$$\n");
    assert_eq!(
        loaded.plan.checks.sql[0].query,
        "select '${HOME}', $1, $$x$$\n"
    );
}

#[test]
fn the_whole_example_is_read_as_it_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/examples/whole.yaml");
    let plan = load(&path).unwrap().plan;
    let backup = plan.backup.unwrap();
    assert_eq!(backup.url, "s3://example-backups/db/");
    assert_eq!(
        (backup.endpoint, backup.region, backup.select),
        (None, None, Select::Newest)
    );
    assert_eq!(backup.pattern.as_deref(), Some("*.dump"));
    assert_eq!(plan.limits.storage, Bytes(50_000_000_000));
    assert_eq!(plan.prices.storage_gb_month, Some(0.015));
    assert_eq!(plan.sandbox.image.as_deref(), Some("postgres:17"));
    assert_eq!(plan.restore.jobs, Some(2));
    assert_eq!(plan.restore.ignore[0].until, date(2099, 12, 31));
    assert_eq!(
        plan.severity.get(&Code::BackupShrunk),
        Some(&Severity::Critical)
    );
    assert_eq!(plan.contacts[2].name, "CTO");
    assert_eq!(plan.name, "shop");
}

#[test]
fn included_files_keep_their_own_places_and_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/examples/08-database.yaml");
    let loaded = load(&path).unwrap();
    assert_eq!(loaded.included.len(), 2);
    let invoices = loaded
        .plan
        .checks
        .tables
        .iter()
        .find(|block| block.table == "billing.invoices");
    let invoices = invoices.unwrap();
    assert!(invoices.place.file.ends_with("billing/invoices.yaml"));
    assert_eq!(invoices.checks[0].limit.timeout.as_secs(), 120);
    assert!(invoices.checks.iter().any(|check| {
        matches!(&check.kind, TableKind::References(_, table, _) if table == "public.users")
    }));
    assert!(
        loaded
            .plan
            .checks
            .tables
            .iter()
            .any(|block| block.table == "users")
    );
}

#[test]
fn queries_are_not_asked_in_another_schema_than_their_file_says() {
    let checks = |schema: &str| {
        format!(
            "version: 1\ndefaults: {{ schema: {schema} }}\nsql: [{{ name: a, query: select 1, equals: 1 }}]\n"
        )
    };
    let plan = "version: 1\ndefaults: { schema: s1 }\ninclude: [more.yaml]\n";
    let read = |schema: &str| read_in(&[("shop.yaml", plan), ("more.yaml", &checks(schema))]);
    assert!(read("s1").is_ok());
    let told = read("s2").unwrap_err();
    assert!(
        told.contains("more.yaml:3") && told.contains("the same `defaults.schema`"),
        "{told}"
    );
}

#[test]
fn mistakes_in_included_files_name_those_files() {
    let files = [
        ("shop.yaml", "version: 1\ninclude: [a.yaml]\nx: 1\n"),
        (
            "a.yaml",
            "version: 1\nbackup: { url: ./b }\ninclude: [shop.yaml]\n",
        ),
    ];
    let refusal = read_in(&files).unwrap_err();
    insta::assert_snapshot!(refusal);
}

#[test]
fn a_glob_that_matches_the_plan_itself_leaves_it_out() {
    let files = [
        ("shop.yaml", "version: 1\ninclude: ['*.yaml']\n"),
        (
            "users.yaml",
            "version: 1\ntables: { users: { unique: id } }\n",
        ),
    ];
    assert_eq!(read_in(&files).unwrap().plan.checks.tables.len(), 1);
}

#[test]
fn paths_stay_as_they_are_written() {
    let files = [
        (
            "shop.yaml",
            "version: 1\nbackup: { url: ../dumps }\nrestore: { globals: g.sql }\n",
        ),
        ("g.sql", "create role shop;"),
    ];
    let plan = read_in(&files).unwrap().plan;
    assert_eq!(plan.backup.unwrap().url, "../dumps");
    assert_eq!(plan.restore.globals, Some(PathBuf::from("g.sql")));
}

#[test]
fn plans_are_found_in_folders_in_order() {
    let folder = folder(&[
        ("b.yml", ""),
        ("a.yaml", ""),
        ("c.txt", ""),
        ("d/e.yaml", ""),
    ]);
    let found = plan::find(&[folder.path().to_owned()]).unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|found| found.path.file_name().unwrap())
        .collect();
    assert_eq!(names, ["a.yaml", "b.yml"]);
    assert!(found.iter().all(|found| found.from_folder));
    let none = plan::find(&[folder.path().join("none.yaml"), folder.path().join("also")]);
    assert_eq!(none.unwrap_err().iter().count(), 2);
}

#[test]
fn a_plan_that_nests_without_end_is_refused() {
    for open in ["[", "{a: ", "- "] {
        assert!(read(&open.repeat(50_000)).is_err());
    }
    let mut bomb = "version: 1\na: &a [x, x, x, x, x, x, x, x]\n".to_owned();
    for (last, name) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        let eight = vec![format!("*{last}"); 8].join(", ");
        bomb.extend(["", &format!("{name}: &{name} [{eight}]\n")]);
    }
    assert!(read(&bomb).is_err());
}

fn yamlish() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "version: 1\n",
        "tables:\n",
        "  users:\n",
        "    row_count: ",
        "{ min: 1 }",
        "sql:\n",
        "- name: a\n",
        "  query: |\n",
        "${X}",
        "${",
        "}",
        "[",
        "]",
        "{",
        "'",
        "\"",
        "\t",
        "\r\n",
        "\n",
        "  ",
        ": ",
        "- ",
        "# ",
        "&a ",
        "*a",
        "<<: *a",
        "!x ",
        "> 0",
        "|2",
        "日本",
        "\u{feff}",
        "---\n",
        "? ",
        "limits: ",
        "max_age: 48h",
        "warn: ",
        "unique: ",
        "not_null: ",
        "freshness: ",
        "null",
        "~",
        "1%",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
    ]);
    prop::collection::vec(words, 0..30).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![any::<String>(), yamlish()]) {
        if let Err(mistakes) = read(&text) {
            prop_assert!(mistakes.starts_with("error") || mistakes.starts_with("warning"), "{}", mistakes);
        }
    }
}
