//! Where runs are kept: writes one, reads those of a plan.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::{Damaged, Past, names, record};
use crate::{
    backup::{Content, Record, Records},
    error::Result,
    report::{Command, Report},
};

/// How many records are read at the same time: from a bucket that answers within 50 ms, a year of daily runs takes
/// about a second.
const AT_ONCE: usize = 16;

/// A larger record is not read, in bytes: a report of 100,000 tables has about a third of it.
const LARGEST: u64 = 64_000_000;

/// How far two clocks may differ, as for the finding `clock.skewed`.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// Keeps a run.
pub(super) async fn write(records: &Records, report: &Report) -> Result<()> {
    let key = names::key(report)?;
    records.put(&key, record::write(report)?.into()).await
}

/// Which runs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Drills,
}

/// The runs of a plan, newest first.
pub(super) async fn read(
    records: &Records,
    plan: &str,
    since: Option<Timestamp>,
    wanted: Wanted,
) -> Result<Past> {
    let listed = records
        .list(&names::folder(plan), &names::after(since))
        .await?;
    let asked = listed.into_iter().filter(|record| {
        names::run(&record.key)
            .is_some_and(|(_, command)| wanted == Wanted::All || command == Command::Verify)
    });
    let read: Vec<_> = stream::iter(asked)
        .map(|record| one(records, record, plan))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut past = Past::default();
    for run in read {
        match run {
            Ok(run) if since.is_none_or(|since| run.started >= since) => past.runs.push(run),
            Ok(_) => {}
            Err(damaged) => past.damaged.push(damaged),
        }
    }
    let time = |run: &Report| (run.started, run.run.clone());
    past.runs
        .sort_by_cached_key(|run| std::cmp::Reverse(time(run)));
    Ok(past)
}

/// The keys of the records of a plan since then.
pub(super) async fn keys(records: &Records, plan: &str, since: Timestamp) -> Result<Vec<String>> {
    let listed = records
        .list(&names::folder(plan), &names::after(Some(since)))
        .await?;
    Ok(listed.into_iter().map(|record| record.key).collect())
}

/// It would be the newest run until its time comes, and hide every one that failed since.
fn not_of_the_future(run: Report) -> std::result::Result<Report, String> {
    let latest = Timestamp::now() + CLOCKS;
    if run.started <= latest {
        return Ok(run);
    }
    Err("It began in the future: this machine's clock is wrong, or that of the run was.".to_owned())
}

async fn one(
    records: &Records,
    listed: Record,
    plan: &str,
) -> Result<std::result::Result<Report, Damaged>> {
    let (run, _) = names::run(&listed.key).unwrap_or(("", Command::Verify));
    let content = if listed.size > LARGEST {
        Content::Lost(format!("It is larger than {LARGEST} bytes."))
    } else {
        records.get(&listed, LARGEST).await?
    };
    let read = match content {
        Content::Whole(bytes) => record::read(&bytes, plan, run).and_then(not_of_the_future),
        Content::Lost(why) => Err(why),
    };
    Ok(read.map_err(|why| Damaged {
        key: listed.key.clone(),
        why,
    }))
}
