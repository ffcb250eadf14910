//! `pgdrill completions`: what a shell needs to complete commands and flags.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, output};

const HELP: &str = "\
Exit codes:
  0  printed

Examples:
  pgdrill completions bash > /etc/bash_completion.d/pgdrill
  pgdrill completions zsh > ~/.zfunc/_pgdrill          # ~/.zfunc must be in $fpath
  pgdrill completions fish > ~/.config/fish/completions/pgdrill.fish";

/// Prints the completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> u8 {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "pgdrill", &mut script);
        output::print(&String::from_utf8_lossy(&script));
        0
    }
}
