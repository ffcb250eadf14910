//! The sandbox starts while the backup is still looked for, where the last drill tells what the dump will need.

use std::sync::{Mutex, PoisonError};

use tokio::task::JoinHandle;

use super::{Job, trial};
use crate::{
    dump::{self, Contents},
    error::Result,
    history::Past,
    plan::{Provider, SandboxPlan},
    sandbox::{self, Sandbox},
};

/// What of a dump decides which PostgreSQL it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Majors {
    /// That of the server that it was taken from.
    pub(super) server: Option<u32>,
    /// That of the `pg_dump` that wrote it.
    pub(super) tools: Option<u32>,
}

/// A sandbox that is starting, and for which dumps.
struct Early {
    majors: Majors,
    starting: JoinHandle<Result<Sandbox>>,
}

impl Majors {
    pub(super) fn of(contents: &Contents) -> Self {
        Self {
            server: contents.major(),
            tools: contents.tools_major(),
        }
    }

    /// Those of the last dump that was restored.
    fn last(past: &Past) -> Option<Self> {
        let mut restored = past.drills().filter(|run| run.restore.is_some());
        let dump = restored.next()?.dump.as_ref()?;
        let major = |version: &Option<String>| dump::major(version.as_deref()?);
        Some(Self {
            server: major(&dump.server_version),
            tools: major(&dump.pg_dump_version),
        })
    }
}

/// The sandbox that starts early, until somebody takes it.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Early>>);

impl Slot {
    fn put(&self, early: Option<Early>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = early;
    }

    fn take(&self) -> Option<Early> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }
}

/// Starts it, where it is ours alone and the last drill tells which. One that is to be kept waits for its dump: nobody
/// would remove it.
pub(super) fn start(job: &Job<'_>) {
    if job.options.dry_run || job.options.keep || !is_ours(&job.plan.sandbox) {
        return;
    }
    let early = Majors::last(&job.memory.past).map(|majors| {
        let needs = trial::needs(job, majors);
        Early {
            majors,
            starting: tokio::spawn(async move { sandbox::start(&needs).await }),
        }
    });
    job.early.put(early);
}

/// Whether nobody else uses the server: a service is left alone until there is a dump for it.
fn is_ours(plan: &SandboxPlan) -> bool {
    match plan.provider {
        Provider::Docker | Provider::Local => true,
        Provider::Auto => plan.service_url.is_none(),
        Provider::Service => false,
    }
}

/// The sandbox for a dump: the one that is starting, or another one once that is gone.
pub(super) fn or_start(job: &Job<'_>, majors: Majors) -> JoinHandle<Result<Sandbox>> {
    let other = match job.early.take() {
        Some(early) if early.majors == majors => return early.starting,
        other => other,
    };
    let needs = trial::needs(job, majors);
    tokio::spawn(async move {
        if let Some(other) = other
            && let Err(error) = trial::abandon(other.starting, &needs.run).await
        {
            tracing::warn!(%error, "the sandbox was not removed whole");
        }
        sandbox::start(&needs).await
    })
}

/// Ends one that no dump came for.
pub(super) async fn give_up(job: &Job<'_>) {
    if let Some(early) = job.early.take() {
        let ended = trial::abandon(early.starting, &job.run).await;
        job.left.note(ended);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::{DumpFacts, Report, RestoreFacts};

    fn drill(version: &str, restored: bool) -> Report {
        let mut run = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        run.dump = Some(DumpFacts {
            server_version: Some(version.to_owned()),
            pg_dump_version: Some("17.2".to_owned()),
            ..DumpFacts::default()
        });
        run.restore = restored.then(RestoreFacts::default);
        run
    }

    fn last(runs: Vec<Report>) -> Option<Majors> {
        Majors::last(&Past {
            runs,
            ..Past::default()
        })
    }

    #[test]
    fn the_last_dump_that_was_restored_tells_what_the_next_one_needs() {
        let expected = Majors {
            server: Some(15),
            tools: Some(17),
        };
        let runs = vec![
            drill("16.1", false),
            drill("15.4 (Debian)", true),
            drill("14.1", true),
        ];
        assert_eq!(last(runs), Some(expected));
        assert_eq!(last(vec![drill("16.1", false)]), None);
        assert_eq!(last(Vec::new()), None);
    }

    #[test]
    fn a_server_of_somebody_else_waits_for_a_dump() {
        let mut plan = SandboxPlan::default();
        assert!(is_ours(&plan));
        plan.service_url = Some(crate::units::Secret::new("postgres://ci"));
        assert!(!is_ours(&plan));
        plan.provider = Provider::Local;
        assert!(is_ours(&plan));
        plan.provider = Provider::Service;
        assert!(!is_ours(&plan));
    }
}
