//! Whatever a report can say is said in Japanese, too: every sentence of the source that reaches a report has its phrase.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pgdrill::words::{Lang, check_message, sentences};

/// Where what reaches a report is said.
const PLACES: [&str; 6] = [
    "src/rules",
    "src/verify",
    "src/verify.rs",
    "src/checks",
    "src/dump",
    "src/restore",
];

/// Calls whose text is a line or sentences of a report.
const SAYS: [&str; 9] = [
    "Finding::new(",
    "Error::new(",
    ".detail(",
    ".hint(",
    ".because(",
    "let message = ",
    "let detail = ",
    "let hint = ",
    "const HINT: &str = ",
];

/// Calls whose text stands behind the name of a check.
const ANSWERS: [&str; 4] = [
    "Judged::hard(",
    "Judged::unanswered(",
    "Judged::skipped(",
    ".saying(",
];

/// Texts whose first half is another text; the phrase has both.
const HALVES: [&str; 2] = [
    "{written}, {age} seconds ago; `limits.max_age` allows {allowed}.",
    "{written}, {ahead} seconds from now: the clocks disagree, so its age is not known.",
];

#[test]
fn every_sentence_of_a_report_has_a_phrase_in_japanese() {
    let mut missing = Vec::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        for said in texts(code(&text), &SAYS) {
            missing.extend(untold(&said, false).map(|text| (file.clone(), text)));
        }
        for said in texts(code(&text), &ANSWERS) {
            missing.extend(untold(&said, true).map(|text| (file.clone(), text)));
        }
    }
    let lines: Vec<_> = missing
        .iter()
        .map(|(file, text)| format!("{}: {text}", file.display()))
        .collect();
    assert!(
        lines.is_empty(),
        "without a phrase in src/words/phrases:\n{}",
        lines.join("\n")
    );
}

#[test]
fn the_walk_finds_what_is_said() {
    let source = r#"
        Finding::new(Code::RunStopped, "it broke")
            .detail(format!("{written}, {age} seconds ago.")).hint(
                "Mend it.")
        Judged::hard(format!("is \"{}\"", x))
    "#;
    assert_eq!(
        texts(source, &SAYS),
        ["it broke", "{written}, {age} seconds ago.", "Mend it."]
    );
    assert_eq!(texts(source, &ANSWERS), ["is \"{}\""]);
    assert_eq!(
        untold("Nobody ever said this.", false).unwrap(),
        "Nobody ever said this."
    );
    assert_eq!(untold("Run again.", false), None);
}

/// A file without its tests and comments.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for place in PLACES {
        walk(Path::new(place), &mut found);
    }
    assert!(
        found.len() > 50,
        "the sources are not where they were: {found:?}"
    );
    found
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            walk(&entry.path(), found);
        }
    } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
        found.push(path.to_owned());
    }
}

/// The first text after each of the calls, when it stands in the call itself.
fn texts(code: &str, calls: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for call in calls {
        for (at, _) in code.match_indices(call) {
            found.extend(first(&code[at + call.len()..]).map(|text| (at, text)));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, text)| text).collect()
}

/// The text at the beginning of a call's arguments, behind `format!(` and a code.
fn first(rest: &str) -> Option<String> {
    let start = rest.find('"')?;
    let before = &rest[..start];
    let plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || "!(&:,_|".contains(c);
    if !before.chars().all(plain) || before.contains("fn ") {
        return None;
    }
    let mut text = String::new();
    let mut letters = rest[start + 1..].chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                'n' => text.push('\n'),
                // The text goes on behind the indentation of the next line.
                '\n' => {
                    let rest = letters.as_str().trim_start();
                    letters = rest.chars();
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// The text with a figure in each place, as a report would have it; nothing when there is nothing but figures.
fn figured(text: &str) -> String {
    let mut figured = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        figured.push_str(&rest[..at]);
        let from = &rest[at..];
        // A place has no space in it; what has one is YAML in a text that is not filled.
        let place = from.split_once('}').map_or("", |(place, _)| place);
        if place.contains(' ') || from.starts_with('}') && !from.starts_with("}}") {
            figured.push_str(&from[..1]);
            rest = &from[1..];
        } else if from.starts_with("{{") || from.starts_with("}}") {
            figured.push_str(&from[..1]);
            rest = &from[2..];
        } else {
            // What follows an end or a figure at once is left out where there is nothing to say.
            if !figured.ends_with(['.', '7']) {
                figured.push('7');
            }
            rest = from.split_once('}').map_or("", |(_, rest)| rest);
        }
    }
    figured + rest
}

/// The first part of the text that has no phrase.
fn untold(text: &str, answer: bool) -> Option<String> {
    if HALVES.contains(&text) {
        return None;
    }
    let figured = figured(text);
    if answer {
        let said = format!("x {figured}");
        return (check_message(&said, Lang::Ja) == said).then(|| text.to_owned());
    }
    // A sentence that follows others stands alone; what they say is looked at where it is said.
    let alone = figured.trim_start_matches(['7', ' ']);
    let alone = if alone.starts_with(|c: char| c.is_uppercase() || c == '"' || c == '`') {
        alone
    } else {
        &figured
    };
    let words = |text: &str| {
        text.split(' ')
            .filter(|word| word.chars().any(char::is_alphabetic))
            .count()
    };
    if words(alone) < 2 || sentences(alone, Lang::Ja) != alone {
        return None;
    }
    Some(text.to_owned())
}
