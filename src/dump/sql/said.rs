//! What is said about objects: the COMMENT and SECURITY LABEL statements of a dump.

use super::{
    subject::{Subject, Unread, subject},
    words::{Word, words_with},
};
use crate::rows::Rows;

/// A comment or a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// About what.
    pub on: Subject,
    /// The provider of a label; none for a comment.
    pub by: Option<String>,
    /// The digest of its words; none where they are taken away.
    pub words: Option<u128>,
    /// Whether its words are the same whoever reads them: no letter that depends on an encoding, no backslash.
    pub plain: bool,
}

/// What the statements of an entry or one statement of a script say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// In their order.
    pub said: Vec<Said>,
    /// How many statements cannot be followed.
    pub unread: u64,
}

/// The digest of a comment's or a label's words.
#[must_use]
pub fn words_of(text: &str) -> u128 {
    let mut words = Rows::default();
    words.add(text.as_bytes());
    words.digest
}

/// What some statements say; where backslashes escape in plain strings, too, if that is so.
pub(in super::super) fn says(text: &str, escapes: bool) -> Says {
    let mut says = Says::default();
    let all: Vec<_> = words_with(text, escapes).collect();
    for statement in all.split(|word| *word == Word::Sign(';')) {
        match one(statement) {
            None | Some(Err(Unread::Cluster)) => {}
            Some(Err(Unread::Unknown)) => says.unread += 1,
            Some(Ok(said)) => says.said.push(said),
        }
    }
    says
}

fn one(words: &[Word<'_>]) -> Option<Result<Said, Unread>> {
    let (by, rest) = match words {
        [comment, on, rest @ ..] if comment.is("comment") && on.is("on") => (None, rest),
        [security, label, f, by, on, rest @ ..]
            if security.is("security") && label.is("label") && f.is("for") && on.is("on") =>
        {
            (by.text(), rest)
        }
        _ => return None,
    };
    let [name @ .., is, last] = rest else {
        return Some(Err(Unread::Unknown));
    };
    let text = match last {
        Word::Text(text) if is.is("is") => text.as_str(),
        null if is.is("is") && null.is("null") => "",
        _ => return Some(Err(Unread::Unknown)),
    };
    Some(subject(name).map(|on| Said {
        on,
        by,
        words: (!text.is_empty()).then(|| words_of(text)),
        plain: text.is_ascii() && !text.contains('\\'),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_labels_are_read() {
        let told = |text: &str| {
            let says = says(text, false);
            let of = |said: &Said| {
                let words = said.words == Some(words_of("it's; so"));
                (said.on.name.clone(), said.by.clone(), words)
            };
            (says.said.iter().map(of).collect::<Vec<_>>(), says.unread)
        };
        assert_eq!(
            told("COMMENT ON COLUMN public.t.a IS 'it''s; so';\n\n\n"),
            (vec![("public.t.a".to_owned(), None, true)], 0)
        );
        assert_eq!(
            told(
                "SECURITY LABEL FOR anon ON TABLE public.t IS 'x';SECURITY LABEL FOR \"A\" ON COLUMN public.t.a IS 'it''s; so';"
            ),
            (
                vec![
                    ("public.t".to_owned(), Some("anon".to_owned()), false),
                    ("public.t.a".to_owned(), Some("A".to_owned()), true)
                ],
                0
            )
        );
        assert_eq!(told("COMMENT ON DATABASE shop IS 'x';"), (vec![], 0));
        assert_eq!(told("COMMENT ON TABLE t IS 'x';").1, 1);
        assert_eq!(
            says("COMMENT ON SCHEMA public IS NULL;", false).said[0].words,
            None
        );
        assert!(!says("COMMENT ON SCHEMA public IS 'é';", false).said[0].plain);
    }

    #[test]
    fn a_backslash_is_doubled_where_it_escapes() {
        let text = r"COMMENT ON TABLE public.t IS 'path C:\\data';";
        let words = |escapes| says(text, escapes).said[0].words;
        assert_eq!(words(true), Some(words_of(r"path C:\data")));
        assert_eq!(words(false), Some(words_of(r"path C:\\data")));
    }
}
