//! Where backups are kept: what is there, which is the newest, and its bytes.

mod body;

use jiff::Timestamp;

pub use body::{Body, BodyReader, Evidence, Sender};

use crate::{
    error::{Error, Result},
    plan::BackupPlan,
    progress::Progress,
};

/// One stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key below the bucket or the folder, with `/` between the parts.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When the storage says it was written.
    pub last_modified: Timestamp,
    /// The storage's own tag, without quotes.
    pub etag: Option<String>,
}

/// One backup: a single object, or the members of a directory dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The object's key; for a directory dump the folder's, with a `/` at its end.
    pub key: String,
    /// The size of all of it in bytes.
    pub size: u64,
    /// When the storage says the last part of it was written.
    pub last_modified: Timestamp,
    /// The storage's own tag; none for a directory dump.
    pub etag: Option<String>,
    /// The members of a directory dump, `toc.dat` among them; empty for a single object.
    pub members: Vec<Object>,
}

/// An object that is no backup, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// What it is.
    pub object: Object,
    /// Why it was passed over.
    pub reason: Reason,
}

/// Why an object is no backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It holds nothing, although it is a dump by name.
    Empty,
    /// A key that ends in `/` and stands for a folder.
    FolderMarker,
    /// A checksum, a signature, a manifest, a log or a text beside a dump.
    Sidecar,
    /// An upload that has not finished, or never will.
    Partial,
    /// `backup.match` does not match it.
    NotMatched,
    /// A hidden file.
    Hidden,
}

/// Everything under a plan's URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The URL without credentials.
    pub url: String,
    /// Every backup, newest first: by time, then by key.
    pub backups: Vec<Backup>,
    /// Everything else, and why.
    pub rejected: Vec<Rejected>,
    /// What all of it takes, in bytes, with what was rejected.
    pub storage: u64,
    /// The storage's own time when it answered, where it tells.
    pub server_time: Option<Timestamp>,
}

/// A place where backups are kept.
#[derive(Debug)]
pub enum Store {}

impl Store {
    /// Opens the place that a plan names, without looking into it.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn open(_plan: &BackupPlan, _folder_of_plan: &std::path::Path) -> Result<Self> {
        Err(Error::new("not built", "Build it."))
    }

    /// Lists everything under the URL, to the last page.
    ///
    /// # Errors
    /// When the place cannot be reached or does not let us list.
    pub async fn list(&self) -> Result<Listing> {
        match *self {}
    }

    /// Starts reading one object. Bytes arrive while the caller works; at most a few megabytes wait.
    /// Every byte is counted into `progress`.
    #[must_use]
    pub fn read(&self, _object: &Object, _progress: &Progress) -> Body {
        match *self {}
    }
}
