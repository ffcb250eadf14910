//! Makes the database to restore into, as alike to the dumped one as the server can.

use tokio_postgres::{Client, error::SqlState};

use super::{
    DatabaseOptions,
    connection::{quote_name, quote_text, refused},
};
use crate::error::Result;

/// Locales that a minimal image has, the closest to a language's own first.
const FALLBACKS: [&str; 3] = ["C.UTF-8", "C.utf8", "C"];

/// One way to make the database, and what to say when it was the one that worked.
#[derive(Debug, PartialEq, Eq)]
struct Way {
    clause: String,
    note: Option<String>,
}

/// Makes it, and says what it could not make alike.
pub(super) async fn create(
    client: &Client,
    name: &str,
    major: u32,
    options: &DatabaseOptions,
) -> Result<Vec<String>> {
    let encoding = options.encoding.as_deref().unwrap_or("UTF8");
    let mut ways = ways(major, options).into_iter().peekable();
    while let Some(way) = ways.next() {
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {}{}",
            quote_name(name),
            quote_text(encoding),
            way.clause
        );
        match client.batch_execute(&sql).await {
            Ok(()) => return Ok(way.note.into_iter().collect()),
            Err(error) if ways.peek().is_some() && is_about_locale(&error) => {}
            Err(error) => {
                return Err(refused(
                    format!("could not create the database with encoding \"{encoding}\""),
                    &error,
                ));
            }
        }
    }
    Ok(Vec::new())
}

/// A locale that is not there, that does not fit the encoding, or a provider that this build lacks.
fn is_about_locale(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::WRONG_OBJECT_TYPE,
            SqlState::INVALID_OBJECT_DEFINITION,
            SqlState::INVALID_PARAMETER_VALUE,
            SqlState::FEATURE_NOT_SUPPORTED,
        ]
        .contains(code)
    })
}

/// Every way to try, the truest first.
fn ways(major: u32, options: &DatabaseOptions) -> Vec<Way> {
    let mut ways = Vec::new();
    let provider = provider_clause(major, options);
    let pairs = pairs(options);
    if let Some(clause) = &provider {
        // Sorting is the provider's; the operating system's locale matters little beside it, so it needs no note.
        ways.extend(pairs.iter().map(|(collate, ctype)| Way {
            clause: format!("{clause}{}", libc_clause(collate, ctype)),
            note: None,
        }));
    }
    let lost = lost_provider(options);
    for (index, (collate, ctype)) in pairs.iter().enumerate() {
        let libc = if major >= 15 {
            " LOCALE_PROVIDER libc"
        } else {
            ""
        };
        let note = lost
            .clone()
            .or_else(|| (index > 0).then(|| missing(options, collate)).flatten());
        ways.push(Way {
            clause: format!("{libc}{}", libc_clause(collate, ctype)),
            note,
        });
    }
    ways
}

/// The clause for ICU (15 and newer) and for the built-in provider (17 and newer).
fn provider_clause(major: u32, options: &DatabaseOptions) -> Option<String> {
    let locale = quote_text(options.locale.as_deref()?);
    match options.provider.as_deref()? {
        "icu" if major >= 15 => Some(format!(" LOCALE_PROVIDER icu ICU_LOCALE {locale}")),
        "builtin" if major >= 17 => {
            Some(format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {locale}"))
        }
        _ => None,
    }
}

fn libc_clause(collate: &str, ctype: &str) -> String {
    format!(
        " LC_COLLATE {} LC_CTYPE {}",
        quote_text(collate),
        quote_text(ctype)
    )
}

/// What the dump names, then what stands in for it; `C` and `POSIX` are everywhere and stay.
fn pairs(options: &DatabaseOptions) -> Vec<(String, String)> {
    let keep = |wanted: Option<&str>, fallback: &str| match wanted {
        Some(wanted @ ("C" | "POSIX")) => wanted.to_owned(),
        _ => fallback.to_owned(),
    };
    let collate = options.collate.as_deref().or(options.ctype.as_deref());
    let ctype = options.ctype.as_deref().or(options.collate.as_deref());
    let mut pairs: Vec<_> = collate
        .zip(ctype)
        .map(|(collate, ctype)| (collate.to_owned(), ctype.to_owned()))
        .into_iter()
        .collect();
    for fallback in FALLBACKS {
        let pair = (keep(collate, fallback), keep(ctype, fallback));
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    pairs
}

fn missing(options: &DatabaseOptions, used: &str) -> Option<String> {
    let wanted = options.collate.as_deref().or(options.ctype.as_deref())?;
    Some(format!(
        "Locale \"{wanted}\" is not installed in the sandbox or does not fit the encoding; \"{used}\" is used: the sort order of text may differ."
    ))
}

fn lost_provider(options: &DatabaseOptions) -> Option<String> {
    let provider = options.provider.as_deref().filter(|name| *name != "libc")?;
    Some(format!(
        "The sandbox's server has no \"{provider}\" locale \"{}\"; the operating system's is used: the sort order of text may differ.",
        options.locale.as_deref().unwrap_or("?")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libc(locale: &str) -> DatabaseOptions {
        DatabaseOptions {
            collate: Some(locale.to_owned()),
            ctype: Some(locale.to_owned()),
            ..DatabaseOptions::default()
        }
    }

    #[test]
    fn the_dumps_own_locale_is_tried_first_and_needs_no_note() {
        let ways = ways(13, &libc("en_US.UTF-8"));
        assert_eq!(
            ways[0].clause,
            " LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8'"
        );
        assert_eq!(ways[0].note, None);
        assert_eq!(ways.len(), 4);
        assert!(ways[1..].iter().all(|way| way.note.is_some()));
    }

    #[test]
    fn c_stays_c() {
        let mut options = libc("C");
        options.ctype = Some("de_DE.UTF-8".to_owned());
        assert!(pairs(&options).iter().all(|(collate, _)| collate == "C"));
        assert_eq!(ways(15, &libc("C"))[0].note, None);
    }

    #[test]
    fn a_dump_without_a_locale_gets_one_without_a_note() {
        let ways = ways(15, &DatabaseOptions::default());
        assert!(ways.iter().all(|way| way.note.is_none()));
        assert!(ways[0].clause.contains("C.UTF-8"));
    }

    #[test]
    fn providers_are_asked_for_only_where_the_major_has_them() {
        let icu = DatabaseOptions {
            provider: Some("icu".to_owned()),
            locale: Some("de-DE".to_owned()),
            ..libc("de_DE.UTF-8")
        };
        assert!(
            ways(15, &icu)[0]
                .clause
                .starts_with(" LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'")
        );
        let old = ways(14, &icu);
        assert!(!old[0].clause.contains("PROVIDER"));
        assert!(
            old[0]
                .note
                .as_deref()
                .is_some_and(|note| note.contains("\"icu\""))
        );
        let builtin = DatabaseOptions {
            provider: Some("builtin".to_owned()),
            locale: Some("C.UTF-8".to_owned()),
            ..libc("C.UTF-8")
        };
        assert!(ways(17, &builtin)[0].clause.contains("BUILTIN_LOCALE"));
        assert!(!ways(16, &builtin)[0].clause.contains("BUILTIN_LOCALE"));
    }
}
