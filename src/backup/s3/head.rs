//! Looks at one object before it is read: is it still the one that was listed, and what is stored with it?

use aws_sdk_s3::{operation::head_object::HeadObjectOutput, types::ChecksumMode};

use super::{Bucket, list::unquoted, patience::Tries, stored::Stored, trouble::Trouble};
use crate::{backup::Object, error::Error, finding::Code};

impl Bucket {
    /// The checksums that are stored with the object, after making sure that it is still the one that was listed.
    pub(super) async fn stored(&self, object: &Object) -> Result<Stored, Error> {
        let head = self.head(object, None).await?;
        let size = head
            .content_length()
            .and_then(|size| u64::try_from(size).ok());
        let etag = head.e_tag().map(unquoted);
        if size.is_some_and(|size| size != object.size) {
            return Err(Self::changed(
                &object.key,
                "Its length is another than when it was listed.",
            ));
        }
        if etag.is_some() && object.etag.is_some() && etag != object.etag {
            return Err(Self::changed(
                &object.key,
                "Its ETag is another than when it was listed.",
            ));
        }
        let stored = Stored::new(&head);
        let part = match stored.parts() {
            // Not every service answers for one part: then there is less evidence, and no harm.
            Some(_) => self.head(object, Some(1)).await.ok(),
            None => None,
        };
        let part = part.and_then(|part| u64::try_from(part.content_length()?).ok());
        Ok(stored.with_part_size(part, object.size))
    }

    async fn head(&self, object: &Object, part: Option<i32>) -> Result<HeadObjectOutput, Error> {
        let mut tries = Tries::new(self.patience);
        loop {
            let request = self
                .client()
                .head_object()
                .bucket(&self.name)
                .key(&object.key)
                .checksum_mode(ChecksumMode::Enabled)
                .set_part_number(part);
            let trouble = match tokio::time::timeout(tries.left(), request.send()).await {
                Ok(Ok(head)) => return Ok(head),
                Ok(Err(error)) => Trouble::from(error),
                Err(_) => Trouble::late(),
            };
            if trouble.is_changed() {
                return Err(gone_or_changed(object, &trouble));
            }
            if !trouble.passes() || !tries.pause().await {
                return Err(
                    self.stopped(&format!("could not look at \"{}\"", object.key), &trouble)
                );
            }
        }
    }
}

/// The object is not there any more, or is another one.
pub(super) fn gone_or_changed(object: &Object, trouble: &Trouble) -> Error {
    if trouble.is_gone() {
        return Error::new(
            format!("\"{}\" vanished while it was read", object.key),
            Code::BackupChanged.hint(),
        )
        .because("It was there when the bucket was listed.")
        .coded(Code::BackupChanged);
    }
    Bucket::changed(
        &object.key,
        "The service says that it is no longer the object that was listed.",
    )
}
