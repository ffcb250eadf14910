//! Records in a folder of this machine. Folders are made for their owner alone (0700), and so are files (0600).

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::records::{Content, Record, taken, too_large};
use crate::error::{OrStop as _, Result, sentence};

const HINT: &str = "Check `history` in the plan, and that this user may write there.";
const UNREADABLE: &str = "Check `history` in the plan, and that this user may read there.";

/// A folder with one folder below it for every plan.
#[derive(Clone, Debug)]
pub struct Shelf {
    root: PathBuf,
}

impl Shelf {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let (path, key) = (self.root.join(key), key.to_owned());
        aside(move || {
            let written = write_new(&path, &bytes);
            match written {
                Err(there) if there.kind() == ErrorKind::AlreadyExists => {
                    let same = fs::read(&path).is_ok_and(|there| there == bytes);
                    if same { Ok(()) } else { Err(taken(&key)) }
                }
                written => {
                    written.or_stop(|| format!("could not write \"{}\"", path.display()), HINT)
                }
            }
        })
        .await?
    }

    pub(super) async fn list(&self, folder: &str, after: &str) -> Result<Vec<Record>> {
        let (path, folder, after) = (self.root.join(folder), folder.to_owned(), after.to_owned());
        aside(move || {
            files(&path, &folder, &after).or_stop(
                || format!("could not list \"{}\"", path.display()),
                UNREADABLE,
            )
        })
        .await?
    }

    pub(super) async fn get(&self, record: &Record, limit: u64) -> Content {
        let path = self.root.join(&record.key);
        let read = aside(move || read(&path, limit)).await;
        match read {
            Ok(Ok(content)) => content,
            Ok(Err(error)) => Content::Lost(sentence(&error.to_string())),
            Err(error) => Content::Lost(sentence(&error.to_string())),
        }
    }
}

/// Off the threads that must not wait for a disk.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.or_stop(
        || "work on the history was interrupted".to_owned(),
        "Run again.",
    )
}

/// Writes a file that was not there. Whoever reads the folder sees all of it or nothing, also after a power failure.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Its name begins with a dot: what a killed writer leaves behind is no record.
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".tmp")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn files(path: &Path, folder: &str, after: &str) -> io::Result<Vec<Record>> {
    let entries = match fs::read_dir(path) {
        Err(none) if none.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.as_str() <= after {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(about) if about.is_file() => found.push(Record {
                key: format!("{folder}/{name}"),
                size: about.len(),
            }),
            // A folder, a pipe, or gone since the folder was read: no record.
            _ => {}
        }
    }
    found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

fn read(path: &Path, limit: u64) -> io::Result<Content> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(too_large(limit));
    }
    Ok(Content::Whole(bytes.into()))
}
