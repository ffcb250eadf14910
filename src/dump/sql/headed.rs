//! The headings that `pg_dump` writes above its statements: a table of contents for a script.

use super::{
    Deed, Made, deed,
    subject::owned,
    words::{Word, words},
};

/// Kinds of headings whose objects are compared, and what the catalogue calls them. Who edits a script may well take out
/// what needs other rights, such as extensions: those count only when a statement makes them.
const KINDS: [(&str, &str); 27] = [
    ("AGGREGATE", "AGGREGATE"),
    ("CHECK CONSTRAINT", "CONSTRAINT"),
    ("COLLATION", "COLLATION"),
    ("CONSTRAINT", "CONSTRAINT"),
    ("CONVERSION", "CONVERSION"),
    ("DEFAULT", "DEFAULT"),
    ("DOMAIN", "DOMAIN"),
    ("FK CONSTRAINT", "CONSTRAINT"),
    ("FOREIGN TABLE", "FOREIGN TABLE"),
    ("FUNCTION", "FUNCTION"),
    ("INDEX", "INDEX"),
    ("INDEX ATTACH", "INDEX ATTACH"),
    ("MATERIALIZED VIEW", "MATERIALIZED VIEW"),
    ("OPERATOR", "OPERATOR"),
    ("POLICY", "POLICY"),
    ("PROCEDURE", "PROCEDURE"),
    ("ROW SECURITY", "ROW SECURITY"),
    ("RULE", "RULE"),
    ("SCHEMA", "SCHEMA"),
    ("SEQUENCE", "SEQUENCE"),
    ("SEQUENCE OWNED BY", "SEQUENCE OWNED BY"),
    ("STATISTICS", "STATISTICS"),
    ("TABLE", "TABLE"),
    ("TABLE ATTACH", "TABLE ATTACH"),
    ("TRIGGER", "TRIGGER"),
    ("TYPE", "TYPE"),
    ("VIEW", "VIEW"),
];

/// Whether an object's name lacks the table that it belongs to: before 9.6 `pg_dump` did not write it.
#[must_use]
pub fn is_half_named(kind: &str, name: &str) -> bool {
    let of_a_table = ["CONSTRAINT", "DEFAULT", "POLICY", "RULE", "TRIGGER"];
    of_a_table.contains(&kind) && !name.contains(' ')
}

/// Whether a comment without its dashes begins an entry of `pg_dump`.
pub(in super::super) fn is_heading(comment: &str) -> bool {
    let comment = comment.trim();
    (comment.starts_with("Name: ") || comment.starts_with("Data for Name: "))
        && comment.contains("; Type: ")
}

/// Kinds that `ALTER` makes.
const ALTERED: [&str; 7] = [
    "CONSTRAINT",
    "DEFAULT",
    "INDEX ATTACH",
    "ROW SECURITY",
    "SEQUENCE",
    "SEQUENCE OWNED BY",
    "TABLE ATTACH",
];

/// Whether a statement makes what the heading above it announced.
pub(in super::super) fn is_made_by(made: &Made, text: &str) -> bool {
    let mut all = words(text);
    let first = all.next();
    let begins = |keyword: &str| first.as_ref().is_some_and(|word| word.is(keyword));
    let alters = ALTERED.contains(&made.kind) && begins("alter") && owned(text).is_none();
    let creates = begins("create") && made.kind != "CONSTRAINT";
    if !(alters || creates) {
        return false;
    }
    match deed(text) {
        Deed::Makes(other) => other.schema == made.schema && is_named(made, &other.name),
        _ => names(made, &all.take(4_000).collect::<Vec<_>>()),
    }
}

/// Whether an object has this name, or belongs to what has it: a rule to its view, a default to its table.
fn is_named(made: &Made, name: &str) -> bool {
    let name = name.replace(['\r', '\n'], " ");
    let rest = made.name.strip_prefix(&name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
}

/// Whether words name an object, with its schema where they name one with it.
fn names(made: &Made, words: &[Word<'_>]) -> bool {
    let is_it = |word: &Word<'_>| word.name().is_some_and(|name| is_named(made, &name));
    let sign = |word: Option<&Word<'_>>| word == Some(&Word::Sign('.'));
    let in_schema = |at: usize| words[at].name().is_some_and(|name| name == made.schema);
    let found = (0..words.len()).find(|&at| is_it(&words[at]) && !sign(words.get(at + 1)));
    match found {
        Some(at) if at > 1 && sign(words.get(at - 1)) => in_schema(at - 2),
        Some(_) => true,
        // The name of an operator is made of signs.
        None => {
            made.kind == "OPERATOR"
                && (1..words.len()).any(|at| sign(words.get(at)) && in_schema(at - 1))
        }
    }
}

/// The object that a comment without its dashes announces, such as `Name: t k; Type: FK CONSTRAINT; Schema: s; Owner: o`.
pub(in super::super) fn headed(comment: &str) -> Option<Made> {
    // Names in another encoding are not read as the server tells them.
    let rest = comment.trim().strip_prefix("Name: ")?;
    let (rest, _) = rest.rsplit_once("; Owner: ").filter(|_| rest.is_ascii())?;
    let (rest, schema) = rest.rsplit_once("; Schema: ")?;
    let (name, kind) = rest.rsplit_once("; Type: ")?;
    let (_, kind) = KINDS.iter().find(|(written, _)| *written == kind)?;
    if is_half_named(kind, name) {
        return None;
    }
    let schema = match (*kind, schema) {
        ("SCHEMA", _) | (_, "-") => "",
        (_, schema) => schema,
    };
    Some(Made {
        kind,
        schema: schema.to_owned(),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(comment: &str) -> Option<(&'static str, String, String)> {
        headed(comment).map(|made| (made.kind, made.schema, made.name))
    }

    #[test]
    fn a_heading_announces_its_object() {
        let constraint = " Name: orders orders_pkey; Type: CONSTRAINT; Schema: shop; Owner: o";
        let named =
            |kind, schema: &str, name: &str| Some((kind, schema.to_owned(), name.to_owned()));
        assert_eq!(
            of(constraint),
            named("CONSTRAINT", "shop", "orders orders_pkey")
        );
        assert_eq!(
            of("Name: f(integer, text); Type: FUNCTION; Schema: s; Owner: -"),
            named("FUNCTION", "s", "f(integer, text)")
        );
        assert_eq!(
            of("Name: shop; Type: SCHEMA; Schema: -; Owner: o"),
            named("SCHEMA", "", "shop")
        );
    }

    /// A kind, a name in the schema `s`, and a statement that makes it.
    const MADE: &[(&str, &str, &str)] = &[
        ("TABLE", "t", "CREATE TABLE s.t (a int);"),
        ("TABLE", "t", "CREATE TABLE t (a int);"),
        (
            "FUNCTION",
            "f(integer, text)",
            "CREATE FUNCTION s.f(integer, text) RETURNS int AS $$;$$;",
        ),
        (
            "CONSTRAINT",
            "t k",
            "ALTER TABLE ONLY s.t ADD CONSTRAINT k PRIMARY KEY (a);",
        ),
        (
            "CHECK CONSTRAINT",
            "d c",
            "ALTER DOMAIN s.d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;",
        ),
        (
            "DEFAULT",
            "t a",
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET DEFAULT 1;",
        ),
        (
            "INDEX ATTACH",
            "p_i",
            "ALTER INDEX s.i ATTACH PARTITION s.p_i;",
        ),
        (
            "TABLE ATTACH",
            "p",
            "ALTER TABLE ONLY s.t ATTACH PARTITION s.p DEFAULT;",
        ),
        (
            "ROW SECURITY",
            "t",
            "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY;",
        ),
        (
            "SEQUENCE OWNED BY",
            "q",
            "ALTER SEQUENCE s.q OWNED BY s.t.a;",
        ),
        (
            "SEQUENCE",
            "q",
            "ALTER TABLE s.t ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME s.q);",
        ),
        (
            "RULE",
            "v _RETURN",
            "CREATE OR REPLACE VIEW s.v AS SELECT 1;",
        ),
        (
            "RULE",
            "t r",
            "CREATE RULE r AS ON INSERT TO s.t DO INSTEAD NOTHING;",
        ),
        ("OPERATOR", "=+=", "CREATE OPERATOR s.=+= (FUNCTION = s.f);"),
        (
            "STATISTICS",
            "st",
            "CREATE STATISTICS s.st ON a, b FROM s.t;",
        ),
        (
            "CONVERSION",
            "c",
            "CREATE DEFAULT CONVERSION s.c FOR 'UTF8' TO 'LATIN1' FROM f;",
        ),
        ("TYPE", "T x", "CREATE TYPE s.\"T x\" AS ENUM ('a');"),
        ("TABLE", "a  b", "CREATE TABLE s.\"a\r\nb\" (a int);"),
    ];

    /// The same, and a statement that makes something else, or nothing.
    const OTHERS: &[(&str, &str, &str)] = &[
        ("TABLE", "t", "CREATE TABLE other.t (a int);"),
        ("TABLE", "t", "ALTER TABLE s.t OWNER TO o;"),
        ("TABLE", "t", "ALTER TABLE ONLY s.t REPLICA IDENTITY FULL;"),
        ("SEQUENCE", "q", "ALTER TABLE s.q OWNER TO o;"),
        ("INDEX", "i", "CREATE INDEX i ON other.t (a);"),
        (
            "DEFAULT",
            "t a",
            "ALTER TABLE ONLY other.t ALTER COLUMN a SET DEFAULT 1;",
        ),
        ("COLLATION", "c", "SET default_tablespace = '';"),
        ("VIEW", "v", "GRANT SELECT ON TABLE s.v TO r;"),
    ];

    #[test]
    fn a_heading_counts_by_the_statement_under_it() {
        let made = |kind: &str, name: &str| {
            headed(&format!("Name: {name}; Type: {kind}; Schema: s; Owner: o")).unwrap()
        };
        for (kind, name, text) in MADE {
            assert!(is_made_by(&made(kind, name), text), "{text}");
        }
        for (kind, name, text) in OTHERS {
            assert!(!is_made_by(&made(kind, name), text), "{text}");
        }
        let schema = headed("Name: s; Type: SCHEMA; Schema: -; Owner: o").unwrap();
        assert!(is_made_by(&schema, "CREATE SCHEMA s;"));
        assert!(!is_made_by(&schema, "CREATE SCHEMA other;"));
    }

    #[test]
    fn what_is_no_heading_of_an_object_announces_none() {
        for comment in [
            "Data for Name: t; Type: TABLE DATA; Schema: s; Owner: o",
            "Name: TABLE t; Type: COMMENT; Schema: s; Owner: o",
            "Name: hstore; Type: EXTENSION; Schema: -; Owner: ",
            "Name: t\u{e4}; Type: TABLE; Schema: s; Owner: o",
            "Name: a comment of somebody",
            "PostgreSQL database dump",
            "Name: pk_orders; Type: CONSTRAINT; Schema: public; Owner: o; Tablespace: ",
            "Name: t1; Type: TRIGGER; Schema: public; Owner: o",
        ] {
            assert_eq!(of(comment), None, "{comment}");
        }
    }
}
