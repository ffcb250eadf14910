//! The headings that `pg_dump` writes above its statements: a table of contents for a script.

use super::Made;

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
