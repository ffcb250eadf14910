//! Records in a bucket: written once, listed after a name, read whole.

use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use bytes::{Bytes, BytesMut};

use super::{
    Bucket, Keys, Patience, Purpose,
    list::{CUT_SHORT, Pages},
    patience::Tries,
    trouble::Trouble,
};
use crate::{
    backup::{
        names::Pattern,
        records::{Content, Record, taken, too_large},
    },
    error::{Error, Result, whole},
    plan::{BackupPlan, HistoryPlan, Select},
};

impl Bucket {
    /// Opens `bucket/prefix`, the part of a URL behind `s3://`, as a place for records.
    pub(in crate::backup) async fn of_records(
        plan: &HistoryPlan,
        rest: &str,
        keys: Option<Keys>,
        patience: Patience,
    ) -> Result<Self> {
        let place = BackupPlan {
            url: plan.url.clone(),
            endpoint: plan.endpoint.clone(),
            region: plan.region.clone(),
            pattern: None,
            select: Select::Newest,
            timezone: None,
            database: None,
        };
        Self::open_for(
            Purpose::Records,
            &place,
            rest,
            Pattern::new(None)?,
            keys,
            patience,
        )
        .await
    }

    /// Writes an object that is not there yet. Two tries of one run may both arrive: the same bytes are no conflict.
    pub(in crate::backup) async fn put_record(&self, key: &str, bytes: Bytes) -> Result<()> {
        let mut answer = self.put_once(key, &bytes, true).await;
        // Some services know no conditions. Names are unique, so that nothing is replaced without them either.
        if answer.as_ref().is_err_and(Trouble::is_not_implemented) {
            answer = self.put_once(key, &bytes, false).await;
        }
        match answer {
            Ok(()) => Ok(()),
            Err(there) if there.status == Some(412) => self.must_be_ours(key, &bytes).await,
            Err(trouble) => Err(self.refused(
                &format!("could not write \"{}{key}\"", self.url()),
                &trouble,
                "s3:PutObject",
            )),
        }
    }

    async fn put_once(
        &self,
        key: &str,
        bytes: &Bytes,
        only_new: bool,
    ) -> std::result::Result<(), Trouble> {
        let key = format!("{}{key}", self.prefix());
        self.insist(|client| {
            client
                .put_object()
                .bucket(&self.name)
                .key(&key)
                .content_type("application/json")
                .set_if_none_match(only_new.then(|| "*".to_owned()))
                .body(ByteStream::from(bytes.clone()))
                .send()
        })
        .await
        .map(|_| ())
    }

    /// What is there was written by a try whose answer was lost, or is somebody else's.
    async fn must_be_ours(&self, key: &str, bytes: &Bytes) -> Result<()> {
        let size = bytes.len() as u64;
        let record = Record {
            key: key.to_owned(),
            size,
        };
        match self.get_record(&record, size).await? {
            Content::Whole(there) if there == *bytes => Ok(()),
            _ => Err(taken(key)),
        }
    }

    /// Lists what is right below `folder` and sorts after `after`.
    pub(in crate::backup) async fn list_records(
        &self,
        folder: &str,
        after: &str,
    ) -> Result<Vec<Record>> {
        let below = self.prefix();
        let prefix = format!("{below}{folder}/");
        let start = format!("{prefix}{after}");
        let doing = format!("could not list \"s3://{}/{prefix}\"", self.name);
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let ask = self.insist(|client| {
                client
                    .list_objects_v2()
                    .bucket(&self.name)
                    .prefix(&prefix)
                    .delimiter("/")
                    // Below a token it says nothing new; some services refuse both.
                    .set_start_after(pages.token.is_none().then(|| start.clone()))
                    .set_continuation_token(pages.token.clone())
                    .send()
            });
            let page = ask.await;
            let page = page.map_err(|why| self.refused(&doing, &why, "s3:ListBucket"))?;
            let goes_on = pages
                .turn(&page)
                .ok_or_else(|| Error::new(&doing, CUT_SHORT))?;
            for listed in page.contents.unwrap_or_default() {
                let key = listed.key.unwrap_or_default();
                // A service that does not know `start-after` lists everything.
                if let Some(key) = key.strip_prefix(&below).filter(|_| key > start) {
                    found.push(Record {
                        key: key.to_owned(),
                        size: u64::try_from(listed.size.unwrap_or(0)).unwrap_or(0),
                    });
                }
            }
            if !goes_on {
                return Ok(found);
            }
        }
    }

    /// Reads an object whole.
    pub(in crate::backup) async fn get_record(
        &self,
        record: &Record,
        limit: u64,
    ) -> Result<Content> {
        let key = format!("{}{}", self.prefix(), record.key);
        let mut tries = Tries::new(self.patience);
        loop {
            let ask = self.insist(|client| {
                let request = client.get_object().bucket(&self.name).key(&key);
                request.send()
            });
            let trouble = match ask.await {
                Ok(answer) => match self.collect(answer, limit).await {
                    Ok(content) => return Ok(content),
                    Err(trouble) => trouble,
                },
                Err(gone) if gone.is_gone() => {
                    return Ok(Content::Lost("It vanished before it was read.".to_owned()));
                }
                Err(trouble) => return Err(self.unreadable(&key, &trouble)),
            };
            if !tries.pause().await {
                return Err(self.unreadable(&key, &trouble));
            }
        }
    }

    /// A whole body of at most so many bytes, which must not stand still.
    pub(super) async fn collect(
        &self,
        answer: GetObjectOutput,
        limit: u64,
    ) -> std::result::Result<Content, Trouble> {
        let (mut body, mut bytes) = (answer.body, BytesMut::new());
        loop {
            let chunk = tokio::time::timeout(self.patience.stall, body.next()).await;
            match chunk {
                Ok(Some(Ok(chunk))) => bytes.extend_from_slice(&chunk),
                Ok(Some(Err(error))) => return Err(Trouble::broken(whole(&error))),
                Ok(None) => return Ok(Content::Whole(bytes.freeze())),
                Err(_) => return Err(Trouble::late()),
            }
            if bytes.len() as u64 > limit {
                return Ok(too_large(limit));
            }
        }
    }

    fn unreadable(&self, key: &str, trouble: &Trouble) -> Error {
        let doing = format!("could not read \"s3://{}/{key}\"", self.name);
        self.refused(&doing, trouble, "s3:GetObject")
    }

    /// As for backups, but a denied request names the one right that it needs.
    pub(super) fn refused(&self, doing: &str, trouble: &Trouble, right: &str) -> Error {
        if !trouble.is_denied() {
            return self.stopped(doing, trouble);
        }
        let on = if right == "s3:ListBucket" {
            format!("the bucket \"{}\"", self.name)
        } else {
            format!("the objects below \"{}\"", self.url())
        };
        let hint = format!("Allow {right} on {on} to the credentials in use.");
        let cause = "The service denies this to the credentials in use.";
        Error::new(doing, hint).because(cause)
    }
}
