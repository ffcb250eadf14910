//! `pgdrill metrics`: the alerting rules and the board that go with the metrics.

use clap::{Args, ValueEnum};

use super::output;
use crate::sinks::prometheus::{ALERTS, DASHBOARD};

const HELP: &str = "\
Exit codes:
  0  printed

Examples:
  pgdrill metrics alerts > /etc/prometheus/pgdrill.yml      # name it under rule_files
  pgdrill metrics dashboard > pgdrill.json                  # import it into Grafana";

/// Prints the alerting rules or the Grafana board for pgdrill's metrics.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Metrics {
    /// What to print
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Alerting rules for Prometheus
    Alerts,
    /// A Grafana board, in the classic JSON model
    Dashboard,
}

impl Metrics {
    pub(super) fn run(self) -> u8 {
        output::print(match self.what {
            What::Alerts => ALERTS,
            What::Dashboard => DASHBOARD,
        });
        0
    }
}
