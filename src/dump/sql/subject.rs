//! What a statement about an object names, in words that are the same in a dump and in a catalogue.

use super::words::{Word, words};

/// An object, a column, or what else may have privileges or a comment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// What it is: `relation`, `column`, `routine`, ….
    pub kind: &'static str,
    /// Its name with its schema; a routine without its arguments, a constraint as `name on schema.table`.
    pub name: String,
}

impl Subject {
    /// A routine that has these arguments.
    #[must_use]
    pub fn with(&self, arguments: &str) -> Self {
        Self {
            kind: self.kind,
            name: format!("{}{arguments}", self.name),
        }
    }
}

/// Why a statement is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is about the whole cluster, which a restored database is no part of.
    Cluster,
    /// It cannot be followed.
    Unknown,
}

/// What statements and `pg_identify_object` call a kind, longest first, how a comparison calls it, and how many dots its
/// whole name has at least.
const KINDS: &[(&[&str], &str, usize)] = &[
    (&["composite", "type", "column"], "column", 2),
    (&["foreign", "table", "column"], "column", 2),
    (&["materialized", "view", "column"], "column", 2),
    (
        &["text", "search", "configuration"],
        "text search configuration",
        1,
    ),
    (
        &["text", "search", "dictionary"],
        "text search dictionary",
        1,
    ),
    (&["text", "search", "parser"], "text search parser", 1),
    (&["text", "search", "template"], "text search template", 1),
    (&["foreign", "data", "wrapper"], "foreign-data wrapper", 0),
    (&["access", "method"], "access method", 0),
    (&["composite", "type"], "type", 1),
    (&["domain", "constraint"], "constraint", 1),
    (&["event", "trigger"], "event trigger", 0),
    (&["foreign", "server"], "server", 0),
    (&["foreign", "table"], "relation", 1),
    (&["index", "column"], "column", 2),
    (&["large", "object"], "large object", 0),
    (&["materialized", "view"], "relation", 1),
    (&["operator", "class"], "operator class", 1),
    (&["operator", "family"], "operator family", 1),
    (&["procedural", "language"], "language", 0),
    (&["statistics", "object"], "statistics", 1),
    (&["table", "column"], "column", 2),
    (&["table", "constraint"], "constraint", 1),
    (&["view", "column"], "column", 2),
    (&["aggregate"], "routine", 1),
    (&["cast"], "cast", 0),
    (&["collation"], "collation", 1),
    (&["column"], "column", 2),
    (&["constraint"], "constraint", 1),
    (&["conversion"], "conversion", 1),
    (&["domain"], "type", 1),
    (&["extension"], "extension", 0),
    (&["function"], "routine", 1),
    (&["index"], "relation", 1),
    (&["language"], "language", 0),
    (&["operator"], "operator", 1),
    (&["policy"], "policy", 1),
    (&["procedure"], "routine", 1),
    (&["publication"], "publication", 0),
    (&["rule"], "rule", 1),
    (&["schema"], "schema", 0),
    (&["sequence"], "sequence", 1),
    (&["server"], "server", 0),
    (&["statistics"], "statistics", 1),
    (&["subscription"], "subscription", 0),
    (&["table"], "relation", 1),
    (&["transform"], "transform", 0),
    (&["trigger"], "trigger", 1),
    (&["type"], "type", 1),
    (&["view"], "relation", 1),
];

/// Kinds of the whole cluster.
const CLUSTER: [&str; 5] = ["database", "tablespace", "role", "user", "parameter"];

/// What a catalogue's row is about, as `pg_identify_object` tells it.
#[must_use]
pub fn identified(kind: &str, identity: &str) -> Option<Subject> {
    let kind: Vec<_> = words(kind)
        .filter(|word| *word != Word::Sign('-'))
        .collect();
    let (kind, _, _) = kind_of(&kind).filter(|(_, _, rest)| rest.is_empty())?;
    let identity: Vec<_> = words(identity).collect();
    let name = canonical(kind, &identity);
    (!name.is_empty()).then_some(Subject { kind, name })
}

/// What a statement is about: its kind, its name and nothing else.
pub(super) fn subject(words: &[Word<'_>]) -> Result<Subject, Unread> {
    let cluster = |word: &Word<'_>| CLUSTER.iter().any(|kind| word.is(kind));
    if words.first().is_some_and(cluster) {
        return Err(Unread::Cluster);
    }
    let (kind, dots, name) = kind_of(words).ok_or(Unread::Unknown)?;
    let found = name.iter().filter(|word| **word == Word::Sign('.')).count();
    let name = canonical(kind, name);
    // Without its schema the search path would decide.
    if name.is_empty() || found < dots {
        return Err(Unread::Unknown);
    }
    Ok(Subject { kind, name })
}

/// Whom `ALTER … OWNER TO` gives what.
pub(in super::super) fn owned(text: &str) -> Option<(Subject, String)> {
    let words: Vec<_> = words(text)
        .take_while(|word| *word != Word::Sign(';'))
        .collect();
    match &words[..] {
        [alter, name @ .., owner, to, role]
            if alter.is("alter") && owner.is("owner") && to.is("to") =>
        {
            Some((subject(name).ok()?, role.name()?))
        }
        _ => None,
    }
}

/// A routine's arguments, as a statement and `pg_get_function_identity_arguments` write them: `(a integer,text)`. A procedure's
/// are IN by their word since 14.
#[must_use]
pub fn arguments(text: &str) -> String {
    arguments_in(&words(text).collect::<Vec<_>>())
}

/// The same from the words of a statement about the routine.
pub(super) fn arguments_in(words: &[Word<'_>]) -> String {
    let open = words.iter().position(|word| *word == Word::Sign('('));
    let words = &words[open.unwrap_or(words.len())..];
    let mut kept = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let first = at > 0 && matches!(words[at - 1], Word::Sign('(' | ','));
        if !(first && word.is("in")) {
            kept.push(word.clone());
        }
    }
    canonical("arguments", &kept)
}

fn kind_of<'a, 'b>(words: &'a [Word<'b>]) -> Option<(&'static str, usize, &'a [Word<'b>])> {
    let starts = |keywords: &[&str]| {
        words.len() >= keywords.len()
            && (words.iter().zip(keywords)).all(|(word, keyword)| word.is(keyword))
    };
    (KINDS.iter())
        .find(|(keywords, ..)| starts(keywords))
        .map(|(keywords, kind, dots)| (*kind, *dots, &words[keywords.len()..]))
}

/// The name without what depends on who writes it: quotes, spaces, the schema of built-in types.
fn canonical(kind: &str, words: &[Word<'_>]) -> String {
    let mut name = String::new();
    let mut rest = words;
    let mut after_name = false;
    while let [word, more @ ..] = rest {
        rest = more;
        match (word, more) {
            (built_in, [Word::Sign('.'), after @ ..])
                if built_in.name().as_deref() == Some("pg_catalog") =>
            {
                rest = after;
                continue;
            }
            // Arguments are written with their names here and without them there.
            (Word::Sign('('), _) if kind == "routine" => break,
            (Word::Sign(';'), _) => break,
            (domain, [_, Word::Sign('.'), ..]) if kind == "constraint" && domain.is("domain") => {
                continue;
            }
            (on, _) if kind == "transform" && on.is("on") => continue,
            _ => {}
        }
        let text = match word {
            Word::Sign(sign) => sign.to_string(),
            word => word.name().or_else(|| word.text()).unwrap_or_default(),
        };
        let is_name = !matches!(word, Word::Sign(_));
        if is_name && after_name {
            name.push(' ');
        }
        name.push_str(&text);
        after_name = is_name;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(text: &str) -> Option<Subject> {
        subject(&words(text).collect::<Vec<_>>()).ok()
    }

    /// A statement's words, and what `pg_identify_object` answers for the same.
    const SAME: &[(&str, &str, &str)] = &[
        ("TABLE public.t", "table", "public.t"),
        ("VIEW \"S x\".\"V\"", "view", "\"S x\".\"V\""),
        (
            "MATERIALIZED VIEW public.m",
            "materialized view",
            "public.m",
        ),
        ("COLUMN public.t.a", "table column", "public.t.a"),
        (
            "COLUMN public.pair.a",
            "composite type column",
            "public.pair.a",
        ),
        (
            "CONSTRAINT kinds ON public.lines",
            "table constraint",
            "kinds on public.lines",
        ),
        (
            "CONSTRAINT c ON DOMAIN public.positive",
            "domain constraint",
            "c on public.positive",
        ),
        (
            "TRIGGER \"touched\" ON public.t",
            "trigger",
            "touched on public.t",
        ),
        ("POLICY mine ON public.t", "policy", "mine on public.t"),
        ("RULE hidden ON public.v", "rule", "hidden on public.v"),
        (
            "FUNCTION public.f(a integer, VARIADIC b text[])",
            "function",
            "public.f(integer,pg_catalog.text[])",
        ),
        (
            "PROCEDURE public.p(a int)",
            "procedure",
            "public.p(integer)",
        ),
        ("AGGREGATE public.a(*)", "aggregate", "public.a()"),
        (
            "CAST (public.pair AS integer)",
            "cast",
            "(public.pair AS integer)",
        ),
        (
            "OPERATOR public.=+= (integer, text)",
            "operator",
            "public.=+=(integer,pg_catalog.text)",
        ),
        (
            "OPERATOR CLASS public.o USING btree",
            "operator class",
            "public.o USING btree",
        ),
        ("DOMAIN public.positive", "type", "public.positive"),
        ("FOREIGN DATA WRAPPER w", "foreign-data wrapper", "w"),
        ("SERVER away", "server", "away"),
        ("LARGE OBJECT 70001", "large object", "70001"),
        (
            "TEXT SEARCH CONFIGURATION public.words",
            "text search configuration",
            "public.words",
        ),
        (
            "TRANSFORM FOR public.hstore LANGUAGE plpython3u",
            "transform",
            "for public.hstore on language plpython3u",
        ),
        ("STATISTICS public.both", "statistics object", "public.both"),
    ];

    #[test]
    fn a_statement_and_a_catalogue_name_the_same() {
        for (statement, kind, identity) in SAME {
            let found = identified(kind, identity);
            assert!(found.is_some(), "{kind} {identity}");
            assert_eq!(stated(statement), found, "{statement}");
        }
    }

    #[test]
    fn arguments_are_the_same_in_a_statement_and_in_a_catalogue() {
        for (statement, catalogue) in [
            (
                "FUNCTION public.f(a integer, VARIADIC \"B c\" text[])",
                "(a integer, VARIADIC \"B c\" text[])",
            ),
            (
                "PROCEDURE public.p(IN a integer, OUT b text)",
                "(a integer, OUT b text)",
            ),
            (
                "FUNCTION public.f(\"in\" public.\"T x\")",
                "(\"in\" public.\"T x\")",
            ),
            ("FUNCTION public.f()", "()"),
        ] {
            let words: Vec<_> = words(statement).collect();
            assert_eq!(arguments_in(&words), arguments(catalogue), "{statement}");
        }
        assert_eq!(
            arguments("(IN a double precision,numeric)"),
            "(a double precision,numeric)"
        );
        assert_ne!(arguments("(\"in\" text)"), arguments("(IN text)"));
    }

    #[test]
    fn an_owner_is_read() {
        let (subject, owner) = owned("ALTER TABLE public.t OWNER TO \"Big\";").unwrap();
        assert_eq!((subject.name.as_str(), owner.as_str()), ("public.t", "Big"));
        assert_eq!(
            owned("ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;"),
            None
        );
    }

    #[test]
    fn what_the_search_path_decides_and_what_is_of_the_cluster_is_not_followed() {
        let of = |text: &str| subject(&words(text).collect::<Vec<_>>());
        assert_eq!(of("TABLE t"), Err(Unread::Unknown));
        assert_eq!(of("COLUMN t.a"), Err(Unread::Unknown));
        assert_eq!(of("GIZMO public.t"), Err(Unread::Unknown));
        assert_eq!(of("DATABASE shop"), Err(Unread::Cluster));
    }
}
