//! The roles, the extensions and the schema that statements name.

use std::collections::BTreeSet;

use super::words::{Word, words};

/// What some statements name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Facts {
    /// Roles that must exist before the statements run.
    pub(in super::super) roles: BTreeSet<String>,
    /// Roles that the statements create.
    pub(in super::super) created: BTreeSet<String>,
    /// Extensions that they create.
    pub(in super::super) extensions: Vec<String>,
    /// Whether they create the schema `public`.
    pub(in super::super) creates_public: bool,
    /// Whether they create a database.
    pub(in super::super) creates_database: bool,
    /// Whether they create a tablespace.
    pub(in super::super) creates_tablespace: bool,
}

/// Whether a role with this name must be made: not those that every server has.
pub(in super::super) fn must_exist(role: &str) -> bool {
    !role.is_empty() && !role.starts_with("pg_") && role != "public"
}

/// What statements name. Function bodies and strings are not looked into.
pub(in super::super) fn facts(text: &str) -> Facts {
    let mut facts = Facts::default();
    let all: Vec<_> = words(text).collect();
    for statement in all.split(|word| *word == Word::Sign(';')) {
        facts.statement(statement);
    }
    facts
}

impl Facts {
    fn statement(&mut self, words: &[Word<'_>]) {
        let Some(first) = words.first() else {
            return;
        };
        if first.is("create") {
            self.create(&words[1..]);
        } else if first.is("alter") {
            self.alter(&words[1..]);
        } else if first.is("grant") || first.is("revoke") {
            self.grant(words);
        } else if first.is("set") {
            self.set(&words[1..]);
        }
    }

    fn create(&mut self, words: &[Word<'_>]) {
        let [kind, rest @ ..] = words else {
            return;
        };
        let name = match rest {
            [a, b, c, name, ..] if a.is("if") && b.is("not") && c.is("exists") => Some(name),
            _ => rest.first(),
        };
        if kind.is("user") && name.is_some_and(|name| name.is("mapping")) {
            self.role(after(rest, &["for"]).first());
        } else if ["role", "user", "group"].iter().any(|word| kind.is(word)) {
            self.created.extend(name.and_then(Word::name));
        } else if kind.is("extension") {
            self.extensions.extend(name.and_then(Word::name));
        } else if kind.is("schema") {
            self.role(after(rest, &["authorization"]).first());
            self.creates_public |= rest.first().and_then(Word::name).as_deref() == Some("public");
        } else if kind.is("policy") {
            self.list(after_outside(rest, &["to"]));
        } else if kind.is("database") || kind.is("tablespace") {
            self.creates_database |= kind.is("database");
            self.creates_tablespace |= kind.is("tablespace");
            let owner = after(rest, &["owner"]);
            self.role(owner.iter().find(|&word| *word != Word::Sign('=')));
        }
    }

    fn alter(&mut self, words: &[Word<'_>]) {
        if let [kind, privileges, rest @ ..] = words
            && kind.is("default")
            && privileges.is("privileges")
        {
            self.list(after(rest, &["for", "role"]));
            self.list(after(rest, &["for", "user"]));
            self.grant(rest);
        }
        if let [kind, name, ..] = words
            && (kind.is("role") || kind.is("user"))
            && !name.is("all")
        {
            self.role(Some(name));
        }
        if words.first().is_some_and(|kind| kind.is("policy")) {
            self.list(after_outside(words, &["to"]));
        }
        let renamed = words.iter().any(|word| word.is("rename"));
        if !renamed {
            self.role(after(words, &["owner", "to"]).first());
        }
    }

    /// `GRANT … TO a, b` and `REVOKE … FROM a, b`.
    fn grant(&mut self, words: &[Word<'_>]) {
        let direction = if words.iter().any(|word| word.is("revoke")) {
            "from"
        } else {
            "to"
        };
        self.list(after_outside(words, &[direction]));
        self.role(after(words, &["granted", "by"]).first());
        // Without ON it is a role that is granted.
        if !words.iter().any(|word| word.is("on")) {
            self.list(&words[1.min(words.len())..]);
        }
    }

    /// `SET SESSION AUTHORIZATION x` and `SET ROLE x`.
    fn set(&mut self, words: &[Word<'_>]) {
        let who = match words {
            [a, b, who, ..] if a.is("session") && b.is("authorization") => who,
            [role, who, ..] if role.is("role") => who,
            _ => return,
        };
        match who {
            Word::Text(name) if must_exist(name) => _ = self.roles.insert(name.clone()),
            who => self.role(Some(who)),
        }
    }

    /// Roles with commas between them.
    fn list(&mut self, words: &[Word<'_>]) {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let word = if word.is("group") {
                words.next()
            } else {
                Some(word)
            };
            self.role(word);
            if words.next() != Some(&Word::Sign(',')) {
                break;
            }
        }
    }

    fn role(&mut self, word: Option<&Word<'_>>) {
        // Keywords that stand where a role may stand.
        const NONE: [&str; 7] = [
            "public",
            "current_user",
            "current_role",
            "session_user",
            "user",
            "none",
            "default",
        ];
        let Some(word) = word else {
            return;
        };
        let keyword = NONE.iter().any(|keyword| word.is(keyword));
        if let Some(name) = word.name()
            && !keyword
            && must_exist(&name)
        {
            self.roles.insert(name);
        }
    }
}

/// What follows these keywords.
fn after<'a, 'b>(words: &'a [Word<'b>], keywords: &[&str]) -> &'a [Word<'b>] {
    let found = words.windows(keywords.len()).position(|window| {
        window
            .iter()
            .zip(keywords)
            .all(|(word, keyword)| word.is(keyword))
    });
    found.map_or(&[], |at| &words[at + keywords.len()..])
}

/// The same, passing over what is in parentheses.
fn after_outside<'a, 'b>(words: &'a [Word<'b>], keywords: &[&str]) -> &'a [Word<'b>] {
    let mut depth = 0_i32;
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth -= 1,
            word if depth == 0 && keywords.iter().any(|keyword| word.is(keyword)) => {
                return &words[at + 1..];
            }
            _ => {}
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> Vec<String> {
        facts(text).roles.into_iter().collect()
    }

    #[test]
    fn grants_and_revokes_name_roles() {
        assert_eq!(
            roles(
                "GRANT SELECT(\"to\"),UPDATE(x) ON TABLE public.t TO a, \"we\"\"ird role\", PUBLIC WITH GRANT OPTION;"
            ),
            ["a", "we\"ird role"]
        );
        assert_eq!(roles("REVOKE ALL ON SCHEMA public FROM PUBLIC;"), [""; 0]);
        assert_eq!(roles("REVOKE ALL ON TABLE t FROM Bob CASCADE;"), ["bob"]);
        assert_eq!(
            roles("GRANT a TO b WITH ADMIN OPTION GRANTED BY c;"),
            ["a", "b", "c"]
        );
        assert_eq!(roles("GRANT pg_monitor TO b;"), ["b"]);
    }

    #[test]
    fn default_privileges_name_roles_on_both_sides() {
        assert_eq!(
            roles(
                "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s REVOKE ALL ON TABLES FROM o;\nALTER DEFAULT PRIVILEGES FOR ROLE o GRANT SELECT ON TABLES TO r;"
            ),
            ["o", "r"]
        );
    }

    #[test]
    fn owners_policies_mappings_and_sessions_name_roles() {
        assert_eq!(roles("ALTER TABLE public.t OWNER TO \"Big\";"), ["Big"]);
        assert_eq!(roles("ALTER TABLE t RENAME COLUMN owner TO x;"), [""; 0]);
        assert_eq!(
            roles("CREATE POLICY p ON t FOR SELECT TO a, b USING ((x = 'c'::text));"),
            ["a", "b"]
        );
        assert_eq!(roles("CREATE POLICY p ON t USING (f(a to b));"), [""; 0]);
        assert_eq!(
            roles("CREATE USER MAPPING FOR m SERVER s OPTIONS (\"user\" 'for');"),
            ["m"]
        );
        assert_eq!(roles("SET SESSION AUTHORIZATION 'o''x';"), ["o'x"]);
        assert_eq!(roles("SET SESSION AUTHORIZATION DEFAULT;"), [""; 0]);
        assert_eq!(roles("CREATE SCHEMA s AUTHORIZATION o;"), ["o"]);
        assert_eq!(
            roles("CREATE DATABASE d WITH TEMPLATE = template0 OWNER = o;"),
            ["o"]
        );
    }

    #[test]
    fn bodies_strings_and_comments_name_nothing() {
        assert_eq!(
            roles(
                "CREATE FUNCTION f() AS $$ GRANT ALL ON t TO x; $$;\n-- GRANT a TO b;\nSELECT ';GRANT a TO b;';"
            ),
            [""; 0]
        );
    }

    #[test]
    fn extensions_public_and_own_roles_are_seen() {
        let facts = facts(
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public; CREATE SCHEMA public; CREATE ROLE r;",
        );
        assert_eq!(facts.extensions, ["uuid-ossp"]);
        assert!(facts.creates_public);
        assert!(facts.created.contains("r"));
    }
}
