//! Which checks to ask: all of them, or those that `--only` names.

use super::{builtin, question::Question};
use crate::error::{Error, Result};

/// The questions that are called by one of these words; all of them when there is no word.
///
/// # Errors
/// When a word calls no check: a run that asks nothing must not look as if it had.
pub(super) fn only(questions: Vec<Question>, words: &[String]) -> Result<Vec<Question>> {
    let calls = |word: &String, question: &Question| {
        question.about.id == *word || question.about.words.contains(word)
    };
    for word in words {
        let built_in = builtin::is_called(word);
        if !built_in && !questions.iter().any(|question| calls(word, question)) {
            return Err(unknown(word, &questions));
        }
    }
    let chosen =
        |question: &Question| words.is_empty() || words.iter().any(|word| calls(word, question));
    Ok(questions.into_iter().filter(chosen).collect())
}

fn unknown(word: &str, questions: &[Question]) -> Error {
    let names = (questions.iter())
        .flat_map(|question| question.about.words.iter().chain([&question.about.id]));
    let likely = names
        .map(|name| (strsim::jaro_winkler(name, word), name))
        .max_by(|left, right| left.0.total_cmp(&right.0));
    let hint = match likely {
        Some((_, name)) => {
            format!("Did you mean \"{name}\"? A check's id, table, name or tag chooses it.")
        }
        None => "The plan declares no check; leave `only` out to ask the built-in ones.".to_owned(),
    };
    Error::new(format!("no check is called \"{word}\""), hint)
}
