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

/// What follows `ERROR:` or `FATAL:`, without the SQLSTATE that psql puts before it; the whole text otherwise.
fn server_message(said: &str) -> &str {
    let after = ["ERROR:", "FATAL:", "PANIC:"]
        .iter()
        .find_map(|level| said.split_once(level).map(|(_, rest)| rest.trim_start()));
    let Some(message) = after else { return said };
    match message.split_once(": ") {
        Some((state, rest)) if state.len() == 5 && is_sqlstate(state) => rest,
        _ => message,
    }
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
    use super::*;

    #[test]
    fn the_owner_is_no_part_of_an_object() {
        let object = toc_object("215; 1259 16389 TABLE users postgres");
        assert_eq!(object.as_deref(), Some("TABLE users"));
        assert_eq!(toc_object("nothing"), None);
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
