//! What a drill needs, tried before it is needed: every line says what was tried, what was seen, and how to mend it.

mod disk;
mod line;
mod machine;
mod page;
mod sandbox;
mod schedule;
mod sinks;
mod storage;
mod versions;

use std::path::Path;

pub use line::{Line, Outcome, Said, What};
pub use page::{json, render};

use crate::{
    backup::{Backup, Patience},
    plan::{LivePlan, Plan},
    units::Secret,
    words::Lang,
};

/// How long a storage may take to answer: whoever asks a doctor waits for the answer.
const PATIENCE: Patience = Patience {
    deadline: std::time::Duration::from_secs(20),
    stall: std::time::Duration::from_secs(10),
    pause: std::time::Duration::from_secs(1),
};

/// An environment variable that a plan names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether it is set.
    pub set: bool,
}

/// The newest backup, as far as the other lines need it.
#[derive(Clone, Debug, Default)]
struct Newest {
    backup: Option<Backup>,
    /// The PostgreSQL major that its dump was taken from.
    major: Option<u32>,
    tools_major: Option<u32>,
}

/// Tries everything that drills of a plan need; what fails does not keep the rest from being tried.
///
/// With a language, every sink that the plan names is sent a message that says that it is a test; otherwise it is only
/// connected to. The sandbox that is tried is called after `run`: whoever gives up waiting can have it removed.
pub async fn examine(
    run: &str,
    plan: &Plan,
    variables: &[Variable],
    send: Option<Lang>,
) -> Vec<Line> {
    let mut lines = vec![line::valid(plan)];
    lines.extend(line::variables(variables));
    let (storage, newest) = storage::examine(plan).await;
    lines.extend(storage);
    lines.extend(storage::history(plan).await);
    lines.extend(sandbox::examine(run, &plan.sandbox, &newest).await);
    lines.extend(live(plan).await);
    lines.extend(schedule::examine(plan));
    lines.extend(sinks::examine(plan, send).await);
    lines.push(machine::memory());
    lines
}

/// Tries what drills of any plan need from this machine; `run` as in [`examine`].
pub async fn examine_machine(run: &str, service: Option<Secret>) -> Vec<Line> {
    let wanted = crate::plan::SandboxPlan {
        service_url: service,
        ..crate::plan::SandboxPlan::default()
    };
    let mut lines = sandbox::examine(run, &wanted, &Newest::default()).await;
    lines.push(machine::memory());
    lines
}

/// Whether the running database that `live:` compares with answers.
async fn live(plan: &Plan) -> Option<Line> {
    let live = plan.live.as_ref()?;
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let live = LivePlan {
        dsn: live.dsn.clone(),
        ca: live.ca.as_ref().map(|ca| folder.join(ca)),
    };
    Some(match crate::checks::reach_live(&live).await {
        Ok(version) => Line::ok(
            What::Live,
            Said::new(
                format!("PostgreSQL {version} answers"),
                format!("PostgreSQL {version} が応答しました"),
            ),
        ),
        // The comparison is advisory: a drill goes on without it.
        Err(error) => Line::of_error(What::Live, Outcome::Warn, error),
    })
}
