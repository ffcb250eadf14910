//! Who may do what: the GRANT and REVOKE statements of a dump, one privilege after another.

use super::{
    subject::{Subject, Unread, arguments_in, subject},
    words::{Word, words},
};

/// One privilege that a statement gives or takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// On what.
    pub on: Subject,
    /// The arguments of a routine, which others of its name have not.
    pub arguments: Option<String>,
    /// The kind of object whose privileges `ALL` stands for.
    pub of: &'static str,
    /// To whom; `public` is everybody.
    pub to: String,
    /// Which, in capitals; `ALL` stands for all of the kind.
    pub what: &'static str,
    /// Whether it is given, and not taken.
    pub given: bool,
    /// Whether it may be passed on.
    pub option: bool,
}

/// What the statements of an entry or one statement of a script say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// In their order.
    pub grants: Vec<Grant>,
    /// How many statements cannot be followed.
    pub unread: u64,
}

const PRIVILEGES: [&str; 14] = [
    "ALL",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "MAINTAIN",
    "USAGE",
    "CREATE",
    "EXECUTE",
    "CONNECT",
    "TEMPORARY",
];

/// What default privileges are about, and the kind of object.
const DEFAULTS: [(&[&str], &str); 7] = [
    (&["tables"], "relation"),
    (&["sequences"], "sequence"),
    (&["functions"], "routine"),
    (&["routines"], "routine"),
    (&["types"], "type"),
    (&["schemas"], "schema"),
    (&["large", "objects"], "large object"),
];

/// The privileges that some statements give and take. Memberships of roles, and what is of the cluster, are passed over.
pub(in super::super) fn granted(text: &str) -> Granted {
    let mut granted = Granted::default();
    let all: Vec<_> = words(text).collect();
    for statement in all.split(|word| *word == Word::Sign(';')) {
        match one(statement) {
            Ok(grants) => granted.grants.extend(grants),
            Err(Unread::Cluster) => {}
            Err(Unread::Unknown) => granted.unread += 1,
        }
    }
    granted
}

/// The subject of the default privileges for a kind of object, as a dump and a catalogue name it.
#[must_use]
pub fn defaults(role: &str, schema: &str, of: &str) -> Subject {
    let of = if schema.is_empty() {
        format!("{role} for every {of}")
    } else {
        format!("{role} for every {of} in {schema}")
    };
    Subject {
        kind: "default privileges",
        name: of,
    }
}

fn one(words: &[Word<'_>]) -> Result<Vec<Grant>, Unread> {
    match words {
        [first, ..] if first.is("grant") || first.is("revoke") => {
            let statement = Statement::read(words)?;
            // The rights of roles on roles have no ON.
            let on = statement.on.ok_or(Unread::Cluster)?;
            let mut grants = Vec::new();
            for name in on_each(on) {
                let subject = subject(&name)?;
                let arguments = (subject.kind == "routine").then(|| arguments_in(&name));
                let of_one = statement.grants(&subject, subject.kind)?.into_iter();
                grants.extend(of_one.map(|grant| Grant {
                    arguments: arguments.clone(),
                    ..grant
                }));
            }
            Ok(grants)
        }
        [alter, default, privileges, rest @ ..]
            if alter.is("alter") && default.is("default") && privileges.is("privileges") =>
        {
            by_default(rest)
        }
        _ => Ok(Vec::new()),
    }
}

/// `FOR ROLE o IN SCHEMA s GRANT … ON TABLES TO r`.
fn by_default(words: &[Word<'_>]) -> Result<Vec<Grant>, Unread> {
    let start = words
        .iter()
        .position(|word| word.is("grant") || word.is("revoke"));
    let (about, statement) = words.split_at(start.ok_or(Unread::Unknown)?);
    let (role, schema) = match about {
        [f, r, role] if f.is("for") && r.is("role") => (role, None),
        [f, r, role, i, s, schema]
            if f.is("for") && r.is("role") && i.is("in") && s.is("schema") =>
        {
            (role, Some(schema))
        }
        _ => return Err(Unread::Unknown),
    };
    let role = role.name().ok_or(Unread::Unknown)?;
    let schema = schema.and_then(Word::name).unwrap_or_default();
    let statement = Statement::read(statement)?;
    let on = statement.on.ok_or(Unread::Unknown)?;
    let matches = |keywords: &[&str]| {
        on.len() == keywords.len() && on.iter().zip(keywords).all(|(word, key)| word.is(key))
    };
    let (_, of) = (DEFAULTS.iter())
        .find(|(keywords, _)| matches(keywords))
        .ok_or(Unread::Unknown)?;
    statement.grants(&defaults(&role, &schema, of), of)
}

/// The parts of a GRANT or a REVOKE.
struct Statement<'a, 'b> {
    given: bool,
    option: bool,
    what: &'a [Word<'b>],
    on: Option<&'a [Word<'b>]>,
    to: &'a [Word<'b>],
}

impl<'a, 'b> Statement<'a, 'b> {
    fn read(words: &'a [Word<'b>]) -> Result<Self, Unread> {
        let given = words[0].is("grant");
        let direction = if given { "to" } else { "from" };
        let rest = &words[1..];
        // Taking away only the right to pass on leaves the privilege.
        if matches!(rest, [g, o, f, ..] if g.is("grant") && o.is("option") && f.is("for")) {
            return Err(Unread::Unknown);
        }
        let to = outside(rest, direction).ok_or(Unread::Unknown)?;
        let (left, to) = (&rest[..to], &rest[to + 1..]);
        let on = outside(left, "on");
        let (what, on) = match on {
            Some(at) => (&left[..at], Some(&left[at + 1..])),
            None => (left, None),
        };
        Ok(Self {
            given,
            option: to.iter().any(|word| word.is("with")),
            what,
            on,
            to,
        })
    }

    /// One for each privilege, column and role.
    fn grants(&self, on: &Subject, of: &'static str) -> Result<Vec<Grant>, Unread> {
        let mut grants = Vec::new();
        for (what, columns) in self.privileges()? {
            for to in self.roles()? {
                let grant = |on: Subject, of| Grant {
                    on,
                    arguments: None,
                    of,
                    to: to.clone(),
                    what,
                    given: self.given,
                    option: self.option,
                };
                if columns.is_empty() {
                    grants.push(grant(on.clone(), of));
                }
                grants.extend(columns.iter().map(|column| {
                    let name = format!("{}.{column}", on.name);
                    grant(
                        Subject {
                            kind: "column",
                            name,
                        },
                        "column",
                    )
                }));
            }
        }
        Ok(grants)
    }

    /// The privileges, each with its columns.
    fn privileges(&self) -> Result<Vec<(&'static str, Vec<String>)>, Unread> {
        let mut found = Vec::new();
        for part in commas(self.what) {
            let [first, rest @ ..] = &part[..] else {
                return Err(Unread::Unknown);
            };
            let what = PRIVILEGES
                .iter()
                .find(|name| first.is(&name.to_ascii_lowercase()))
                .ok_or(Unread::Unknown)?;
            let rest = match rest {
                [word, rest @ ..] if word.is("privileges") => rest,
                rest => rest,
            };
            let columns = match rest {
                [] => Vec::new(),
                [Word::Sign('('), columns @ .., Word::Sign(')')] => columns
                    .iter()
                    .filter(|word| **word != Word::Sign(','))
                    .map(|word| word.name().ok_or(Unread::Unknown))
                    .collect::<Result<_, _>>()?,
                _ => return Err(Unread::Unknown),
            };
            found.push((*what, columns));
        }
        Ok(found)
    }

    fn roles(&self) -> Result<Vec<String>, Unread> {
        let end = ["with", "granted", "cascade", "restrict"];
        let end = (self.to.iter()).position(|word| end.iter().any(|key| word.is(key)));
        let named = &self.to[..end.unwrap_or(self.to.len())];
        (commas(named).into_iter())
            .map(|part| match &part[..] {
                [role] | [_, role] => role.name().ok_or(Unread::Unknown),
                _ => Err(Unread::Unknown),
            })
            .collect()
    }
}

/// Where a keyword stands outside of parentheses.
fn outside(words: &[Word<'_>], keyword: &str) -> Option<usize> {
    let mut depth = 0_i32;
    words.iter().position(|word| {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth -= 1,
            _ => {}
        }
        depth == 0 && word.is(keyword)
    })
}

/// The parts between commas outside of parentheses.
fn commas<'b>(words: &[Word<'b>]) -> Vec<Vec<Word<'b>>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_i32;
    for word in words {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth -= 1,
            Word::Sign(',') if depth == 0 => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(word.clone());
        }
    }
    parts
}

/// Each object of a list, with the kind before it.
fn on_each<'b>(words: &[Word<'b>]) -> Vec<Vec<Word<'b>>> {
    let mut parts = commas(words);
    if let Some((first, rest)) = parts.split_first_mut() {
        let name = first
            .iter()
            .position(|word| matches!(word, Word::Sign('.')))
            .unwrap_or(first.len())
            .saturating_sub(1);
        let kind = first[..name].to_vec();
        for part in rest {
            part.splice(0..0, kind.iter().cloned());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As one line each: `+SELECT relation s.t > r`.
    fn told(text: &str) -> Vec<String> {
        let sign = |grant: &Grant| match (grant.given, grant.option) {
            (true, true) => "*",
            (true, false) => "+",
            (false, _) => "-",
        };
        (granted(text).grants.iter())
            .map(|grant| {
                let (sign, on) = (sign(grant), &grant.on);
                format!(
                    "{sign}{} {} {} > {}",
                    grant.what, on.kind, on.name, grant.to
                )
            })
            .collect()
    }

    #[test]
    fn what_pg_dump_writes_is_read() {
        let text = "REVOKE ALL ON TABLE public.t FROM o;\nGRANT SELECT,INSERT ON TABLE public.t TO \"R x\" WITH GRANT OPTION;\n\
            GRANT SELECT(a),UPDATE(\"B c\") ON TABLE public.t TO PUBLIC;\nSET SESSION AUTHORIZATION r;\n\
            GRANT ALL ON SEQUENCE public.q TO GROUP g;\nRESET SESSION AUTHORIZATION;\n";
        assert_eq!(
            told(text),
            [
                "-ALL relation public.t > o",
                "*SELECT relation public.t > R x",
                "*INSERT relation public.t > R x",
                "+SELECT column public.t.a > public",
                "+UPDATE column public.t.B c > public",
                "+ALL sequence public.q > g",
            ]
        );
        assert_eq!(
            told("GRANT ALL ON FUNCTION public.f(a integer, b text) TO r;"),
            ["+ALL routine public.f > r"]
        );
        assert_eq!(
            told("GRANT USAGE ON FOREIGN SERVER away TO r;"),
            ["+USAGE server away > r"]
        );
        assert_eq!(
            told("GRANT ALL ON LARGE OBJECT 70001 TO r;"),
            ["+ALL large object 70001 > r"]
        );
    }

    #[test]
    fn default_privileges_name_their_role_and_schema() {
        assert_eq!(
            told("ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s GRANT SELECT ON TABLES TO r;"),
            ["+SELECT default privileges o for every relation in s > r"]
        );
        assert_eq!(
            told("ALTER DEFAULT PRIVILEGES FOR ROLE o REVOKE ALL ON FUNCTIONS FROM PUBLIC;"),
            ["-ALL default privileges o for every routine > public"]
        );
    }

    #[test]
    fn what_cannot_be_followed_is_counted_and_what_is_of_the_cluster_is_not() {
        let unread = |text: &str| granted(text).unread;
        assert_eq!(unread("GRANT SELECT ON ALL TABLES IN SCHEMA s TO r;"), 1);
        assert_eq!(unread("GRANT SELECT ON TABLE t TO r;"), 1);
        assert_eq!(
            unread("REVOKE GRANT OPTION FOR SELECT ON TABLE s.t FROM r;"),
            1
        );
        assert_eq!(
            unread("GRANT a TO b; GRANT ALL ON DATABASE d TO b; SELECT 1;"),
            0
        );
    }

    proptest! {
        #[test]
        fn any_text_ends(text in any::<String>(), rest in "(on|to|from|table|,|\\(|\\)|\\.|;| |grant|a){0,30}") {
            granted(&text);
            granted(&format!("GRANT {rest}"));
            granted(&format!("ALTER DEFAULT PRIVILEGES FOR ROLE o {rest}"));
        }
    }
}
