//! Removes what killed runs left behind, and nothing that lives.

use std::{os::unix::net::UnixStream, path::Path, time::Duration};

use super::{
    docker,
    folder::{self, Found},
    local, service,
};
use crate::{error::Result, units::Secret};

/// What may be removed.
pub(super) struct Sweep<'a> {
    kept_too: bool,
    run: Option<&'a str>,
    folders: Vec<Found>,
}

impl Sweep<'_> {
    /// Whether this run is asked for: it itself by name, or all that are not kept, or all.
    pub(super) fn wants(&self, run: &str, kept: bool) -> bool {
        match self.run {
            Some(named) => named.eq_ignore_ascii_case(run),
            None => self.kept_too || !kept,
        }
    }

    /// Whether a run lives, where this machine can tell.
    pub(super) fn alive(&self, run: &str) -> Option<bool> {
        self.folders
            .iter()
            .find(|found| found.run.eq_ignore_ascii_case(run))
            .map(|found| found.alive)
    }
}

/// Removes what killed runs left behind; returns what was removed, one line each. Kept sandboxes only when
/// `kept_too`, or when `run` names one.
///
/// # Errors
/// When something could not be removed.
pub async fn clean(
    service_url: Option<&Secret>,
    kept_too: bool,
    run: Option<&str>,
) -> Result<Vec<String>> {
    let sweep = Sweep {
        kept_too,
        run,
        folders: folder::all(),
    };
    // Containers first: the folders' locks tell which of them are over.
    let mut removed = docker::clean(&sweep).await?;
    if let Some(url) = service_url {
        removed.extend(service::clean(url, &sweep).await?);
    }
    for found in &sweep.folders {
        if !found.alive && sweep.wants(&found.run, found.kept) {
            end_server(&found.path).await;
            folder::remove(&found.path)?;
            removed.push(format!("removed the folder \"{}\"", found.path.display()));
        }
    }
    Ok(removed)
}

/// Ends the server of a folder, where one still runs: one that was kept, or one that is just ending by itself.
async fn end_server(folder: &Path) {
    let socket = folder.join(local::SERVER).join(".s.PGSQL.5432");
    local::say_stop(folder);
    for _ in 0..200 {
        if UnixStream::connect(&socket).is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(kept_too: bool, run: Option<&str>) -> Sweep<'_> {
        Sweep {
            kept_too,
            run,
            folders: Vec::new(),
        }
    }

    #[test]
    fn what_is_kept_is_removed_only_when_it_is_asked_for() {
        assert!(sweep(false, None).wants("a", false));
        assert!(!sweep(false, None).wants("a", true));
        assert!(sweep(true, None).wants("a", true));
        assert!(sweep(false, Some("A")).wants("a", true));
        assert!(!sweep(true, Some("b")).wants("a", false));
    }
}
