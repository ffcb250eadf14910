//! Where backups are kept: what is there, which is the newest, and its bytes.

mod asked;
mod beside;
mod body;
mod digest;
mod file;
mod folder;
mod gather;
mod listing;
mod members;
mod names;
mod other;
mod pick;
mod places;
mod probe;
mod records;
mod s3;
mod shelf;
mod tally;
mod turns;
pub mod twice;

use std::{ops::Range, path::Path};

use bytes::{Buf as _, Bytes, BytesMut};
use jiff::Timestamp;

pub use asked::Asked;
pub use body::{Ahead, Body, BodyReader, Evidence, Reach, Sender};
pub use listing::{DAYS, Day, KEPT, Listing, NAMED, Reason, Rejected};
pub use probe::Writable;
pub use records::{Content, Record, Records};
pub use s3::{Keys, Patience};

use crate::{
    error::{Broken, Error, Result},
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
    /// The members of a directory dump, `toc.dat` among them, once [`Store::whole`] has listed them; empty for a single
    /// object.
    pub members: Vec<Object>,
}

/// A place where backups are kept.
#[derive(Debug)]
pub enum Store {
    /// A bucket, or a prefix in one.
    S3(Box<s3::Bucket>),
    /// A folder on this machine.
    Folder(folder::Folder),
}

/// What kind of place a URL's scheme names.
#[derive(Clone, Copy)]
enum Kind {
    S3,
    Folder,
}

/// Every scheme that a URL may begin with. A new kind of storage is one file and one line here.
const STORES: [(&str, Kind); 2] = [("s3", Kind::S3), ("file", Kind::Folder)];

impl Store {
    /// Opens the place that a plan names, without looking into it.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn open(plan: &BackupPlan, folder_of_plan: &Path) -> Result<Self> {
        Self::open_with(plan, folder_of_plan, None, Patience::default()).await
    }

    /// Opens the place with these keys in the place of the usual AWS credential chain.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn open_with(
        plan: &BackupPlan,
        folder_of_plan: &Path,
        keys: Option<Keys>,
        patience: Patience,
    ) -> Result<Self> {
        let (kind, rest) = split(&plan.url)?;
        let pattern = names::Pattern::new(plan.pattern.as_deref())?;
        Ok(match kind {
            Kind::S3 => Self::S3(Box::new(
                s3::Bucket::open(plan, rest, pattern, keys, patience).await?,
            )),
            Kind::Folder => Self::Folder(folder::Folder::new(&folder_of_plan.join(rest), pattern)),
        })
    }

    /// Lists everything under the URL, to the last page.
    ///
    /// # Errors
    /// When the place cannot be reached or does not let us list.
    pub async fn list(&self) -> Result<Listing> {
        self.list_naming(None).await
    }

    /// Lists everything, and remembers every object that has this name, for [`Listing::pick`].
    ///
    /// # Errors
    /// When the place cannot be reached or does not let us list.
    pub async fn list_naming(&self, name: Option<&str>) -> Result<Listing> {
        match self {
            Self::S3(bucket) => bucket.list(name).await,
            Self::Folder(folder) => folder.list(name).await,
        }
    }

    /// A backup with its members, if it is a directory dump: a listing only sums them up.
    ///
    /// # Errors
    /// When the place cannot be reached, or the members are no longer those that were summed up.
    pub async fn whole(&self, backup: Backup) -> Result<Backup> {
        if !backup.is_directory() || !backup.members.is_empty() {
            return Ok(backup);
        }
        let below = backup.key.trim_start_matches('/');
        let objects = match self {
            Self::S3(bucket) => bucket.below(below).await?,
            Self::Folder(folder) => folder.below(below).await?,
        };
        members::complete(backup, objects)
    }

    /// Starts reading one object. Bytes arrive while the caller works; at most a few megabytes wait.
    /// Every byte is counted into `progress`. Must be called inside a Tokio runtime.
    #[must_use]
    pub fn read(&self, object: &Object, progress: &Progress) -> Body {
        match self {
            Self::S3(bucket) => bucket.read(object, progress),
            Self::Folder(folder) => folder.read(object, progress),
        }
    }

    /// Some of an object's bytes, as far as there are as many.
    ///
    /// # Errors
    /// When the object was replaced or cannot be read.
    pub async fn part(
        &self,
        object: &Object,
        range: Range<u64>,
        progress: &Progress,
    ) -> std::result::Result<Bytes, Broken> {
        let range = range.start.min(object.size)..range.end.min(object.size);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let part = match self {
            Self::S3(bucket) => bucket.part(object, range.clone()).await?,
            Self::Folder(folder) => Some(folder.part(object, range.clone()).await?),
        };
        if let Some(bytes) = part {
            progress.add_bytes(bytes.len() as u64);
            return Ok(bytes);
        }
        self.head(object, range.end, progress)
            .await
            .map(|mut head| {
                head.advance(
                    usize::try_from(range.start)
                        .unwrap_or(usize::MAX)
                        .min(head.len()),
                );
                head
            })
    }

    /// The first bytes of an object that cannot be asked for a part of it.
    async fn head(
        &self,
        object: &Object,
        count: u64,
        progress: &Progress,
    ) -> std::result::Result<Bytes, Broken> {
        let mut body = self.read(object, progress);
        let mut head = BytesMut::new();
        while (head.len() as u64) < count
            && let Some(chunk) = body.chunk().await
        {
            head.extend_from_slice(&chunk?);
        }
        head.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        Ok(head.freeze())
    }

    /// Reads one small object into memory.
    ///
    /// # Errors
    /// When it is larger than `limit` bytes, or its bytes ended early.
    pub async fn read_all(
        &self,
        object: &Object,
        limit: u64,
    ) -> std::result::Result<Bytes, Broken> {
        if object.size > limit {
            let hint = "Check what the backup job writes under this name.";
            let doing = format!("did not read \"{}\" into memory", object.key);
            let cause = format!(
                "It holds {} bytes; at most {limit} were expected.",
                object.size
            );
            return Err(Error::new(doing, hint).because(cause).into());
        }
        let mut body = self.read(object, &Progress::default());
        let mut all = BytesMut::new();
        while let Some(chunk) = body.chunk().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all.freeze())
    }
}

/// Whether a URL names a kind of place that is known, and a place of that kind.
///
/// # Errors
/// When it does not, or names more than that.
pub fn is_place(url: &str) -> Result<()> {
    match split(url)? {
        (Kind::S3, rest) if rest.is_empty() || rest.starts_with('/') => Err(Error::new(
            format!("\"{url}\" names no bucket"),
            "Write s3://BUCKET/PREFIX/.",
        )),
        _ => holds_no_password(url),
    }
}

/// Whether the URL of a bucket holds nothing but bucket and prefix.
///
/// # Errors
/// When it holds more: it may be a password, so it is not repeated.
pub fn holds_no_password(url: &str) -> Result<()> {
    let place = url.split_once("://").map_or("", |(_, place)| place);
    let bucket = place.split('/').next().unwrap_or_default();
    if bucket.contains(['@', ':']) {
        return Err(Error::new(
            "the URL of a bucket holds a user or a password",
            "Write s3://BUCKET/PREFIX/: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ));
    }
    Ok(())
}

/// The kind of place and what follows the scheme.
fn split(url: &str) -> Result<(Kind, &str)> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Ok((Kind::Folder, url));
    };
    if let Some((_, kind)) = STORES.iter().find(|(known, _)| *known == scheme) {
        return Ok((*kind, rest));
    }
    let known: Vec<_> = STORES
        .iter()
        .map(|(name, _)| format!("{name}://"))
        .collect();
    let hint = format!(
        "Write {} or a folder in `backup.url`; R2, MinIO and Garage are s3:// with `backup.endpoint`.",
        known.join(", ")
    );
    Err(Error::new(
        format!("unknown kind of storage \"{scheme}://\""),
        hint,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scheme_is_answered_with_the_known_ones() {
        let finding = crate::finding::Finding::from(split("gs://b/x").err().unwrap());
        assert_eq!(finding.message, "unknown kind of storage \"gs://\"");
        assert!(finding.hint.contains("s3://, file://"), "{}", finding.hint);
    }

    #[test]
    fn a_bucket_has_a_name() {
        assert!(is_place("s3://").is_err() && is_place("s3:///x").is_err());
        let told = format!("{:?}", is_place("s3://AKIA:hunter2@b/x/").unwrap_err());
        assert!(!told.contains("hunter2"), "{told}");
        assert!(
            is_place("s3://b/x:y@z").is_ok(),
            "a prefix may hold anything"
        );
        assert!(is_place("s3://b").is_ok() && is_place("./dumps").is_ok());
    }

    #[test]
    fn what_has_no_scheme_is_a_folder() {
        assert!(matches!(split("../dumps"), Ok((Kind::Folder, "../dumps"))));
        assert!(matches!(
            split("file:///srv/x"),
            Ok((Kind::Folder, "/srv/x"))
        ));
        assert!(matches!(split("s3://b/x"), Ok((Kind::S3, "b/x"))));
    }
}
