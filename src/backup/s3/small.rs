//! A small object beside a dump, read whole.

use bytes::{Bytes, BytesMut};

use super::Bucket;

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
        let mut body = answer.body;
        let mut all = BytesMut::new();
        loop {
            let piece = tokio::time::timeout(self.patience.stall, body.next()).await;
            match piece.ok()? {
                Some(piece) => all.extend_from_slice(&piece.ok()?),
                None => return Some(all.freeze()),
            }
            if all.len() as u64 > limit {
                return None;
            }
        }
    }
}
