//! What is asked of a place before it is relied on: may it be read, and may it be written to?

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::{Backup, Records, Store};
use crate::error::{Error, OrStop as _, Result};

/// Whether the credentials in use can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writable {
    /// They cannot.
    No,
    /// They can. When the trial could not be taken back, the command that does.
    Yes(Option<String>),
    /// It cannot be told.
    Unknown(Error),
}

impl Store {
    /// Reads one byte of a backup; of a directory dump, one of its table of contents.
    ///
    /// # Errors
    /// When the place cannot be reached or does not let us read.
    pub async fn first_byte(&self, backup: &Backup) -> Result<()> {
        let whole = self.whole(backup.clone()).await?;
        let contents = whole.members.iter().find(|o| o.key.ends_with("/toc.dat"));
        let object = contents.cloned().unwrap_or_else(|| whole.object());
        if object.size == 0 {
            return Ok(());
        }
        match self {
            Self::S3(bucket) => bucket.first_byte(&object).await,
            Self::Folder(folder) => read_one(&folder.path(&object)).await,
        }
    }

    /// Whether backups could be replaced or deleted with what we were given. Nothing is written.
    pub async fn writable(&self) -> Writable {
        match self {
            Self::S3(bucket) => bucket.writable().await,
            Self::Folder(folder) => folder_writable(folder.root()),
        }
    }
}

impl Records {
    /// Whether a record could be written. Nothing is written.
    pub async fn writable(&self) -> Writable {
        match self {
            Self::S3(bucket) => bucket.writable().await,
            Self::Folder(place) => folder_writable(place.root()),
        }
    }
}

async fn read_one(path: &Path) -> Result<()> {
    use tokio::io::AsyncReadExt as _;
    let doing = || format!("could not read \"{}\"", path.display());
    let hint = "Let this user read the folder of the backups and the files in it.";
    let mut file = tokio::fs::File::open(path).await.or_stop(doing, hint)?;
    file.read_u8().await.or_stop(doing, hint)?;
    Ok(())
}

/// The system is asked, so that nothing has to be written. A folder that is not there yet is made in the nearest one
/// that is.
fn folder_writable(folder: &Path) -> Writable {
    let mut there: PathBuf = folder.to_owned();
    while !there.exists() {
        if !there.pop() {
            break;
        }
    }
    let there = if there.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &there
    };
    match access(there, AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) => Writable::Yes(None),
        Err(_) => Writable::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_judged_by_the_one_that_it_would_be_made_in() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        assert_eq!(folder_writable(&deep), Writable::Yes(None));
        assert!(!folder.path().join("a").exists());
    }
}
