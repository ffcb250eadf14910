//! Which checks to ask: all of them, or those that `--only` names.

use super::{about, builtin, names, question::Question};
use crate::{
    error::{Error, Result},
    plan::{Checks, TableBlock},
};

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
            let names = (questions.iter())
                .flat_map(|question| question.about.words.iter().chain([&question.about.id]));
            return Err(unknown(word, names));
        }
    }
    let chosen =
        |question: &Question| words.is_empty() || words.iter().any(|word| calls(word, question));
    Ok(questions.into_iter().filter(chosen).collect())
}

/// Why none of these plans' checks can be called by one of the words, told by the plans alone: long before a database
/// is there to ask. A glob may find a table of any name, so with one nothing is told.
#[must_use]
pub fn misspelt(plans: &[&Checks], words: &[String]) -> Option<Error> {
    let known: Vec<_> = plans.iter().flat_map(|checks| names_in(checks)).collect();
    let tables = || plans.iter().flat_map(|checks| checks.tables.iter());
    if tables().any(|block| names::is_glob(&block.table)) {
        return None;
    }
    let may_call = |word: &String| {
        builtin::is_called(word)
            // Of two checks with one id the second has a number behind it.
            || known.iter().any(|name| word.starts_with(name.as_str()))
            || tables().any(|block| word.contains(bare(block)))
    };
    let word = words.iter().find(|word| !may_call(word))?;
    Some(unknown(word, known.iter()))
}

/// Ids and words of everything that is declared, as far as they are known without a database.
fn names_in(checks: &Checks) -> Vec<String> {
    let of_block = |block: &TableBlock| {
        let label = names::shown(&block.table);
        let skipped = about::of_skipped(block, &label);
        let asked = (block.checks.iter()).map(|check| about::of_table(block, check, &label));
        [skipped].into_iter().chain(asked).collect::<Vec<_>>()
    };
    (checks.tables.iter().flat_map(of_block))
        .chain(checks.database.iter().map(about::of_database))
        .chain(checks.sql.iter().map(about::of_sql))
        .flat_map(|about| about.words.into_iter().chain([about.id]))
        .collect()
}

/// A table's name without its schema and quotes: part of every name that its checks can have.
fn bare(block: &TableBlock) -> &str {
    let name = block.table.trim_end_matches('"');
    name.rsplit(['.', '"']).next().unwrap_or(name)
}

fn unknown<'a>(word: &str, names: impl Iterator<Item = &'a String>) -> Error {
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
