//! `pgdrill doctor`: tries what a drill needs, and says how to mend what is broken.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};
use ulid::Ulid;

use super::{output, plans, signals};
use crate::{
    doctor::{self, Line, Outcome, Variable},
    plan::{self, Mistakes, Plan},
    sandbox,
    sinks::Paint,
    units::Secret,
};

const HELP: &str = "\
Exit codes:
  0  a drill would work; warnings are allowed
  2  wrong usage or an invalid plan; the machine was looked at all the same
  3  something that a drill needs is broken; its line says how to mend it
  130, 143  interrupted; what it tried is gone

Examples:
  pgdrill doctor                       # this machine alone
  pgdrill doctor checks/shop.yaml      # and everything that the plan needs
  pgdrill doctor --send-test checks/shop.yaml
  pgdrill doctor --format json checks/shop.yaml";

/// The variable that gives a service; the plan's reader always asks for it.
const SERVICE: &str = "PGDRILL_SERVICE_URL";

/// Tries what a drill needs: storage, Docker, PostgreSQL, disk, clock.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Doctor {
    /// The plan; without one, only this machine is looked at
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// The format on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Send everyone whom the plan names, but the heartbeat, a message that says that it is a test
    #[arg(long, requires = "plan")]
    send_test: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// For machines.
    Json,
}

/// How long a sandbox that was started may hold up the answer to a signal.
const PATIENCE: Duration = Duration::from_secs(15);

impl Doctor {
    pub(super) async fn run(self) -> u8 {
        let run = Ulid::generate().to_string();
        let mut looking = Box::pin(self.look(&run));
        let (lines, invalid) = tokio::select! {
            biased;
            signal = signals::first() => {
                give_up(looking, &run).await;
                return signal.exit_code();
            }
            looked = &mut looking => looked,
        };
        let name = self.plan.as_ref().map(|file| file.display().to_string());
        output::print(&match self.format {
            Format::Human => doctor::render(&lines, output::lang()),
            Format::Json => doctor::json(name.as_deref(), &lines),
        });
        let broken = lines.iter().any(|line| line.outcome == Outcome::Fail);
        match (invalid, broken) {
            (true, _) => 2,
            (false, true) => 3,
            (false, false) => 0,
        }
    }
}

impl Doctor {
    /// What was tried, and whether the plan is invalid.
    async fn look(&self, run: &str) -> (Vec<Line>, bool) {
        let Some(file) = &self.plan else {
            return (doctor::examine_machine(run, service()).await, false);
        };
        match read(file) {
            Ok((plan, variables)) => {
                let send = self.send_test.then(output::lang);
                let lines = doctor::examine(run, &plan, &variables, send).await;
                (lines, false)
            }
            Err(mistakes) => (instead(run, file, &mistakes).await, true),
        }
    }
}

/// The sandbox that is tried removes itself when it was asked; one that does not get there is removed.
async fn give_up(looking: impl Future, run: &str) {
    if tokio::time::timeout(PATIENCE, looking).await.is_ok() {
        return;
    }
    if let Err(error) = sandbox::clean(service().as_ref(), true, Some(run)).await {
        output::tell_error(&error);
    }
}

fn service() -> Option<Secret> {
    let url = std::env::var(SERVICE).ok().filter(|url| !url.is_empty());
    url.map(Secret::new)
}

/// Reads the plan, and notes which variables it asks for.
fn read(file: &Path) -> Result<(Plan, Vec<Variable>), Mistakes> {
    let asked = RefCell::new(BTreeSet::new());
    let environment = |name: &str| {
        let value = std::env::var(name).ok();
        if name != SERVICE {
            asked.borrow_mut().insert(Variable {
                name: name.to_owned(),
                set: value.is_some(),
            });
        }
        value
    };
    let loaded = plan::read(file, &environment, plans::today())?;
    Ok((loaded.plan, asked.into_inner().into_iter().collect()))
}

/// The mistakes are shown; the machine is looked at all the same.
async fn instead(run: &str, file: &Path, mistakes: &Mistakes) -> Vec<Line> {
    let colour = output::paint(std::io::stderr().is_terminal()) == Paint::Colour;
    output::tell(&format!("{}\n", mistakes.render(colour).trim_end()));
    let count = mistakes.iter().count();
    let mut lines = vec![Line::invalid_plan(&file.display().to_string(), count)];
    lines.extend(doctor::examine_machine(run, service()).await);
    lines
}
