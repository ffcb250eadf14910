//! What statements of a dump name that must exist before they are run.

mod drops;
mod facts;
mod grantor;
mod grants;
mod headed;
mod large;
mod made;
mod said;
mod subject;
mod targets;
mod words;

pub(super) use drops::{copied, drops, foreign_table, inserted, makes_again};
pub(super) use facts::{facts, must_exist};
pub(super) use grantor::before_grantor;
pub(super) use grants::granted;
pub use grants::{Grant, Granted, defaults};
pub use headed::is_half_named;
pub(super) use headed::{headed, is_heading, is_made_by};
pub(super) use large::{LargeCall, is_harmless_select, large_call};
pub use made::Made;
pub(super) use made::{DROP, Deed, deed, unvalidated};
pub(super) use said::says;
pub use said::{Said, Says, words_of};
pub use subject::arguments;
pub(super) use subject::owned;
pub use subject::{Subject, identified};
pub(super) use targets::{copied_into, inserted_into, name_of, set_value};
use words::{Word, words};

use super::Locale;

/// Text in the dump's own encoding: UTF-8, else each byte as in Latin-1, so that no name is lost.
pub(super) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Whether a statement holds this keyword, given in lower case.
pub(super) fn has_word(text: &str, keyword: &str) -> bool {
    words(text).any(|word| word.is(keyword))
}

/// Whether privileges are on `ALL TABLES IN SCHEMA …`.
pub(super) fn is_on_all(text: &str) -> bool {
    let words: Vec<_> = words(text).collect();
    words
        .windows(2)
        .any(|pair| pair[0].is("on") && pair[1].is("all"))
}

/// Whether a statement is `UPDATE pg_catalog.pg_database SET datistemplate = … WHERE datname = '…';` and nothing else.
pub(super) fn frees_a_template(text: &str) -> bool {
    let words: Vec<_> = words(text)
        .take_while(|word| *word != Word::Sign(';'))
        .collect();
    let equals = Word::Sign('=');
    match &words[..] {
        [
            update,
            schema,
            dot,
            table,
            set,
            column,
            is,
            to,
            filter,
            name,
            of,
            Word::Text(_),
        ] => {
            let keywords = [
                (update, "update"),
                (schema, "pg_catalog"),
                (table, "pg_database"),
                (set, "set"),
                (column, "datistemplate"),
                (filter, "where"),
                (name, "datname"),
            ];
            let signs = *dot == Word::Sign('.') && *is == equals && *of == equals;
            signs
                && (to.is("false") || to.is("true"))
                && keywords.iter().all(|(word, keyword)| word.is(keyword))
        }
        _ => false,
    }
}

/// The value in `SET name = 'value'`.
pub(super) fn setting(text: &str, name: &str) -> Option<String> {
    let words: Vec<_> = words(text).collect();
    let at = words
        .windows(2)
        .position(|pair| pair[0].is("set") && pair[1].is(name))?;
    value(&words[at + 2..])
}

/// Whether a statement lets what follows lie in a tablespace that it names.
pub(super) fn chooses_tablespace(text: &str) -> bool {
    let words: Vec<_> = words(text)
        .take_while(|word| *word != Word::Sign(';'))
        .collect();
    match &words[..] {
        [set, name, sign, value] if *sign == Word::Sign('=') || sign.is("to") => {
            let named = value.text().is_some_and(|value| !value.is_empty());
            set.is("set") && name.is("default_tablespace") && named && !value.is("default")
        }
        _ => false,
    }
}

/// The value after a keyword, with or without `=` or `TO` before it.
fn value(words: &[Word<'_>]) -> Option<String> {
    match words {
        [Word::Sign('='), value, ..] => value.text(),
        [to, value, ..] if to.is("to") => value.text(),
        [value, ..] => value.text(),
        [] => None,
    }
}

impl Locale {
    /// What a `CREATE DATABASE` statement says.
    pub(super) fn of(statement: &str) -> Self {
        let words: Vec<_> = words(statement).collect();
        let named = |key| {
            let at = words.iter().position(|word| word.is(key))?;
            value(&words[at + 1..]).filter(|value| !value.is_empty())
        };
        let both = named("locale");
        let provider = named("locale_provider").map(|name| name.to_ascii_lowercase());
        Self {
            encoding: named("encoding"),
            collate: named("lc_collate").or_else(|| both.clone()),
            ctype: named("lc_ctype").or(both),
            locale: named("icu_locale").or_else(|| named("builtin_locale")),
            provider,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_read_from_create_database() {
        let libc = Locale::of(
            "CREATE DATABASE x WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'en_US.UTF-8';",
        );
        assert_eq!(libc.provider.as_deref(), Some("libc"));
        assert_eq!(libc.collate.as_deref(), Some("en_US.UTF-8"));
        assert_eq!(libc.ctype.as_deref(), Some("en_US.UTF-8"));
        assert_eq!(libc.locale, None);
        assert_eq!(libc.encoding.as_deref(), Some("UTF8"));
        let icu = Locale::of(
            "CREATE DATABASE \"locale\" WITH LOCALE_PROVIDER = icu LC_COLLATE = 'C' LC_CTYPE = 'de_DE' ICU_LOCALE = 'de-DE';",
        );
        assert_eq!(icu.collate.as_deref(), Some("C"));
        assert_eq!(icu.ctype.as_deref(), Some("de_DE"));
        assert_eq!(icu.locale.as_deref(), Some("de-DE"));
        let builtin = Locale::of(
            "CREATE DATABASE x LOCALE_PROVIDER = builtin LOCALE = 'C' BUILTIN_LOCALE = 'C.UTF-8';",
        );
        assert_eq!(builtin.provider.as_deref(), Some("builtin"));
        assert_eq!(builtin.locale.as_deref(), Some("C.UTF-8"));
    }

    #[test]
    fn only_what_frees_a_template_is_of_the_cluster() {
        let text =
            "UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = 'template1';";
        assert!(frees_a_template(text));
        for other in [
            text.replace("false", "f()"),
            text.replace("'template1'", "'a' OR f()"),
            text.replace("pg_database", "pg_class"),
        ] {
            assert!(!frees_a_template(&other), "{other}");
        }
    }

    #[test]
    fn an_encoding_is_read_from_set() {
        let text = "SET client_encoding = 'LATIN1';\n";
        assert_eq!(setting(text, "client_encoding").as_deref(), Some("LATIN1"));
        assert_eq!(setting("SELECT 1;", "client_encoding"), None);
    }
}
