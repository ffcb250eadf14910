//! What the service is and lets us do, and what its own settings would change of how rows are read and of what is said
//! about it.

use tokio_postgres::Client;

use crate::{
    error::{Error, Result},
    sandbox::connection::refused,
};

/// A server as its user finds it.
pub(super) struct About {
    pub(super) major: u32,
    superuser: bool,
    create_role: bool,
    language: String,
    array_nulls: String,
}

/// Looks at the server.
///
/// # Errors
/// When nothing can be restored into it.
pub(super) async fn look(client: &Client) -> Result<About> {
    let row = client
        .query_one(
            "SELECT pg_catalog.pg_is_in_recovery(), rolsuper, rolcreaterole, rolcreatedb, \
             pg_catalog.current_setting('server_version_num')::int, \
             pg_catalog.current_setting('lc_messages'), pg_catalog.current_setting('array_nulls') \
             FROM pg_catalog.pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .map_err(|error| refused("could not look at the service", &error))?;
    let (recovery, superuser): (bool, bool) = (row.get(0), row.get(1));
    if recovery {
        return Err(Error::new(
            "the service is a standby: nothing can be restored into it",
            super::HINT,
        ));
    }
    if !superuser && !row.get::<_, bool>(3) {
        return Err(Error::new(
            "the service's user may not create databases",
            "Give it CREATEDB, or better, use a superuser of a server that was made for this.",
        ));
    }
    Ok(About {
        major: u32::try_from(row.get::<_, i32>(4) / 10_000).unwrap_or(0),
        superuser,
        create_role: superuser || row.get::<_, bool>(2),
        language: row.get(5),
        array_nulls: row.get(6),
    })
}

impl About {
    /// Options of `libpq` that settle for the tools what a setting of the server, the user or the database would change.
    ///
    /// # Errors
    /// When the server speaks a language that is not read here, and may not be asked for another.
    pub(super) fn options(&self) -> Result<Vec<&'static str>> {
        let mut options = Vec::new();
        if !is_english(&self.language) {
            if !self.superuser {
                return Err(in_another_language(&self.language));
            }
            options.push("-c lc_messages=C");
        }
        // pg_dump writes no such line into a dump, and an array with a NULL would be refused.
        if self.array_nulls != "on" {
            options.push("-c array_nulls=on");
        }
        Ok(options)
    }

    /// What the reader of a report ought to know of it.
    pub(super) fn notes(&self, tools: u32) -> Vec<String> {
        let mut notes = vec![
            format!("The client programs of PostgreSQL {tools} on this machine are used."),
            "Egress was not blocked: the service is not a sandbox of ours.".to_owned(),
        ];
        if !self.superuser {
            notes.push(
                "The service's user is no superuser: extensions, event triggers and the like may not be restorable."
                    .to_owned(),
            );
        }
        if !self.create_role {
            notes.push(
                "The service's user may not create roles: ownership and privileges cannot be proven."
                    .to_owned(),
            );
        }
        notes
    }
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
