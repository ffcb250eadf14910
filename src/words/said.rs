//! What the source says in reports, text by text, and which of it has no phrase: a part of the build script.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// Where what reaches a report is said.
pub(super) const PLACES: [&str; 13] = [
    "src/backup",
    "src/checks",
    "src/dump",
    "src/error.rs",
    "src/history",
    "src/manifest",
    "src/proof",
    "src/restore",
    "src/rules",
    "src/sandbox",
    "src/sinks/deliver",
    "src/verify",
    "src/verify.rs",
];

/// Calls whose text is a line or sentences of a report.
const SAYS: [&str; 10] = [
    "Finding::new(",
    "Error::new(",
    ".or_stop(",
    ".detail(",
    ".hint(",
    ".because(",
    "let message = ",
    "let detail = ",
    "let hint = ",
    "const HINT: &str = ",
];

/// Calls whose text stands behind the name of a check.
const ANSWERS: [&str; 5] = [
    "Judged::hard(",
    "Judged::unanswered(",
    "Judged::unverified(",
    "Judged::skipped(",
    ".saying(",
];

/// Texts whose first half is another text; the phrase has both.
const HALVES: [&str; 2] = [
    "{written}, {age} seconds ago; `limits.max_age` allows {allowed}.",
    "{written}, {ahead} seconds from now: the clocks disagree, so its age is not known.",
];

/// Whether a text has a phrase.
pub(super) trait Phrases {
    /// Whether one of its sentences has.
    fn sentence(&self, text: &str) -> bool;
    /// Whether it has one behind the name of a check.
    fn answer(&self, text: &str) -> bool;
}

/// A text without a phrase.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Untold {
    /// The file that says it.
    pub(super) file: PathBuf,
    /// The text as it stands there.
    pub(super) text: String,
}

/// Every text without a phrase in the sources below `root`.
///
/// # Errors
/// When a file cannot be read, and when a place has none: the sources are not where they were.
pub(super) fn untold(root: &Path, phrases: &impl Phrases) -> io::Result<Vec<Untold>> {
    let mut files = Vec::new();
    for place in PLACES {
        let before = files.len();
        walk(&root.join(place), &mut files)?;
        if files.len() == before {
            let gone = format!("\"{place}\" holds no sources: they are not where they were");
            return Err(io::Error::new(io::ErrorKind::NotFound, gone));
        }
    }
    let mut missing = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let found = untold_in(&text, phrases).into_iter();
        missing.extend(found.map(|text| Untold {
            file: file.clone(),
            text,
        }));
    }
    Ok(missing)
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            walk(&entry?.path(), found)?;
        }
    } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
        found.push(path.to_owned());
    }
    Ok(())
}

/// Every text without a phrase in one file.
pub(super) fn untold_in(file: &str, phrases: &impl Phrases) -> BTreeSet<String> {
    let code = file.split("#[cfg(test)]").next().unwrap_or_default();
    let sentences = texts(code, &SAYS).into_iter().chain(whole_sentences(code));
    let sentences = sentences.filter(|text| is_missing(text, phrases));
    let answers = texts(code, &ANSWERS).into_iter();
    let answers = answers.filter(|text| !phrases.answer(&format!("x {}", figured(text))));
    sentences.chain(answers).collect()
}
/// Texts that are sentences wherever they stand, such as in a constant or in one arm of a match.
fn whole_sentences(code: &str) -> Vec<String> {
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n").replace("'\"'", "");
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some((_, after)) = rest.split_once('"') {
        let Some((text, behind)) = quoted(after) else {
            break;
        };
        let begins = text.starts_with(|c: char| c.is_uppercase() || c == '`');
        if begins && text.ends_with('.') && text.contains(' ') {
            found.push(text);
        }
        rest = behind;
    }
    found
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
    quoted(&rest[start + 1..]).map(|(text, _)| text)
}

/// A text to its closing quote, and what stands behind it.
fn quoted(rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some((text, letters.as_str())),
            '\\' => match letters.next()? {
                'n' => text.push('\n'),
                // The text goes on behind the indentation of the next line.
                '\n' => {
                    letters = letters.as_str().trim_start().chars();
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
        if from.starts_with("{{") || from.starts_with("}}") {
            figured.push_str(&from[..1]);
            rest = &from[2..];
        } else if place.contains(' ') || from.starts_with('}') {
            figured.push_str(&from[..1]);
            rest = &from[1..];
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

/// Whether a line or sentences need a phrase and have none.
fn is_missing(text: &str, phrases: &impl Phrases) -> bool {
    if HALVES.contains(&text) {
        return false;
    }
    let figured = figured(text);
    // A sentence that follows others stands alone; what they say is looked at where it is said.
    let alone = figured.trim_start_matches(['7', ' ']);
    let alone = if alone.starts_with(|c: char| c.is_uppercase() || c == '"' || c == '`') {
        alone
    } else {
        &figured
    };
    let words = alone.split(' ');
    let words = words.filter(|word| word.chars().any(char::is_alphabetic));
    words.count() > 1 && !phrases.sentence(alone)
}
