//! From a dump that is being read to a restored database: by which engine, and why.

use super::{
    Job,
    source::{Input, Source},
};
use crate::{
    backup::Backup,
    dump::{self, Contents},
    error::Broken,
    restore::{self, Choice, How, Restored},
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
) -> Result<Restored, Broken> {
    let contents = source.contents;
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
            let watched = source.watched;
            return restore::script(sandbox, &contents, bytes, wanted, watched).await;
        }
        Input::Members(members) => {
            let Choice { how, jobs, why } = choice();
            let restored = if how == How::Stream {
                restore::streamed_members(sandbox, &contents, members, jobs).await
            } else {
                restore::directory(sandbox, members, jobs).await
            };
            (restored, why)
        }
        Input::Archive(bytes) => {
            let choice = choice();
            (
                archive(sandbox, &contents, bytes, backup.size, &choice).await,
                choice.why,
            )
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
    contents: &Contents,
    bytes: dump::Bytes,
    size: u64,
    choice: &Choice,
) -> Result<Restored, Broken> {
    let jobs = choice.jobs;
    match choice.how {
        How::Stream => restore::streamed(sandbox, contents, bytes, jobs).await,
        How::File => restore::spooled(sandbox, bytes, size, jobs, false).await,
        How::Sections => restore::spooled(sandbox, bytes, size, jobs, true).await,
        How::Piped | How::Folder => restore::piped(sandbox, bytes).await,
    }
}
