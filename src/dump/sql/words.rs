//! A statement's words, with what is quoted told from what is not.

/// One word of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// A keyword or an unquoted name, as written.
    Plain(&'a str),
    /// A quoted name, its doubled quotes undone.
    Name(String),
    /// A string, its doubled quotes undone.
    Text(String),
    /// Any other character.
    Sign(char),
}

impl Word<'_> {
    /// Whether it is this keyword, given in lower case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name that it stands for.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            // As PostgreSQL folds names in UTF-8: `Ä` stays.
            Self::Plain(word) => Some(word.to_ascii_lowercase()),
            Self::Name(name) => Some(name.clone()),
            Self::Text(_) | Self::Sign(_) => None,
        }
    }

    /// What it says, as a value.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Plain(word) => Some((*word).to_owned()),
            Self::Name(text) | Self::Text(text) => Some(text.clone()),
            Self::Sign(_) => None,
        }
    }
}

/// The words of some statements; comments and dollar-quoted bodies are left out.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    words_with(text, false)
}

/// The same where a backslash escapes in plain strings, too: `standard_conforming_strings` was off.
pub(super) fn words_with(text: &str, escapes: bool) -> impl Iterator<Item = Word<'_>> {
    Words {
        rest: text,
        escapes,
    }
}

struct Words<'a> {
    rest: &'a str,
    escapes: bool,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            if self.rest.starts_with("--") {
                self.rest = after(self.rest, "\n");
            } else if self.rest.starts_with("/*") {
                self.rest = after_block(self.rest);
            } else if let Some(tag) = dollar(self.rest) {
                self.rest = after(&self.rest[tag.len()..], tag);
            } else {
                return Some(self.word(first));
            }
        }
    }
}

impl<'a> Words<'a> {
    fn word(&mut self, first: char) -> Word<'a> {
        if first == '"' {
            return Word::Name(self.quoted('"', false));
        }
        if first == '\'' {
            return Word::Text(self.quoted('\'', self.escapes));
        }
        if let Some(string) = self.rest.strip_prefix(['E', 'e'])
            && string.starts_with('\'')
        {
            self.rest = string;
            return Word::Text(self.quoted('\'', true));
        }
        let end = self.rest.find(|c| !in_name(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end.max(first.len_utf8()));
        self.rest = rest;
        if end == 0 {
            Word::Sign(first)
        } else {
            Word::Plain(word)
        }
    }

    /// Takes what is between two quotes.
    fn quoted(&mut self, quote: char, escapes: bool) -> String {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            if escapes && c == '\\' {
                text.extend(chars.next().map(|(_, escaped)| escaped));
            } else if c != quote {
                text.push(c);
            } else if chars.next_if(|&(_, next)| next == quote).is_some() {
                text.push(quote);
            } else {
                end = at + quote.len_utf8();
                break;
            }
        }
        self.rest = &self.rest[end..];
        text
    }
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// `$tag$` at the start of a text.
fn dollar(text: &str) -> Option<&str> {
    let tag = text.strip_prefix('$')?;
    let end = tag.find(|c: char| !in_name(c) || c == '$')?;
    let named = !tag.starts_with(|c: char| c.is_ascii_digit());
    (tag[end..].starts_with('$') && named).then(|| &text[..end + 2])
}

fn after<'a>(text: &'a str, what: &str) -> &'a str {
    text.find(what).map_or("", |at| &text[at + what.len()..])
}

/// What follows a comment that may hold comments.
fn after_block(text: &str) -> &str {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at < bytes.len() {
        let step = match bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    &text[at..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_bodies_and_comments_are_told_apart() {
        let text = r#"GRANT "we""ird" -- TO x
            /* a /* b */ c */ E'it\'s' 'it''s' $b$ x $b$ ; naïve"#;
        let found: Vec<_> = words(text).collect();
        assert_eq!(
            found,
            [
                Word::Plain("GRANT"),
                Word::Name("we\"ird".to_owned()),
                Word::Text("it's".to_owned()),
                Word::Text("it's".to_owned()),
                Word::Sign(';'),
                Word::Plain("naïve"),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_ends(text in any::<String>(), odd in r#"[a'"$\\/*\-;é ]{0,40}"#) {
            prop_assert!(words(&text).count() <= text.len());
            prop_assert!(words(&odd).count() <= odd.len());
        }
    }
}
