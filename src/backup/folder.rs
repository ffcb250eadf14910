//! Backups in a folder of this machine.

use std::{
    fs::{self, Metadata},
    io,
    ops::Range,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{Body, Listing, Object, file, gather::Gather, names::Pattern};
use crate::{
    error::{Broken, OrStop as _, Result},
    progress::Progress,
};

/// What to do when something of a folder cannot be read.
pub(super) const UNREADABLE: &str = "Check `backup.url`, and that this user may read there.";

/// A folder, one directory dump in it, or one file in it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// What keys are below.
    root: PathBuf,
    /// Where the URL points below it: nothing, `dump/` for a directory dump, or a file's name.
    below: String,
    pattern: Pattern,
}

impl Folder {
    /// Of a path that is a folder of dumps, a directory dump, or a single file.
    pub(super) fn new(path: &Path, pattern: Pattern) -> Self {
        let whole = || Self {
            root: path.to_owned(),
            below: String::new(),
            pattern: pattern.clone(),
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return whole();
        };
        let mut below = name.to_string_lossy().into_owned();
        if path.join("toc.dat").is_file() {
            below.push('/');
        } else if !path.is_file() {
            return whole();
        }
        Self {
            root: parent.to_owned(),
            below,
            pattern,
        }
    }

    /// Where an object's bytes are.
    pub(super) fn path(&self, object: &Object) -> PathBuf {
        self.root.join(&object.key)
    }

    /// What keys are below.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn url(&self) -> String {
        self.root.join(&self.below).display().to_string()
    }

    /// Lists everything below the folder.
    pub(super) async fn list(&self, named: Option<&str>) -> Result<Listing> {
        let (folder, named) = (self.clone(), named.map(str::to_owned));
        beside(move || folder.list_now(named.as_deref())).await
    }

    /// Every file below a folder inside, whose key ends in `/`.
    pub(super) async fn below(&self, key: &str) -> Result<Vec<Object>> {
        let (start, key) = (self.root.join(key), key.to_owned());
        beside(move || {
            let mut objects = Vec::new();
            Walk::all(&start, &key, &mut |object| objects.push(object))?;
            Ok(objects)
        })
        .await
    }

    fn list_now(&self, named: Option<&str>) -> Result<Listing> {
        let mut gather = Gather::new(&self.url(), &self.prefix(), &self.pattern, named);
        let start = self.root.join(&self.below);
        let about = start
            .metadata()
            .or_stop(|| could_not_list(&start), UNREADABLE)?;
        if about.is_file() {
            let object = object(self.below.clone(), &about)?;
            return Ok(gather.only(object));
        }
        Walk::all(&start, &self.prefix(), &mut |object| gather.add(object))?;
        Ok(gather.finish())
    }

    fn prefix(&self) -> String {
        if self.below.ends_with('/') {
            self.below.clone()
        } else {
            String::new()
        }
    }

    /// A small file whole; `None` where there is none, or where it cannot be read.
    pub(super) async fn small(&self, key: &str, limit: u64) -> Option<bytes::Bytes> {
        let path = self.root.join(key);
        let about = tokio::fs::metadata(&path).await.ok()?;
        if !about.is_file() || about.len() > limit {
            return None;
        }
        tokio::fs::read(&path).await.ok().map(bytes::Bytes::from)
    }

    /// Some of a file's bytes; the range lies inside it.
    pub(super) async fn part(
        &self,
        object: &Object,
        range: Range<u64>,
    ) -> std::result::Result<bytes::Bytes, Broken> {
        file::part(&self.path(object), object, range).await
    }

    /// Starts reading one file.
    pub(super) fn read(&self, object: &Object, progress: &Progress) -> Body {
        let (sender, body) = Body::new();
        let (path, object, progress) = (self.path(object), object.clone(), progress.clone());
        tokio::spawn(file::deliver(path, object, progress, sender));
        body
    }
}

/// Walks a folder and what is below it. Links to what is listed anyway are passed over, so that a link
/// `latest.dump` is not a second backup.
struct Walk<'a> {
    inside: PathBuf,
    visited: Vec<(u64, u64)>,
    each: &'a mut dyn FnMut(Object),
}

impl<'a> Walk<'a> {
    fn all(start: &Path, prefix: &str, each: &'a mut dyn FnMut(Object)) -> Result<()> {
        let failed = || could_not_list(start);
        let about = start.metadata().or_stop(failed, UNREADABLE)?;
        let mut walk = Self {
            inside: start.canonicalize().or_stop(failed, UNREADABLE)?,
            visited: vec![(about.dev(), about.ino())],
            each,
        };
        walk.folder(start, prefix)
    }

    fn folder(&mut self, path: &Path, prefix: &str) -> Result<()> {
        let entries = match fs::read_dir(path) {
            // Made by the file system itself, and for root's eyes only.
            Err(denied)
                if denied.kind() == io::ErrorKind::PermissionDenied
                    && path.ends_with("lost+found") =>
            {
                return Ok(());
            }
            entries => entries.or_stop(|| could_not_list(path), UNREADABLE)?,
        };
        for entry in entries {
            let entry = entry.or_stop(|| could_not_list(path), UNREADABLE)?;
            let key = format!("{prefix}{}", entry.file_name().to_string_lossy());
            self.entry(&entry.path(), key)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, key: String) -> Result<()> {
        let looked = || format!("could not look at \"{}\"", path.display());
        let link = match fs::symlink_metadata(path) {
            // Gone since the folder was read: a job rotates old dumps.
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
            about => about.or_stop(looked, UNREADABLE)?.is_symlink(),
        };
        if link
            && path
                .canonicalize()
                .is_ok_and(|target| target.starts_with(&self.inside))
        {
            return Ok(());
        }
        let about = match fs::metadata(path) {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
            about => about.or_stop(looked, UNREADABLE)?,
        };
        if about.is_file() {
            (self.each)(object(key, &about)?);
        } else if about.is_dir() && !self.visited.contains(&(about.dev(), about.ino())) {
            if link {
                self.visited.push((about.dev(), about.ino()));
            }
            self.folder(path, &format!("{key}/"))?;
        }
        Ok(())
    }
}

/// Works on a thread where waiting for the disk holds up nobody.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.or_stop(
        || "listing a folder was interrupted".to_owned(),
        "Run again.",
    )?
}

fn could_not_list(path: &Path) -> String {
    format!("could not list \"{}\"", path.display())
}

fn object(key: String, about: &Metadata) -> Result<Object> {
    let last_modified = file::modified(about).or_stop(
        || format!("could not tell when \"{key}\" was written"),
        "Check the file's time stamp.",
    )?;
    Ok(Object {
        key,
        size: about.len(),
        last_modified,
        etag: None,
    })
}
