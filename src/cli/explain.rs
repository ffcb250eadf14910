//! `pgdrill explain`: what a finding means and what to do; what a check asks.

use clap::Args;

use super::output;
use crate::explain::{self, Topic};

const HELP: &str = "\
Exit codes:
  0  explained
  2  there is no such finding and no such check

Examples:
  pgdrill explain                  # everything that can be explained
  pgdrill explain backup.stale
  pgdrill explain row_count";

/// Explains a finding or a check; without one, lists all of them.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Explain {
    /// The code of a finding, or the word for a check
    #[arg(value_name = "CODE|CHECK")]
    topic: Option<String>,
}

impl Explain {
    pub(super) fn run(self) -> u8 {
        let lang = output::lang();
        let Some(word) = self.topic else {
            output::print(&explain::index(lang));
            return 0;
        };
        if let Some(topic) = Topic::named(&word) {
            output::print(&explain::page(topic, lang));
            return 0;
        }
        output::tell(&unknown(&word));
        2
    }
}

fn unknown(word: &str) -> String {
    let word = crate::sinks::visible(word);
    let hint = match Topic::meant(&word) {
        Some(topic) => format!("Did you mean \"{}\"?", topic.name()),
        None => "`pgdrill explain` lists everything that can be explained.".to_owned(),
    };
    format!("error  there is no finding and no check \"{word}\"\n    hint  {hint}\n")
}
