//! The languages that people read, and how the one of a reader is known.

/// A language that people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// Where the language is looked for, the strongest first.
const VARIABLES: [&str; 4] = ["PGDRILL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The word for `--lang`, as ISO 639-1 has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The language of a locale such as `ja_JP.UTF-8`.
    #[must_use]
    pub fn named(locale: &str) -> Option<Self> {
        let language = locale.split(['_', '-', '.', '@']).next()?;
        let known = |lang: &Self| lang.name().eq_ignore_ascii_case(language);
        Self::ALL.into_iter().find(known)
    }

    /// What the environment asks for: `PGDRILL_LANG`, then the locale. The first variable that is set decides, as it does
    /// for gettext; a language that is not spoken here is answered in English.
    #[must_use]
    pub fn of(environment: impl Fn(&str) -> Option<String>) -> Self {
        let set = VARIABLES.iter().filter_map(|name| environment(name));
        let locale = set.into_iter().find(|value| !value.is_empty());
        locale
            .and_then(|locale| Self::named(&locale))
            .unwrap_or_default()
    }

    /// The text in this language. Both are given, so none can be forgotten.
    #[must_use]
    pub fn say<T>(self, english: T, japanese: T) -> T {
        match self {
            Self::En => english,
            Self::Ja => japanese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Lang {
        Lang::of(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_own_variable_outranks_the_locale() {
        assert_eq!(
            of(&[("PGDRILL_LANG", "en"), ("LANG", "ja_JP.UTF-8")]),
            Lang::En
        );
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8")]), Lang::Ja);
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "ja")]), Lang::Ja);
    }

    #[test]
    fn a_language_that_is_not_spoken_is_answered_in_english() {
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LANG", "jam_JM")]), Lang::En);
        assert_eq!(of(&[]), Lang::En);
    }
}
