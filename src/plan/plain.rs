//! Scalars without quotes that are something else than a text to other readers of YAML.

use super::{
    Number,
    walk::File,
    yaml::{Node, Style, Value},
};

/// Whether this stands without quotes where words are wanted, and is a number or a truth value to some reader of YAML.
pub(super) fn is_no_words(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(scalar) if scalar.style == Style::Plain => {
            reads_as_truth(&scalar.text) || reads_as_number(&scalar.text)
        }
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => false,
    }
}

/// Refuses a value of which nobody can say whether a text is meant: a number in a form that is not read here, or a word
/// that was a truth value in YAML 1.1. Compared as text it would say that the backup is wrong. Says whether it did; what
/// comes from the environment has no quotes, and is left alone.
pub(super) fn refused(file: &File<'_>, node: &Node) -> bool {
    let Value::Scalar(scalar) = &node.value else {
        return false;
    };
    if scalar.style != Style::Plain || scalar.from_environment || node.truth().is_some() {
        return false;
    }
    let text = &scalar.text;
    let (meant, help) = if reads_as_truth(text) {
        let help = format!(
            "write it in quotes for a text, such as a country's code ('{text}'), or write true or false"
        );
        ("truth value", help)
    } else if reads_as_number(text) && text.parse::<Number>().is_err() {
        let help =
            format!("write it in quotes for a text ('{text}'), or the number as 1000 or 0.5");
        ("number", help)
    } else {
        return false;
    };
    let message = format!("{text} without quotes could be a {meant} or a text");
    file.error(node, message, help);
    true
}

fn reads_as_truth(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// In any form: `0`, `5_000`, `.5`, `1e3`, `0x10`, `.inf`.
fn reads_as_number(text: &str) -> bool {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let number = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let in_base = |prefix: &str, base| {
        let digits = number.strip_prefix(prefix);
        digits.is_some_and(|d| !d.is_empty() && d.chars().all(|digit| digit.is_digit(base)))
    };
    let starts = number.starts_with(|first: char| first == '.' || first.is_ascii_digit());
    (starts && number.parse::<f64>().is_ok())
        || in_base("0x", 16)
        || in_base("0o", 8)
        || in_base("0b", 2)
        || [".inf", ".nan"].contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seen_in_every_form() {
        for text in [
            "0", "-1", "+1", "5_000", "1.5", ".5", "5.", "1e3", "-1E-3", "0x1F", "0o17", "0b1",
            ".inf", "-.INF", ".NaN",
        ] {
            assert!(reads_as_number(text), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "0x",
            "0xyz",
            "e5",
            "1.2.3",
            "2026-01-01",
            "12:30",
            "NaN",
            "inf",
            "5M",
            "-+5",
            "1e",
            "0b2",
        ] {
            assert!(!reads_as_number(text), "{text}");
        }
    }

    #[test]
    fn truth_has_many_words() {
        for text in ["yes", "No", "OFF", "y", "True"] {
            assert!(reads_as_truth(text), "{text}");
        }
        for text in ["", "none", "nein", "2", "not yet"] {
            assert!(!reads_as_truth(text), "{text}");
        }
    }
}
