//! `pgdrill init`: a plan for somebody's backups, with checks from what a restored dump looks like.

mod answers;
mod ask;
mod files;
mod learn;
mod look;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{output, plans};
use crate::{
    error::{Error, OrStop as _},
    plan::{self, Plan},
};
use answers::Answers;

const HELP: &str = "\
Exit codes:
  0    written
  1    --from-dump: the dump does not restore; nothing was written
  2    wrong usage, a missing flag, or a file that is there already; nothing was written
  3    could not look; nothing was written (--offline does not look)
  129  interrupted by a closed terminal (SIGHUP); nothing was written
  130  interrupted by Ctrl-C; nothing was written
  143  interrupted by SIGTERM; nothing was written

Examples:
  pgdrill init                                   # asks, on a terminal
  pgdrill init --url s3://my-backups/db/ --from-dump
  pgdrill init --url ./backups --name shop --no-workflow --offline";

/// Writes a plan for your backups, and the workflow of the monthly restore test. Overwrites nothing.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Init {
    /// Where the backups are: `s3://bucket/prefix/` or a folder
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The S3 endpoint, where it is not Amazon's: R2, MinIO, Garage
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A glob on the backups' names; by default whatever is a dump by name
    #[arg(long = "match", value_name = "GLOB")]
    pattern: Option<String>,
    /// The plan's name, in reports and metrics; by default the last part of the URL that is no word for backups, without
    /// `-backups` at its end, or else `database`
    #[arg(long)]
    name: Option<String>,
    /// Where to restore
    #[arg(long, value_enum, value_name = "PROVIDER", default_value_t)]
    provider: Where,
    /// When to drill, as cron writes it, in UTC
    #[arg(long, value_name = "CRON", default_value = "0 0 1 * *", value_parser = cron)]
    schedule: String,
    /// Where runs are kept: a folder, relative to the plan, or `s3://bucket/prefix/`
    #[arg(long, value_name = "URL")]
    history: Option<String>,
    /// The plan to write; by default checks/NAME.yaml
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write .github/workflows/backup-verify.yml, which is the default
    #[arg(long, overrides_with = "no_workflow")]
    workflow: bool,
    /// Write no workflow
    #[arg(long)]
    no_workflow: bool,
    /// Restore a dump in a sandbox, and write checks from what the data look like: the newest one, or that with this key,
    /// or this file
    #[arg(long, value_name = "KEY|FILE", num_args = 0..=1, default_missing_value = "")]
    from_dump: Option<String>,
    /// Do not look at the storage
    #[arg(long, conflicts_with = "from_dump")]
    offline: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Where {
    #[default]
    Auto,
    Docker,
    Local,
    Service,
}

impl Where {
    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Docker => "docker",
            Self::Local => "local",
            Self::Service => "service",
        }
    }
}

fn cron(text: &str) -> Result<String, String> {
    match plan::wrong_cron(text) {
        Some((wrong, help)) => Err(format!("{wrong}: {help}")),
        None => Ok(text.to_owned()),
    }
}

impl Init {
    pub(super) async fn run(self, quiet: bool) -> u8 {
        match self.make(quiet).await {
            Ok(()) => 0,
            Err(code) => code,
        }
    }

    /// `Err` holds the exit code; the cause was told.
    async fn make(self, quiet: bool) -> Result<(), u8> {
        let answers = Answers::of(self)?;
        files::must_be_new(&answers).map_err(|error| told(&error, 2))?;
        // A wrong cron line or URL is noticed before anything is looked at.
        let plan = parsed(&answers, &text::plan(&answers, None))?;
        if !answers.offline {
            look::show(&plan).await.map_err(|error| told(&error, 3))?;
        }
        let checks = match &answers.from_dump {
            Some(dump) => Some(learn::checks(&answers, &plan, dump, quiet).await?),
            None => None,
        };
        let text = text::plan(&answers, checks.as_deref());
        parsed(&answers, &text)?;
        files::write(&answers, &text).map_err(|error| told(&error, 2))?;
        output::print(&text::next(&answers, output::lang()));
        Ok(())
    }
}

fn told(error: &Error, code: u8) -> u8 {
    output::tell_error(error);
    code
}

/// The plan, looking at the place that was typed: the folder that it is going to be in may not be there yet.
fn parsed(answers: &Answers, text: &str) -> Result<Plan, u8> {
    let loaded = read(text).map_err(|error| told(&error, 3))?;
    let loaded = loaded.map_err(|mistakes| plans::refuse(&mistakes))?;
    let mut plan = loaded.plan;
    plan.file.clone_from(&answers.output);
    if let Some(backup) = plan
        .backup
        .as_mut()
        .filter(|_| answers.url != answers.typed)
    {
        backup.url.clone_from(&answers.typed);
        plan.file = PathBuf::from(answers.output.file_name().unwrap_or_default());
    }
    Ok(plan)
}

fn read(text: &str) -> crate::error::Result<Result<plan::Loaded, plan::Mistakes>> {
    let doing = || "could not write into the temporary folder".to_owned();
    let hint = "Free space in the temporary folder, or set TMPDIR to another one.";
    let folder = tempfile::tempdir().or_stop(doing, hint)?;
    let file = folder.path().join("plan.yaml");
    std::fs::write(&file, text).or_stop(doing, hint)?;
    Ok(plan::read(&file, &plans::environment, plans::today()))
}
