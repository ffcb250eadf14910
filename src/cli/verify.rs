//! `pgdrill verify`: the drill.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    answer::{self, Answer, worse},
    output, signals,
    watch::Watch,
};
use crate::{
    checks,
    plan::{Collation, Engine, Plan, Provider, Select},
    progress::Progress,
    report::{Report, Verdict},
    sandbox::Kept,
    verify::{self, Options, Outcome, Signal, Tier},
};

const HELP: &str = "\
Exit codes:
  0    passed: proven to restore (warnings allowed, unless --fail-on warning); with --dry-run, which proves nothing, that
       nothing critical shows
  1    failed: a critical finding about the backup; do not rely on it
  2    wrong usage or an invalid plan; nothing was looked at
  3    unverified: could not look, or nothing was proven; retry is sensible
  129  interrupted by a closed terminal (SIGHUP); the sandbox is gone
  130  interrupted by Ctrl-C; the sandbox is gone
  143  interrupted by SIGTERM; the sandbox is gone

Examples:
  pgdrill verify checks/shop.yaml
  pgdrill verify --sandbox local --output json=report.json checks/
  pgdrill verify --select newest-good checks/shop.yaml
  pgdrill verify --backup db-backups/shop-2026-11-01.dump --keep checks/shop.yaml";

/// Restores the newest backup into a throwaway PostgreSQL and checks it.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and any may go with any"
)]
pub(super) struct Verify {
    /// Plans, or folders with plans; several run one after another, and the worst decides
    #[arg(value_name = "PLAN", default_value = "checks/")]
    plans: Vec<PathBuf>,
    /// Look at this backup; the run does not answer for the plan
    #[arg(long, value_name = "KEY")]
    backup: Option<String>,
    /// Which backup to look at; where the plan chooses another, the run does not answer for the plan
    #[arg(long, value_enum, value_name = "WHICH", conflicts_with = "backup")]
    select: Option<Which>,
    /// Where to restore
    #[arg(long, value_enum, value_name = "PROVIDER")]
    sandbox: Option<Where>,
    /// The server that CI provides; pgdrill makes a database of its own in it and drops only that
    #[arg(
        long,
        env = "PGDRILL_SERVICE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    service_url: Option<String>,
    /// The Docker image
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// How many connections load at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// What loads an archive; `auto` takes the fastest for the dump and the machine
    #[arg(long, value_enum, value_name = "ENGINE")]
    engine: Option<Loads>,
    /// How text sorts: as in the dump, or by its bytes, which is faster and proves no order of text
    #[arg(long, value_enum, value_name = "COLLATION")]
    collation: Option<Sorts>,
    /// Leave the restored database up, and say how to get into it and how to remove it
    #[arg(long)]
    keep: bool,
    /// Restore even what an earlier run proved of the same dump, plan and image
    #[arg(long)]
    reprove: bool,
    /// Restore and ask, but compare nothing with the dump: to measure what comparing costs
    #[arg(long, hide = true)]
    uncompared: bool,
    /// Find and judge the backup, but restore nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    answer: Answer,
    /// How much is restored; `schema` reads the table of contents alone, proves no row and tells nobody
    #[arg(long, value_enum, value_name = "TIER")]
    tier: Option<Much>,
    /// Only ask these checks: an id, a table, a name or a tag; repeatable; the run does not answer for the plan
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
    /// Tell nobody whom the plan names: no message, no metrics
    #[arg(long)]
    no_notify: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    Newest,
    NewestGood,
    Oldest,
    Random,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Where {
    Auto,
    Docker,
    Local,
    Service,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Loads {
    Auto,
    PgRestore,
    Stream,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sorts {
    Dump,
    #[value(name = "C", alias = "c")]
    C,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Much {
    Schema,
    Full,
}

impl Verify {
    pub(super) async fn run(self, quiet: bool) -> u8 {
        let mut plans = match answer::runnable(&self.plans) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        for plan in &mut plans {
            self.apply(plan);
        }
        let checks: Vec<_> = plans.iter().map(|plan| &plan.checks).collect();
        if let Some(error) = checks::misspelt(&checks, &self.only) {
            output::tell_error(&error);
            return 2;
        }
        if let Err(code) = self.answer.prepare(&plans) {
            return code;
        }
        let (reports, code) = self.drill(&plans, quiet).await;
        self.answer.finish(&reports, code)
    }

    /// Flags outrank the plan. Which backup is looked at is kept apart: a choice for one run does not answer for the plan.
    fn apply(&self, plan: &mut Plan) {
        if let Some(place) = self.sandbox {
            plan.sandbox.provider = match place {
                Where::Auto => Provider::Auto,
                Where::Docker => Provider::Docker,
                Where::Local => Provider::Local,
                Where::Service => Provider::Service,
            };
        }
        if self.image.is_some() {
            plan.sandbox.image.clone_from(&self.image);
        }
        if let Some(url) = super::service(self.service_url.as_deref()) {
            plan.sandbox.service_url = Some(url);
        }
        if let Some(jobs) = self.jobs {
            plan.restore.jobs = Some(jobs);
        }
        if let Some(engine) = self.engine {
            plan.restore.engine = match engine {
                Loads::Auto => Engine::Auto,
                Loads::PgRestore => Engine::PgRestore,
                Loads::Stream => Engine::Stream,
            };
        }
        if let Some(collation) = self.collation {
            plan.collate(match collation {
                Sorts::Dump => Collation::Dump,
                Sorts::C => Collation::C,
            });
        }
    }

    /// Runs plan after plan; returns the reports and the worst exit code.
    async fn drill(&self, plans: &[Plan], quiet: bool) -> (Vec<Report>, u8) {
        let options = Options {
            backup: self.backup.clone(),
            select: self.select.map(|which| match which {
                Which::Newest => Select::Newest,
                Which::NewestGood => Select::NewestGood,
                Which::Oldest => Select::Oldest,
                Which::Random => Select::Random,
            }),
            keep: self.keep,
            dry_run: self.dry_run,
            only: self.only.clone(),
            reprove: self.reprove,
            uncompared: self.uncompared,
            no_notify: self.no_notify,
            tier: match self.tier {
                Some(Much::Schema) => Tier::Schema,
                Some(Much::Full) | None => Tier::Full,
            },
            lang: output::lang(),
        };
        let mut reports = Vec::new();
        let mut code = 0;
        for plan in plans {
            let outcome = drill(plan, &options, quiet).await;
            self.answer.show(&outcome.report);
            tell_kept(outcome.kept.as_ref());
            code = worse(code, self.exit_code(&outcome));
            let interrupted = outcome.interrupted.is_some();
            reports.push(outcome.report);
            if interrupted {
                break;
            }
        }
        (reports, code)
    }

    fn exit_code(&self, outcome: &Outcome) -> u8 {
        let report = &outcome.report;
        if self.dry_run && report.verdict == Verdict::Unverified && !stopped(report) {
            return self.answer.lifted(report, 0);
        }
        match (report.verdict, outcome.interrupted) {
            (Verdict::Unverified, Some(signal)) => Signal::exit_code(signal),
            (verdict, _) => self.answer.lifted(report, verdict.exit_code()),
        }
    }
}

/// Whether something kept us from looking.
fn stopped(report: &Report) -> bool {
    report
        .findings
        .iter()
        .any(|finding| finding.code.stops_the_run())
}

/// Runs one plan while a person may watch and interrupt.
pub(super) async fn drill(plan: &Plan, options: &Options, quiet: bool) -> Outcome {
    let progress = Progress::default();
    let _watch = Watch::start(&progress, quiet);
    verify::verify(plan, options, &progress, signals::first()).await
}

fn tell_kept(kept: Option<&Kept>) {
    if let Some(kept) = kept {
        output::tell(&format!(
            "the restored database is up\n  look at it:  {}\n  remove it:   {}\n",
            kept.psql, kept.remove
        ));
    }
}
