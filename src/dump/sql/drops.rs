//! Statements that an empty database has no use for.

use super::words::{Word, words};

/// Whether a statement only takes away what an empty database does not have.
///
/// `prelude` tells that nothing was created in the database: there `pg_dump --clean` writes its drops.
/// A database is never dropped: the server may not be ours alone.
pub(in super::super) fn drops(text: &str, prelude: bool) -> bool {
    let all: Vec<_> = words(text).collect();
    let end = all.iter().position(|word| *word == Word::Sign(';'));
    let words = &all[..end.unwrap_or(all.len())];
    let careful = words
        .windows(2)
        .any(|pair| pair[0].is("if") && pair[1].is("exists"));
    match words {
        [drop, kind, ..] if drop.is("drop") => {
            let shared = ["role", "user", "group", "tablespace"];
            kind.is("database")
                || (prelude && (!careful || shared.iter().any(|word| kind.is(word))))
        }
        [alter, kind, rest @ ..] if alter.is("alter") => {
            let kinds = ["table", "domain", "view", "materialized", "foreign"];
            // There is no ALTER DOMAIN IF EXISTS.
            prelude
                && (!careful || kind.is("domain"))
                && kinds.iter().any(|word| kind.is(word))
                && rest.iter().any(|word| word.is("drop") || word.is("detach"))
        }
        [select, rest @ ..] if select.is("select") => {
            prelude
                && rest.len() < 8
                && rest.iter().any(|word| word.is("lo_unlink"))
                && !rest.iter().any(|word| word.is("from"))
        }
        _ => false,
    }
}

/// Whether a statement makes what is there already, or what a drop takes away again: a database of every server, which
/// `--clean` drops before, and the stand-in by which `pg_dump --clean` frees a view of what it depends on.
pub(in super::super) fn makes_again(text: &str, prelude: bool) -> bool {
    let words: Vec<_> = words(text).collect();
    match words.as_slice() {
        [create, database, name, ..] if create.is("create") && database.is("database") => {
            let everywhere = ["postgres", "template1"];
            name.name().is_some_and(|name| everywhere.contains(&&*name))
        }
        [create, or, replace, view, rest @ ..] if create.is("create") && or.is("or") => {
            let selects_null = |all: &[Word<'_>]| {
                all[0].is("as")
                    && all[1].is("select")
                    && all[2].is("null")
                    && all[3] == Word::Sign(':')
            };
            prelude && replace.is("replace") && view.is("view") && rest.windows(4).any(selects_null)
        }
        _ => false,
    }
}

/// The table of a COPY statement.
pub(in super::super) fn copied(text: &str) -> String {
    words(text)
        .skip(1)
        .take_while(|word| !word.is("from") && *word != Word::Sign('('))
        .map(|word| match word {
            Word::Sign(sign) => sign.to_string(),
            word => word.text().unwrap_or_default(),
        })
        .collect()
}

/// The table of a CREATE FOREIGN TABLE statement, written as [`copied`] and [`inserted`] write it.
pub(in super::super) fn foreign_table(text: &str) -> Option<String> {
    let mut all = words(text);
    let is_one = ["create", "foreign", "table"]
        .iter()
        .all(|keyword| all.next().is_some_and(|word| word.is(keyword)));
    is_one.then(|| table(all))
}

/// The table of an INSERT statement.
pub(in super::super) fn inserted(text: &str) -> String {
    let is_over = |word: &Word<'_>| word.is("values") || word.is("overriding");
    table(words(text).skip(2).take_while(|word| !is_over(word)))
}

/// The name that words begin with.
fn table<'a>(words: impl Iterator<Item = Word<'a>>) -> String {
    let parts = words.map_while(|word| match word {
        Word::Sign('.') => Some(".".to_owned()),
        Word::Sign(_) => None,
        word => word.text(),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_table_is_called_as_its_rows_are() {
        let made =
            foreign_table("CREATE FOREIGN TABLE public.\"a b\" (\n    n integer\n)\nSERVER s;");
        assert_eq!(made.as_deref(), Some("public.a b"));
        assert_eq!(
            made.as_deref(),
            Some(&*copied("COPY public.\"a b\" (n) FROM stdin;"))
        );
        assert_eq!(
            made.as_deref(),
            Some(&*inserted("INSERT INTO public.\"a b\" VALUES (1);"))
        );
        assert_eq!(foreign_table("CREATE TABLE public.t (n integer);"), None);
    }

    #[test]
    fn what_clean_drops_is_left_out_before_the_first_create_only() {
        for text in [
            "DROP TABLE public.t;",
            "ALTER TABLE ONLY public.t DROP CONSTRAINT k;",
            "ALTER TABLE public.t ALTER COLUMN id DROP DEFAULT;",
            "SELECT pg_catalog.lo_unlink('1');",
            "DROP ROLE IF EXISTS r;",
        ] {
            assert!(drops(text, true), "{text}");
            assert!(!drops(text, false), "{text}");
        }
    }

    #[test]
    fn what_is_there_or_goes_again_is_not_made() {
        let view = "CREATE OR REPLACE VIEW public.v AS\nSELECT\n    NULL::integer AS id;";
        assert!(makes_again(view, true));
        assert!(!makes_again(view, false));
        let of_rows = "CREATE OR REPLACE VIEW public.v AS SELECT t.id, NULL::text FROM t;";
        assert!(!makes_again(of_rows, true));
        assert!(!makes_again(
            "CREATE VIEW public.v AS SELECT NULL::int;",
            true
        ));
        for name in ["postgres", "template1", "\"postgres\""] {
            let text = format!("CREATE DATABASE {name} WITH TEMPLATE = template0;");
            assert!(makes_again(&text, false), "{name}");
        }
        assert!(!makes_again("CREATE DATABASE shop;", true));
        assert!(!makes_again("CREATE TABLE postgres (id int);", true));
    }

    #[test]
    fn a_constraint_of_a_domain_is_dropped_carefully_without_effect() {
        let text = "ALTER DOMAIN public.d DROP CONSTRAINT IF EXISTS dck;";
        assert!(drops(text, true));
        assert!(!drops(text, false));
    }

    #[test]
    fn careful_drops_stay_and_databases_are_never_dropped() {
        assert!(!drops("DROP TABLE IF EXISTS public.t;", true));
        assert!(!drops(
            "ALTER TABLE IF EXISTS ONLY t DROP CONSTRAINT IF EXISTS k;",
            true
        ));
        assert!(!drops("ALTER TABLE t ADD COLUMN \"drop\" int;", true));
        assert!(drops("DROP DATABASE IF EXISTS x;", false));
    }

    #[test]
    fn the_table_of_a_copy_is_named() {
        assert_eq!(
            copied("COPY public.\"T x\" (a, b) FROM stdin;"),
            "public.T x"
        );
        assert_eq!(copied("COPY t FROM stdin;"), "t");
    }
}
