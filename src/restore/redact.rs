//! Takes rows' values out of PostgreSQL's messages.
//!
//! `DETAIL`, `CONTEXT` and the command never get this far. What is left are the messages that quote the value itself,
//! such as `invalid input syntax for type integer: "…"` (src/backend/utils/adt of PostgreSQL 13 to 18).

/// The message without the values that it quotes.
pub(super) fn without_values(message: &str) -> String {
    let head = message.split(": \"").next().unwrap_or(message);
    let text = if head.len() < message.len() && quotes_a_value(head) {
        head.to_owned()
    } else {
        message.to_owned()
    };
    hide_after(&text, "value \"")
}

/// Messages whose last part is a value from a row.
fn quotes_a_value(head: &str) -> bool {
    const HEADS: [&str; 10] = [
        "invalid input",
        "malformed",
        "date/time field",
        "time zone",
        "invalid value",
        "invalid hexadecimal",
        "invalid syntax",
        "missing data for column",
        "extra data after",
        "invalid",
    ];
    // A locale is a name, not a value.
    !head.contains("locale") && HEADS.iter().any(|start| head.contains(start))
}

/// Hides the quoted text behind a word: `value "17" is out of range` is `value is out of range`.
fn hide_after(text: &str, opening: &str) -> String {
    let Some(start) = text.find(opening) else {
        return text.to_owned();
    };
    let value = &text[start + opening.len()..];
    let Some(end) = value.rfind('"') else {
        return text[..start].to_owned();
    };
    let word = opening.trim_end_matches([' ', '"']);
    format!("{}{word}{}", &text[..start], &value[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_and_names_stay() {
        let shown = |message| without_values(message);
        assert_eq!(
            shown("invalid input syntax for type integer: \"secret 17\""),
            "invalid input syntax for type integer"
        );
        assert_eq!(
            shown("value \"99999999999\" is out of range for type integer"),
            "value is out of range for type integer"
        );
        assert_eq!(
            shown("relation \"users\" does not exist"),
            "relation \"users\" does not exist"
        );
        assert_eq!(
            shown("could not open file \"x\": No such file"),
            "could not open file \"x\": No such file"
        );
        assert_eq!(
            shown("duplicate key value violates unique constraint \"pk\""),
            "duplicate key value violates unique constraint \"pk\""
        );
    }

    #[test]
    fn a_value_that_holds_quotes_goes_whole() {
        let shown = without_values("value \"a\" b \"c\" is out of range for type integer");
        assert_eq!(shown, "value is out of range for type integer");
    }
}
