//! What went wrong when a question was asked: our machine's trouble, or the question's own.

use std::time::Duration;

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::question::Judged;
use crate::error::{Error, RAISED, raised_by_a_function, sentence};

/// What went wrong when a question was asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server is gone, or out of disk or memory.
    Run(Error),
    /// This question cannot be answered.
    Question(Judged),
}

/// Why the run cannot go on.
pub(super) fn stopped(doing: &str, error: &tokio_postgres::Error) -> Error {
    let cause = match error.as_db_error() {
        Some(answer) => safe_words(answer),
        None => error.to_string(),
    };
    Error::new(
        doing,
        "Look at the throwaway server's log, its disk and its memory, then run again.",
    )
    .because(sentence(&cause))
}

/// Sorts an error of the server; `secret` keeps the server's words back as they may quote the question.
pub(super) fn sort(error: &tokio_postgres::Error, timeout: Duration, secret: bool) -> Fault {
    let Some(answer) = error.as_db_error() else {
        return if error.to_string().contains("deserializing") {
            Fault::Question(Judged::unanswered("has an answer that could not be read"))
        } else {
            Fault::Run(stopped("the restored database went away", error))
        };
    };
    let code = answer.code();
    let ended = matches!(
        answer.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    );
    if ended || stops_the_run(code) {
        return Fault::Run(stopped("the restored database could not answer", error));
    }
    let judged = if *code == SqlState::QUERY_CANCELED {
        Judged::late(timeout)
    } else if *code == SqlState::CONFIGURATION_LIMIT_EXCEEDED {
        Judged::too_wide()
    } else if secret {
        Judged::unanswered(format!("could not be answered (SQLSTATE {})", code.code()))
    } else {
        Judged::unanswered(format!("could not be answered: {}", safe_words(answer)))
    };
    Fault::Question(judged)
}

/// Whether an error of a server that still answers is about the machine rather than about the question: out of
/// resources (53, but not the limit on temporary files, which one question alone meets), shut down (57P), disk trouble (58),
/// storage that is damaged here (XX001, XX002). Class 08 is none of them: the server that answers so speaks of another
/// one, which a foreign table or dblink could not reach.
fn stops_the_run(code: &SqlState) -> bool {
    let text = code.code();
    *code != SqlState::CONFIGURATION_LIMIT_EXCEEDED
        && ["53", "57P", "58", "XX001", "XX002"]
            .iter()
            .any(|class| text.starts_with(class))
}

/// What the server says, as far as that quotes no row. A function of the database chooses the class of its own words.
fn safe_words(answer: &DbError) -> String {
    let state = answer.code().code();
    let raised = answer.where_().is_some_and(raised_by_a_function);
    let words = if raised {
        RAISED.to_owned()
    } else {
        words_of(state, answer.message())
    };
    format!("{words} (SQLSTATE {state})")
}

/// The server's words where they cannot quote a row; elsewhere the class of the error. Classes 0A, 25, 42, 53 and 57
/// speak of names and of the system; 22 and the rest quote values.
fn words_of(state: &str, message: &str) -> String {
    let speaks_of_names = ["08", "0A", "25", "42", "53", "55", "57", "58"]
        .iter()
        .any(|class| state.starts_with(class))
        || state == SqlState::INVALID_REGULAR_EXPRESSION.code();
    match &state[..2.min(state.len())] {
        _ if speaks_of_names => one_line(message),
        "22" => "a value could not be converted or computed".to_owned(),
        "P0" => RAISED.to_owned(),
        _ => "the server refused it".to_owned(),
    }
}

fn one_line(text: &str) -> String {
    super::names::shown(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machines_own_trouble_stops_the_run() {
        for code in ["53100", "53200", "57P01", "57P03", "58030", "XX001"] {
            assert!(stops_the_run(&SqlState::from_code(code)), "{code}");
        }
        for code in ["53400", "57014", "42P01", "22P02", "25006", "08001"] {
            assert!(!stops_the_run(&SqlState::from_code(code)), "{code}");
        }
    }

    #[test]
    fn a_value_in_the_servers_words_is_kept_back() {
        let quoted = words_of(
            "22P02",
            "invalid input syntax for type integer: \"hunter2\"",
        );
        assert_eq!(quoted, "a value could not be converted or computed");
        assert!(!words_of("P0001", "hunter2").contains("hunter2"));
        let missing = "relation \"x\" does not exist";
        assert_eq!(words_of("42P01", missing), missing);
    }
}
