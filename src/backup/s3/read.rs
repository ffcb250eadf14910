//! Reads one object to its end: resumes a broken body, notices a replaced object, compares stored checksums.

use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use bytes::{Buf as _, Bytes};

use super::{
    Bucket, damage,
    head::gone_or_changed,
    list::unquoted,
    patience::Tries,
    range::first_and_all,
    ranges::{Next, RANGE, Ranges, Reader},
    stored::{Compared, Difference, Hashing, Stored},
    trouble::Trouble,
};
use crate::{
    backup::{Evidence, Object, Sender, digest::Digest},
    error::{Broken, Error, whole},
    progress::Progress,
};

/// Reads an object for somebody, and tells at the end what reading it showed.
pub(super) async fn deliver(bucket: Bucket, object: Object, progress: Progress, sender: Sender) {
    let reader = Some((&sender, &progress));
    match all(&bucket, &object, reader).await {
        Ok(Some(evidence)) => sender.finish(evidence),
        Ok(None) => {}
        Err(broken) => sender.fail(broken),
    }
}

/// How much of a range is handed over at a time: whoever reads it need not wait for a place for all of it.
const PART: usize = 512 * 1024;

/// `None` when nobody reads any more.
async fn all(
    bucket: &Bucket,
    object: &Object,
    reader: Reader<'_>,
) -> Result<Option<Evidence>, Broken> {
    let known = bucket.stored(object).await?;
    let Some((digest, differences, matched)) = once(bucket, object, &known, reader).await? else {
        return Ok(None);
    };
    if differences.is_empty() {
        return Ok(Some(digest.evidence(matched)));
    }
    // Damaged in the storage, or on the way to us? Another reading tells, and another answer what is stored with it.
    let known = bucket.stored(object).await?;
    let again = once(bucket, object, &known, None).await?;
    Err(match again {
        Some((_, again, _)) if again == differences => {
            damage::damaged(&object.key, &differences).into()
        }
        _ => damage::on_the_way(&object.key, &differences).into(),
    })
}

type Outcome = (Digest, Vec<Difference>, Vec<String>);

async fn once(
    bucket: &Bucket,
    object: &Object,
    stored: &Stored,
    reader: Reader<'_>,
) -> Result<Option<Outcome>, Broken> {
    let mut pass = Pass {
        bucket,
        object,
        reader,
        digest: Digest::default(),
        hashing: stored.hashing(),
    };
    if !pass.run().await? {
        return Ok(None);
    }
    let (mut matched, mut differences) = (Vec::new(), Vec::new());
    for hashing in pass.hashing {
        match hashing.compare() {
            Compared::Match(name) => matched.push(name.to_owned()),
            Compared::Differs(difference) => differences.push(difference),
            Compared::Unproven => {}
        }
    }
    Ok(Some((pass.digest, differences, matched)))
}

/// One reading from the first byte to the last.
struct Pass<'a> {
    bucket: &'a Bucket,
    object: &'a Object,
    reader: Reader<'a>,
    digest: Digest,
    hashing: Vec<Hashing>,
}

/// How a body ended.
enum End {
    Whole,
    NobodyReads,
    Broke(Trouble),
}

impl Pass<'_> {
    /// `false` when nobody reads any more.
    async fn run(&mut self) -> Result<bool, Broken> {
        // Without a tag nothing would tell that two ranges are of two objects.
        let ranges = self.object.size > RANGE && self.object.etag.is_some();
        if ranges && let Some(done) = self.in_ranges().await? {
            return Ok(done);
        }
        let mut tries = Tries::new(self.bucket.patience);
        while self.digest.bytes() < self.object.size {
            let trouble = match self.open(&tries).await? {
                Ok((body, skip)) => match self.drain(body, skip, &mut tries).await? {
                    End::Whole => break,
                    End::NobodyReads => return Ok(false),
                    End::Broke(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            if !trouble.passes() || !tries.pause().await {
                return Err(self.stopped(&trouble).into());
            }
        }
        Ok(true)
    }

    /// Reads range by range, several of them at the same time; `None` when the service does not know ranges, so that the
    /// rest must come in one body.
    async fn in_ranges(&mut self) -> Result<Option<bool>, Broken> {
        let mut ranges = Ranges::new(self.bucket, self.object, self.reader);
        while let Some(next) = ranges.next().await? {
            let mut bytes = match next {
                Next::Bytes(bytes) => bytes,
                Next::Known(bytes) => {
                    self.hash(&bytes);
                    continue;
                }
                Next::NoRanges => return Ok(None),
            };
            while !bytes.is_empty() {
                let part = bytes.split_to(bytes.len().min(PART));
                if !self.take(part).await? {
                    return Ok(Some(false));
                }
            }
        }
        Ok(Some(true))
    }

    /// Asks for the bytes that are missing; with the body comes how many bytes at its start are known already.
    async fn open(&self, tries: &Tries) -> Result<Result<(ByteStream, u64), Trouble>, Error> {
        let at = self.digest.bytes();
        let request = self
            .bucket
            .client()
            .get_object()
            .bucket(&self.bucket.name)
            .key(&self.object.key)
            .set_if_match(self.object.etag.as_ref().map(|etag| format!("\"{etag}\"")))
            .set_range((at > 0).then(|| format!("bytes={at}-")));
        let trouble = match tokio::time::timeout(tries.left(), request.send()).await {
            Ok(Ok(answer)) => return self.same(&answer, at).map(|skip| Ok((answer.body, skip))),
            Ok(Err(error)) => Trouble::from(error),
            Err(_) => Trouble::late(),
        };
        if trouble.is_changed() || trouble.status == Some(416) {
            return Err(gone_or_changed(self.object, &trouble));
        }
        Ok(Err(trouble))
    }

    /// Makes sure that it is still the same object, and tells how many bytes to pass over.
    fn same(&self, answer: &GetObjectOutput, at: u64) -> Result<u64, Error> {
        let object = self.object;
        let etag = answer.e_tag().map(unquoted);
        if etag.is_some() && object.etag.is_some() && etag != object.etag {
            return Err(Bucket::changed(
                &object.key,
                "Its ETag is another than when it was listed.",
            ));
        }
        // A service that does not know ranges sends all of it once more.
        let start = match answer.content_range() {
            Some(range) => first_and_all(range).map_or(at, |(first, _)| first),
            None => 0,
        };
        let length = answer
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if start > at || length.is_some_and(|length| start + length != object.size) {
            return Err(Bucket::changed(
                &object.key,
                "Its length is another than when it was listed.",
            ));
        }
        Ok(at - start)
    }

    async fn drain(
        &mut self,
        mut body: ByteStream,
        mut skip: u64,
        tries: &mut Tries,
    ) -> Result<End, Error> {
        loop {
            let Ok(chunk) = tokio::time::timeout(self.bucket.patience.stall, body.next()).await
            else {
                return Ok(End::Broke(Trouble::broken(
                    "no byte arrived for too long".to_owned(),
                )));
            };
            let mut chunk = match chunk {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return Ok(End::Broke(Trouble::broken(whole(&error)))),
                None if self.digest.bytes() == self.object.size => return Ok(End::Whole),
                None => {
                    return Ok(End::Broke(Trouble::broken(
                        "the body ended early".to_owned(),
                    )));
                }
            };
            let known = skip.min(chunk.len() as u64);
            skip -= known;
            // It fits: it is at most the chunk's length.
            chunk.advance(usize::try_from(known).unwrap_or(chunk.len()));
            if chunk.is_empty() {
                continue;
            }
            if !self.take(chunk).await? {
                return Ok(End::NobodyReads);
            }
            tries.progress();
        }
    }

    /// Hashes bytes and hands them over; `false` when nobody reads any more.
    async fn take(&mut self, chunk: Bytes) -> Result<bool, Error> {
        if self.digest.bytes() + chunk.len() as u64 > self.object.size {
            return Err(Bucket::changed(
                &self.object.key,
                "It holds more bytes than when it was listed.",
            ));
        }
        self.hash(&chunk);
        match self.reader {
            Some((sender, progress)) => {
                progress.add_bytes(chunk.len() as u64);
                Ok(sender.send(chunk).await)
            }
            None => Ok(true),
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.hashing
            .iter_mut()
            .for_each(|hashing| hashing.update(bytes));
    }

    fn stopped(&self, trouble: &Trouble) -> Error {
        let (at, size) = (self.digest.bytes(), self.object.size);
        let doing = format!(
            "could not read \"{}\" beyond {at} of {size} bytes",
            self.object.key
        );
        self.bucket.stopped(&doing, trouble)
    }
}
