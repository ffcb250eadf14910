//! Many objects that have nothing to do with each other, made by several `pg_restore` at the same time, each of them given
//! its own alone: one program leaves all processors but one idle, and with several jobs it sorts all that is left once more
//! for every object.

use std::cmp::Reverse;

use futures_util::future::try_join_all;

use super::super::{Complaints, archive};
use crate::{dump::Recast, error::Broken, sandbox::Sandbox};

/// Fewer are made sooner in the usual way: every program takes a moment to start.
pub(super) const MANY: usize = 2_000;

/// Lists of entries for one program each, which run at the same time.
pub(super) type Step = Vec<Vec<i32>>;

/// Shares the families out to as many programs, the largest first to whoever has least.
pub(super) fn spread(mut families: Vec<Vec<i32>>, jobs: usize) -> Step {
    families.sort_by_key(|family| Reverse(family.len()));
    let mut step = vec![Vec::new(); jobs.clamp(1, families.len().max(1))];
    for family in families {
        if let Some(least) = step.iter_mut().min_by_key(|list| list.len()) {
            least.extend(family);
        }
    }
    step
}

/// Makes them.
pub(super) async fn make(
    sandbox: &Sandbox,
    head: &Recast,
    step: &Step,
) -> Result<Complaints, Broken> {
    tracing::debug!(programs = step.len(), "objects are made side by side");
    let programs = step.iter().map(async |list| {
        let own = head.only(list);
        archive::from_head(sandbox, &own, &[]).await
    });
    let mut complaints = Complaints::default();
    for told in try_join_all(programs).await? {
        complaints.extend(told);
    }
    Ok(complaints)
}
