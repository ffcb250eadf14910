//! Text that cannot play tricks on whoever reads it.

/// The text with its control characters written out: a table's name must not move the cursor, nor turn the direction of
/// what follows it.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || turns(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Letters without a shape that end a line or reorder others around them.
const fn turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
    fn nothing_turns_the_direction_of_the_text() {
        assert_eq!(
            visible("users\u{202e}txt\u{2028}x"),
            "users\\u{202e}txt\\u{2028}x"
        );
    }
}
