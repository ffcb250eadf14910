//! `pgdrill list`: what is there, and what was passed over and why.

use std::{fmt::Write, path::PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{output, plans};
use crate::{
    backup::{Backup, Listing, Store},
    error::{Error, Result},
    plan::Plan,
    sinks::visible,
    units::{Age, Bytes},
};

const HELP: &str = "\
Exit codes:
  0  listed
  1  there is no backup
  2  wrong usage or an invalid plan
  3  could not look

Example:
  pgdrill list checks/shop.yaml";

/// Shows the backups of a plan: age, size, change, and what was rejected and why.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct List {
    /// The plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Show at most this many backups; beyond the newest 1000 they are only counted
    #[arg(long, default_value_t = 50, value_name = "N")]
    most: usize,
}

impl List {
    pub(super) async fn run(self) -> u8 {
        let plans = match plans::read(std::slice::from_ref(&self.plan)) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        let mut code = 0;
        for plan in plans {
            match listing(&plan).await {
                Ok(listing) => {
                    output::print(&render(&listing, Timestamp::now(), self.most));
                    code = code.max(u8::from(listing.count == 0));
                }
                Err(error) => {
                    output::tell_error(&error);
                    code = 3;
                }
            }
        }
        code
    }
}

async fn listing(plan: &Plan) -> Result<Listing> {
    let backup = plan.backup.as_ref().ok_or_else(|| {
        Error::new(
            "the plan does not say where the backups are",
            "Add `backup: { url: … }` to the plan: a folder or s3://bucket/prefix/.",
        )
    })?;
    let folder = plan.file.parent().unwrap_or(std::path::Path::new("."));
    Store::open(backup, folder).await?.list().await
}

/// One line a backup, newest first, then what was passed over.
fn render(listing: &Listing, now: Timestamp, most: usize) -> String {
    let mut text = String::new();
    let shown = listing.backups.iter().take(most);
    let older = listing.backups.iter().skip(1).map(Some).chain([None]);
    let width = shown.clone().map(|backup| backup.key.chars().count()).max();
    let width = width.unwrap_or(6).max(6);
    let _ = writeln!(
        text,
        "{:<width$}  {:>9}  {:>7}  {:>14}",
        "backup", "size", "change", "age"
    );
    for (backup, older) in shown.zip(older) {
        let key = visible(&backup.key);
        let size = Bytes(backup.size);
        let change = older.map_or_else(String::new, |older| change(backup, older));
        let age = age(backup, listing.server_time.unwrap_or(now));
        let _ = writeln!(text, "{key:<width$}  {size:>9}  {change:>7}  {age:>14}");
    }
    let hidden = listing.count - listing.backups.len().min(most) as u64;
    if hidden > 0 {
        let _ = writeln!(text, "… and {hidden} older ones");
    }
    for rejected in listing.rejected.iter().take(most) {
        let _ = writeln!(
            text,
            "passed over  {}: {}",
            visible(&rejected.object.key),
            rejected.reason
        );
    }
    let more = listing.rejected_count - listing.rejected.len().min(most) as u64;
    if more > 0 {
        let _ = writeln!(text, "… and {more} more passed over");
    }
    let count = listing.count;
    let storage = Bytes(listing.storage);
    let _ = writeln!(
        text,
        "{count} backups, {storage} stored under {}",
        visible(&listing.url)
    );
    text
}

fn age(backup: &Backup, now: Timestamp) -> String {
    let seconds = now.as_second() - backup.last_modified.as_second();
    u64::try_from(seconds).map_or_else(
        |_| "in the future".to_owned(),
        |seconds| Age::from_secs(seconds).to_string(),
    )
}

/// The change of size against the one before it, in percent.
#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage is shown without decimals"
)]
fn change(backup: &Backup, older: &Backup) -> String {
    if older.size == 0 {
        return String::new();
    }
    let share = backup.size as f64 / older.size as f64 * 100.0 - 100.0;
    format!("{share:+.0} %")
}
