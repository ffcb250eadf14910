//! One file of this machine, read to its end: it is the one that was listed, and stays it. A stretch of it may be read at a
//! second place at the same time.

mod early;

use std::{
    fs::Metadata,
    io,
    ops::Range,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, Take},
};

use early::Early;

use super::{Object, Sender, digest::Digest, folder::UNREADABLE};
use crate::{
    error::{Broken, Error, Result},
    finding::Code,
    progress::Progress,
};

/// How much is read at once: large enough that the calls do not count, small enough to stay in the cache.
const CHUNK: usize = 512 * 1024;

const CHANGED: &str =
    "Run again when the backup job has finished; give every dump a name of its own.";

/// Reads a file for somebody, and tells at the end what reading it showed.
pub(super) async fn deliver(path: PathBuf, object: Object, progress: Progress, sender: Sender) {
    sender.turns().read_twice();
    let mut reading = Reading {
        path: &path,
        object: &object,
        progress: &progress,
        sender: &sender,
        digest: Digest::default(),
        early: None,
    };
    match reading.all().await {
        Ok(true) => {
            let evidence = reading.digest.evidence(Vec::new());
            sender.finish(evidence);
        }
        Ok(false) => {}
        Err(broken) => sender.fail(broken),
    }
}

/// Some of a file's bytes; the range lies inside it.
///
/// # Errors
/// When it is another file than was listed, or cannot be read.
pub(super) async fn part(
    path: &Path,
    object: &Object,
    range: Range<u64>,
) -> std::result::Result<Bytes, Broken> {
    let mut file = within(path, object, range).await?;
    let mut part = Vec::new();
    let read = file.read_to_end(&mut part).await;
    read.map_err(|error| failed(object, &error))?;
    Ok(part.into())
}

/// Whether it is still the file that was listed.
///
/// # Errors
/// `backup.changed` when it is not; also when it cannot be opened.
pub(super) async fn same(path: &Path, object: &Object) -> Result<()> {
    open(path, object).await.map(drop)
}

/// A file and what is known of it now: it is the one that was listed.
async fn open(path: &Path, object: &Object) -> Result<(File, Metadata)> {
    let failed = |error| failed(object, &error);
    let file = File::open(path).await.map_err(failed)?;
    let about = file.metadata().await.map_err(failed)?;
    unchanged(object, &about)?;
    Ok((file, about))
}

/// A file from the beginning of a range to its end.
async fn within(path: &Path, object: &Object, range: Range<u64>) -> Result<Take<File>> {
    let (mut file, _) = open(path, object).await?;
    let start = file.seek(io::SeekFrom::Start(range.start)).await;
    start.map_err(|error| failed(object, &error))?;
    Ok(file.take(range.end - range.start))
}

/// The next bytes, at most so many; none at the end.
async fn piece(object: &Object, from: impl AsyncRead + Unpin, most: u64) -> Result<Bytes> {
    let mut piece = BytesMut::with_capacity(CHUNK);
    let read = from.take(most.min(CHUNK as u64)).read_buf(&mut piece).await;
    read.map_err(|error| failed(object, &error))?;
    Ok(piece.freeze())
}

/// A file while it is read in its order.
struct Reading<'a> {
    path: &'a Path,
    object: &'a Object,
    progress: &'a Progress,
    sender: &'a Sender,
    digest: Digest,
    /// What of it is read ahead of its turn.
    early: Option<Early>,
}

impl Reading<'_> {
    /// Hands the file's bytes over; `false` when nobody reads any more.
    async fn all(&mut self) -> std::result::Result<bool, Broken> {
        let (mut file, opened) = open(self.path, self.object).await?;
        loop {
            let at = self.digest.bytes();
            let chunk = self.next(&mut file).await?;
            if chunk.is_empty() {
                break;
            }
            self.digest.update(&chunk);
            self.progress.add_bytes(chunk.len() as u64);
            let known = (self.early.as_mut()).is_some_and(|early| early.knows(at, &chunk));
            if !known && !self.sender.send(chunk).await {
                return Ok(false);
            }
        }
        self.same(&file, &opened).await?;
        if let Some(early) = self.early.take() {
            early.compare(self.object).await?;
        }
        Ok(true)
    }

    /// The next bytes, all of them to be handed over, or none; none at all at the end.
    async fn next(&mut self, file: &mut File) -> Result<Bytes> {
        let at = self.digest.bytes();
        if let Some(stretch) = self.sender.turns().ask(at + CHUNK as u64) {
            self.early = Some(Early::of(self.path, self.object, stretch));
        }
        let alike = self
            .early
            .as_ref()
            .map_or(u64::MAX, |early| early.alike(at));
        piece(self.object, file, alike).await
    }

    /// It is still the file that was opened, and was read whole.
    async fn same(&self, file: &File, opened: &Metadata) -> Result<()> {
        let failed = |error| failed(self.object, &error);
        let still = file.metadata().await.map_err(failed)?;
        let there = tokio::fs::metadata(self.path).await.map_err(failed)?;
        unchanged(self.object, &still)?;
        let is_there = (there.dev(), there.ino()) == (opened.dev(), opened.ino());
        if self.digest.bytes() != self.object.size || !is_there {
            return Err(changed(self.object));
        }
        Ok(())
    }
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
    if error.kind() == io::ErrorKind::NotFound && object.key.contains('\u{FFFD}') {
        return Error::new(
            format!("could not read \"{}\"", object.key),
            "Give the file a name in UTF-8.",
        )
        .because("Its name is not in UTF-8.");
    }
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

/// When a file was written.
pub(super) fn modified(about: &Metadata) -> std::result::Result<Timestamp, jiff::Error> {
    // Nanoseconds within a second always fit.
    Timestamp::new(
        about.mtime(),
        i32::try_from(about.mtime_nsec()).unwrap_or(0),
    )
}
