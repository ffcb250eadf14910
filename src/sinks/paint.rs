//! Colour on a terminal that wants it.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_plain() {
        assert_eq!(Paint::Plain.bad("x"), "x");
        assert_eq!(Paint::Colour.good("x"), "\x1b[32mx\x1b[0m");
    }
}
