//! Objects that a statement makes or takes away, as far as it can be told from its first words.

use super::{
    targets::qualified,
    words::{Word, words},
};

/// An object that a script makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Made {
    /// What it is, in the words of a table of contents.
    pub kind: &'static str,
    /// Its schema; empty for what lies in none.
    pub schema: String,
    /// Its name; for a constraint, a trigger and a policy behind its table's.
    pub name: String,
}

/// What a statement does to the objects of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Deed {
    /// It makes this.
    Makes(Made),
    /// It takes this away.
    Drops(Made),
    /// It takes away, or names anew, what cannot be followed.
    Unmakes(&'static str),
    /// It does something else that cannot be followed.
    Unforeseen(&'static str),
    /// Nothing that is compared.
    Nothing,
}

/// Words of CREATE that say nothing about the kind.
const BESIDE: [&str; 9] = [
    "or",
    "replace",
    "unique",
    "unlogged",
    "global",
    "local",
    "trusted",
    "procedural",
    "constraint",
];

/// What follows CREATE and DROP, and what a table of contents calls it.
const KINDS: [(&[&str], &str); 14] = [
    (&["foreign", "table"], "FOREIGN TABLE"),
    (&["materialized", "view"], "MATERIALIZED VIEW"),
    (&["event", "trigger"], "EVENT TRIGGER"),
    (&["table"], "TABLE"),
    (&["view"], "VIEW"),
    (&["sequence"], "SEQUENCE"),
    (&["index"], "INDEX"),
    (&["function"], "FUNCTION NAMED"),
    (&["procedure"], "PROCEDURE NAMED"),
    (&["aggregate"], "AGGREGATE NAMED"),
    (&["type"], "TYPE"),
    (&["domain"], "DOMAIN"),
    (&["schema"], "SCHEMA"),
    (&["extension"], "EXTENSION"),
];

/// What takes away something of a kind that is not followed, and no rows.
pub(in super::super) const DROP: &str = "DROP";

/// Kinds of the whole cluster, of which a database holds none.
const CLUSTER: [&str; 5] = ["database", "role", "user", "group", "tablespace"];

/// What a statement does.
pub(in super::super) fn deed(text: &str) -> Deed {
    let words: Vec<_> = words(text).take(4_000).collect();
    let deed = match &words[..] {
        [first, rest @ ..] if first.is("create") => create(rest),
        [first, rest @ ..] if first.is("drop") => drop(rest),
        [first, rest @ ..] if first.is("alter") => alter(rest),
        _ => None,
    };
    deed.unwrap_or(Deed::Nothing)
}

/// Whether a constraint is made without looking at the rows that are there.
pub(in super::super) fn unvalidated(text: &str) -> bool {
    let end = text.trim_end().trim_end_matches(';');
    end.ends_with("NOT VALID") || end.ends_with("NOT ENFORCED")
}

fn create(words: &[Word<'_>]) -> Option<Deed> {
    let start = words
        .iter()
        .position(|word| !BESIDE.iter().any(|beside| word.is(beside)))?;
    let words = &words[start..];
    if words[0].is("temporary") || words[0].is("temp") {
        return None;
    }
    if words[0].is("trigger") || words[0].is("policy") {
        return of_table(words).map(Deed::Makes);
    }
    let (kind, rest) = kind(words)?;
    let rest = past(rest, &["concurrently"]);
    let rest = past(rest, &["if", "not", "exists"]);
    if kind == "INDEX" {
        return index(rest).map(Deed::Makes);
    }
    let (schema, name, rest) = qualified(rest)?;
    let selects = kind == "TABLE" && rest.first().is_some_and(|word| word.is("as"));
    if selects {
        return Some(Deed::Unforeseen("CREATE TABLE AS"));
    }
    Some(
        made(kind, schema, name).map_or(Deed::Unforeseen("a name without its schema"), Deed::Makes),
    )
}

/// What lies in a schema has one in every dump of `pg_dump`; otherwise the search path decides.
fn made(kind: &'static str, schema: Option<String>, name: String) -> Option<Made> {
    let nowhere = ["SCHEMA", "EXTENSION", "EVENT TRIGGER"].contains(&kind);
    let schema = if nowhere { String::new() } else { schema? };
    Some(Made { kind, schema, name })
}

fn kind<'a, 'b>(words: &'a [Word<'b>]) -> Option<(&'static str, &'a [Word<'b>])> {
    KINDS.iter().find_map(|(keywords, kind)| {
        let starts = words.len() >= keywords.len()
            && words
                .iter()
                .zip(*keywords)
                .all(|(word, keyword)| word.is(keyword));
        starts.then(|| (*kind, &words[keywords.len()..]))
    })
}

fn past<'a, 'b>(words: &'a [Word<'b>], keywords: &[&str]) -> &'a [Word<'b>] {
    let starts = words.len() >= keywords.len()
        && words
            .iter()
            .zip(keywords)
            .all(|(word, keyword)| word.is(keyword));
    if starts {
        &words[keywords.len()..]
    } else {
        words
    }
}

/// `name ON [ONLY] schema.table`: an index lies where its table lies.
fn index(words: &[Word<'_>]) -> Option<Made> {
    let [name, on, rest @ ..] = words else {
        return None;
    };
    let (schema, _, _) = qualified(past(rest, &["only"])).filter(|_| on.is("on"))?;
    made("INDEX", schema, name.name()?)
}

/// `TRIGGER name … ON schema.table`, `POLICY name ON schema.table`.
fn of_table(words: &[Word<'_>]) -> Option<Made> {
    let kind = if words[0].is("trigger") {
        "TRIGGER"
    } else {
        "POLICY"
    };
    let name = words.get(1)?.name()?;
    let on = words.iter().position(|word| word.is("on"))?;
    let (schema, table, _) = qualified(&words[on + 1..])?;
    made(kind, schema, format!("{table} {name}"))
}

/// `ALTER TABLE ONLY schema.table ADD CONSTRAINT name`; names that change cannot be followed.
fn alter(words: &[Word<'_>]) -> Option<Deed> {
    let [kind, rest @ ..] = words else {
        return None;
    };
    let renames = words.iter().any(|word| word.is("rename"))
        || words
            .windows(2)
            .any(|pair| pair[0].is("set") && pair[1].is("schema"));
    if renames {
        return Some(Deed::Unmakes("ALTER … RENAME"));
    }
    let rest = past(past(rest, &["if", "exists"]), &["only"]);
    let (schema, table, rest) = qualified(rest).filter(|_| kind.is("table"))?;
    match rest {
        [add, constraint, name, ..] if add.is("add") && constraint.is("constraint") => {
            made("CONSTRAINT", schema, format!("{table} {}", name.name()?)).map(Deed::Makes)
        }
        [drop, what, ..] if drop.is("drop") && what.is("constraint") => Some(Deed::Unmakes(DROP)),
        [drop, ..] if drop.is("drop") => Some(Deed::Unmakes("ALTER TABLE … DROP")),
        [alter, more @ ..] if alter.is("alter") && is_cast(more) => {
            Some(Deed::Unmakes("ALTER TABLE … TYPE"))
        }
        _ => None,
    }
}

/// `[COLUMN] a [SET DATA] TYPE …`: its rows are written otherwise from then on.
fn is_cast(words: &[Word<'_>]) -> bool {
    let words = past(words, &["column"]);
    words.get(1..).is_some_and(|rest| {
        let rest = past(rest, &["set", "data"]);
        rest.first().is_some_and(|word| word.is("type"))
    })
}

fn drop(words: &[Word<'_>]) -> Option<Deed> {
    if words.first()?.is("owned") {
        return Some(Deed::Unmakes("DROP OWNED"));
    }
    if CLUSTER.iter().any(|kind| words[0].is(kind)) {
        return None;
    }
    let Some((kind, rest)) = kind(words) else {
        return Some(Deed::Unmakes(DROP));
    };
    let rest = past(rest, &["if", "exists"]);
    let (schema, name, rest) = qualified(rest)?;
    let more = rest
        .iter()
        .any(|word| word.is("cascade") || *word == Word::Sign(','));
    if more {
        return Some(Deed::Unmakes("DROP … CASCADE"));
    }
    made(kind, schema, name).map(Deed::Drops)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makes(text: &str) -> (&'static str, String) {
        match deed(text) {
            Deed::Makes(made) => (made.kind, format!("{}.{}", made.schema, made.name)),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_pg_dump_writes_is_recognised() {
        for (text, kind, name) in [
            (
                "CREATE TABLE public.\"T x\" (id int);",
                "TABLE",
                "public.T x",
            ),
            ("CREATE UNLOGGED TABLE s.t ();", "TABLE", "s.t"),
            (
                "CREATE FOREIGN TABLE s.f (a int) SERVER x;",
                "FOREIGN TABLE",
                "s.f",
            ),
            (
                "CREATE MATERIALIZED VIEW s.m AS SELECT 1 WITH NO DATA;",
                "MATERIALIZED VIEW",
                "s.m",
            ),
            ("CREATE OR REPLACE VIEW s.v AS SELECT 1;", "VIEW", "s.v"),
            (
                "CREATE UNIQUE INDEX i ON ONLY s.t USING btree (a);",
                "INDEX",
                "s.i",
            ),
            (
                "CREATE FUNCTION s.f(a integer) RETURNS int LANGUAGE sql AS $$ select 1 $$;",
                "FUNCTION NAMED",
                "s.f",
            ),
            ("CREATE SEQUENCE s.q START WITH 1;", "SEQUENCE", "s.q"),
            (
                "ALTER TABLE ONLY s.t ADD CONSTRAINT k PRIMARY KEY (id);",
                "CONSTRAINT",
                "s.t k",
            ),
            (
                "CREATE TRIGGER g BEFORE UPDATE ON s.t FOR EACH ROW EXECUTE FUNCTION s.f();",
                "TRIGGER",
                "s.t g",
            ),
            ("CREATE POLICY p ON s.t USING (true);", "POLICY", "s.t p"),
            ("CREATE SCHEMA s;", "SCHEMA", ".s"),
            (
                "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;",
                "EXTENSION",
                ".hstore",
            ),
        ] {
            assert_eq!(makes(text), (kind, name.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        for text in ["CREATE TABLE t (id int);", "CREATE TABLE s.t AS SELECT 1;"] {
            assert!(matches!(deed(text), Deed::Unforeseen(_)), "{text}");
        }
        for text in [
            "ALTER TABLE s.t RENAME TO u;",
            "DROP TABLE s.t CASCADE;",
            "ALTER TABLE s.t DROP COLUMN a;",
            "ALTER TABLE s.t ALTER COLUMN a TYPE text;",
            "ALTER TABLE s.t ALTER a SET DATA TYPE text;",
            "ALTER TABLE s.t DROP CONSTRAINT k;",
            "DROP OWNED BY o;",
            "DROP TRIGGER g ON s.t;",
        ] {
            assert!(matches!(deed(text), Deed::Unmakes(_)), "{text}");
        }
        for text in [
            "ALTER TABLE s.t OWNER TO o;",
            "DROP ROLE o;",
            "ALTER TABLE s.t ALTER a SET DEFAULT 1;",
        ] {
            assert_eq!(deed(text), Deed::Nothing, "{text}");
        }
        assert_eq!(deed("CREATE TEMP TABLE t (id int);"), Deed::Nothing);
        assert!(matches!(deed("DROP TABLE IF EXISTS s.t;"), Deed::Drops(_)));
    }
}
