//! Backups in a folder of this machine.

use std::{
    fs::{self, Metadata},
    io,
    ops::Range,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bytes::BytesMut;
use jiff::Timestamp;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};

use super::{Body, Listing, Object, Sender, digest::Digest, gather::Gather, names::Pattern};
use crate::{
    error::{Broken, Error, OrStop as _, Result},
    finding::Code,
    progress::Progress,
};

/// How much is read at once: large enough that the calls do not count, small enough to stay in the cache.
const CHUNK: usize = 512 * 1024;

const UNREADABLE: &str = "Check `backup.url`, and that this user may read there.";
const CHANGED: &str =
    "Run again when the backup job has finished; give every dump a name of its own.";

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
        let failed = |error| Broken::from(failed(object, &error));
        let mut file = File::open(self.path(object)).await.map_err(failed)?;
        let about = file.metadata().await.map_err(failed)?;
        unchanged(object, &about)?;
        file.seek(io::SeekFrom::Start(range.start))
            .await
            .map_err(failed)?;
        let mut part = Vec::new();
        let mut file = file.take(range.end - range.start);
        file.read_to_end(&mut part).await.map_err(failed)?;
        Ok(part.into())
    }

    /// Starts reading one file.
    pub(super) fn read(&self, object: &Object, progress: &Progress) -> Body {
        let (sender, body) = Body::new();
        let path = self.root.join(&object.key);
        let (object, progress) = (object.clone(), progress.clone());
        tokio::spawn(async move {
            let mut digest = Digest::default();
            match pass_on(&path, &object, &progress, &sender, &mut digest).await {
                Ok(true) => sender.finish(digest.evidence(Vec::new())),
                Ok(false) => {}
                Err(broken) => sender.fail(broken),
            }
        });
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
    let last_modified = modified(about).or_stop(
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

fn modified(about: &Metadata) -> std::result::Result<Timestamp, jiff::Error> {
    // Nanoseconds within a second always fit.
    Timestamp::new(
        about.mtime(),
        i32::try_from(about.mtime_nsec()).unwrap_or(0),
    )
}

/// Hands the file's bytes over; `false` when nobody reads any more.
async fn pass_on(
    path: &Path,
    object: &Object,
    progress: &Progress,
    sender: &Sender,
    digest: &mut Digest,
) -> std::result::Result<bool, Broken> {
    let mut file = File::open(path)
        .await
        .map_err(|error| failed(object, &error))?;
    let opened = file
        .metadata()
        .await
        .map_err(|error| failed(object, &error))?;
    unchanged(object, &opened)?;
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let count = file
            .read_buf(&mut chunk)
            .await
            .map_err(|error| failed(object, &error))?;
        if count == 0 {
            break;
        }
        digest.update(&chunk);
        progress.add_bytes(count as u64);
        if !sender.send(chunk.freeze()).await {
            return Ok(false);
        }
    }
    let still = file
        .metadata()
        .await
        .map_err(|error| failed(object, &error))?;
    let there = tokio::fs::metadata(path)
        .await
        .map_err(|error| failed(object, &error))?;
    unchanged(object, &still)?;
    if digest.bytes() != object.size || (there.dev(), there.ino()) != (opened.dev(), opened.ino()) {
        return Err(changed(object).into());
    }
    Ok(true)
}

fn unchanged(object: &Object, about: &Metadata) -> Result<()> {
    let same =
        about.len() == object.size && modified(about).is_ok_and(|at| at == object.last_modified);
    if same { Ok(()) } else { Err(changed(object)) }
}

fn changed(object: &Object) -> Error {
    Error::new(
        format!("\"{}\" was replaced while it was read", object.key),
        CHANGED,
    )
    .because(
        "Its size, its time stamp or its place on the disk is another than when it was listed.",
    )
    .coded(Code::BackupChanged)
}

fn failed(object: &Object, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return Error::new(
            format!("\"{}\" vanished while it was read", object.key),
            CHANGED,
        )
        .because("It was there when the folder was listed.")
        .coded(Code::BackupChanged);
    }
    Error::new(format!("could not read \"{}\"", object.key), UNREADABLE)
        .because(crate::error::sentence(&error.to_string()))
}
