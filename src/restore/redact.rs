//! Takes rows' values out of PostgreSQL's messages.
//!
//! `DETAIL`, `CONTEXT` and the command never get this far. What is left are the messages that quote the value itself,
//! such as `invalid input syntax for type integer: "…"` (src/backend/utils/adt of PostgreSQL 13 to 18).

/// The message without the values that it quotes.
pub(super) fn without_values(message: &str) -> String {
    let head = message.split(": \"").next().unwrap_or(message);
    let text = if head.len() < message.len() && !quotes_a_name(head) {
        head
    } else {
        message
    };
    let text = hide_after(text, "value \"");
    let text = (VALUES.iter()).fold(text, |text, (before, after)| {
        hide_between(&text, before, after)
    });
    without_bytes(&text)
}

/// The message without anything that it quotes, where all of that may be a value.
pub(super) fn without_quotes(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\"…\"{}", &message[..first], &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

/// Messages whose last part, behind a colon and in quotes, is a name; a value elsewhere.
fn quotes_a_name(head: &str) -> bool {
    ["locale", "encoding"]
        .iter()
        .any(|word| head.contains(word))
}

/// What stands before and behind a value.
const VALUES: [(&str, &str); 4] = [
    ("\"", "\" is out of range"),
    ("\"", "\" is not a valid"),
    ("time zone \"", "\" not recognized"),
    ("time zone \"", "\" not unique"),
];

/// Hides the value between these, with its quotes.
fn hide_between(text: &str, before: &str, after: &str) -> String {
    let Some(end) = text.rfind(after) else {
        return text.to_owned();
    };
    let Some(start) = text[..end].find(before) else {
        return text.to_owned();
    };
    let quote = start + before.len() - 1;
    let head = &text[..quote];
    format!("{head}…{}", &text[end + 1..])
}

/// Hides the bytes of a value that its encoding does not know: `0xe2 0x82`.
fn without_bytes(text: &str) -> String {
    if !text.contains("byte sequence") {
        return text.to_owned();
    }
    let words = text.split(' ').filter(|word| !word.starts_with("0x"));
    let text = words.collect::<Vec<_>>().join(" ");
    text.trim_end_matches(':').to_owned()
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
    fn a_value_goes_wherever_it_stands() {
        for message in [
            "date out of range: \"secret\"",
            "timestamp out of range: \"secret\"",
            "interval field value out of range: \"secret\"",
            "\"secret\" is out of range for type double precision",
            "\"secret\" is not a valid binary digit",
            "time zone \"secret\" not recognized",
            "syntax error in tsquery: \"a secret word\"",
            "invalid byte sequence for encoding \"UTF8\": 0xsecret 0xff",
            "character with byte sequence 0xsecret in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
        ] {
            let shown = without_values(message);
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.len() > 10, "{shown}");
        }
        let shown = without_quotes("relation \"a\"secret\" does not exist");
        assert_eq!(shown, "relation \"…\" does not exist");
    }

    #[test]
    fn a_value_that_holds_quotes_goes_whole() {
        let shown = without_values("value \"a\" b \"c\" is out of range for type integer");
        assert_eq!(shown, "value is out of range for type integer");
    }
}
