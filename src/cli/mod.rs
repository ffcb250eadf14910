//! The command line: what can be typed, one small file a command.

mod answer;
mod check_plan;
mod clean;
mod completions;
mod demo;
mod doctor;
mod explain;
mod github;
mod health;
mod history;
mod init;
mod inspect;
mod list;
mod logs;
mod man;
mod manifest;
mod metrics;
mod output;
mod plans;
mod report;
mod review;
mod schema;
mod serve;
mod signals;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{units::Secret, words::Lang};

/// Exit codes, the same for every command and every format.
const EXIT_CODES: &str = "\
Exit codes:
  0    passed: proven to restore (warnings allowed, unless --fail-on warning)
  1    failed: a critical finding about the backup; do not rely on it
  2    wrong usage or an invalid plan; nothing was looked at
  3    unverified: could not look, or nothing was proven; retry is sensible
  129  interrupted by a closed terminal (SIGHUP); the sandbox is gone
  130  interrupted by Ctrl-C; the sandbox is gone
  143  interrupted by SIGTERM; the sandbox is gone";

/// Proves that PostgreSQL backups restore.
#[derive(Debug, Parser)]
#[command(name = "pgdrill", version, about, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    logs: Logs,
}

/// What is logged, on standard error.
#[derive(Clone, Debug, Args)]
struct Logs {
    /// Say more; twice: everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Say nothing but the result
    #[arg(short, long, global = true)]
    quiet: bool,
    /// How logs are written
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
    /// The language for people; otherwise that of `PGDRILL_LANG`, then of the locale [possible values: en, ja]
    #[arg(long, global = true, value_name = "LANG", value_parser = lang)]
    lang: Option<Lang>,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines, one JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Restore the newest backup into a throwaway PostgreSQL and check it
    Verify(Box<verify::Verify>),
    /// Write a plan for your backups, and the workflow of the monthly restore test
    Init(Box<init::Init>),
    /// Answer over HTTP how the backups stand, and drill them on their schedules
    Serve(serve::Serve),
    /// Take a dump and, beside it, what the database held in the same snapshot
    Manifest(manifest::TakeManifest),
    /// Judge age, size, storage and cost of the backups without restoring any
    Health(health::Health),
    /// Show the backups: age, size, change, and what was rejected and why
    List(list::List),
    /// Show what a dump holds, from its own table of contents: format, versions, tables, extensions, roles
    Inspect(inspect::Inspect),
    /// Show the runs of the past and their trends: size, duration, rows, verdict
    History(history::History),
    /// Write the monthly review, with the figures for the questions of the quarter
    Review(review::Review),
    /// Write a stored report again: as HTML, `JUnit`, Markdown and others
    Report(report::Render),
    /// Validate plans without looking at any backup; shows all mistakes at once
    CheckPlan(check_plan::CheckPlan),
    /// Print the JSON Schema (draft-07) of a plan, for editor completion
    Schema(schema::Schema),
    /// Print the alerting rules or the Grafana board for pgdrill's metrics
    Metrics(metrics::Metrics),
    /// Remove what killed runs left behind: containers, clusters, databases, spool files
    Clean(clean::Clean),
    /// Make a small shop database, dump it, drill it, then drill a damaged copy
    Demo(demo::Demo),
    /// Try what a drill needs, and say how to mend what is broken
    Doctor(doctor::Doctor),
    /// Explain what a finding means and what to do, or what a check asks
    Explain(explain::Explain),
    /// Print the completions for a shell
    Completions(completions::Completions),
    /// Print the manual, or write a page for each command
    Man(man::Man),
}

/// The URL of a server that may be used, where one is given: CI sets the variable to nothing where there is none.
fn service(url: Option<&str>) -> Option<Secret> {
    url.filter(|url| !url.is_empty()).map(Secret::new)
}

/// The language with this name. A word that is none is wrong usage, where a foreign locale is not.
fn lang(name: &str) -> Result<Lang, String> {
    let known = Lang::ALL.iter().find(|lang| lang.name() == name);
    known.copied().ok_or_else(|| {
        let names = Lang::ALL.map(Lang::name);
        format!("known are {}", names.join(", "))
    })
}

/// Runs what was typed.
pub async fn run(cli: Cli) -> ExitCode {
    logs::start(&cli.logs);
    output::speak(cli.logs.lang);
    let quiet = cli.logs.quiet;
    let code = match cli.command {
        Command::Verify(command) => command.run(quiet).await,
        Command::Init(command) => command.run(quiet).await,
        Command::Serve(command) => command.run().await,
        Command::Manifest(command) => command.run().await,
        Command::Health(command) => Box::pin(command.run(quiet)).await,
        Command::List(command) => command.run().await,
        Command::Inspect(command) => command.run().await,
        Command::History(command) => command.run().await,
        Command::Review(command) => command.run().await,
        Command::Report(command) => command.run(),
        Command::CheckPlan(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Metrics(command) => command.run(),
        Command::Clean(command) => command.run().await,
        Command::Demo(command) => command.run(quiet).await,
        Command::Doctor(command) => Box::pin(command.run()).await,
        Command::Explain(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    ExitCode::from(output::ended(code))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_ends_its_help_with_exit_codes_and_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(help.contains("Exit codes:"), "{}", command.get_name());
            assert!(help.contains("Example"), "{}", command.get_name());
        }
    }
}
