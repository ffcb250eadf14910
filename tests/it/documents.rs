//! What the documents say is what the program does.

use std::{fmt::Write, fs};

use pgdrill::{finding::Code, plan, report::Verdict};

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

#[test]
fn every_plan_in_the_readme_is_valid() {
    let readme = readme();
    let plans: Vec<&str> = readme
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!plans.is_empty());
    for text in plans {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.yaml");
        fs::write(&file, text).unwrap();
        let today = jiff::civil::date(2026, 11, 23);
        let loaded = plan::read(&file, &|_| None, today);
        assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
    }
}

#[test]
fn every_file_that_a_document_links_to_exists() {
    for (document, folder) in [("README.md", "."), (".github/CONTRIBUTING.md", ".github")] {
        let text = fs::read_to_string(document).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if !link.contains("://") {
                let path = std::path::Path::new(folder).join(link);
                assert!(path.exists(), "{document} links to {link}");
            }
        }
    }
}
