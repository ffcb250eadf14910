//! `pgdrill schema`: the JSON Schema of a plan.

use clap::Args;

use super::output;

const HELP: &str = "\
Exit codes:
  0  printed

Example:
  pgdrill schema > plan.schema.json
  # then, as the first line of a plan:
  # yaml-language-server: $schema=plan.schema.json";

/// Prints the JSON Schema (draft-07) of a plan.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self) -> u8 {
        output::print(crate::plan::schema());
        0
    }
}
