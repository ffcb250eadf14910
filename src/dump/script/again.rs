//! What a script says again, takes back, or only announces: it is not held against what was restored.

use super::seen::Seeing;
use crate::dump::sql::{self, Granted, Subject};

impl Seeing {
    /// Takes a comment between statements: `pg_dump` announces what it makes.
    pub(super) fn heading(&mut self, comment: &[u8]) {
        let text = std::str::from_utf8(comment).unwrap_or_default();
        if sql::is_heading(text) {
            self.nothing_made();
            self.announced = sql::headed(text);
        }
    }

    /// A heading counts by the statement under it: whoever edits a script may take that out, or make something else of it.
    pub(super) fn announced_is_made(&mut self, text: &str) {
        if let Some(made) = self.announced.take_if(|made| sql::is_made_by(made, text)) {
            self.seen.made.insert(made);
        }
    }

    /// The statements under a heading are at their end.
    pub(super) fn nothing_made(&mut self) {
        let announced = self.announced.take();
        self.seen.announced.extend(announced);
    }

    /// The script is at its end; whether a closing line told so.
    pub(super) fn end_of_script(&mut self, told: bool) {
        self.seen.unclosed = !told;
    }

    /// Rows are what the text of the script does not tell.
    pub(super) fn unforeseen(&mut self, what: &str) {
        self.seen.rows_unforeseen.insert(what.to_owned());
    }

    /// What was made until now may have been taken away again, so none of it is missing where it is not found.
    pub(super) fn may_be_gone(&mut self, what: &str) {
        let seen = &self.seen;
        let nothing = seen.made.is_empty() && seen.values.is_empty() && seen.owners.is_empty();
        if nothing && seen.granted.grants.is_empty() && seen.says.said.is_empty() {
            return;
        }
        self.seen.made.clear();
        self.seen.values.clear();
        self.seen.objects_unforeseen.insert(what.to_owned());
    }

    /// Sequences may have moved on, or back, since they got their values.
    pub(super) fn values_may_move(&mut self, what: &str) {
        if !self.seen.values.is_empty() {
            self.seen.values.clear();
            self.seen.objects_unforeseen.insert(what.to_owned());
        }
    }

    /// Who is given what belongs to somebody already is given more with it: a table's sequences, and the rights of its owner.
    pub(super) fn owned(&mut self, text: &str) {
        let Some((subject, role)) = sql::owned(text) else {
            return;
        };
        let before = self.seen.owners.insert(subject, role.clone());
        if before.is_some_and(|before| before != role) {
            let what = "ALTER … OWNER TO".to_owned();
            self.seen.objects_unforeseen.insert(what);
        }
    }

    /// Notes privileges.
    pub(super) fn granted(&mut self, text: &str, whole: bool) {
        let granted = sql::granted(text);
        if self.is_changed_by(&granted) || (granted.unread > 0 && sql::is_on_all(text)) {
            let what = "privileges that change again".to_owned();
            self.seen.objects_unforeseen.insert(what);
        }
        self.seen.granted.unread += granted.unread + u64::from(!whole);
        self.seen.granted.grants.extend(granted.grants);
    }

    /// Whether privileges are taken that were given before, on the same or on a column of it.
    fn is_changed_by(&self, granted: &Granted) -> bool {
        let is_of = |on: &Subject, whole: &Subject| {
            let rest = on.name.strip_prefix(&whole.name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let taken = granted.grants.iter().filter(|grant| !grant.given);
        let mut given = self.seen.granted.grants.iter().filter(|grant| grant.given);
        let taken: Vec<_> = taken.collect();
        given.any(|before| {
            taken.iter().any(|grant| {
                grant.to == before.to
                    && grant.arguments == before.arguments
                    && is_of(&before.on, &grant.on)
            })
        })
    }
}
