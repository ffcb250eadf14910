//! `:backup_time` in a condition or a query: what is newer than the dump is not in it.

use jiff::Timestamp;

use super::question::Judged;

/// What the plan writes.
const WORD: &str = ":backup_time";

/// SQL with the time of the dump in place of `:backup_time`, which is left alone in quotes and in comments.
pub(super) fn fill(sql: &str, time: Option<Timestamp>) -> Result<String, Judged> {
    let places = places(sql);
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

/// Where the word stands in the code.
fn places(sql: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut before = [' '; 2];
    let mut at = 0;
    while let Some(letter) = sql[at..].chars().next() {
        let rest = &sql[at..];
        if before[1] != ':' && is_word(rest) {
            places.push(at);
        }
        at += quoted(rest, before).unwrap_or_else(|| letter.len_utf8());
        before = [before[1], letter];
    }
    places
}

/// The word itself, and not the beginning of a longer one.
fn is_word(rest: &str) -> bool {
    let after = rest.strip_prefix(WORD);
    after.is_some_and(|after| !after.starts_with(goes_on))
}

fn goes_on(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether a letter behind this one goes on with a name: the `e` of `like'x'` begins no escaped text.
fn in_name(letter: char) -> bool {
    goes_on(letter) || letter == '$' || !letter.is_ascii()
}

/// How many bytes of text or comment begin here, behind these letters; `None` where code goes on. What does not end goes
/// to the end of the SQL.
fn quoted(rest: &str, [first, before]: [char; 2]) -> Option<usize> {
    let ends = |from: usize, end: &str| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("--") {
        Some(ends(2, "\n"))
    } else if rest.starts_with("/*") {
        Some(comment(rest))
    } else if rest.starts_with('\'') && matches!(before, 'e' | 'E') && !in_name(first) {
        Some(escaped(rest))
    } else if rest.starts_with('\'') || rest.starts_with('"') {
        Some(ends(1, &rest[..1]))
    } else {
        let tag = dollar_tag(rest).filter(|_| !goes_on(before))?;
        Some(ends(tag.len(), tag))
    }
}

/// The length of a comment, which may hold others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < rest.len() {
        let bytes = &rest.as_bytes()[at..];
        let step = if bytes.starts_with(b"/*") {
            depth += 1;
            2
        } else if bytes.starts_with(b"*/") {
            depth -= 1;
            2
        } else {
            1
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a text in which a backslash takes the next letter's meaning.
fn escaped(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => _ = letters.next(),
            '\'' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `$$` or `$tag$` at the beginning.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = rest.strip_prefix('$')?.find('$')?;
    let tag = &rest[1..=end];
    let named = tag.chars().all(goes_on) && !tag.starts_with(|c: char| c.is_ascii_digit());
    named.then(|| &rest[..end + 2])
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
        for before in [
            "/* don't look at newer rows */ ",
            "a = $$it's$$ and ",
            "a = E'it\\'s' and ",
            "a = 'C:\\' and ",
            "a$b = $1 and c$d = ",
            "t not like'x\\' and ",
            "note'x\\' and ",
            "a=e'it\\'s' and ",
            "_e'x\\' and ",
            "é$e'x\\' and ",
        ] {
            let sql = format!("{before}b < :backup_time");
            assert_eq!(filled(&sql), format!("{before}b < {time}"));
        }
    }

    #[test]
    fn other_words_quotes_and_comments_are_left_alone() {
        for sql in [
            "a < ':backup_time'",
            "\":backup_time\" = 1",
            "a = :backup_times",
            "a::backup_time",
            "-- :backup_time",
            "/* it's /* nested */ :backup_time */ a",
            "a = $$it's :backup_time$$",
            "a = $t$ $$ :backup_time $t$",
            "a = E'it\\' :backup_time'",
            "a = 'it''s :backup_time'",
            "a = 'no end :backup_time",
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
