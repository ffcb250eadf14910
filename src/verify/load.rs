//! From a dump that is being read to a restored database: by which engine, and why.

use super::{
    Job,
    source::{Input, Source},
};
use crate::{
    backup::Backup,
    dump::{self, Contents},
    error::Broken,
    restore::{self, Along, Arriving, Choice, Hooks, How, Restored},
    sandbox::Sandbox,
};

/// Restores it.
///
/// # Errors
/// When the stream breaks, or a tool cannot be run.
pub(super) async fn load(
    job: &Job<'_>,
    source: Source,
    backup: &Backup,
    sandbox: &Sandbox,
    along: Option<&dyn Along>,
) -> Result<Restored, Broken> {
    let (contents, watched) = (source.contents, source.watched);
    let hooks = Hooks {
        relay: &watched.loader,
        along,
    };
    let choice = || choice(job, &contents, backup, sandbox);
    let (restored, why) = match source.input {
        Input::Head(head) => {
            let why = "Only the schema was asked for.".to_owned();
            (restore::schema(sandbox, contents.format, head).await, why)
        }
        Input::Script(bytes) => {
            let named = job
                .plan
                .backup
                .as_ref()
                .and_then(|plan| plan.database.as_deref());
            let wanted = named.unwrap_or(&job.plan.name);
            return restore::script(sandbox, &contents, bytes, wanted, watched).await;
        }
        Input::Members(members) => {
            let Choice { how, jobs, why } = choice();
            let restored = if how == How::Stream {
                let members = Arriving::Members(members);
                restore::streamed(sandbox, &contents, members, hooks, jobs).await
            } else {
                restore::directory(sandbox, members, jobs).await
            };
            (restored, why)
        }
        Input::Archive(bytes) => {
            let Choice { how, jobs, why } = choice();
            let restored = if how == How::Stream {
                let whole = Arriving::Whole(bytes);
                restore::streamed(sandbox, &contents, whole, hooks, jobs).await
            } else {
                archive(sandbox, bytes, backup.size, how, jobs).await
            };
            (restored, why)
        }
    };
    Ok(Restored {
        why: Some(why),
        ..restored?
    })
}

fn choice(job: &Job<'_>, contents: &Contents, backup: &Backup, sandbox: &Sandbox) -> Choice {
    restore::choose(&restore::Facts {
        contents,
        size: backup.size,
        plan: &job.plan.restore,
        provider: sandbox.provider(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    })
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
