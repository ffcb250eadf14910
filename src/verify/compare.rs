//! After the restore: is everything there that the dump holds?

use super::Job;
use crate::{
    dump::{Contents, Counting},
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
    counting: Option<Counting>,
    restored: &Restored,
    refused: Vec<String>,
    sandbox: &Sandbox,
) -> Result<Compared> {
    if job.options.uncompared {
        return Ok(Compared::default());
    }
    job.progress.stage("compare");
    let (ledger, expected) = match (&restored.seen, counting) {
        (Some(seen), _) => (seen.ledger.clone(), proof::expected_of_script(seen)),
        (None, Some(counting)) => (counting.finish().await, proof::expected(&contents)),
        (None, None) => return Ok(Compared::default()),
    };
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        clients.push(sandbox.superuser(&restored.loaded.database).await?);
    }
    let dump = proof::Dump {
        contents,
        expected,
        ledger,
        refused,
    };
    proof::compare(&dump, clients).await
}
