//! `${NAME}` in a plan becomes the value of an environment variable.
//!
//! Only text without quotes is touched: SQL in `|` blocks never is. A value never gets into a message.

use std::sync::Arc;

use super::{
    mistake::{Mistake, Source},
    yaml::{Node, Scalar, Style, Value},
};

/// How to ask for an environment variable.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces what is to be replaced in a whole tree; everything that is missing is told at once.
pub(super) fn fill(
    node: &mut Node,
    source: &Arc<Source>,
    environment: Environment<'_>,
    found: &mut Vec<Mistake>,
) {
    match &mut node.value {
        Value::Scalar(scalar) => {
            if let Err((message, help)) = fill_scalar(scalar, environment) {
                found.push(Mistake::at(source, &node.span, message).help(help));
            }
        }
        Value::List(list) => {
            for item in list {
                fill(item, source, environment, found);
            }
        }
        Value::Map(map) => {
            for (_, value) in map {
                fill(value, source, environment, found);
            }
        }
    }
}

/// What is wrong, and what to write instead.
type Wrong = (String, String);

fn fill_scalar(scalar: &mut Scalar, environment: Environment<'_>) -> Result<(), Wrong> {
    if scalar.style == Style::Block || !scalar.text.contains("${") {
        return Ok(());
    }
    let mut out = String::new();
    let mut rest = scalar.text.as_str();
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        let Some((name, tail)) = name_of(reference) else {
            // Not ours: "${" and then no name, as in dollar-quoted SQL.
            out.push_str(before);
            out.push_str("${");
            rest = reference.get(2..).unwrap_or_default();
            continue;
        };
        let Some((operator, after)) = tail.split_once('}') else {
            return Err(not_understood());
        };
        if let Some(literal) = before.strip_suffix('$') {
            out.push_str(literal);
            for part in ["${", name, operator, "}"] {
                out.push_str(part);
            }
        } else if scalar.style == Style::Quoted {
            return Err(quoted(name));
        } else {
            out.push_str(before);
            let value = resolve(name, operator, environment)?;
            out.push_str(&value);
            scalar.from_environment = true;
            scalar.has_default |= operator
                .strip_prefix(":-")
                .is_some_and(|text| !text.is_empty());
        }
        rest = after;
    }
    out.push_str(rest);
    scalar.text = out;
    Ok(())
}

/// The name behind `${`, and what follows it.
fn name_of(reference: &str) -> Option<(&str, &str)> {
    let inside = reference.strip_prefix("${")?;
    let part_of_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let end = inside.find(|c| !part_of_name(c)).unwrap_or(inside.len());
    let (name, tail) = inside.split_at(end);
    let starts_well = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    starts_well.then_some((name, tail))
}

fn resolve(name: &str, operator: &str, environment: Environment<'_>) -> Result<String, Wrong> {
    let value = environment(name);
    let filled = value.clone().filter(|value| !value.is_empty());
    if operator.contains("${") {
        return Err(not_understood());
    }
    if operator.is_empty() {
        return value.ok_or_else(|| missing(name, ""));
    }
    if let Some(default) = operator.strip_prefix(":-") {
        return Ok(filled.unwrap_or_else(|| default.to_owned()));
    }
    if let Some(message) = operator.strip_prefix(":?") {
        return filled.ok_or_else(|| missing(name, message));
    }
    Err(not_understood())
}

fn missing(name: &str, message: &str) -> Wrong {
    let help = match message.trim() {
        "" => format!("set it, or write ${{{name}:-default}}"),
        message => message.to_owned(),
    };
    (
        format!("the environment variable \"{name}\" is not set"),
        help,
    )
}

fn quoted(name: &str) -> Wrong {
    (
        format!("\"${{{name}}}\" inside quotes would stay as it is"),
        format!("write ${{{name}}} without quotes, or $${{{name}}} for the text itself"),
    )
}

fn not_understood() -> Wrong {
    (
        "this \"${…}\" is not understood".to_owned(),
        "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $${NAME} is the text itself"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, style: Style) -> Result<(String, bool), String> {
        let environment = |name: &str| match name {
            "HOST" => Some("db".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let mut scalar = Scalar {
            text: text.to_owned(),
            style,
            from_environment: false,
            has_default: false,
        };
        fill_scalar(&mut scalar, &environment)
            .map(|()| (scalar.text, scalar.from_environment))
            .map_err(|(message, help)| format!("{message} | {help}"))
    }

    fn plain(text: &str) -> String {
        filled(text, Style::Plain).map_or_else(|wrong| wrong, |(text, _)| text)
    }

    #[test]
    fn variables_defaults_and_literals() {
        assert_eq!(plain("s3://${HOST}/x"), "s3://db/x");
        assert_eq!(plain("${NONE:-a b}"), "a b");
        assert_eq!(plain("${EMPTY:-a}"), "a");
        assert_eq!(plain("${EMPTY}"), "");
        assert_eq!(plain("$${HOST} ${HOST}"), "${HOST} db");
        assert_eq!(plain("$${NONE:?x}"), "${NONE:?x}");
        assert_eq!(plain("select $${1}$$, $1"), "select $${1}$$, $1");
    }

    #[test]
    fn what_is_missing_is_named_with_the_authors_own_words() {
        assert!(plain("${NONE}").contains("\"NONE\" is not set"));
        assert!(plain("${NONE:?ask Kenji}").ends_with("| ask Kenji"));
        assert!(plain("${EMPTY:?ask}").contains("\"EMPTY\" is not set"));
        assert!(plain("${HOST:+x}").contains("not understood"));
        assert!(plain("${HOST").contains("not understood"));
        assert!(plain("${NONE:-${HOST}}").contains("not understood"));
    }

    #[test]
    fn blocks_are_never_touched_and_quotes_are_refused() {
        let block = filled("${HOST}", Style::Block);
        assert_eq!(block, Ok(("${HOST}".to_owned(), false)));
        assert!(filled("${HOST}", Style::Quoted).is_err());
        let literal = filled("$${HOST}", Style::Quoted);
        assert_eq!(literal, Ok(("${HOST}".to_owned(), false)));
    }
}
