//! `pgdrill man`: the manual, as pages for `man`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man as Page;
use jiff::{Timestamp, tz::TimeZone};

use super::{Cli, output};
use crate::error::{OrStop as _, Result};

const HELP: &str = "\
Exit codes:
  0  written
  3  the folder could not be written to

Examples:
  pgdrill man | man -l -
  pgdrill man --dir /usr/local/share/man/man1     # pgdrill.1, pgdrill-verify.1, …";

/// Prints the manual's main page, or writes a page for each command.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Man {
    /// Write one page for each command into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self) -> u8 {
        let written = match &self.dir {
            Some(folder) => write(folder),
            None => main(),
        };
        match written {
            Ok(()) => 0,
            Err(error) => {
                output::tell_error(&error);
                3
            }
        }
    }
}

fn main() -> Result<()> {
    let page = render(&Cli::command()).or_stop(
        || "could not write the manual".to_owned(),
        "Report this as a defect of pgdrill.",
    )?;
    output::print(&page);
    Ok(())
}

fn write(folder: &Path) -> Result<()> {
    let doing = || format!("could not write the manual into \"{}\"", folder.display());
    let hint = "Check the path given to `--dir`.";
    fs::create_dir_all(folder).or_stop(doing, hint)?;
    for (name, page) in pages() {
        let page = render(&page).or_stop(doing, hint)?;
        output::replace(&folder.join(format!("{name}.1")), &page).or_stop(doing, hint)?;
    }
    Ok(())
}

/// The main page and one for each command, by name.
fn pages() -> Vec<(String, Command)> {
    let mut root = Cli::command();
    // Flags of every command are known to them only then.
    root.build();
    let mut pages = vec![("pgdrill".to_owned(), Cli::command())];
    for command in root.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = format!("pgdrill-{}", command.get_name());
        pages.push((name.clone(), command.clone().display_name(name)));
    }
    pages
}

fn render(command: &Command) -> io::Result<String> {
    let mut page = Vec::new();
    Page::new(command.clone())
        .date(day())
        .source(concat!("pgdrill ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    // Two breaks around an empty line are one empty line; mandoc warns of them.
    Ok(page.replace(".br\n\n.br\n", ".sp\n"))
}

/// The day on which the page is made; packagers who want the same bytes every time set `SOURCE_DATE_EPOCH`.
fn day() -> String {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let fixed = epoch.and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok());
    let made = fixed.unwrap_or_else(Timestamp::now);
    TimeZone::UTC.to_datetime(made).date().to_string()
}
