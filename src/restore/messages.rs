//! What the lines of `pg_restore` and `psql` hold: the primary message, and the object that it is about.

use super::meaning::By;
use crate::error::raised_by_a_function;

/// The message of `pg_restore: error: could not execute query: ERROR:  …` and `psql:<stdin>:7: ERROR:  42P01: …`. A line
/// that begins otherwise is none: a value with line feeds in it goes on in lines of its own.
pub(super) fn primary(line: &str) -> Option<&str> {
    let said = if let Some(said) = line.strip_prefix("pg_restore: ") {
        said.strip_prefix("error: ")
            .or_else(|| (said == "terminated by user").then_some(said))?
    } else {
        let (_, said) = line.strip_prefix("psql:")?.split_once(' ')?;
        let level = ["ERROR:", "FATAL:", "PANIC:"];
        if level.iter().any(|level| said.starts_with(level)) {
            said
        } else {
            said.strip_prefix("error: ")?
        }
    };
    if copy_failed(said).is_some() {
        return Some(said);
    }
    Some(server_message(said))
}

/// Who says it, in a line with a message.
pub(super) fn speaker(line: &str) -> By {
    let server = ["ERROR: ", "FATAL: ", "PANIC: "];
    if server.iter().any(|level| line.contains(level)) {
        By::Server
    } else {
        By::Tool
    }
}

/// What is told where the server's words are not in English: which of them are a row's is not known.
pub(super) const FOREIGN: &str = "the server said it in another language than English";

/// What follows `ERROR:` or `FATAL:`, without the SQLSTATE that psql puts before it; the whole text otherwise, and of a
/// connection that was refused, which is no word about the dump.
fn server_message(said: &str) -> &str {
    let after = ["ERROR:", "FATAL:", "PANIC:"]
        .iter()
        .find_map(|level| said.split_once(level));
    let Some((before, message)) = after else {
        return if is_foreign(said) { FOREIGN } else { said };
    };
    if before.contains("connection to ") {
        return said;
    }
    let message = message.trim_start();
    match message.split_once(": ") {
        Some((state, rest)) if state.len() == 5 && is_sqlstate(state) => rest,
        _ => message,
    }
}

/// Whether it begins with a level that is none of the English ones, such as `FEHLER:  …`: a server writes two spaces behind it.
fn is_foreign(said: &str) -> bool {
    let said = said
        .strip_prefix("could not execute query: ")
        .unwrap_or(said);
    let level = said.split_once(":  ").map(|(level, _)| level);
    level.is_some_and(|level| !level.is_empty() && !level.contains([' ', '"', ':']))
}

fn is_sqlstate(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// Table and message of `COPY failed for table "users": ERROR:  …`.
pub(super) fn copy_failed(said: &str) -> Option<(&str, &str)> {
    let rest = said.split_once("COPY failed for table \"")?.1;
    let (table, message) = rest.split_once("\": ")?;
    Some((table, server_message(message)))
}

/// What follows `COPY` in a context such as `COPY users, line 17, column email: "…"`: it stands behind `CONTEXT:`, or
/// on a line of its own below the functions that were called.
pub(super) fn copied(line: &str) -> Option<&str> {
    let context = line.strip_prefix("CONTEXT:  ").unwrap_or(line);
    context
        .strip_prefix("COPY ")
        .filter(|copied| copied.contains(", line "))
}

/// Whether a line tells that a function of the database raised the error before it.
pub(super) fn raised(line: &str) -> bool {
    line.strip_prefix("CONTEXT:  ")
        .is_some_and(raised_by_a_function)
}

/// Whether a line tells which function the error before it came up in.
pub(super) fn in_function(line: &str) -> bool {
    let context = line.strip_prefix("CONTEXT:  ").unwrap_or(line);
    context.starts_with("SQL function \"") || context.starts_with("PL/")
}

/// `TABLE users` of `215; 1259 16389 TABLE users postgres`: the last word is the owner.
pub(super) fn toc_object(entry: &str) -> Option<String> {
    let (_, rest) = entry.split_once("; ")?;
    let words = rest.splitn(3, ' ').nth(2)?;
    let object = words
        .rsplit_once(' ')
        .map_or(words, |(object, _owner)| object);
    Some(object.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        super::meaning::{Class, classify},
        *,
    };

    #[test]
    fn the_owner_is_no_part_of_an_object() {
        let object = toc_object("215; 1259 16389 TABLE users postgres");
        assert_eq!(object.as_deref(), Some("TABLE users"));
        assert_eq!(toc_object("nothing"), None);
    }

    #[test]
    fn a_connection_that_was_refused_keeps_what_it_is_known_by() {
        for refused in [
            "pg_restore: error: connection to server at \"h\" (1.2.3.4), port 5432 failed: FATAL:  too many connections for role \"x\"",
            "pg_restore: error: connection to database \"x\" failed: FATAL:  password authentication failed for user \"x\"",
            "pg_restore: error: could not translate host name \"h\" to address: Name or service not known",
            "pg_restore: error: error returned by PQputCopyData: SSL SYSCALL error: EOF detected",
            "pg_restore: error: could not execute query: FATAL:  too many connections for database \"x\"",
        ] {
            let class = classify(primary(refused).unwrap(), speaker(refused));
            assert_eq!(class, Class::Environment, "{refused}");
        }
    }

    #[test]
    fn nothing_is_told_of_what_a_server_says_in_another_language() {
        let of_value = "ungültige Eingabesyntax für Typ integer: »SECRET9«";
        for said in [
            "could not execute query: ",
            "COPY failed for table \"leak\": ",
        ] {
            let line = format!("pg_restore: error: {said}FEHLER:  {of_value}");
            let told = primary(&line).unwrap();
            let told = copy_failed(told).map_or(told, |(_, message)| message);
            assert_eq!(told, FOREIGN);
        }
    }

    #[test]
    fn only_errors_are_messages() {
        assert_eq!(
            primary("pg_restore: warning: errors ignored on restore: 2"),
            None
        );
        assert_eq!(primary("Command was: SELECT 'ERROR: x'"), None);
        assert_eq!(primary("psql:<stdin>:7: ERROR:  42P01: gone"), Some("gone"));
        assert_eq!(primary("psql:<stdin>:7: NOTICE:  00000: ERROR: x"), None);
        assert_eq!(primary("ERROR:  the second line of a value"), None);
        let killed = "pg_restore: terminated by user";
        assert_eq!(primary(killed), Some("terminated by user"));
        assert_eq!(
            primary("psql: error: connection refused"),
            Some("connection refused")
        );
    }
}
