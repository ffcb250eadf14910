//! Whether PostgreSQL may build an index with workers besides its session.

use crate::{error::Result, sandbox::Sandbox};

/// So many jobs keep so many processors busy with an index each. With more, nobody measured how long the last index would be alone.
const FEW: u16 = 2;

/// While tables are loaded no processor is left for workers: they would add a twentieth to the CPU time of a drill of 2 GB
/// (measured).
pub(super) async fn rest(sandbox: &Sandbox, jobs: u16) -> Result<()> {
    if jobs > FEW {
        return Ok(());
    }
    sandbox.index_workers(false).await
}

/// Behind the data each job has a large table of its own, or else the workers are let back: the indexes of one table are made
/// one after another.
pub(super) async fn help(sandbox: &Sandbox, jobs: u16, large: usize) -> Result<()> {
    if !wanted(jobs, large) {
        return Ok(());
    }
    sandbox.index_workers(true).await
}

/// Whether they were sent away and are wanted again.
fn wanted(jobs: u16, large: usize) -> bool {
    jobs <= FEW && large <= usize::from(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_help_where_jobs_have_no_large_tables_of_their_own() {
        assert!(wanted(2, 1), "one huge table");
        assert!(wanted(1, 1));
        assert!(!wanted(2, 3));
        assert!(!wanted(8, 1), "they were never sent away");
    }
}
