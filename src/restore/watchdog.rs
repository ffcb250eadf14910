//! A restore that does not move is ended: a cut tar archive makes `pg_restore` read nothing for ever.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::timeout;
use tokio_postgres::Client;

use crate::{
    error::{Broken, Error},
    finding::{Code, Finding},
    plan::{Provider, RestorePlan},
    sandbox::Sandbox,
    units::Age,
};

/// How often it is looked at most, and at least.
const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(15);

/// How long a busy server may take to say what it does.
const ANSWER: Duration = Duration::from_secs(15);

/// What the server is doing for the restore: how much it wrote, how many rows of a COPY it took, and how many commands
/// are at work rather than waiting for a lock, a client, or the clock.
const SERVER: &str = "\
    select case when $1 then pg_current_wal_insert_lsn()::text else '' end, \
      (select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() \
         and state = 'active' and coalesce(wait_event_type, '') not in ('Client', 'Lock', 'Timeout') \
         and ($1 or datname = current_database()))";
/// The same, from PostgreSQL 14 on.
const COPIED: &str = "select coalesce(sum(tuples_processed), 0)::bigint from pg_stat_progress_copy";

/// Who the restore waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// For the backup's bytes.
    Storage,
    /// For a tool of ours to write to the spool.
    Spool,
    /// For `pg_restore` or `psql`.
    Tool,
}

/// What a restore tells while it runs.
#[derive(Debug)]
struct Pulse {
    fed: AtomicU64,
    waits: Mutex<Waits>,
}

impl Pulse {
    fn waits(&self, change: impl FnOnce(Waits) -> Waits) -> Waits {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        *waits = change(*waits);
        *waits
    }
}

tokio::task_local! {
    static PULSE: Pulse;
}

/// Bytes that a tool took.
pub(super) fn fed(bytes: u64) {
    let _ = PULSE.try_with(|pulse| pulse.fed.fetch_add(bytes, Ordering::Relaxed));
}

/// The next bytes of the backup are waited for, or are no longer.
pub(super) fn wants_bytes(wants: bool) {
    let _ = PULSE.try_with(|pulse| {
        pulse.waits(|waits| match (wants, waits) {
            (_, Waits::Spool) => Waits::Spool,
            (true, _) => Waits::Storage,
            (false, _) => Waits::Tool,
        })
    });
}

/// The disk of the sandbox is written to, or is no longer.
pub(super) fn spools(now: bool) {
    let waits = if now { Waits::Spool } else { Waits::Tool };
    let _ = PULSE.try_with(|pulse| pulse.waits(|_| waits));
}

/// Runs a restore, and ends it when it does not move for `restore.stall`, or takes longer than `restore.wall`.
///
/// # Errors
/// The restore's own; `restore.stalled` when the tools do not move although they have what they need; an error of the
/// run when the storage or the disk does not, and when it takes too long, for a slow machine says nothing about a dump.
pub async fn guarded<T>(
    sandbox: &Sandbox,
    plan: &RestorePlan,
    work: impl Future<Output = Result<T, Broken>>,
) -> Result<T, Broken> {
    let pulse = Pulse {
        fed: AtomicU64::new(0),
        waits: Mutex::new(Waits::Tool),
    };
    PULSE
        .scope(pulse, async {
            tokio::select! {
                done = work => done,
                broken = watch(sandbox, plan) => Err(broken),
                broken = wall(plan) => Err(broken),
            }
        })
        .await
}

/// Everything that moves when a restore does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signs {
    fed: u64,
    wrote: String,
    copied: i64,
}

/// What came of a look at the server.
enum Look {
    /// Its part of the signs, and whether a command is at work.
    Seen(Signs, bool),
    /// It refuses, which the restore itself notices.
    Refused,
    /// No answer came in time.
    Late,
}

/// What was seen so far.
struct Seen {
    signs: Signs,
    moved: Instant,
    answered: bool,
}

impl Seen {
    fn new() -> Self {
        Self {
            signs: Signs::default(),
            moved: Instant::now(),
            answered: true,
        }
    }

    /// Takes in a look and how much the tools were fed; returns for how long nothing was seen to move.
    fn still(&mut self, look: Look, fed: u64) -> Duration {
        let answers = !matches!(look, Look::Late);
        let (mut signs, busy) = match look {
            Look::Seen(signs, busy) => (signs, busy),
            Look::Refused => (self.signs.clone(), true),
            Look::Late => (self.signs.clone(), false),
        };
        signs.fed = fed;
        // While a server was silent nobody knows what it did, so that time is not held against a tool.
        let back = answers && !self.answered;
        if busy || back || signs != self.signs {
            self.moved = Instant::now();
        }
        self.signs = signs;
        self.answered = answers;
        self.moved.elapsed()
    }
}

async fn watch(sandbox: &Sandbox, plan: &RestorePlan) -> Broken {
    let every = (plan.stall.0 / 8).clamp(OFTEN, SELDOM);
    let mut server = Server::default();
    let mut seen = Seen::new();
    loop {
        tokio::time::sleep(every).await;
        let look = timeout(ANSWER, server.look(sandbox)).await;
        let look = look.unwrap_or(Look::Late);
        let (waits, fed) = PULSE
            .try_with(|pulse| {
                (
                    pulse.waits(|waits| waits),
                    pulse.fed.load(Ordering::Relaxed),
                )
            })
            .unwrap_or((Waits::Tool, 0));
        if seen.still(look, fed) < plan.stall.0 {
            continue;
        }
        return if seen.answered {
            stalled(waits, fed, plan.stall, sandbox.provider())
        } else {
            silent(fed, plan.stall)
        };
    }
}

/// Waits for as long as the plan gives a restore, whatever the server does.
async fn wall(plan: &RestorePlan) -> Broken {
    match plan.wall {
        Some(wall) => tokio::time::sleep(wall.0).await,
        None => std::future::pending().await,
    }
    too_long(plan)
}

/// A connection to look through, opened again when it is lost.
#[derive(Default)]
struct Server(Option<Client>);

impl Server {
    async fn look(&mut self, sandbox: &Sandbox) -> Look {
        match self.seen(sandbox).await {
            Some((signs, busy)) => Look::Seen(signs, busy),
            None => Look::Refused,
        }
    }

    async fn seen(&mut self, sandbox: &Sandbox) -> Option<(Signs, bool)> {
        if self.0.as_ref().is_none_or(Client::is_closed) {
            self.0 = sandbox.superuser(sandbox.database()).await.ok();
        }
        let client = self.0.as_ref()?;
        let ours = sandbox.provider() != Provider::Service;
        let row = client.query_one(SERVER, &[&ours]).await.ok()?;
        let copied = client.query_one(COPIED, &[]).await;
        let signs = Signs {
            fed: 0,
            wrote: row.get(0),
            copied: copied.map_or(0, |row| row.get(0)),
        };
        Some((signs, row.get::<_, i64>(1) > 0))
    }
}

fn stopped(fed: u64, stall: Age, doing: &str, hint: &str) -> Broken {
    let cause = format!("Nothing moved for {stall} (`restore.stall`), after {fed} bytes.");
    Error::new(doing, hint).because(cause).into()
}

/// A server that says nothing may be frozen, or its network: the dump has no part in it.
fn silent(fed: u64, stall: Age) -> Broken {
    stopped(
        fed,
        stall,
        "the sandbox's server stopped answering",
        "Check that it runs and can be reached, then run again.",
    )
}

fn stalled(waits: Waits, fed: u64, stall: Age, provider: Provider) -> Broken {
    let error = |doing, hint| stopped(fed, stall, doing, hint);
    match waits {
        // What the tool sends crosses a network, which may hold it back while we are let through.
        Waits::Tool if provider == Provider::Service => error(
            "the restore stopped moving",
            "Check the network between this machine and the service, then run again.",
        ),
        Waits::Storage => error(
            "the backup's bytes stopped coming",
            "Check the storage and the network, then run again.",
        ),
        Waits::Spool => error(
            "could not spool the dump",
            "Check the disk of the sandbox, then run again.",
        ),
        Waits::Tool => Finding::new(Code::RestoreStalled, "the restore stopped moving")
            .detail(format!(
                "For {stall} (`restore.stall`) the client program took none of the dump's bytes that were there for it, \
                 and the server had no command at work; {fed} bytes had been taken."
            ))
            .into(),
    }
}

fn too_long(plan: &RestorePlan) -> Broken {
    let wall = plan.wall.unwrap_or_default();
    Error::new(
        format!("the restore did not finish within {wall}"),
        "Raise `restore.wall` in the plan, or restore with more jobs.",
    )
    .because("It was still moving, so nothing is known about the backup.")
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(seconds: u64) -> Instant {
        Instant::now()
            .checked_sub(Duration::from_secs(seconds))
            .unwrap()
    }

    #[test]
    fn time_in_which_the_server_was_silent_is_not_held_against_the_backup() {
        let minute = Duration::from_mins(1);
        let mut seen = Seen::new();
        seen.moved = ago(90);
        assert!(seen.still(Look::Late, 0) > minute && !seen.answered);
        assert!(seen.still(Look::Seen(Signs::default(), false), 0) < minute && seen.answered);
        seen.moved = ago(90);
        assert!(seen.still(Look::Seen(Signs::default(), false), 0) > minute);
        assert!(matches!(silent(7, Age::from_secs(60)), Broken::Run(_)));
    }

    #[test]
    fn a_restore_that_takes_bytes_moves_whatever_its_server_says() {
        let minute = Duration::from_mins(1);
        let mut seen = Seen::new();
        for (look, fed) in [(Look::Late, 1), (Look::Refused, 1)] {
            seen.moved = ago(90);
            assert!(seen.still(look, fed) < minute);
        }
    }

    #[test]
    fn only_a_tool_that_has_what_it_needs_says_something_about_the_backup() {
        let minute = Age::from_secs(60);
        for waits in [Waits::Storage, Waits::Spool] {
            assert!(matches!(
                stalled(waits, 7, minute, Provider::Local),
                Broken::Run(_)
            ));
        }
        let over_a_network = stalled(Waits::Tool, 7, minute, Provider::Service);
        assert!(matches!(over_a_network, Broken::Run(_)));
        let Broken::Backup(finding) = stalled(Waits::Tool, 7, minute, Provider::Local) else {
            panic!("an error of the run")
        };
        assert_eq!(finding.code, Code::RestoreStalled);
        assert!(finding.detail.unwrap().contains("7 bytes"));
    }
}
