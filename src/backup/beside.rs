//! Small files that lie beside a dump: checksums, manifests.

use bytes::Bytes;

use super::Store;

impl Store {
    /// What a small file under this key holds; `None` where there is none, where it may not be read, or where it is larger
    /// than `limit` bytes: nothing is lost but what it would have proved.
    pub async fn beside(&self, key: &str, limit: u64) -> Option<Bytes> {
        match self {
            Self::S3(bucket) => bucket.small(key, limit).await,
            Self::Folder(folder) => folder.small(key, limit).await,
        }
    }
}
