//! `pgdrill health`: what shows from outside, without a restore.

use std::path::PathBuf;

use clap::Args;

use super::{
    answer::{self, Answer, worse},
    output, signals,
    watch::Watch,
};
use crate::{
    plan::Plan,
    progress::Progress,
    report::Report,
    verify::{self, Memory},
};

const HELP: &str = "\
Exit codes:
  0    healthy: nothing critical shows from outside; nothing was restored (warnings allowed, unless --fail-on warning)
  1    failed: a critical finding about the backups; do not rely on them
  2    wrong usage or an invalid plan; nothing was looked at
  3    unverified: could not look; retry is sensible
  129  interrupted by a closed terminal (SIGHUP)
  130  interrupted by Ctrl-C
  143  interrupted by SIGTERM

Examples:
  pgdrill health checks/shop.yaml
  pgdrill health --fail-on warning --output json=health.json checks/";

/// Judges age, size, storage and cost of the backups without restoring any.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Health {
    /// Plans, or folders with plans; several are judged one after another, and the worst decides
    #[arg(value_name = "PLAN", default_value = "checks/")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    answer: Answer,
    /// Tell nobody whom the plan names: no message, no metrics
    #[arg(long)]
    no_notify: bool,
}

impl Health {
    pub(super) async fn run(self, quiet: bool) -> u8 {
        let plans = match answer::runnable(&self.plans) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        if let Err(code) = self.answer.prepare(&plans) {
            return code;
        }
        let mut reports = Vec::new();
        let mut code = 0;
        for plan in &plans {
            let report = tokio::select! {
                biased;
                // Nothing was made that would have to be cleaned up.
                signal = signals::first() => {
                    return self.answer.finish(&reports, worse(code, signal.exit_code()));
                }
                report = self.look(plan, quiet) => report,
            };
            self.answer.show(&report);
            code = worse(
                code,
                self.answer.lifted(&report, report.verdict.exit_code()),
            );
            reports.push(report);
        }
        self.answer.finish(&reports, code)
    }

    /// Judges one plan while a person may watch, tells of it, and keeps the run.
    async fn look(&self, plan: &Plan, quiet: bool) -> Report {
        let progress = Progress::default();
        progress.stage("list");
        let watch = Watch::start(&progress, quiet);
        let memory = Memory::of(plan).await;
        let mut report = verify::health(plan, &memory).await;
        drop(watch);
        if !self.no_notify {
            verify::tell(&mut report, plan, &memory, output::lang()).await;
        }
        memory.keep(&mut report).await;
        report
    }
}
