//! What every finding means and what every check asks, for people who meet one for the first time.

mod checks;
mod findings;
mod page;

pub use checks::Kind;
pub use findings::{Meaning, meaning};
pub use page::{index, page};

use crate::finding::Code;

/// What can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A finding, by its code.
    Code(Code),
    /// A check, by its word in a plan.
    Check(Kind),
}

impl Topic {
    /// Everything, findings first, each in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        let codes = Code::ALL.into_iter().map(Self::Code);
        codes.chain(Kind::ALL.into_iter().map(Self::Check))
    }

    /// The word that names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code(code) => code.name(),
            Self::Check(kind) => kind.name(),
        }
    }

    /// What has this name; a check's name may stand behind its table's, as it does in a report.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let exactly = |word: &str| Self::all().find(|topic| topic.name() == word);
        exactly(word).or_else(|| {
            let (_, last) = word.rsplit_once('.')?;
            exactly(last).filter(|topic| matches!(topic, Self::Check(_)))
        })
    }

    /// What was probably meant by a word that names nothing.
    #[must_use]
    pub fn meant(word: &str) -> Option<Self> {
        let bare = |word: &str| word.replace(['_', '-', ' ', '.'], "").to_lowercase();
        let wanted = bare(word);
        Self::all()
            .map(|topic| {
                let name = bare(topic.name());
                (
                    strsim::damerau_levenshtein(&wanted, &name),
                    name.len(),
                    topic,
                )
            })
            // A third of the letters may be wrong: beyond that it is another word.
            .filter(|(distance, length, _)| distance * 3 <= *length)
            .min_by_key(|(distance, ..)| *distance)
            .map(|(.., topic)| topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_found_by_its_name() {
        for topic in Topic::all() {
            assert_eq!(Topic::named(topic.name()), Some(topic));
        }
        let of_a_report = Topic::named("users.email.not_null");
        assert_eq!(of_a_report, Some(Topic::Check(Kind::NotNull)));
        assert_eq!(Topic::named("banana"), None);
    }

    #[test]
    fn a_typo_is_answered_with_what_was_meant() {
        let meant = |word| Topic::meant(word).map(Topic::name);
        assert_eq!(meant("backup.stal"), Some("backup.stale"));
        assert_eq!(meant("rowCuont"), Some("row_count"));
        assert_eq!(meant("restore-failed"), Some("restore.failed"));
        assert_eq!(meant("banana"), None);
        assert_eq!(meant(""), None);
    }
}
