//! Roles that the dump names and the server lacks: made beforehand, so that ownership and privileges are restored.

use tokio_postgres::{Client, error::SqlState};

use super::connection::{quote_name, quote_text, refused};
use crate::error::Result;

/// What came of making the roles that a dump names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleStubs {
    /// Those that were missing and now exist, without the right to log in.
    pub made: Vec<String>,
    /// Those that the server refused to make: what they own or are granted is not proven.
    pub refused: Vec<String>,
}

/// Makes those that are missing.
pub(super) async fn create(client: &Client, names: &[String], run: &str) -> Result<RoleStubs> {
    let mut stubs = RoleStubs::default();
    for name in names.iter().filter(|name| !is_a_word(name)) {
        if exists(client, name).await? {
            continue;
        }
        let sql = format!("CREATE ROLE {} NOLOGIN", quote_name(name));
        match client.batch_execute(&sql).await {
            Ok(()) => {
                mark(client, name, run).await?;
                stubs.made.push(name.clone());
            }
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_OBJECT) => {}
            Err(error) if error.as_db_error().is_some() && !client.is_closed() => {
                stubs.refused.push(name.clone());
            }
            Err(error) => {
                return Err(refused(
                    format!("could not create the role \"{name}\""),
                    &error,
                ));
            }
        }
    }
    join(client, &stubs.made).await;
    Ok(stubs)
}

/// Marks a role as made by a run, so that what a killed run left can be told from the server's own.
pub(super) async fn mark(client: &Client, name: &str, run: &str) -> Result<()> {
    comment(client, name, &super::service::mark(run, false)).await
}

/// Writes a role's comment.
pub(super) async fn comment(client: &Client, name: &str, text: &str) -> Result<()> {
    let sql = format!(
        "COMMENT ON ROLE {} IS {}",
        quote_name(name),
        quote_text(text)
    );
    client
        .batch_execute(&sql)
        .await
        .map_err(|error| refused(format!("could not mark the role \"{name}\""), &error))
}

/// Drops a role that a run made, where it is there.
pub(super) async fn drop(client: &Client, name: &str) -> Result<()> {
    client
        .batch_execute(&format!("DROP ROLE IF EXISTS {}", quote_name(name)))
        .await
        .map_err(|error| {
            refused(
                format!("could not drop the role \"{name}\" of the service"),
                &error,
            )
        })
}

/// Words that stand where a role's name does and name none.
fn is_a_word(name: &str) -> bool {
    ["public", "none", ""].contains(&name)
}

async fn exists(client: &Client, name: &str) -> Result<bool> {
    client
        .query_opt(
            "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1",
            &[&name],
        )
        .await
        .map(|row| row.is_some())
        .map_err(|error| refused("could not list the roles", &error))
}

/// Who is no superuser can only give away what is its own to roles that it is a member of.
async fn join(client: &Client, names: &[String]) {
    let superuser = client
        .query_one(
            "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .is_ok_and(|row| row.get(0));
    if superuser {
        return;
    }
    for name in names {
        // Where it is refused, the restore itself says so, object by object.
        let _ = client
            .batch_execute(&format!("GRANT {} TO CURRENT_USER", quote_name(name)))
            .await;
    }
}
