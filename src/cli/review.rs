//! `pgdrill review`: the monthly review, and the figures for the questions of the quarter.

use std::{io, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{output, plans};
use crate::{
    error::{Error, Result},
    history::History,
    pages::{Chapter, review_html, review_markdown},
    plan::Plan,
    review::{self, Month},
};

const HELP: &str = "\
Exit codes:
  0  the review is written
  2  wrong usage, an invalid plan, a plan that keeps no history, or a month that has not begun
  3  a history could not be read; the review says so

Examples:
  pgdrill review --month 2026-11
  pgdrill review checks/shop.yaml --output html=review.html --output markdown=review.md";

/// Writes the monthly review from what the histories keep.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Review {
    /// Plans, or folders with plans
    #[arg(value_name = "PLAN", default_value = "checks/")]
    plans: Vec<PathBuf>,
    /// The month, in UTC [default: the last whole one]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it into a file rather than print it; may be given several times
    #[arg(long, value_name = "FORMAT=PATH")]
    output: Vec<Output>,
}

/// How a review is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For an issue or a wiki
    #[default]
    Markdown,
    /// One file that needs nothing else
    Html,
}

impl Format {
    fn render(self, month: Month, chapters: &[Chapter], now: Timestamp) -> String {
        let month = month.to_string();
        match self {
            Self::Markdown => review_markdown(&month, chapters, now),
            Self::Html => review_html(&month, chapters, now),
        }
    }
}

/// A format and the file to write it to.
#[derive(Clone, Debug)]
struct Output {
    format: Format,
    path: PathBuf,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || "write FORMAT=PATH, such as html=review.html".to_owned();
        let (format, path) = text.split_once('=').ok_or_else(wrong)?;
        if path.is_empty() {
            return Err(wrong());
        }
        let format = Format::from_str(format, false)
            .map_err(|_| "unknown format; known are markdown, html".to_owned())?;
        Ok(Self {
            format,
            path: path.into(),
        })
    }
}

/// Wrong usage: nothing was looked at.
const USAGE: u8 = 2;
/// Could not look.
const UNVERIFIED: u8 = 3;

impl Review {
    pub(super) async fn run(self) -> u8 {
        let now = Timestamp::now();
        let month = self.month.unwrap_or_else(|| Month::of(now).later(-1));
        if month.begins() > now {
            output::tell_error(&not_begun(month));
            return USAGE;
        }
        let plans = match plans::read(&self.plans) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        if let Some(plan) = plans.iter().find(|plan| plan.history.is_none()) {
            output::tell_error(&no_history(plan));
            return USAGE;
        }
        let (chapters, code) = chapters(&plans, month, now).await;
        match self.write(month, &chapters, now) {
            Ok(()) => code,
            Err(error) => {
                output::tell_error(&error);
                UNVERIFIED
            }
        }
    }

    fn write(&self, month: Month, chapters: &[Chapter], now: Timestamp) -> Result<()> {
        if self.output.is_empty() {
            output::print(&self.format.render(month, chapters, now));
        }
        for wanted in &self.output {
            let text = wanted.format.render(month, chapters, now);
            output::replace(&wanted.path, &text).map_err(|cause| cannot_write(wanted, &cause))?;
        }
        Ok(())
    }
}

/// A chapter a plan, and the exit code.
async fn chapters(plans: &[Plan], month: Month, now: Timestamp) -> (Vec<Chapter>, u8) {
    let (mut chapters, mut code) = (Vec::new(), 0);
    for plan in plans {
        let review = chapter(plan, month, now).await;
        if let Err(error) = &review {
            output::tell_error(error);
            code = UNVERIFIED;
        }
        chapters.push(Chapter {
            plan: plan.name.clone(),
            review: review.map(Box::new).map_err(|error| error.to_string()),
        });
    }
    (chapters, code)
}

async fn chapter(plan: &Plan, month: Month, now: Timestamp) -> Result<review::Review> {
    let history = History::of(plan).await?.ok_or_else(|| no_history(plan))?;
    let past = history.read(&plan.name, Some(review::since(month))).await?;
    Ok(review::figures(&past, month, plan, now))
}

fn not_begun(month: Month) -> Error {
    Error::new(
        format!("{month} has not begun"),
        "Name a month that is over, or the one that runs.",
    )
}

fn no_history(plan: &Plan) -> Error {
    Error::new(
        format!("the plan \"{}\" keeps no history", plan.name),
        "Add `history: history/` to the plan, a folder or s3://bucket/prefix/: what was not kept cannot be reviewed.",
    )
}

fn cannot_write(wanted: &Output, cause: &io::Error) -> Error {
    let doing = format!("could not write \"{}\"", wanted.path.display());
    Error::new(doing, "Check the path given to `--output`.").because(format!("{cause}."))
}
