//! What a name that the user typed may mean.

use super::Backup;

/// How many objects of one name are told: enough to say that they are several.
const TOLD: usize = 3;

/// A name that the user typed, and the objects that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// As it was typed.
    pub name: String,
    /// Without the URL and without a `/` at its end.
    wanted: String,
    /// Below the URL.
    below: String,
    /// At the end of a longer key.
    end: String,
    /// Whose key it is.
    exactly: Found,
    /// Whose last part, or last parts, it is.
    at_the_end: Found,
}

/// The first few, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) first: Vec<Backup>,
    pub(super) count: u64,
}

impl Found {
    fn add(&mut self, backup: &Backup) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(backup.clone());
        }
    }

    fn absorb(&mut self, other: Self) {
        self.count += other.count;
        let room = TOLD - self.first.len();
        self.first.extend(other.first.into_iter().take(room));
    }
}

impl Asked {
    /// A name, and nothing seen yet.
    pub(super) fn new(name: &str, url: &str, prefix: &str) -> Self {
        let wanted = name
            .strip_prefix(url)
            .unwrap_or(name)
            .trim_end_matches('/')
            .to_owned();
        Self {
            name: name.to_owned(),
            below: format!("{prefix}{wanted}"),
            end: format!("/{wanted}"),
            wanted,
            ..Self::default()
        }
    }

    /// Without the URL and without a `/` at its end.
    pub(super) fn wanted(&self) -> &str {
        &self.wanted
    }

    /// Looks at one more object that can be named.
    pub(super) fn see(&mut self, backup: &Backup) {
        let key = backup.key.trim_end_matches('/');
        if key == self.wanted || key == self.below {
            self.exactly.add(backup);
        } else if key.ends_with(&self.end) {
            self.at_the_end.add(backup);
        }
    }

    /// Adds what was seen elsewhere.
    pub(super) fn absorb(&mut self, other: Self) {
        self.exactly.absorb(other.exactly);
        self.at_the_end.absorb(other.at_the_end);
    }

    /// Those who have the name: by their whole key, else by its end. Empty: nobody has.
    pub(super) fn found(&self) -> &Found {
        if self.exactly.count > 0 {
            &self.exactly
        } else {
            &self.at_the_end
        }
    }
}
