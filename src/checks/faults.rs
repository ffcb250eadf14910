//! What went wrong when a question was asked: our machine's trouble, or the question's own.

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::question::{Judged, Statement};
use crate::error::{Error, RAISED, after, raised_by_a_function, sentence};

/// What went wrong when a question was asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server is gone, or out of disk or memory.
    Run(Error),
    /// This question cannot be answered.
    Question(Judged),
}

/// What to do about SQL that no database would take.
const MISWRITTEN: &str = "Check the SQL and the pattern of the check in the plan.";

/// When the server said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// It read the statement: no row was looked at, so it speaks of the statement and of the catalog alone.
    Reading,
    /// It ran: names, SQL and settings may be made of what stands in rows.
    Running,
}

/// Why the run cannot go on.
pub(super) fn stopped(doing: &str, error: &tokio_postgres::Error) -> Error {
    let cause = match error.as_db_error() {
        Some(answer) => safe_words(answer, Moment::Running),
        None => error.to_string(),
    };
    let state = error.code().map(SqlState::code);
    Error::new(doing, after(state)).because(sentence(&cause))
}

/// Sorts an error of the server; its words about a secret statement are kept back, as they may quote it.
pub(super) fn sort(error: &tokio_postgres::Error, statement: &Statement, moment: Moment) -> Fault {
    let Some(answer) = error.as_db_error() else {
        return without_an_answer(error);
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
        Judged::late(statement.timeout)
    } else if *code == SqlState::CONFIGURATION_LIMIT_EXCEEDED {
        Judged::too_wide()
    } else {
        let message = if statement.secret {
            format!("could not be answered (SQLSTATE {})", code.code())
        } else {
            let words = safe_words(answer, moment);
            format!("could not be answered: {words}")
        };
        match ours(code, moment) {
            Some(hint) => Judged::unverified(message).hint(hint),
            None => Judged::unanswered(message),
        }
    };
    Fault::Question(judged)
}

/// What to do where an error is none of the backup's doing, whatever was restored: the role that asks and the transaction
/// are our own, and the SQL and the pattern the plan's. `None`: it may be the backup's, as a missing table may.
fn ours(code: &SqlState, moment: Moment) -> Option<&'static str> {
    let reading = moment == Moment::Reading;
    let hint = match *code {
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "Ask what a role of pg_read_all_data may read, or give the function `security definer` or `grant execute … to public` in the source."
        }
        _ if of_another_server(code) => {
            "Ask for rows of this database alone: those of another server are not in the backup."
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => "Ask what writes nothing: a check only reads.",
        SqlState::INVALID_REGULAR_EXPRESSION => MISWRITTEN,
        // Said later they are about SQL that a function made.
        SqlState::SYNTAX_ERROR
        | SqlState::INDETERMINATE_DATATYPE
        | SqlState::UNDEFINED_PARAMETER
            if reading =>
        {
            MISWRITTEN
        }
        _ => return None,
    };
    Some(hint)
}

/// Whether another server could not be asked, which a foreign table or dblink wants: it is out of the sandbox's reach, or the
/// role that asks has no password there.
fn of_another_server(code: &SqlState) -> bool {
    let text = code.code();
    text.starts_with("08")
        || *code == SqlState::FDW_UNABLE_TO_ESTABLISH_CONNECTION
        || *code == SqlState::S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED
}

/// Sorts what the driver says by itself: the server is gone, unless only this question could not be put or understood.
fn without_an_answer(error: &tokio_postgres::Error) -> Fault {
    match error.to_string().as_str() {
        words if words.contains("deserializing") => {
            Fault::Question(Judged::unanswered("has an answer that could not be read"))
        }
        words if never_sent(words) => Fault::Question(
            Judged::unverified("could not be sent to the database")
                .hint("Look for a NUL character in the SQL and in the pattern of the check."),
        ),
        _ => Fault::Run(stopped("the restored database went away", error)),
    }
}

/// Whether the driver refused to send a statement; the connection is as good as before.
fn never_sent(words: &str) -> bool {
    words.starts_with("error encoding message")
        || words.starts_with("error serializing parameter")
        || words.contains(" parameters but got ")
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
fn safe_words(answer: &DbError, moment: Moment) -> String {
    let state = answer.code().code();
    let raised = answer.where_().is_some_and(raised_by_a_function);
    let words = if raised {
        RAISED.to_owned()
    } else {
        words_of(state, answer.message(), moment)
    };
    format!("{words} (SQLSTATE {state})")
}

/// The server's words where they cannot quote a row; elsewhere the class of the error. Classes 25, 53, 55, 57 and 58
/// speak of names that exist and of the system; 0A and 42 of the statement's own names as long as nothing ran:
/// `select t::regclass from n` takes its names from rows. Class 22 and the rest quote values.
fn words_of(state: &str, message: &str, moment: Moment) -> String {
    let class = state.get(..2).unwrap_or(state);
    let speaks_of_names = match class {
        "0A" | "42" => moment == Moment::Reading || names_what_exists(message),
        "25" | "53" | "55" | "57" | "58" => true,
        // "08003" quotes the name of a connection, which may be any text.
        "08" => *state == *SqlState::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION.code(),
        _ => *state == *SqlState::INVALID_REGULAR_EXPRESSION.code(),
    };
    match class {
        _ if speaks_of_names => one_line(message),
        "22" => "a value could not be converted or computed".to_owned(),
        _ if *state == *SqlState::INSUFFICIENT_PRIVILEGE.code() => {
            "the role that asks may not do this".to_owned()
        }
        "42" => "a name or SQL that it made from a value could not be used".to_owned(),
        "P0" => RAISED.to_owned(),
        _ => "the server refused it".to_owned(),
    }
}

/// Whether these are words of PostgreSQL that name nothing but an object of the catalog, whenever they are said.
fn names_what_exists(message: &str) -> bool {
    const NAMING: [&str; 7] = [
        "permission denied for table ",
        "permission denied for view ",
        "permission denied for materialized view ",
        "permission denied for sequence ",
        "permission denied for function ",
        "permission denied for schema ",
        "query would be affected by row-level security policy for table ",
    ];
    NAMING.iter().any(|words| message.starts_with(words))
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
    fn what_the_driver_did_not_send_leaves_the_server_where_it_is() {
        for words in [
            "error encoding message to server",
            "error serializing parameter 1",
            "expected 1 parameters but got 0",
        ] {
            assert!(never_sent(words), "{words}");
        }
        for words in ["connection closed", "error communicating with the server"] {
            assert!(!never_sent(words), "{words}");
        }
    }

    #[test]
    fn the_asking_role_and_the_plans_own_sql_are_ours_and_a_missing_name_is_not() {
        let ours = |code, moment| ours(&SqlState::from_code(code), moment).is_some();
        for code in [
            "42501", "25006", "2201B", "08001", "08006", "HV00N", "2F003",
        ] {
            assert!(ours(code, Moment::Running), "{code}");
        }
        for code in ["42601", "42P18", "42P02"] {
            assert!(ours(code, Moment::Reading), "{code}");
            assert!(!ours(code, Moment::Running), "{code}");
        }
        for code in ["42P01", "42703", "42883", "22P02"] {
            assert!(!ours(code, Moment::Reading), "{code}");
        }
    }

    #[test]
    fn a_value_in_the_servers_words_is_kept_back() {
        let reading = |state, message| words_of(state, message, Moment::Reading);
        let quoted = reading(
            "22P02",
            "invalid input syntax for type integer: \"hunter2\"",
        );
        assert_eq!(quoted, "a value could not be converted or computed");
        assert!(!reading("P0001", "hunter2").contains("hunter2"));
        let missing = "relation \"x\" does not exist";
        assert_eq!(reading("42P01", missing), missing);
    }

    #[test]
    fn a_name_that_was_made_from_a_row_is_kept_back() {
        for (state, message) in [
            ("42P01", "relation \"hunter2\" does not exist"),
            ("42704", "unrecognized configuration parameter \"hunter2\""),
            ("42601", "syntax error at or near \"hunter2\""),
            ("42501", "permission denied to set parameter \"hunter2\""),
            (
                "0A000",
                "cross-database references are not implemented: \"hunter2.b.c\"",
            ),
            ("08003", "connection \"hunter2\" not available"),
        ] {
            let words = words_of(state, message, Moment::Running);
            assert!(!words.contains("hunter2"), "{words}");
        }
        let denied = "permission denied for table accounts";
        assert_eq!(words_of("42501", denied, Moment::Running), denied);
    }
}
