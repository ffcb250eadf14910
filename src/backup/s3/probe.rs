//! What a bucket lets us do, found out without changing anything that anybody can see.

use super::{Bucket, trouble::Trouble};
use crate::{
    backup::{Object, probe::Writable},
    error::{Error, Result},
};

/// What the key of a trial begins with. No dump is called so.
const TRIAL: &str = "pgdrill-doctor-";

impl Bucket {
    /// Asks for the first byte of an object alone.
    pub(in crate::backup) async fn first_byte(&self, object: &Object) -> Result<()> {
        let ask = self.insist(|client| {
            client
                .get_object()
                .bucket(&self.name)
                .key(&object.key)
                .range("bytes=0-0")
                .send()
        });
        // A service that knows no ranges sends all of it: the answer is dropped, which ends the connection.
        match ask.await {
            Ok(_) => Ok(()),
            Err(trouble) => {
                let doing = format!("could not read \"s3://{}/{}\"", self.name, object.key);
                Err(self.refused(&doing, &trouble, "s3:GetObject"))
            }
        }
    }

    /// Begins an upload in parts under a name that nothing else has, and gives it up at once.
    ///
    /// It needs the right that writing an object needs, `s3:PutObject`, and writes none: until it is completed there is
    /// no object, no version and no event, whatever happens to us in between. An object, even an empty one under a name
    /// of its own, would be listed as the newest by others, could set off events, and could not be taken back by
    /// credentials that may write and not delete; under a retention lock, by nobody.
    pub(in crate::backup) async fn writable(&self) -> Writable {
        let key = format!("{}{TRIAL}{}", self.prefix(), ulid::Ulid::generate());
        let begun = self.insist(|client| {
            let request = client.create_multipart_upload();
            request.bucket(&self.name).key(&key).send()
        });
        match begun.await {
            Ok(upload) => Writable::Yes(self.give_up(&key, upload.upload_id()).await),
            Err(trouble) if trouble.is_denied() || trouble.status == Some(403) => Writable::No,
            Err(trouble) => Writable::Unknown(self.not_told(&trouble)),
        }
    }

    /// Gives the upload up; when that is refused, the command that does it.
    async fn give_up(&self, key: &str, id: Option<&str>) -> Option<String> {
        let id = id?;
        let ended = self.insist(|client| {
            let request = client.abort_multipart_upload();
            request.bucket(&self.name).key(key).upload_id(id).send()
        });
        let refused = ended.await.is_err();
        refused.then(|| {
            format!(
                "aws s3api abort-multipart-upload --bucket {} --key {key} --upload-id {id}",
                self.name
            )
        })
    }

    fn not_told(&self, trouble: &Trouble) -> Error {
        let doing = format!("could not try whether \"{}\" can be written to", self.url());
        self.stopped(&doing, trouble)
    }
}
