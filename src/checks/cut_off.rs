//! `:backup_time` in a condition or a query: what is newer than the dump is not in it.

use jiff::Timestamp;

use super::question::Judged;

/// What the plan writes.
const WORD: &str = ":backup_time";

/// SQL with the time of the dump in place of `:backup_time`, which is left alone in quotes and in comments.
pub(super) fn fill(sql: &str, time: Option<Timestamp>) -> Result<String, Judged> {
    let mut places = Vec::new();
    let mut inside = Inside::Code;
    let mut before = ' ';
    for (index, letter) in sql.char_indices() {
        let rest = &sql[index..];
        if inside == Inside::Code && before != ':' && is_word(rest) {
            places.push(index);
        }
        inside = inside.after(letter, rest);
        before = letter;
    }
    if places.is_empty() {
        return Ok(sql.to_owned());
    }
    let Some(time) = time else {
        return Err(Judged::unanswered(
            "cannot be asked: the time of the dump is not known",
        ));
    };
    let literal = format!("'{time}'::timestamptz");
    let mut filled = String::new();
    let mut from = 0;
    for place in places {
        filled.push_str(&sql[from..place]);
        filled.push_str(&literal);
        from = place + WORD.len();
    }
    filled.push_str(&sql[from..]);
    Ok(filled)
}

/// The word itself, and not the beginning of a longer one.
fn is_word(rest: &str) -> bool {
    let after = rest.strip_prefix(WORD);
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    after.is_some_and(|after| !after.starts_with(goes_on))
}

/// Where in the SQL one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    Quotes(char),
    Comment,
}

impl Inside {
    fn after(self, letter: char, rest: &str) -> Self {
        match self {
            Self::Code if letter == '\'' || letter == '"' => Self::Quotes(letter),
            Self::Code if rest.starts_with("--") => Self::Comment,
            Self::Quotes(quote) if letter == quote => Self::Code,
            Self::Comment if letter == '\n' => Self::Code,
            same => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(sql: &str) -> String {
        fill(sql, Some(Timestamp::UNIX_EPOCH)).unwrap()
    }

    #[test]
    fn the_time_of_the_dump_stands_where_the_word_stood() {
        let time = "'1970-01-01T00:00:00Z'::timestamptz";
        assert_eq!(filled("at < :backup_time"), format!("at < {time}"));
        assert_eq!(
            filled("a < :backup_time::date or b > :backup_time - interval '1 h'"),
            format!("a < {time}::date or b > {time} - interval '1 h'")
        );
        assert_eq!(
            filled("-- it's\na < :backup_time"),
            format!("-- it's\na < {time}")
        );
    }

    #[test]
    fn other_words_quotes_and_comments_are_left_alone() {
        for sql in [
            "a < ':backup_time'",
            "\":backup_time\" = 1",
            "a = :backup_times",
            "a::backup_time",
            "-- :backup_time",
            "a = 1",
        ] {
            assert_eq!(filled(sql), sql);
        }
    }

    #[test]
    fn an_unknown_time_cuts_nothing_off() {
        assert!(fill("a < :backup_time", None).is_err());
        assert!(fill("a = 1", None).is_ok());
    }
}
