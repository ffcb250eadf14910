//! `pgdrill demo`: the main job on a shop of its own, so that a pass and a failure are seen within a minute.

mod shop;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::{Args, ValueEnum};
use tempfile::TempDir;

use super::{output, plans, signals, verify::drill};
use crate::{
    error::{OrStop, Result},
    plan::{self, Plan, Provider},
    report::Verdict,
    sinks,
    verify::{Options, Outcome, Signal},
};

const HELP: &str = "\
Exit codes:
  0    the healthy dump passed and the damaged one failed
  1    one of the two verdicts was not the right one
  3    could not look: neither Docker nor PostgreSQL can be used here
  129  interrupted by a closed terminal (SIGHUP)
  130  interrupted by Ctrl-C
  143  interrupted by SIGTERM

Example:
  pgdrill demo";

/// The plan of the demo; the same file that the repository shows.
const PLAN: &str = include_str!("../../../checks/demo.yaml");

const DISK: &str = "Free space in the temporary folder, or set TMPDIR to another one.";

/// Makes a small shop database, dumps it, drills it, then drills a damaged copy.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Demo {
    /// Where to restore
    #[arg(long, value_enum, value_name = "PROVIDER", default_value_t)]
    sandbox: Where,
    /// The Docker image
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Where {
    #[default]
    Auto,
    Docker,
    Local,
}

impl Demo {
    pub(super) async fn run(self, quiet: bool) -> u8 {
        match self.show(quiet).await {
            Ok(code) => code,
            Err(error) => {
                output::tell_error(&error);
                3
            }
        }
    }

    async fn show(&self, quiet: bool) -> Result<u8> {
        // A signal between two drills, or while a sandbox is removed, waits for the next drill: it leaves nothing behind.
        let _kept = signals::first();
        let folder = TempDir::with_prefix("pgdrill-demo-").or_stop(no_folder, DISK)?;
        say(
            "1. A small shop database is made in a throwaway PostgreSQL, and dumped with pg_dump -Fc.\n",
        );
        let dump = match shop::dump(self.provider(), self.image.as_deref()).await? {
            shop::Made::Dump(dump) => dump,
            shop::Made::Interrupted(signal) => return Ok(signal.exit_code()),
        };
        let plan = self.plan(folder.path())?;
        store(folder.path(), "shop-1.dump", &dump, 36)?;
        store(folder.path(), "shop-2.dump", &dump, 12)?;
        say(
            "2. The newest dump is restored into another one and asked what checks/demo.yaml declares.\n\n",
        );
        let healthy = drill(&plan, &Options::default(), quiet).await;
        print(&healthy);
        if let Some(signal) = healthy.interrupted {
            return Ok(signal.exit_code());
        }
        say(
            "\n3. The same dump, cut off as a broken upload cuts it: pgdrill must not pass it.\n\n",
        );
        store(folder.path(), "shop-3.dump", &dump[..dump.len() * 3 / 5], 0)?;
        let damaged = drill(&plan, &Options::default(), quiet).await;
        print(&damaged);
        Ok(conclude(&healthy, &damaged))
    }

    const fn provider(&self) -> Provider {
        match self.sandbox {
            Where::Auto => Provider::Auto,
            Where::Docker => Provider::Docker,
            Where::Local => Provider::Local,
        }
    }

    /// The repository's plan, looking at the demo's folder.
    fn plan(&self, folder: &Path) -> Result<Plan> {
        let path = folder.join("demo.yaml");
        fs::write(&path, PLAN).or_stop(no_folder, DISK)?;
        let backups = backups(folder).display().to_string();
        let environment = |name: &str| (name == "PGDRILL_DEMO_BACKUPS").then(|| backups.clone());
        let loaded = plan::read(&path, &environment, plans::today()).or_stop(
            || "the demo's plan is not valid".to_owned(),
            "Report this as a defect of pgdrill.",
        )?;
        let mut plan = loaded.plan;
        plan.sandbox.provider = self.provider();
        plan.sandbox.image.clone_from(&self.image);
        Ok(plan)
    }
}

fn backups(folder: &Path) -> PathBuf {
    folder.join("backups")
}

fn no_folder() -> String {
    "could not write into the temporary folder".to_owned()
}

/// Stores a dump that is some hours old.
fn store(folder: &Path, name: &str, dump: &[u8], hours: u64) -> Result<()> {
    let folder = backups(folder);
    fs::create_dir_all(&folder).or_stop(no_folder, DISK)?;
    let path = folder.join(name);
    fs::write(&path, dump).or_stop(no_folder, DISK)?;
    let written = SystemTime::now() - Duration::from_secs(hours * 3_600);
    fs::File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(written))
        .or_stop(no_folder, DISK)
}

fn say(text: &str) {
    output::print(text);
}

fn print(outcome: &Outcome) {
    if let Some(human) = sinks::format("human") {
        say(&(human.render)(&outcome.report, output::style()));
    }
}

/// Whether the demo showed what it should.
fn conclude(healthy: &Outcome, damaged: &Outcome) -> u8 {
    if let Some(signal) = damaged.interrupted {
        return Signal::exit_code(signal);
    }
    match (healthy.report.verdict, damaged.report.verdict) {
        (Verdict::Passed, Verdict::Failed) => {
            say(
                "\nBoth verdicts are right, and nothing was left behind. Now your own backups: see \"A first plan\" in the README.\n",
            );
            0
        }
        (Verdict::Unverified, _) | (_, Verdict::Unverified) => {
            say("\nThe demo could not look: see the hint above.\n");
            3
        }
        _ => {
            say("\nOne of the two verdicts is wrong: please report this as a defect of pgdrill.\n");
            1
        }
    }
}
