//! Lists a bucket to its last page, and keeps asking while the service is busy.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
    operation::list_objects_v2::ListObjectsV2Output,
    types::Object as Listed,
};
use jiff::{Timestamp, fmt::rfc2822};

use super::{Bucket, patience::Tries, trouble::Trouble};
use crate::{
    backup::{Listing, Object, gather::Gather},
    error::{Error, Result},
};

impl Bucket {
    /// Lists everything below the path, or the one object that it names.
    pub(in crate::backup) async fn list(&self, named: Option<&str>) -> Result<Listing> {
        let clock = Clock::default();
        let prefix = self.prefix();
        let mut gather = Gather::new(&self.url(), &prefix, &self.pattern, named);
        self.each(&prefix, &clock, &mut |object| gather.add(object))
            .await?;
        let nothing = gather.is_empty() && !self.path.is_empty();
        let single = if nothing {
            self.single(&clock).await?
        } else {
            None
        };
        let listing = match single {
            Some(object) => {
                let url = format!("s3://{}/{}", self.name, self.path);
                Gather::new(&url, "", &self.pattern, named).only(object)
            }
            None => gather.finish(),
        };
        Ok(clock.tell(listing))
    }

    /// Every object below a folder inside, whose key ends in `/`; empty for the whole bucket.
    pub(in crate::backup) async fn below(&self, key: &str) -> Result<Vec<Object>> {
        let mut objects = Vec::new();
        self.each(key, &Clock::default(), &mut |object| objects.push(object))
            .await?;
        Ok(objects)
    }

    /// Hands over every object whose key begins like this, page by page.
    async fn each(
        &self,
        prefix: &str,
        clock: &Clock,
        take: &mut (dyn FnMut(Object) + Send),
    ) -> Result<()> {
        let mut pages = Pages::default();
        loop {
            let page = self.page(prefix, pages.token.as_deref(), clock).await?;
            let goes_on = pages.turn(&page).ok_or_else(|| cut_short(&self.url()))?;
            for listed in page.contents.unwrap_or_default() {
                take(object(listed)?);
            }
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// The object whose key is the path itself. Keys come in their order, so it would be the first.
    async fn single(&self, clock: &Clock) -> Result<Option<Object>> {
        let page = self.page(&self.path, None, clock).await?;
        (Pages::default().turn(&page)).ok_or_else(|| cut_short(&self.url()))?;
        let mut found = page.contents.unwrap_or_default().into_iter();
        found
            .find(|listed| listed.key() == Some(&self.path))
            .map(object)
            .transpose()
    }

    /// One page. Asks again while the service is busy, and once more in the region that the service names.
    async fn page(
        &self,
        prefix: &str,
        token: Option<&str>,
        clock: &Clock,
    ) -> Result<ListObjectsV2Output> {
        let doing = || format!("could not list \"{}\"", self.url());
        let mut tries = Tries::new(self.patience);
        let mut followed = !self.may_follow;
        loop {
            let trouble = match self.ask(prefix, token, clock, &tries).await {
                Ok(page) => return Ok(page),
                Err(trouble) => trouble,
            };
            let region = trouble
                .region
                .clone()
                .filter(|_| trouble.is_elsewhere() && !followed);
            if let Some(region) = region {
                followed = true;
                self.move_to(region);
            } else if trouble.unreachable || !trouble.passes() || !tries.pause().await {
                // The SDK has tried an unreachable host several times: more often a mistake than a fault.
                return Err(self.stopped(&doing(), &trouble));
            }
        }
    }

    async fn ask(
        &self,
        prefix: &str,
        token: Option<&str>,
        clock: &Clock,
        tries: &Tries,
    ) -> std::result::Result<ListObjectsV2Output, Trouble> {
        let request = self
            .client()
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_continuation_token(token.map(str::to_owned))
            .customize()
            .interceptor(clock.clone());
        match tokio::time::timeout(tries.left(), request.send()).await {
            Ok(answer) => answer.map_err(Trouble::from),
            Err(_) => Err(Trouble::late()),
        }
    }
}

/// Where in a listing one is.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// What leads to the page that is asked for; none for the first.
    pub(super) token: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    /// Whether another page follows this one. `None`: it was cut off, or the listing goes in a circle. Every service says
    /// whether it goes on, so a page that does not was not received whole.
    pub(super) fn turn(&mut self, page: &ListObjectsV2Output) -> Option<bool> {
        let received = page.contents().len() + page.common_prefixes().len();
        let told = usize::try_from(page.key_count().unwrap_or(0)).unwrap_or(0);
        if told > received {
            return None;
        }
        if !page.is_truncated()? {
            return Some(false);
        }
        let next = page.next_continuation_token()?.to_owned();
        let is_new = self.seen.insert(next.clone());
        self.token = Some(next);
        is_new.then_some(true)
    }
}

pub(super) const CUT_SHORT: &str =
    "Report it to the operator of the storage: its listing says that it goes on, and does not.";

fn cut_short(url: &str) -> Error {
    Error::new(format!("could not list \"{url}\" to its end"), CUT_SHORT)
}

/// No storage has an object of a petabyte, in bytes; S3's largest have 50 TB (docs.aws.amazon.com, "Amazon S3 object size").
const NO_OBJECT: u64 = 1 << 50;

fn object(listed: Listed) -> Result<Object> {
    let key = listed.key.unwrap_or_default();
    let time = listed
        .last_modified
        .and_then(|at| Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok());
    let size = listed.size.and_then(|size| u64::try_from(size).ok());
    let size = size.filter(|size| *size < NO_OBJECT);
    let (Some(last_modified), Some(size)) = (time, size) else {
        let doing = format!("the storage does not tell the size and the time of \"{key}\"");
        return Err(Error::new(
            doing,
            "Check `backup.endpoint`: this is not how S3 answers.",
        ));
    };
    let etag = listed.e_tag.as_deref().map(unquoted);
    Ok(Object {
        key,
        size,
        last_modified,
        etag,
    })
}

/// A tag without its quotes.
pub(super) fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// The `Date` of the first answer, and our own time then. The first: later pages come later.
#[derive(Clone, Debug, Default)]
struct Clock(Arc<OnceLock<(Timestamp, Timestamp)>>);

impl Clock {
    fn tell(&self, listing: Listing) -> Listing {
        let times = self.0.get().copied();
        Listing {
            server_time: times.map(|(theirs, _)| theirs),
            own_time: times.map(|(_, ours)| ours),
            ..listing
        }
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(time) = date.and_then(|date| rfc2822::parse(date).ok()) {
            // Set once: the first answer is kept.
            let _ = self.0.set((time.timestamp(), Timestamp::now()));
        }
        Ok(())
    }
}
