//! What is said in a report, sentence by sentence, in Japanese: patterns in which `{}` stands for a figure or a name.
//!
//! Reports stay English; the translation happens when they are told. What has no pattern stays as it was written.

mod checks;
mod dump;
mod looking;
mod proof;
mod restore;
mod rules;
mod sandbox;
mod storage;

use super::duration;

/// English and Japanese. In Japanese `{0}` is what stood at the first `{}`; it is told in Japanese itself when it is a
/// duration or a phrase.
pub(super) type Phrase = (&'static str, &'static str);

/// Every phrase. The first pattern that fits is taken, so those that say more stand before those that say less.
const PHRASES: [&[Phrase]; 8] = [
    proof::PHRASES,
    rules::PHRASES,
    dump::PHRASES,
    restore::PHRASES,
    looking::PHRASES,
    storage::PHRASES,
    sandbox::PHRASES,
    checks::PHRASES,
];

/// How deep phrases lie within phrases: `holds; nothing to compare with: no proven run has this check yet`.
const DEPTH: u8 = 4;

/// Longer texts are not ours.
const LONGEST: usize = 4_000;

/// A line in Japanese.
pub(super) fn line(english: &str) -> Option<String> {
    told(english, DEPTH)
}

/// What a check says of itself, which begins with its name.
pub(super) fn of_check(english: &str) -> Option<String> {
    let answers = checks::ANSWERS.iter();
    let mut fitting = answers.filter_map(|(pattern, japanese)| {
        let mut captured = captures(english, &format!("{{}} {pattern}"))?;
        if let Some(name) = captured.first_mut() {
            name.named = true;
        }
        Some(filled(japanese, &captured, DEPTH))
    });
    fitting.next().or_else(|| line(english))
}

/// Sentences in Japanese, one after another; those without a phrase stay as they are. `None`: none has one.
pub(super) fn sentences(english: &str) -> Option<String> {
    if english.len() > LONGEST {
        return None;
    }
    let (mut rest, mut all, mut known) = (english, String::new(), false);
    while !rest.is_empty() {
        // The shortest that fits: a longer one would take the next sentences for its last figure.
        let translated = ends(rest)
            .into_iter()
            .map(|end| rest.split_at(end))
            .find_map(|(text, after)| Some((line(text)?, after)));
        let (text, after) = if let Some(found) = translated {
            known = true;
            found
        } else {
            let end = ends(rest).first().copied().unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            (format!("{text} "), after)
        };
        all.push_str(&text);
        rest = after.trim_start();
    }
    known.then(|| all.trim_end().to_owned())
}

/// Where a sentence may end: behind full stops before spaces, and at the end of the text.
fn ends(text: &str) -> Vec<usize> {
    let stops = text.match_indices(". ").map(|(at, _)| at + 1);
    stops.chain([text.len()]).collect()
}

fn told(english: &str, depth: u8) -> Option<String> {
    if depth == 0 || english.len() > LONGEST {
        return None;
    }
    PHRASES
        .into_iter()
        .flatten()
        .find_map(|(pattern, japanese)| {
            let captured = captures(english, pattern)?;
            Some(filled(japanese, &captured, depth))
        })
}

/// What stands at a `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Capture<'a> {
    text: &'a str,
    /// Whether it stands in quotes: a name stays as it is, even one that is a phrase of ours.
    named: bool,
}

/// What stands at each `{}` of the pattern. Each takes as little as it can, and never nothing.
fn captures<'a>(text: &'a str, pattern: &str) -> Option<Vec<Capture<'a>>> {
    let mut pieces = pattern.split("{}");
    let mut before = pieces.next()?;
    let mut rest = text.strip_prefix(before)?;
    let mut found = Vec::new();
    let pieces: Vec<&str> = pieces.collect();
    for (place, piece) in pieces.iter().enumerate() {
        let last = place + 1 == pieces.len();
        let end = if last {
            rest.strip_suffix(piece)?.len()
        } else {
            let first = rest.chars().next()?.len_utf8();
            first + rest.get(first..)?.find(piece)?
        };
        if end == 0 {
            return None;
        }
        found.push(Capture {
            text: rest.get(..end)?,
            named: before.ends_with(['"', '`']),
        });
        before = piece;
        rest = rest.get(end + piece.len()..)?;
    }
    rest.is_empty().then_some(found)
}

/// The Japanese with what was captured; other braces are YAML.
fn filled(japanese: &str, captured: &[Capture<'_>], depth: u8) -> String {
    let mut text = String::new();
    let mut rest = japanese;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let place = after
            .split_once('}')
            .and_then(|(number, behind)| Some((number.parse::<usize>().ok()?, behind)));
        if let Some((number, behind)) = place {
            let capture = captured.get(number);
            text.push_str(&capture.map_or_else(String::new, |one| inner(*one, depth)));
            rest = behind;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text + rest
}

fn inner(capture: Capture<'_>, depth: u8) -> String {
    if capture.named {
        return capture.text.to_owned();
    }
    let depth = depth.saturating_sub(1);
    told(capture.text, depth)
        .or_else(|| list(capture.text, depth))
        .unwrap_or_else(|| duration(capture.text, super::Lang::Ja))
}

/// Phrases with commas between them.
fn list(text: &str, depth: u8) -> Option<String> {
    let parts: Vec<&str> = text.split(", ").collect();
    if parts.len() < 2 {
        return None;
    }
    let parts: Option<Vec<_>> = parts.into_iter().map(|part| told(part, depth)).collect();
    Some(parts?.join("、"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all() -> impl Iterator<Item = &'static Phrase> {
        PHRASES.into_iter().flatten()
    }

    /// Those behind the name of a check: with its name, they are as the others.
    fn answers() -> impl Iterator<Item = (String, &'static str)> {
        let answers = checks::ANSWERS.iter();
        answers.map(|(english, japanese)| (format!("{{}} {english}"), *japanese))
    }

    #[test]
    fn every_figure_of_the_english_is_in_the_japanese() {
        let all = all().map(|(english, japanese)| ((*english).to_owned(), *japanese));
        for (english, japanese) in all.chain(answers()) {
            let wanted = english.matches("{}").count();
            let numbers: BTreeSet<&str> = japanese
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split('}').next())
                .filter(|number| number.parse::<u8>().is_ok())
                .collect();
            let expected: Vec<String> = (0..wanted).map(|place| place.to_string()).collect();
            let found: Vec<&str> = numbers.into_iter().collect();
            assert_eq!(found, expected, "{english}");
        }
    }

    fn with_sevens(text: &str) -> String {
        let mut text = text.replace("{}", "7");
        for place in 0..8 {
            text = text.replace(&format!("{{{place}}}"), "7");
        }
        text
    }

    #[test]
    fn no_phrase_hides_behind_another() {
        for (english, japanese) in all() {
            let told = line(&with_sevens(english));
            assert_eq!(told, Some(with_sevens(japanese)), "{english}");
        }
        for (english, japanese) in answers() {
            let told = of_check(&with_sevens(&english));
            assert_eq!(told, Some(with_sevens(japanese)), "{english}");
        }
    }

    #[test]
    fn what_is_captured_is_told_too() {
        assert_eq!(
            line("newest backup is 3 days old").unwrap(),
            "最新のバックアップは 3 日前のものです"
        );
        assert_eq!(
            line("\"shop.dump\" is 43 % of the size of the one before it").unwrap(),
            "「shop.dump」のサイズは一つ前の 43 % しかありません"
        );
    }

    #[test]
    fn sentences_without_a_phrase_stay_between_those_with_one() {
        let text = "Declared at checks/shop.yaml:12. Ask Hanako first. Run again.";
        assert_eq!(
            sentences(text).unwrap(),
            "定義: checks/shop.yaml:12。Ask Hanako first. もう一度実行してください。"
        );
        assert_eq!(sentences("Ask Hanako first."), None);
    }

    #[test]
    fn nothing_is_captured_from_nothing() {
        let captures = |text, pattern| -> Option<Vec<&str>> {
            let found = captures(text, pattern)?;
            Some(found.iter().map(|capture| capture.text).collect())
        };
        assert_eq!(captures("is 5, done", "is {}, done"), Some(vec!["5"]));
        assert_eq!(captures("is , done", "is {}, done"), None);
        assert_eq!(captures("5 and 6", "{} and {}"), Some(vec!["5", "6"]));
        assert_eq!(captures("plain", "plain"), Some(vec![]));
        assert_eq!(captures("plain and more", "plain"), None);
    }

    #[test]
    fn a_name_that_is_a_phrase_stays_a_name() {
        assert_eq!(
            line("\"exactly\" lost all of its rows").unwrap(),
            "「exactly」の行がすべてなくなりました"
        );
        assert_eq!(
            of_check("the table is empty does not hold").unwrap(),
            "the table is empty: 条件を満たしません"
        );
    }

    proptest! {
        #[test]
        fn captures_and_pieces_are_the_text_again(text in "[ab ,{}]{0,12}", pattern in "([ab ,]|\\{\\}){0,6}") {
            if let Some(found) = captures(&text, &pattern) {
                let pieces: Vec<&str> = pattern.split("{}").collect();
                prop_assert_eq!(pieces.len(), found.len() + 1);
                let filled = pieces[1..].iter().zip(&found);
                let again = filled.fold(pieces[0].to_owned(), |text, (piece, capture)| {
                    text + capture.text + piece
                });
                prop_assert_eq!(again, text);
            }
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,80}") {
            let _ = (line(&text), of_check(&text), sentences(&text));
        }
    }
}
