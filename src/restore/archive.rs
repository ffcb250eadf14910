//! Custom, tar and directory archives, through `pg_restore`.

use std::time::Instant;

use super::{Complaints, Members, Restored, feed, spool};
use crate::{dump, error::Broken, restore::Loaded, sandbox::Sandbox};

/// What every `pg_restore` is told. A throwaway server has no tablespaces, and `-e` would hide all errors but the first.
const ALWAYS: [&str; 2] = ["--no-password", "--no-tablespaces"];

/// Restores a custom or tar archive as it arrives.
///
/// # Errors
/// When the stream breaks, or `pg_restore` cannot be run.
pub async fn piped(sandbox: &Sandbox, reader: dump::Bytes) -> Result<Restored, Broken> {
    let started = Instant::now();
    let mut arguments = vec!["--dbname", sandbox.database()];
    arguments.extend(ALWAYS);
    let tool = sandbox.tool("pg_restore", &arguments).await?;
    let mut fed = feed::feed(tool, feed::chunks(reader)).await?;
    fed.complaints.ended("pg_restore", fed.code);
    Ok(restored(sandbox, started, fed.bytes, fed.complaints))
}

/// Restores a custom archive with several jobs, from a file in the spool.
///
/// # Errors
/// When the stream breaks, the disk is too small, or `pg_restore` cannot be run.
pub async fn spooled(
    sandbox: &Sandbox,
    reader: dump::Bytes,
    size: u64,
    jobs: u16,
) -> Result<Restored, Broken> {
    let started = Instant::now();
    let (path, bytes) = spool::file(sandbox, reader, size).await?;
    let complaints = in_sections(sandbox, &path, jobs).await?;
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
        in_sections(sandbox, &path, jobs).await?
    } else {
        section(sandbox, &path, &[]).await?
    };
    Ok(restored(sandbox, started, bytes, complaints))
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

async fn section(sandbox: &Sandbox, path: &str, more: &[&str]) -> Result<Complaints, Broken> {
    let mut arguments = vec!["--dbname", sandbox.database()];
    arguments.extend(ALWAYS);
    arguments.extend(more);
    arguments.push(path);
    let tool = sandbox.tool("pg_restore", &arguments).await?;
    let mut fed = feed::run(tool).await?;
    fed.complaints.ended("pg_restore", fed.code);
    Ok(fed.complaints)
}

fn restored(sandbox: &Sandbox, started: Instant, bytes: u64, complaints: Complaints) -> Restored {
    Restored {
        engine: "pg-restore",
        took: started.elapsed(),
        bytes,
        complaints,
        tables: None,
        seen: None,
        loaded: Loaded {
            database: sandbox.database().to_owned(),
            ..Loaded::default()
        },
    }
}
