//! The map in `lib.rs`, enforced: who may use whom, and how large a file may grow.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each module and the modules it may use. A new module is one line here.
const MAY_USE: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("rows", &[]),
    ("machine", &[]),
    ("progress", &[]),
    ("finding", &[]),
    ("error", &["finding"]),
    ("plan", &["finding", "units"]),
    ("report", &["error", "finding", "units"]),
    ("backup", &["error", "finding", "plan", "progress", "units"]),
    (
        "dump",
        &["error", "finding", "machine", "report", "rows", "units"],
    ),
    (
        "proof",
        &["dump", "error", "finding", "report", "rows", "units"],
    ),
    ("sandbox", &["error", "finding", "plan", "units"]),
    (
        "restore",
        &[
            "dump", "error", "finding", "machine", "plan", "report", "sandbox", "units",
        ],
    ),
    ("rules", &["backup", "finding", "plan", "report", "units"]),
    ("checks", &["error", "finding", "plan", "report", "units"]),
    ("manifest", &["error", "finding", "proof", "rows"]),
    ("words", &["finding", "report"]),
    ("starter", &["error"]),
    ("explain", &["finding", "plan", "words"]),
    (
        "sinks",
        &[
            "charts",
            "error",
            "finding",
            "plan",
            "report",
            "templates",
            "units",
            "words",
        ],
    ),
    (
        "history",
        &["backup", "error", "finding", "plan", "report", "units"],
    ),
    ("review", &["finding", "history", "plan", "report", "units"]),
    ("charts", &["units", "words"]),
    ("templates", &["charts", "units", "words"]),
    (
        "pages",
        &[
            "charts",
            "finding",
            "history",
            "plan",
            "report",
            "review",
            "sinks",
            "templates",
            "units",
            "words",
        ],
    ),
    (
        "serve",
        &[
            "backup", "error", "finding", "history", "pages", "plan", "progress", "report",
            "sinks", "units", "verify", "words",
        ],
    ),
    (
        "verify",
        &[
            "backup", "checks", "dump", "error", "finding", "history", "machine", "manifest",
            "plan", "progress", "proof", "report", "restore", "rules", "sandbox", "sinks",
            "starter", "units", "words",
        ],
    ),
    (
        "doctor",
        &[
            "backup", "checks", "dump", "error", "finding", "plan", "progress", "restore",
            "sandbox", "sinks", "units", "words",
        ],
    ),
    (
        "cli",
        &[
            "backup", "charts", "checks", "doctor", "dump", "error", "explain", "finding",
            "history", "manifest", "pages", "plan", "progress", "report", "review", "sandbox",
            "serve", "sinks", "starter", "units", "verify", "words",
        ],
    ),
];

/// Names of other people's crates and the one place where each may stand.
const STAYS_IN: &[(&str, &str)] = &[
    ("aws_sdk_s3", "src/backup/s3"),
    ("aws_config", "src/backup/s3"),
    ("testcontainers", "src/sandbox/docker"),
    ("serde_yaml", "src/plan"),
];

/// Longer files are two rooms that want a door between them.
const LONGEST_FILE: usize = 380;

#[test]
fn modules_only_use_what_the_map_allows() {
    for (module, path, text) in sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            panic!(
                "{} is not on the map: add \"{module}\" to MAY_USE",
                path.display()
            );
        };
        for used in uses(&text) {
            let known = used == module || allowed.contains(&used.as_str());
            assert!(known, "{} may not use crate::{used}", path.display());
        }
    }
}

#[test]
fn types_of_other_crates_stay_in_one_place() {
    for (_, path, text) in sources() {
        for (name, place) in STAYS_IN {
            let here = code(&text).contains(&format!("{name}::"));
            assert!(
                !here || path.starts_with(place),
                "{} names {name}",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    for (_, path, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{} does not say what it is for",
            path.display()
        );
        let lines = code(&text).lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "{} has {lines} lines: split it",
            path.display()
        );
    }
}

/// A file without its tests.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.collect::<Vec<_>>().join("\n")
}

/// The top-level modules that a file names.
fn uses(text: &str) -> BTreeSet<String> {
    let text = code(text);
    let mut used = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => used.extend(first_names(group)),
            None => used.extend(name(rest)),
        }
    }
    used
}

/// The first name of every entry in `a::B, c::{D, E}, f}`.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut entry) = (0, Vec::new(), String::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(name(&std::mem::take(&mut entry))),
            _ if depth == 0 => entry.push(letter),
            _ => {}
        }
    }
    names.extend(name(&entry));
    names
}

fn name(text: &str) -> Option<String> {
    let name = text
        .trim_start()
        .split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
        .next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// Every file of the library: its top-level module, its path, its text.
fn sources() -> Vec<(String, PathBuf, String)> {
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    found
}

fn walk(folder: &Path, found: &mut Vec<(String, PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs")
            && !path.ends_with("lib.rs")
            && !path.ends_with("main.rs")
        {
            let inside = path.strip_prefix("src").unwrap().with_extension("");
            let module = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy()
                .into_owned();
            found.push((module, path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}
