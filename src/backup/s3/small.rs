//! A small object beside a dump, read whole.

use bytes::Bytes;

use super::Bucket;
use crate::backup::Content;

impl Bucket {
    /// What it holds; `None` where there is none, or where it cannot be read.
    pub(in crate::backup) async fn small(&self, key: &str, limit: u64) -> Option<Bytes> {
        let request =
            |client: aws_sdk_s3::Client| client.get_object().bucket(&self.name).key(key).send();
        let answer = self.insist(request).await;
        let answer = answer
            .inspect_err(
                |trouble| tracing::debug!(key, status = ?trouble.status, "nothing lies there"),
            )
            .ok()?;
        match self.collect(answer, limit).await {
            Ok(Content::Whole(bytes)) => Some(bytes),
            _ => None,
        }
    }
}
