//! Custom, tar and directory archives, through `pg_restore`.

use std::time::Instant;

use bytes::Bytes;

use super::{Complaints, Loaded, Members, Restored, alone, feed, spool};
use crate::{
    dump::{self, Format},
    error::Broken,
    sandbox::Sandbox,
};

/// What every `pg_restore` is told. A throwaway server has no tablespaces, and `-e` would hide all errors but the first.
const ALWAYS: [&str; 2] = ["--no-password", "--no-tablespaces"];

/// Restores a custom or tar archive as it arrives.
///
/// # Errors
/// When the stream breaks, or `pg_restore` cannot be run.
pub async fn piped(sandbox: &Sandbox, reader: dump::Bytes) -> Result<Restored, Broken> {
    let started = Instant::now();
    let tool = sandbox.tool("pg_restore", &always(sandbox)).await?;
    let mut fed = feed::feed(tool, feed::chunks(reader)).await?;
    fed.complaints.ended("pg_restore", fed.code);
    Ok(restored(sandbox, started, fed.bytes, fed.complaints))
}

/// What every `pg_restore` is told here.
pub(super) fn always(sandbox: &Sandbox) -> Vec<&str> {
    let mut arguments = vec!["--dbname", sandbox.target()];
    arguments.extend(ALWAYS);
    arguments
}

/// Restores a custom archive with several jobs, from a file in the spool; in three sections, or all at once.
///
/// # Errors
/// When the stream breaks, the disk is too small, or `pg_restore` cannot be run.
pub async fn spooled(
    sandbox: &Sandbox,
    reader: dump::Bytes,
    size: u64,
    jobs: u16,
    sections: bool,
) -> Result<Restored, Broken> {
    let started = Instant::now();
    let (path, bytes) = spool::file(sandbox, reader, size).await?;
    let complaints = if sections {
        in_sections(sandbox, &path, jobs).await?
    } else {
        // A table that was made in the same run is loaded without a log of its rows.
        section(sandbox, &path, &[&format!("--jobs={jobs}")]).await?
    };
    let complaints = alone::again(sandbox, &path, complaints).await?;
    Ok(restored(sandbox, started, bytes, complaints))
}

/// Restores a directory dump.
///
/// # Errors
/// When a member breaks, the disk is too small, or `pg_restore` cannot be run.
pub async fn directory(sandbox: &Sandbox, members: Members, jobs: u16) -> Result<Restored, Broken> {
    let started = Instant::now();
    let (path, bytes) = spool::folder(sandbox, members).await?;
    let complaints = if jobs > 1 {
        let complaints = in_sections(sandbox, &path, jobs).await?;
        alone::again(sandbox, &path, complaints).await?
    } else {
        section(sandbox, &path, &[]).await?
    };
    Ok(restored(sandbox, started, bytes, complaints))
}

/// Restores everything but the data, from a table of contents alone.
///
/// # Errors
/// When the disk is too small, or `pg_restore` cannot be run.
pub async fn schema(sandbox: &Sandbox, format: Format, head: Bytes) -> Result<Restored, Broken> {
    let started = Instant::now();
    let folder = match format {
        Format::Directory => Some(spool::toc(sandbox, &head).await?),
        _ => None,
    };
    let mut complaints = Complaints::default();
    for name in ["--section=pre-data", "--section=post-data"] {
        complaints.extend(match &folder {
            Some(path) => section(sandbox, path, &[name]).await?,
            None => from_head(sandbox, &head, &[name]).await?,
        });
    }
    Ok(restored(sandbox, started, head.len() as u64, complaints))
}

/// Restores what needs no data, from a table of contents that it is fed.
pub(super) async fn from_head(
    sandbox: &Sandbox,
    head: &Bytes,
    more: &[&str],
) -> Result<Complaints, Broken> {
    let mut arguments = always(sandbox);
    arguments.extend(more);
    let tool = sandbox.tool("pg_restore", &arguments).await?;
    let mut fed = feed::feed(tool, feed::whole(head.clone())).await?;
    fed.complaints.ended("pg_restore", fed.code);
    Ok(fed.complaints)
}

/// Restores section by section: one `pg_restore -j` over everything creates foreign keys before the data when the dump
/// was written through a pipe, and is then slower than a single job.
async fn in_sections(sandbox: &Sandbox, path: &str, jobs: u16) -> Result<Complaints, Broken> {
    let jobs = format!("--jobs={jobs}");
    let mut complaints = Complaints::default();
    for name in ["pre-data", "data", "post-data"] {
        let name = format!("--section={name}");
        complaints.extend(section(sandbox, path, &[&jobs, &name]).await?);
    }
    Ok(complaints)
}

/// Runs `pg_restore` over a file.
pub(super) async fn section(
    sandbox: &Sandbox,
    path: &str,
    more: &[&str],
) -> Result<Complaints, Broken> {
    let mut arguments = always(sandbox);
    arguments.extend(more);
    arguments.push(path);
    let tool = sandbox.tool("pg_restore", &arguments).await?;
    let mut fed = feed::run(tool).await?;
    fed.complaints.ended("pg_restore", fed.code);
    Ok(fed.complaints)
}

/// What a restore came to, into the one database.
pub(super) fn restored(
    sandbox: &Sandbox,
    started: Instant,
    bytes: u64,
    complaints: Complaints,
) -> Restored {
    Restored {
        engine: "pg-restore",
        why: None,
        side_by_side: false,
        took: started.elapsed(),
        bytes,
        complaints,
        unrun: false,
        tables: None,
        seen: None,
        loaded: Loaded {
            database: sandbox.database().to_owned(),
            ..Loaded::default()
        },
    }
}
