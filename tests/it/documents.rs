//! What the documents say is what the program does.

mod commands;
mod keys;
mod languages;

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
    let begin = format!("```{language}\n");
    let mut blocks = Vec::new();
    let (mut rest, mut indent) = (text, 0);
    while let Some((before, after)) = rest.split_once(&begin) {
        let line = before.rsplit('\n').next().unwrap();
        indent = if line.trim().is_empty() {
            line.len()
        } else {
            indent
        };
        let end = format!("{}```", " ".repeat(indent));
        let (block, after) = after.split_once(&format!("\n{end}")).unwrap();
        blocks.push(block.to_owned() + "\n");
        rest = after;
    }
    blocks
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
