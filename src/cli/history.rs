//! `pgdrill history`: the runs of the past, and where size, duration and rows are heading.

mod json;
mod page;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::{Timestamp, tz::TimeZone};

use super::{output, plans};
use crate::{
    charts::terminal::Marks,
    error::{Error, Result},
    history::{self, Past},
    plan::Plan,
    units::Age,
};
use page::View;

const HELP: &str = "\
Exit codes:
  0  shown
  2  wrong usage, an invalid plan, or a plan that keeps no history
  3  could not look

Examples:
  pgdrill history checks/shop.yaml
  pgdrill history --since 90d --format json checks/ > runs.json";

/// Shows the runs of the past and their trends: size, duration, rows, verdict.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct History {
    /// Plans, or folders with plans
    #[arg(value_name = "PLAN", default_value = "checks/")]
    plans: Vec<PathBuf>,
    /// Show at most this many runs, the newest ones; trends are of all runs
    #[arg(long, default_value_t = 20, value_name = "N")]
    most: usize,
    /// Only runs that are at most this old, such as 90d
    #[arg(long, value_name = "AGE")]
    since: Option<Age>,
    /// The format on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// Draw with plain characters; so it is anyway when the locale is not in UTF-8
    #[arg(long)]
    ascii: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Human,
    Json,
}

/// A plan keeps no history: as wrong a usage as a plan that is not there.
const USAGE: u8 = 2;
const COULD_NOT_LOOK: u8 = 3;

impl History {
    pub(super) async fn run(self) -> u8 {
        let plans = match plans::read(&self.plans) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        let now = Timestamp::now();
        let since = self.since.map(|age| before(now, age));
        let (mut code, mut read) = (0, Vec::new());
        for plan in plans {
            match past(&plan, since).await {
                Ok(Some(past)) => read.push((plan.name, past)),
                Ok(None) => {
                    output::tell_error(&keeps_none(&plan.name));
                    code = code.max(USAGE);
                }
                Err(error) => {
                    output::tell_error(&error);
                    code = code.max(COULD_NOT_LOOK);
                }
            }
        }
        self.show(&read, since, now);
        code
    }

    fn show(&self, read: &[(String, Past)], since: Option<Timestamp>, now: Timestamp) {
        let zone = TimeZone::system();
        let views: Vec<_> = read
            .iter()
            .map(|(plan, past)| View {
                plan,
                past,
                most: self.most,
                since,
                now,
                zone: &zone,
                marks: self.marks(),
                paint: output::style().paint,
            })
            .collect();
        match self.format {
            Format::Json => output::print(&json::render(&views)),
            Format::Human => {
                let pages: Vec<_> = views.iter().map(page::render).collect();
                output::print(&pages.join("\n"));
            }
        }
    }

    fn marks(&self) -> Marks {
        if self.ascii {
            return Marks::Ascii;
        }
        let names = ["LC_ALL", "LC_CTYPE", "LANG"];
        let variables = names.map(|name| std::env::var(name).ok());
        Marks::for_locale([0, 1, 2].map(|at: usize| variables[at].as_deref()))
    }
}

async fn past(plan: &Plan, since: Option<Timestamp>) -> Result<Option<Past>> {
    let Some(history) = history::History::of(plan).await? else {
        return Ok(None);
    };
    history.read(&plan.name, since).await.map(Some)
}

/// The moment that was so long ago; the beginning of time when there is none.
fn before(now: Timestamp, age: Age) -> Timestamp {
    now.checked_sub(age.0).unwrap_or(Timestamp::MIN)
}

fn keeps_none(plan: &str) -> Error {
    Error::new(
        format!("the plan \"{plan}\" keeps no history"),
        "Add `history: ./history/` or `history: s3://bucket/pgdrill/` to it; every run after that is kept there.",
    )
}
