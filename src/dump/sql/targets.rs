//! The tables that rows are written into, and the values that sequences are set to.

use super::words::{Word, words};
use crate::dump::Target;

/// The table and the columns of `COPY t (a, b) FROM stdin;`; none for any other statement, and for rows that are not
/// written as lines.
pub(in super::super) fn copied_into(text: &str) -> Option<Target> {
    let words: Vec<_> = words(text).collect();
    let [copy, rest @ ..] = &words[..] else {
        return None;
    };
    let (target, rest) = target(rest).filter(|_| copy.is("copy"))?;
    match rest {
        [from, stdin, rest @ ..] if from.is("from") && stdin.is("stdin") => {
            matches!(rest, [] | [Word::Sign(';')]).then_some(target)
        }
        _ => None,
    }
}

/// The table that `INSERT INTO t (a, b) VALUES …` names; the text may be cut after its columns.
pub(in super::super) fn inserted_into(text: &str) -> Option<Target> {
    let words: Vec<_> = words(text).collect();
    match &words[..] {
        [insert, into, rest @ ..] if insert.is("insert") && into.is("into") => {
            let (schema, table, _) = qualified(rest)?;
            Some(Target {
                schema,
                table,
                columns: None,
            })
        }
        _ => None,
    }
}

/// A table with its columns, and what follows.
fn target<'a, 'b>(words: &'a [Word<'b>]) -> Option<(Target, &'a [Word<'b>])> {
    let (schema, table, rest) = qualified(words)?;
    let (columns, rest) = match rest {
        [Word::Sign('('), rest @ ..] => {
            let end = rest.iter().position(|word| *word == Word::Sign(')'))?;
            let named = rest[..end].split(|word| *word == Word::Sign(','));
            let columns = named.map(|words| match words {
                [word] => word.name(),
                _ => None,
            });
            (Some(columns.collect::<Option<_>>()?), &rest[end + 1..])
        }
        _ => (None, rest),
    };
    let target = Target {
        schema,
        table,
        columns,
    };
    Some((target, rest))
}

/// A name with or without its schema, and what follows.
pub(super) fn qualified<'a, 'b>(
    words: &'a [Word<'b>],
) -> Option<(Option<String>, String, &'a [Word<'b>])> {
    match words {
        [schema, Word::Sign('.'), name, rest @ ..] => {
            Some((Some(schema.name()?), name.name()?, rest))
        }
        [name, rest @ ..] => Some((None, name.name()?, rest)),
        [] => None,
    }
}

/// The schema and the name of an object that a string names, as in `'public.t_id_seq'`.
pub(in super::super) fn name_of(text: &str) -> Option<(Option<String>, String)> {
    let words: Vec<_> = words(text).collect();
    match qualified(&words)? {
        (schema, name, []) => Some((schema, name)),
        _ => None,
    }
}

/// The sequence, the value and whether it was used up, of `SELECT pg_catalog.setval('s', 42, true);`.
pub(in super::super) fn set_value(text: &str) -> Option<(String, i64, bool)> {
    let words: Vec<_> = words(text).collect();
    let at = words.iter().position(|word| word.is("setval"))?;
    let [Word::Sign('('), name, Word::Sign(','), rest @ ..] = &words[at + 1..] else {
        return None;
    };
    let Word::Text(name) = name else {
        return None;
    };
    let (negative, rest) = match rest {
        [Word::Sign('-'), rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let [value, Word::Sign(','), called, ..] = rest else {
        return None;
    };
    let digits = value.text()?;
    let value = if negative {
        format!("-{digits}")
    } else {
        digits
    };
    Some((name.clone(), value.parse().ok()?, called.is("true")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_names_its_table_and_its_columns() {
        let target = copied_into("COPY \"S x\".\"T\"\"y\" (a, \"B c\") FROM stdin;").unwrap();
        assert_eq!(target.schema.as_deref(), Some("S x"));
        assert_eq!(target.table, "T\"y");
        assert_eq!(target.columns.unwrap(), ["a", "B c"]);
        let none = copied_into("COPY public.t  FROM stdin;\n").unwrap();
        assert_eq!((none.table.as_str(), none.columns), ("t", None));
        assert_eq!(copied_into("COPY t FROM '/etc/passwd';"), None);
        assert_eq!(copied_into("COPY t FROM stdin WITH (FORMAT csv);"), None);
        assert_eq!(copied_into("COPY t FROM stdin CSV;"), None);
    }

    #[test]
    fn a_sequence_is_set_to_its_value() {
        let set = |text| set_value(text).unwrap();
        assert_eq!(
            set("SELECT pg_catalog.setval('public.t_id_seq', 42, true);"),
            ("public.t_id_seq".to_owned(), 42, true)
        );
        assert_eq!(
            set("SELECT setval('s', -9223372036854775808, false)").1,
            i64::MIN
        );
        assert_eq!(set_value("SELECT 1;"), None);
    }
}
