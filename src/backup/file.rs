//! One file of this machine, read to its end: it is the one that was listed, and stays it.

use std::{
    fs::Metadata,
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
    let mut digest = Digest::default();
    match pass_on(&path, &object, &progress, &sender, &mut digest).await {
        Ok(true) => sender.finish(digest.evidence(Vec::new())),
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
) -> std::result::Result<bytes::Bytes, Broken> {
    let failed = |error| Broken::from(failed(object, &error));
    let mut file = File::open(path).await.map_err(failed)?;
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

/// When a file was written.
pub(super) fn modified(about: &Metadata) -> std::result::Result<Timestamp, jiff::Error> {
    // Nanoseconds within a second always fit.
    Timestamp::new(
        about.mtime(),
        i32::try_from(about.mtime_nsec()).unwrap_or(0),
    )
}
