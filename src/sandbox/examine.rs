//! What this machine has for a sandbox, looked at without starting one.

use std::path::PathBuf;

use super::{Image, Needs, Sandbox, docker, installed};
use crate::error::{OrStop as _, Result};

/// One PostgreSQL that is installed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// Its major.
    pub major: u32,
    /// What its `pg_restore` calls its version, such as `15.20`.
    pub version: String,
    /// Where its programs are.
    pub bin: PathBuf,
    /// Whether it can run a server, and not only connect to one.
    pub server: bool,
}

/// Every PostgreSQL that is installed here, oldest first.
///
/// # Errors
/// When looking was interrupted.
pub async fn programs() -> Result<Vec<Programs>> {
    let found = tokio::task::spawn_blocking(installed::all)
        .await
        .or_stop(|| "could not look for PostgreSQL".to_owned(), "Run again.")?;
    let programs = found.into_iter().map(|one| Programs {
        major: one.major,
        version: one.version,
        bin: one.bin,
        server: one.server,
    });
    Ok(programs.collect())
}

/// What there is of Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerFacts {
    /// What it calls its version.
    pub version: String,
    /// The image that would be used.
    pub image: String,
    /// Where the image is.
    pub place: Image,
}

/// Asks Docker for the image that would be used; downloads nothing.
///
/// # Errors
/// When Docker does not answer.
pub async fn docker_facts(needs: &Needs) -> Result<DockerFacts> {
    let (version, image, place) = docker::examine(needs).await?;
    Ok(DockerFacts {
        version,
        image,
        place,
    })
}

impl Sandbox {
    /// What the `pg_restore` beside the server calls its version, such as `15.20`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn tools_version(&self) -> Result<Option<String>> {
        let mut tool = self.tool("pg_restore", &["--version"]).await?;
        drop(tool.stdin);
        let mut version = None;
        while let Some(line) = tool.lines.recv().await {
            let named = line.strip_prefix("pg_restore (PostgreSQL) ");
            version = version.or_else(|| named?.split(' ').next().map(str::to_owned));
        }
        tool.status.await?;
        Ok(version)
    }
}
