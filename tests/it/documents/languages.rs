//! README.ja.md says what README.md says. `PGDRILL_TEST_WRITE=1` writes its table of findings anew.

use std::{fmt::Write as _, fs};

use pgdrill::{
    finding::Code,
    words::{Lang, hint},
};

fn both() -> [String; 2] {
    ["README.md", "README.ja.md"].map(|name| fs::read_to_string(name).unwrap())
}

/// The lines of a document that are not inside a block of code.
fn prose(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.lines()
        .filter(|line| {
            let fence = line.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
        .collect()
}

/// The level of every heading, in order.
fn headings(text: &str) -> Vec<usize> {
    let lines = prose(text).into_iter();
    lines
        .filter(|line| line.starts_with('#'))
        .map(|line| line.chars().take_while(|&c| c == '#').count())
        .collect()
}

/// Everything that is typed or copied: blocks of code, without their comments in words.
fn code(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.map(str::to_owned).collect()
}

/// The first cell of every row of a table, where it is a word of the program.
fn rows(text: &str) -> Vec<&str> {
    let cells = prose(text)
        .into_iter()
        .filter_map(|line| line.strip_prefix("| "));
    cells
        .filter_map(|row| row.split(" | ").next())
        .filter(|cell| cell.starts_with('`') || cell.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

#[test]
fn both_readmes_have_the_same_headings_code_and_tables() {
    let [english, japanese] = both();
    assert_eq!(headings(&english), headings(&japanese));
    assert_eq!(code(&english), code(&japanese));
    assert_eq!(rows(&english), rows(&japanese));
}

#[test]
fn the_japanese_readme_shows_every_finding() {
    let [_, text] = both();
    let mut expected = "| コード | 重大度 | すること |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let kind = if code.stops_the_run() {
            "実行"
        } else {
            code.severity().word(Lang::Ja)
        };
        writeln!(expected, "| `{code}` | {kind} | {} |", hint(code, Lang::Ja)).unwrap();
    }
    let (before, rest) = text.split_once("<!-- findings -->\n").unwrap();
    let (table, after) = rest.split_once("<!-- /findings -->").unwrap();
    if std::env::var_os("PGDRILL_TEST_WRITE").is_some() {
        let whole = format!("{before}<!-- findings -->\n{expected}<!-- /findings -->{after}");
        return fs::write("README.ja.md", whole).unwrap();
    }
    assert_eq!(table, expected, "the table must be:\n{expected}");
}
