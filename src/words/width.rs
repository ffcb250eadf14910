//! How wide text is on a terminal: Japanese letters take two columns.

use unicode_width::UnicodeWidthStr as _;

/// Columns on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, filled with spaces up to so many columns.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_count_twice() {
        assert_eq!(width("合格"), 4);
        assert_eq!(pad("合格", 6), "合格  ");
        assert_eq!(pad("ok", 6), "ok    ");
        assert_eq!(pad("too long", 3), "too long");
    }
}
