//! One sink under `notify` as it is read: its address is a secret, and what it is told.

use super::{
    super::{
        keys::Keys,
        secrets::kept_outside,
        settings::optional,
        walk::{Entry, Fields, File},
    },
    When,
};
use crate::units::Secret;

/// A sink that is being read.
pub(super) struct Sink<'f, 'n> {
    pub(super) file: &'f File<'f>,
    pub(super) entry: Entry<'n>,
    pub(super) fields: Fields<'n>,
    private: bool,
}

impl<'f, 'n> Sink<'f, 'n> {
    pub(super) fn new(file: &'f File<'_>, entry: Entry<'n>, keys: &Keys, private: bool) -> Self {
        Self {
            file,
            entry,
            fields: file.below(entry, keys),
            private,
        }
    }

    /// A text that the sink cannot do without: noted when the key is absent, nothing when it is empty.
    pub(super) fn needed(&self, key: &str, help: &str) -> Option<String> {
        if self.fields.get(key).is_none() {
            let message = format!("\"{}\" has no \"{key}\"", self.entry.name());
            self.file.error(self.entry.key, message, help);
        }
        optional(self.file, &self.fields, key)
    }

    /// A secret, which must not be written in the plan.
    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        let text = optional(self.file, &self.fields, key)?;
        self.is_from_environment(key)
            .then(|| Secret::new(text.trim()))
    }

    pub(super) fn is_from_environment(&self, key: &str) -> bool {
        let Some(entry) = self.fields.get(key) else {
            return false;
        };
        let outside = entry.value.is_from_environment();
        if !outside {
            let message = format!("\"{key}\" is a secret, and is written in the plan");
            let name = format!("{}_{key}", self.entry.name()).to_uppercase();
            self.file
                .secret(entry.value, message, kept_outside(key, &name));
        }
        outside
    }

    /// The secret URL of something that speaks HTTP.
    pub(super) fn url(&self, key: &str) -> Option<Secret> {
        let secret = self.secret(key)?;
        self.speaks_http(key, secret.reveal());
        Some(secret)
    }

    /// Whether a URL can be delivered to; the URL itself is not told.
    pub(super) fn speaks_http(&self, key: &str, url: &str) {
        let parsed = reqwest::Url::parse(url).ok().filter(reqwest::Url::has_host);
        let scheme = parsed.as_ref().map(reqwest::Url::scheme);
        let (message, help) = match scheme {
            Some("https") => return,
            Some("http") if self.private => return,
            Some("http") => (
                format!("\"{key}\" would be reached without TLS"),
                "write https://…; http:// is for private addresses, with allow_private: true",
            ),
            _ => (format!("\"{key}\" is no URL"), "write https://…"),
        };
        if let Some(entry) = self.fields.get(key) {
            self.file.secret(entry.value, message, help);
        }
    }

    pub(super) fn on(&self) -> Vec<When> {
        let Some(entry) = self.fields.get("on") else {
            return When::USUAL.to_vec();
        };
        let help = "write on: [failed, unverified, warning, passed], or some of them";
        let mut on = Vec::new();
        for item in self.file.items(entry, help) {
            let item = Entry {
                key: entry.key,
                value: item,
            };
            on.extend(self.file.choice(item, &When::NAMED));
        }
        on.sort_unstable();
        on.dedup();
        on
    }
}
