//! Why a text is no YAML, in words that help: four traps catch nearly everybody.

use std::sync::Arc;

use serde_yaml::Error;

use super::mistake::{Mistake, Source, Span};

/// The first thing that is wrong with the YAML itself.
pub(super) fn mistake(source: &Arc<Source>, error: &Error) -> Mistake {
    let location = error.location();
    let (line, column) = location.map_or((1, 1), |at| (at.line().max(1), at.column().max(1)));
    let start = offset(&source.text, line, column);
    let span = Span {
        line,
        column,
        bytes: start..start + 1,
    };
    let (message, help) = words(error, &source.text, start);
    Mistake::at(source, &span, message).help(help)
}

fn words(error: &Error, text: &str, at: usize) -> (String, String) {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    if is_operator(before, after, said) {
        let message =
            "operators are not understood here: \">\" and \"!\" mean something else in YAML";
        let help = "write words: { min: 1 }, { max: 1 } or { equals: 1 }";
        return (message.to_owned(), help.to_owned());
    }
    if before.ends_with('$') && after.starts_with('{') {
        let message = "\"${…}\" cannot stand inside { } or [ ]";
        let help = "write one key a line without { } around them, such as\n  key: ${NAME}";
        return (message.to_owned(), help.to_owned());
    }
    if said.contains("tab") && (before.ends_with('\t') || after.starts_with('\t')) {
        let message = "a tab cannot indent YAML";
        return (message.to_owned(), "use spaces".to_owned());
    }
    match error {
        Error::MultipleDocuments { .. } => (
            "a second YAML document starts here".to_owned(),
            "write one plan a file, without \"---\" in it".to_owned(),
        ),
        _ => (
            format!("this is not valid YAML: {said}"),
            "check the indentation, and put quotes around text that holds : # { } [ ] or *"
                .to_owned(),
        ),
    }
}

/// `> 0` starts a block of text, and `!= 0` is a tag.
fn is_operator(before: &str, after: &str, said: &str) -> bool {
    let block = said.contains("block scalar") && after.starts_with('>');
    let line = before.rsplit('\n').next().unwrap_or_default();
    block || (said.contains("tag") && line.trim_end().ends_with("!="))
}

/// The byte at a line and a column, both from one, the column in characters.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let rest = text.get(start..).unwrap_or_default();
    let skipped = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let inside = rest
        .char_indices()
        .nth(skipped)
        .map_or(rest.len(), |(at, _)| at);
    start + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters() {
        assert_eq!(offset("日本: 1\r\nb: 2", 1, 3), 6);
        assert_eq!(offset("日本: 1\r\nb: 2", 2, 1), 11);
        assert_eq!(offset("a", 9, 9), 1);
        assert_eq!(offset("a", 1, 9), 1);
    }
}
