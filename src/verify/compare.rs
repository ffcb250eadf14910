//! After the restore: is everything there that the dump holds?

use tokio_postgres::Client;

use super::Job;
use crate::{
    dump::{Contents, Ledger},
    error::Result,
    proof::{self, Compared},
    restore::Restored,
    sandbox::Sandbox,
};

/// How many tables are read at the same time.
const CONNECTIONS: usize = 3;

/// Compares the restored database with the dump.
///
/// # Errors
/// When the server went away.
pub(super) async fn compare(
    job: &Job<'_>,
    contents: Contents,
    counted: Option<Ledger>,
    restored: &Restored,
    refused: Vec<String>,
    sandbox: &Sandbox,
) -> Result<Compared> {
    if job.options.uncompared {
        return Ok(Compared::default());
    }
    job.progress.stage("compare");
    let (ledger, expected) = match (&restored.seen, counted) {
        (Some(seen), _) => (seen.ledger.clone(), proof::expected_of_script(seen)),
        (None, Some(counted)) => (counted, proof::expected(&contents)),
        (None, None) => return Ok(Compared::default()),
    };
    let clients = clients(restored, sandbox).await?;
    let dump = proof::Dump {
        contents,
        expected,
        ledger,
        refused,
    };
    proof::compare(&dump, clients).await
}

/// Compares the restored schema with the dump's: no table, no sequence and no large object has its data.
///
/// # Errors
/// When the server went away.
pub(super) async fn schema(
    job: &Job<'_>,
    mut contents: Contents,
    restored: &Restored,
    refused: Vec<String>,
    sandbox: &Sandbox,
) -> Result<Compared> {
    job.progress.stage("compare");
    contents.toc.retain(|entry| &*entry.desc != "SEQUENCE SET");
    let why = "Only the schema was restored: no row was proven.";
    let dump = proof::Dump {
        expected: proof::expected(&contents),
        contents,
        ledger: Ledger {
            trouble: Some(why.to_owned()),
            ..Ledger::default()
        },
        refused,
    };
    proof::compare(&dump, clients(restored, sandbox).await?).await
}

async fn clients(restored: &Restored, sandbox: &Sandbox) -> Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(sandbox.superuser(&restored.loaded.database).await?);
    }
    Ok(clients)
}
