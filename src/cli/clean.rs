//! `pgdrill clean`: removes what killed runs left behind.

use clap::Args;

use super::output;
use crate::sandbox;

const HELP: &str = "\
Exit codes:
  0  nothing is left but what was kept
  3  something could not be removed; it is named

Examples:
  pgdrill clean
  pgdrill clean --run 01JD3Q5V9H4W8K2M6N7P0R1S2T   # a kept one
  pgdrill clean --kept                             # every kept one, too";

/// Removes containers, clusters, databases and spool files of runs that are over.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Clean {
    /// Remove what was kept on purpose, too
    #[arg(long)]
    kept: bool,
    /// Remove what this run left, also when it was kept
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The server that CI provides
    #[arg(
        long,
        env = "PGDRILL_SERVICE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    service_url: Option<String>,
}

impl Clean {
    pub(super) async fn run(self) -> u8 {
        let service = super::service(self.service_url.as_deref());
        match sandbox::clean(service.as_ref(), self.kept, self.run.as_deref()).await {
            Ok(removed) if removed.is_empty() => {
                let run = self.run.as_deref();
                let of_run = run.map(|run| format!("nothing was left behind by a run \"{run}\"\n"));
                output::print(of_run.as_deref().unwrap_or("nothing was left behind\n"));
                0
            }
            Ok(removed) => {
                for line in removed {
                    output::print(&format!("{line}\n"));
                }
                0
            }
            Err(error) => {
                output::tell_error(&error);
                3
            }
        }
    }
}
