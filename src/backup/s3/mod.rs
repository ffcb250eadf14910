//! Backups in a bucket: S3, R2, MinIO, Garage and whatever else speaks S3. The only folder that knows the AWS SDK.

mod client;
mod damage;
mod early;
mod head;
mod insist;
mod list;
mod patience;
mod probe;
mod range;
mod ranges;
mod read;
mod records;
mod small;
mod stored;
mod trouble;

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, Region},
};
use bytes::Bytes;

pub use patience::Patience;

use super::{Body, Object, names::Pattern};
use crate::{
    error::{Error, Result},
    plan::BackupPlan,
    progress::Progress,
    units::Secret,
};

/// An access key and its secret.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret that belongs to it.
    pub secret: Secret,
}

/// What a bucket is opened for: hints name the plan's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Backups,
    Records,
}

impl Purpose {
    const fn key(self) -> &'static str {
        match self {
            Self::Backups => "backup.url",
            Self::Records => "history",
        }
    }
}

/// A bucket, or a prefix in one. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Bucket {
    purpose: Purpose,
    name: String,
    /// What the URL says after the bucket: a folder or one object's key, without a `/` at its end.
    path: String,
    pattern: Pattern,
    patience: Patience,
    endpoint: Option<String>,
    /// Whether the region may still be replaced by the one that the service names.
    may_follow: bool,
    client: Arc<Mutex<Client>>,
}

impl Bucket {
    /// Opens `bucket/prefix`, the part of a URL behind `s3://`.
    pub(super) async fn open(
        plan: &BackupPlan,
        rest: &str,
        pattern: Pattern,
        keys: Option<Keys>,
        patience: Patience,
    ) -> Result<Self> {
        Self::open_for(Purpose::Backups, plan, rest, pattern, keys, patience).await
    }

    async fn open_for(
        purpose: Purpose,
        plan: &BackupPlan,
        rest: &str,
        pattern: Pattern,
        keys: Option<Keys>,
        patience: Patience,
    ) -> Result<Self> {
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() {
            let doing = format!("\"{}\" names no bucket", plan.url);
            let hint = format!("Write s3://bucket/folder in `{}`.", purpose.key());
            return Err(Error::new(doing, hint));
        }
        let (config, endpoint) = client::configure(plan, keys.as_ref(), patience).await?;
        Ok(Self {
            purpose,
            name: name.to_owned(),
            path: path.trim_matches('/').to_owned(),
            pattern,
            patience,
            endpoint,
            may_follow: plan.region.is_none(),
            client: Arc::new(Mutex::new(Client::from_conf(config))),
        })
    }

    /// The URL of everything below the path, without credentials.
    fn url(&self) -> String {
        format!("s3://{}/{}", self.name, self.prefix())
    }

    /// What every key below the path begins with.
    fn prefix(&self) -> String {
        if self.path.is_empty() {
            String::new()
        } else {
            format!("{}/", self.path)
        }
    }

    /// Starts reading one object.
    pub(super) fn read(&self, object: &Object, progress: &Progress) -> Body {
        let (sender, body) = Body::new();
        tokio::spawn(read::deliver(
            self.clone(),
            object.clone(),
            progress.clone(),
            sender,
        ));
        body
    }

    /// Some of an object's bytes; none when the service does not know ranges.
    pub(super) async fn part(&self, object: &Object, range: Range<u64>) -> Result<Option<Bytes>> {
        match range::fetch(self, object, range.start, range.end).await? {
            range::Got::Bytes(bytes) => Ok(Some(bytes)),
            range::Got::NoRanges => Ok(None),
        }
    }

    fn client(&self) -> Client {
        self.client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Goes on in another region.
    fn move_to(&self, region: String) {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let config: Builder = client.config().to_builder().region(Region::new(region));
        *client = Client::from_conf(config.build());
    }
}
