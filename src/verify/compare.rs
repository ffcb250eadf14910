//! After the restore: is everything there that the dump holds?

use super::Job;
use crate::{
    dump::{Contents, Ledger},
    error::Result,
    proof::{self, Ahead, Compared, Meter, Reader},
    restore::Restored,
    sandbox::Sandbox,
};

/// How many tables are read at the same time.
const CONNECTIONS: usize = 3;

/// What is known of a dump that was restored.
pub(super) struct Held {
    pub(super) contents: Contents,
    /// What an archive holds; none where that was not counted.
    pub(super) ledger: Option<Ledger>,
    /// Roles that the server refused to make.
    pub(super) refused: Vec<String>,
    /// What was read back already.
    pub(super) ahead: Ahead,
}

/// Compares the restored database with the dump.
///
/// # Errors
/// When the server went away.
pub(super) async fn compare(
    job: &Job<'_>,
    held: Held,
    restored: &Restored,
    sandbox: &Sandbox,
) -> Result<Compared> {
    if job.options.uncompared {
        return Ok(Compared::default());
    }
    job.progress.stage("compare");
    let Held {
        contents,
        ledger,
        refused,
        ahead,
    } = held;
    let (ledger, expected) = match (&restored.seen, ledger) {
        (Some(seen), _) => {
            let mut seen = seen.clone();
            // Where psql stopped, what it did not come to is missing, whether a heading or a statement names it.
            if restored.unrun {
                seen.made.append(&mut seen.announced);
            }
            let expected = proof::expected_of_script(&seen, contents.encoding.as_deref());
            (seen.ledger, expected)
        }
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
    let mut compared = proof::compare(&dump, clients, ahead).await?;
    compared.but_not(&restored.loaded.uncompared);
    if restored.seen.as_ref().is_some_and(|seen| seen.unclosed) {
        compared.without_end();
    }
    Ok(compared)
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
    let clients = clients(restored, sandbox).await?;
    proof::compare(&dump, clients, Ahead::default()).await
}

async fn clients(restored: &Restored, sandbox: &Sandbox) -> Result<Vec<Reader>> {
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(reader(sandbox, &restored.loaded.database).await?);
    }
    Ok(clients)
}

/// A connection that tables are read on.
pub(super) async fn reader(sandbox: &Sandbox, database: &str) -> Result<Reader> {
    let meter = Meter::default();
    let client = sandbox
        .superuser_over(database, |wire| meter.on(wire))
        .await?;
    Ok(Reader::metered(client, meter))
}
