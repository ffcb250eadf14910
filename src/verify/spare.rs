//! Whether the processors have time to spare while the server restores: how many of its sessions want one.

use std::collections::VecDeque;

use tokio_postgres::{Client, Error};

/// Our own sessions do not count; `pg_restore`, and the workers that build an index in parallel, do. Whoever is active and
/// waits for nothing runs, or would.
const DEMAND: &str = "
    select count(*) filter (where wait_event_type is null), count(*) filter (where wait_event_type = 'Lock')
    from pg_stat_activity where state = 'active' and application_name <> 'pgdrill'";

/// How many looks are taken together: a session that reads its input is seen running at one moment and waiting at the next.
const LOOKS: u32 = 4;

/// In how many of them a processor may have been wanted that is said to be free.
const SLACK: u32 = 1;

/// One look at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// Sessions that run, or would.
    pub(super) running: u32,
    /// Sessions that wait until others let go of something.
    pub(super) locked: u32,
}

/// Looks at the server.
pub(super) async fn look(client: &Client) -> Result<Demand, Error> {
    let row = client.query_one(DEMAND, &[]).await?;
    let count = |at| u32::try_from(row.get::<_, i64>(at)).unwrap_or(u32::MAX);
    Ok(Demand {
        running: count(0),
        locked: count(1),
    })
}

/// The last looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<u32>);

impl Recent {
    /// How many of these processors are free, as far as the last looks show. All of them while somebody waits for a lock:
    /// it may be one that who reads holds, and that is let go soonest by reading on.
    pub(super) fn spare(&mut self, now: Demand, cores: u32) -> usize {
        self.0.push_front(now.running);
        self.0.truncate(LOOKS as usize);
        if now.locked > 0 {
            return cores as usize;
        }
        if self.0.len() < LOOKS as usize {
            return 0;
        }
        let had = cores.saturating_mul(LOOKS);
        let wanted = self.0.iter().sum::<u32>();
        ((had + SLACK).saturating_sub(wanted) / LOOKS) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare(running: &[u32], locked: u32) -> usize {
        let mut recent = Recent::default();
        let spare = running.iter().map(|&running| {
            let now = Demand { running, locked };
            recent.spare(now, 2)
        });
        spare.last().unwrap_or_default()
    }

    #[test]
    fn a_processor_is_free_that_nobody_wanted_for_some_looks() {
        assert_eq!(spare(&[1, 1, 1, 1], 0), 1);
        assert_eq!(spare(&[0, 0, 0, 0], 0), 2);
        assert_eq!(spare(&[2, 2, 2, 2], 0), 0);
        assert_eq!(spare(&[9, 9, 9, 9], 0), 0);
        assert_eq!(spare(&[0, 1, 1, 0], 0), 1, "one that reads its input");
        assert_eq!(spare(&[2, 2, 1, 1], 0), 0);
        assert_eq!(spare(&[0, 0, 0], 0), 0, "too few looks");
        assert_eq!(
            spare(&[2, 2, 2, 2, 1, 1, 1, 1], 0),
            1,
            "what was is forgotten"
        );
    }

    #[test]
    fn who_holds_a_lock_goes_on() {
        assert_eq!(spare(&[2, 2], 1), 2);
    }
}
