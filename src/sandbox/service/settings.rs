//! What the service's own settings would change of how rows are read, and of what is said about it.

use tokio_postgres::Client;

use crate::{
    error::{Error, Result},
    sandbox::connection::refused,
};

/// Options of `libpq` that settle for the tools what a setting of the server, the user or the database would change.
///
/// # Errors
/// When the server speaks a language that is not read here, and may not be asked for another.
pub(super) async fn settled(client: &Client, superuser: bool) -> Result<Vec<&'static str>> {
    let row = client
        .query_one(
            "SELECT pg_catalog.current_setting('lc_messages'), pg_catalog.current_setting('array_nulls')",
            &[],
        )
        .await
        .map_err(|error| refused("could not look at the service", &error))?;
    let (language, nulls): (String, String) = (row.get(0), row.get(1));
    let mut options = Vec::new();
    if !is_english(&language) && superuser {
        options.push("-c lc_messages=C");
    } else if !is_english(&language) {
        return Err(in_another_language(&language));
    }
    // pg_dump writes no such line into a dump, and an array with a NULL would be refused.
    if nulls != "on" {
        options.push("-c array_nulls=on");
    }
    Ok(options)
}

/// What errors say decides whose fault they are and which of their words are a row's: that is known in English alone.
fn is_english(language: &str) -> bool {
    let plain = ["", "C", "POSIX"].contains(&language) || language.starts_with("C.");
    plain
        || ["en", "English"]
            .iter()
            .any(|name| language.starts_with(name))
}

fn in_another_language(language: &str) -> Error {
    Error::new(
        format!(
            "the service says what goes wrong in another language than English (\"{language}\")"
        ),
        "Let it use lc_messages = 'C' for this user, or give a superuser, who may choose it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_english_is_read() {
        for english in [
            "",
            "C",
            "C.UTF-8",
            "POSIX",
            "en_US.UTF-8",
            "English_United States.1252",
        ] {
            assert!(is_english(english), "{english}");
        }
        for other in ["de_DE.UTF-8", "es_ES", "Czech_Czechia.1250", "Chinese"] {
            assert!(!is_english(other), "{other}");
        }
    }
}
