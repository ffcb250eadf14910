//! Small objects that pgdrill keeps itself: written once, never replaced, read whole.

use std::path::Path;

use bytes::Bytes;

use super::{Keys, Kind, Patience, s3::Bucket, shelf::Shelf, split};
use crate::{
    error::{Error, Result},
    plan::HistoryPlan,
};

/// One stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key below the URL, with `/` between the parts.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What was read of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Whole(Bytes),
    /// Nothing that can be used, and why, as a sentence. It concerns this record alone.
    Lost(String),
}

/// A place where records are kept.
#[derive(Debug)]
pub enum Records {
    /// A bucket, or a prefix in one.
    S3(Box<Bucket>),
    /// A folder on this machine.
    Folder(Shelf),
}

impl Records {
    /// Opens the place that a plan names, without looking into it. Keys stand in the place of the usual AWS
    /// credential chain.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn open(
        plan: &HistoryPlan,
        folder_of_plan: &Path,
        keys: Option<Keys>,
        patience: Patience,
    ) -> Result<Self> {
        let (kind, rest) = split(&plan.url).map_err(|_| unknown(&plan.url))?;
        Ok(match kind {
            Kind::S3 => Self::S3(Box::new(
                Bucket::of_records(plan, rest, keys, patience).await?,
            )),
            Kind::Folder => Self::Folder(Shelf::new(folder_of_plan.join(rest))),
        })
    }

    /// Writes a record, whole or not at all. What is there already is never changed; when it holds the same bytes, it
    /// was written by an earlier try of the same run.
    ///
    /// # Errors
    /// When it cannot be written, or another record has the key.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        match self {
            Self::S3(bucket) => bucket.put_record(key, bytes).await,
            Self::Folder(place) => place.put(key, bytes).await,
        }
    }

    /// The records right below a folder (a name without `/`) whose names sort after `after`, sorted by key. A folder
    /// that does not exist holds none.
    ///
    /// # Errors
    /// When the place cannot be reached or does not let us list.
    pub async fn list(&self, folder: &str, after: &str) -> Result<Vec<Record>> {
        match self {
            Self::S3(bucket) => bucket.list_records(folder, after).await,
            Self::Folder(place) => place.list(folder, after).await,
        }
    }

    /// Reads a record. Of one that grew beyond `limit` bytes no more is read.
    ///
    /// # Errors
    /// When the place cannot be reached or does not let us read.
    pub async fn get(&self, record: &Record, limit: u64) -> Result<Content> {
        match self {
            Self::S3(bucket) => bucket.get_record(record, limit).await,
            Self::Folder(place) => Ok(place.get(record, limit).await),
        }
    }
}

fn unknown(url: &str) -> Error {
    let scheme = url.split("://").next().unwrap_or_default();
    Error::new(
        format!("history cannot be kept in \"{scheme}://\""),
        "Write s3://bucket/prefix/ or a folder in `history`.",
    )
}

/// A record with this key is there, and it is another one.
pub(super) fn taken(key: &str) -> Error {
    Error::new(
        format!("the record \"{key}\" was not written"),
        "Find out what else writes below `history`: every run has a name of its own.",
    )
    .because("Another record has this name, and records are never replaced.")
}

/// More was read than a record may hold.
pub(super) fn too_large(limit: u64) -> Content {
    Content::Lost(format!("It is larger than {limit} bytes."))
}
