//! Colour on a terminal that wants it, and text that cannot play tricks on one.

use crate::finding::Severity;

/// Whether to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// Plain text.
    #[default]
    Plain,
    /// ANSI colours.
    Colour,
}

impl Paint {
    /// Green.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Yellow.
    #[must_use]
    pub fn careful(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Bold red.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// Bold.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Dim.
    #[must_use]
    pub fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }

    /// The colour of a severity.
    #[must_use]
    pub fn severity(self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Critical => self.bad(text),
            Severity::Warning => self.careful(text),
            Severity::Info => self.quiet(text),
        }
    }

    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// The text with its control characters written out: a table's name must not move the cursor.
#[must_use]
pub fn visible(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|c| {
            let escaped: Box<dyn Iterator<Item = char>> = if c.is_control() {
                Box::new(c.escape_default())
            } else {
                Box::new(std::iter::once(c))
            };
            escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(visible("a\x1b[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(visible("注文"), "注文");
    }

    #[test]
    fn plain_text_stays_plain() {
        assert_eq!(Paint::Plain.bad("x"), "x");
        assert_eq!(Paint::Colour.good("x"), "\x1b[32mx\x1b[0m");
    }
}
