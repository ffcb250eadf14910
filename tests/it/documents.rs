//! What the documents say is what the program does.

mod commands;
mod keys;
mod languages;
mod run;

use std::{fmt::Write, fs};

use pgdrill::{finding::Code, plan, report::Verdict};

/// Every document that users read.
const DOCUMENTS: [&str; 10] = [
    "README.ja.md",
    "README.md",
    ".github/ACTIONS.md",
    ".github/CHECKS.md",
    ".github/CONTRIBUTING.md",
    ".github/PLAN.md",
    ".github/RUNBOOKS.md",
    ".github/SECURITY.md",
    ".github/TELLING.md",
    ".github/WATCHING.md",
];

fn readme() -> String {
    fs::read_to_string("README.md").unwrap()
}

/// The table of findings as the README must show it.
fn findings() -> String {
    let mut table = "| code | severity | what to do |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let kind = if code.stops_the_run() {
            "the run"
        } else {
            code.severity().name()
        };
        writeln!(table, "| `{code}` | {kind} | {} |", code.hint()).unwrap();
    }
    table
}

#[test]
fn the_readme_shows_every_finding() {
    let readme = readme();
    let (_, rest) = readme.split_once("<!-- findings -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /findings -->").unwrap();
    assert_eq!(table, findings(), "the table must be:\n{}", findings());
}

#[test]
fn the_readme_shows_every_exit_code() {
    let readme = readme();
    for verdict in [Verdict::Passed, Verdict::Failed, Verdict::Unverified] {
        let row = format!("| {} | {} |", verdict.exit_code(), verdict.name());
        assert!(readme.contains(&row), "{row}");
    }
}

/// The blocks of a document that are written in a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let all = fences(text).into_iter();
    let wanted = all.filter(|(written, _)| written == language);
    wanted.map(|(_, block)| block).collect()
}

/// Every block of code with its language, in their order, without the indentation of the list that it stands in.
fn fences(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let block = lines.by_ref().take_while(|line| line.trim() != "```");
        let block = block.fold(String::new(), |block, line| {
            block + line.get(indent..).unwrap_or_default() + "\n"
        });
        found.push((language.to_owned(), block));
    }
    found
}

#[test]
fn every_plan_in_the_documents_is_valid() {
    for document in DOCUMENTS {
        let text = fs::read_to_string(document).unwrap();
        for plan in blocks(&text, "yaml")
            .iter()
            .filter(|block| block.starts_with("version:"))
        {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("plan.yaml");
            fs::write(&file, plan).unwrap();
            let today = jiff::civil::date(2026, 11, 23);
            let loaded = plan::read(&file, &|_| None, today);
            assert!(loaded.is_ok(), "{document}: {}", loaded.unwrap_err());
        }
    }
}

#[test]
fn every_file_that_a_document_links_to_exists() {
    for document in DOCUMENTS {
        let text = fs::read_to_string(document).unwrap();
        let folder = std::path::Path::new(document).parent().unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let link = link.split('#').next().unwrap();
            if !link.contains("://") && !link.is_empty() {
                let path = folder.join(link);
                assert!(path.exists(), "{document} links to {link}");
            }
        }
    }
}
