//! What failed behind the data while other jobs worked beside it is made once more, by one job.
//!
//! Two jobs of `pg_restore -j` may wait for each other: an index that a table is clustered by, and another one that is its
//! replica identity. And it knows nothing of some orders: a trigger of a partition is changed before its parent's is made.

use super::{Complaints, archive};
use crate::{error::Broken, sandbox::Sandbox};

/// Makes it once more, from the archive or its table of contents at this path, which several jobs worked from.
pub(super) async fn again(
    sandbox: &Sandbox,
    path: &str,
    mut complaints: Complaints,
) -> Result<Complaints, Broken> {
    if complaints.by_one_another() {
        tracing::debug!("what stands behind the data is made once more, by one job");
        let second = archive::section(sandbox, path, &["--section=post-data"]).await?;
        complaints.tried_again(second);
    }
    Ok(complaints)
}
