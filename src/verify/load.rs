//! From a dump that is being read to a restored database: by which engine, and why.

use std::sync::Arc;

use super::{
    Job, in_order,
    source::{Input, Source},
    watched::Watched,
};
use crate::{
    backup::{Ahead, Backup, Reach},
    dump::{self, Contents},
    error::Broken,
    machine,
    restore::{self, Along, Arriving, Choice, Hooks, How, Restored, Whole},
    sandbox::Sandbox,
};

/// Restores it, while its `pg_restore` is asked whether it reads in it what we read.
///
/// # Errors
/// When the stream breaks, a tool cannot be run, or reads something else.
pub(super) async fn load(
    job: &Job<'_>,
    source: Source,
    contents: &Contents,
    backup: &Backup,
    sandbox: &Sandbox,
    along: Option<&dyn Along>,
) -> Result<Restored, Broken> {
    let toc = source.toc.clone();
    let listing = async {
        match &toc {
            Some(toc) => restore::listed(sandbox, contents, toc).await,
            None => Ok(None),
        }
    };
    let loading = restored(job, source, contents, backup, sandbox, along);
    let (restored, refused) = tokio::try_join!(loading, listing)?;
    match refused {
        // What the restore says of it tells more.
        Some(refused) if restored.complaints.is_empty() => Err(refused.into()),
        _ => Ok(restored),
    }
}

async fn restored(
    job: &Job<'_>,
    source: Source,
    contents: &Contents,
    backup: &Backup,
    sandbox: &Sandbox,
    along: Option<&dyn Along>,
) -> Result<Restored, Broken> {
    let watched = source.watched;
    let hooks = Hooks {
        relay: &watched.loader,
        along,
    };
    let by_one = source.by_one.as_deref();
    let choice = || choice(job, contents, backup, sandbox, by_one);
    let (restored, why, jobs) = match source.input {
        Input::Head(head) => {
            let why = "Only the schema was asked for.".to_owned();
            (
                restore::schema(sandbox, contents.format, head).await,
                why,
                1,
            )
        }
        Input::Script(bytes) => {
            let plan = job.plan.backup.as_ref();
            let wanted = restore::Wanted {
                database: plan.and_then(|plan| plan.database.as_deref()),
                plan: &job.plan.name,
            };
            return restore::script(sandbox, contents, bytes, wanted, watched).await;
        }
        Input::Members(members) => {
            let Choice { how, jobs, why } = choice();
            let restored = if how == How::Stream {
                let members = Arriving::Members(members);
                restore::streamed(sandbox, contents, members, hooks, jobs).await
            } else {
                restore::directory(sandbox, members, jobs).await
            };
            (restored, why, jobs)
        }
        Input::Archive(bytes) => {
            let Choice { how, jobs, why } = choice();
            let restored = if how == How::Stream {
                let stretch = (source.ahead.as_ref())
                    .and_then(|ahead| stretch(ahead, contents, backup.size, &watched));
                let whole = Arriving::Whole(Whole { bytes, stretch });
                restore::streamed(sandbox, contents, whole, hooks, jobs).await
            } else {
                archive(sandbox, bytes, backup.size, how, jobs).await
            };
            (restored, why, jobs)
        }
    };
    Ok(Restored {
        why: Some(why),
        side_by_side: jobs > 1,
        ..restored?
    })
}

/// What of the dump comes ahead of its turn, where that is worth it.
fn stretch(
    ahead: &Ahead,
    contents: &Contents,
    size: u64,
    watched: &Arc<Watched>,
) -> Option<dump::Bytes> {
    let Reach { asked, room } = ahead.reach()?;
    let range = restore::stretch(contents, size, asked, room)?;
    let body = ahead.stretch(range.clone())?;
    tracing::debug!(?range, "this comes ahead of its turn");
    // A dump is read once: nobody else set it.
    let _ = watched.elsewhere.set(range.clone());
    let reader = Box::new(body.into_reader());
    Some(dump::stretch(contents, range, reader, watched.clone()))
}

fn choice(
    job: &Job<'_>,
    contents: &Contents,
    backup: &Backup,
    sandbox: &Sandbox,
    by_one: Option<&str>,
) -> Choice {
    let plan = match by_one {
        Some(_) => &in_order::plan(),
        None => &job.plan.restore,
    };
    let mut choice = restore::choose(&restore::Facts {
        contents,
        size: backup.size,
        plan,
        provider: sandbox.provider(),
        cores: machine::processors().unwrap_or(1),
    });
    if let Some(why) = by_one {
        why.clone_into(&mut choice.why);
    }
    choice
}

async fn archive(
    sandbox: &Sandbox,
    bytes: dump::Bytes,
    size: u64,
    how: How,
    jobs: u16,
) -> Result<Restored, Broken> {
    match how {
        How::File => restore::spooled(sandbox, bytes, size, jobs, false).await,
        How::Sections => restore::spooled(sandbox, bytes, size, jobs, true).await,
        How::Piped | How::Folder | How::Stream => restore::piped(sandbox, bytes).await,
    }
}
