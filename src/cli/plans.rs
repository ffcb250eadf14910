//! Finds and reads the plans that a command names; every mistake of every plan is shown at once.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::output;
use crate::{
    backup,
    error::Error,
    plan::{self, Mistakes, Plan},
    sinks::deliver::file_of,
};

/// Where plans are when none is named.
const FOLDER: &str = "checks";

/// Reads every plan. `Err` holds the exit code when one of them is wrong; the mistakes were shown.
///
/// In a folder, files that another plan includes are no plans of their own.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Plan>, u8> {
    let default = [PathBuf::from(FOLDER)];
    let paths = if paths.is_empty() { &default } else { paths };
    let files = plan::find(paths).map_err(|mistakes| refuse(&mistakes))?;
    let mut read = Vec::new();
    let mut wrong = 0;
    for file in files {
        match plan::read(&file.path, &environment, today()) {
            Ok(loaded) => read.push((file.from_folder, loaded)),
            Err(mistakes) => wrong = refuse(&mistakes),
        }
    }
    if wrong != 0 {
        return Err(wrong);
    }
    let included: Vec<PathBuf> = read
        .iter()
        .flat_map(|(_, loaded)| loaded.included.clone())
        .collect();
    read.retain(|(from_folder, loaded)| !(*from_folder && is_one_of(&loaded.plan.file, &included)));
    for (_, loaded) in &read {
        for warning in &loaded.warnings {
            tell(&warning.render(colour()));
        }
    }
    let plans: Vec<Plan> = read.into_iter().map(|(_, loaded)| loaded.plan).collect();
    places(&plans)?;
    apart(&plans)?;
    Ok(plans)
}

/// Refuses a plan whose backups are nowhere: no drill would ever find them.
fn places(plans: &[Plan]) -> Result<(), u8> {
    let backups = plans.iter().filter_map(|plan| plan.backup.as_ref());
    let backups = backups.map(|backup| backup::is_place(&backup.url));
    // A history that is nowhere is told by the run, which goes on without.
    let histories = plans.iter().filter_map(|plan| plan.history.as_ref());
    let histories = histories.map(|history| backup::holds_no_password(&history.url));
    backups.chain(histories).try_for_each(|known| {
        known.map_err(|error| {
            output::tell_error(&error);
            USAGE
        })
    })
}

/// Refuses two plans that cannot be told apart, or whose metrics would replace each other's.
fn apart(plans: &[Plan]) -> Result<(), u8> {
    for (number, plan) in plans.iter().enumerate() {
        let clash = plans[..number].iter().find_map(|other| clash(other, plan));
        if let Some(error) = clash {
            output::tell_error(&error);
            return Err(USAGE);
        }
    }
    Ok(())
}

/// Why two plans cannot be used together.
fn clash(one: &Plan, two: &Plan) -> Option<Error> {
    let both = format!("\"{}\" and \"{}\"", one.file.display(), two.file.display());
    if one.name == two.name {
        return Some(Error::new(
            format!("{both} are both named \"{}\"", two.name),
            "Give each plan a `name` of its own: history, metrics and alerts tell plans apart by it.",
        ));
    }
    let file = textfile(one)?;
    (textfile(two)? == file).then(|| {
        Error::new(
            format!("{both} write their metrics to the same file"),
            "Give each plan its own `name`, and its own `metrics.textfile` or a folder that ends in /.",
        )
    })
}

/// The file that a plan's metrics are written to.
fn textfile(plan: &Plan) -> Option<PathBuf> {
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let path = folder.join(plan.metrics.textfile.as_ref()?);
    Some(file_of(&path, &plan.name))
}

pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The day, in UTC: the same for everybody who reads the same plan.
pub(super) fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

fn is_one_of(file: &Path, included: &[PathBuf]) -> bool {
    let true_path = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    included
        .iter()
        .any(|path| true_path(path) == true_path(file))
}

/// Wrong usage or an invalid plan.
const USAGE: u8 = 2;

/// Shows the mistakes; returns the exit code for them.
pub(super) fn refuse(mistakes: &Mistakes) -> u8 {
    tell(&mistakes.render(colour()));
    USAGE
}

/// Tells something that may not end its last line.
fn tell(text: &str) {
    output::tell(&format!("{}\n", text.trim_end()));
}

/// Whether a person who wants colour looks at standard error.
fn colour() -> bool {
    output::paint(std::io::stderr().is_terminal()) == crate::sinks::Paint::Colour
}
