//! `pgdrill check-plan`: is the plan right, before anything runs?

use std::path::PathBuf;

use clap::Args;

use super::{output, plans};

const HELP: &str = "\
Exit codes:
  0  every plan is valid
  2  a plan is not; every mistake is shown with its file, line and column

Example:
  pgdrill check-plan checks/shop.yaml";

/// Validates plans without looking at any backup.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct CheckPlan {
    /// Plans, or folders with plans
    #[arg(value_name = "PLAN", default_value = "checks/")]
    plans: Vec<PathBuf>,
}

impl CheckPlan {
    pub(super) fn run(self) -> u8 {
        let plans = match plans::read(&self.plans) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        for plan in plans {
            let checks = &plan.checks;
            let tables: usize = checks.tables.iter().map(|block| block.checks.len()).sum();
            let count = tables + checks.database.len() + checks.sql.len();
            output::print(&format!(
                "{}: valid, {count} checks declared\n",
                plan.file.display()
            ));
        }
        0
    }
}
