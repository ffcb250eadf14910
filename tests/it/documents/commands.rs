//! The commands that the documents show can be typed.

use std::fs;

use clap::Parser as _;
use pgdrill::cli::Cli;

use super::{DOCUMENTS, blocks};

/// Every line of a document that calls pgdrill, without its comment.
pub(super) fn calls(document: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(document).unwrap();
    let lines = blocks(&text, "sh").into_iter().flat_map(|block| {
        let lines: Vec<String> = block.lines().map(|line| line.trim().to_owned()).collect();
        lines
    });
    lines
        .filter(|line| line.starts_with("pgdrill "))
        .map(|line| {
            let typed = line.split(" #").next().unwrap_or_default();
            let typed = typed.split(['|', '>']).next().unwrap_or_default();
            typed.split_whitespace().map(str::to_owned).collect()
        })
        .collect()
}

#[test]
fn every_command_in_the_documents_is_one() {
    let mut found = 0;
    for document in DOCUMENTS {
        for call in calls(document) {
            let parsed = Cli::try_parse_from(&call);
            assert!(
                parsed.is_ok(),
                "{document}: {call:?}: {}",
                parsed.unwrap_err()
            );
            found += 1;
        }
    }
    assert!(found > 20, "only {found} commands were found");
}
