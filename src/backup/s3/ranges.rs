//! The ranges of an object in their order, several of them on their way at the same time; and a stretch ahead of its turn.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Bucket,
    early::Early,
    range::{Got, fetch},
};
use crate::{
    backup::{Object, Sender},
    error::{Error, OrStop as _},
    progress::Progress,
};

/// How many bytes are asked for at once. AWS advises 8 to 16 MB, and one request for every 85 to 90 MB/s that are wanted.
pub(super) const RANGE: u64 = 8 << 20;

/// The first one: what a dump says of itself stands at its beginning, and must not wait until ranges that share the link
/// with it are there.
const FIRST: u64 = 256 << 10;

/// How many ranges are asked for at the same time: they and what waits of them are held in memory.
const AT_ONCE: usize = 4;

/// And how many of them in their order, as long as others come ahead of their turn.
pub(super) const SHARED: usize = 2;

/// Who gets the bytes; nobody when they are read once more to be sure.
pub(super) type Reader<'a> = Option<(&'a Sender, &'a Progress)>;

/// What comes next.
pub(super) enum Next {
    /// The next bytes.
    Bytes(Bytes),
    /// The same, but they came ahead of their turn: whoever wanted that has them.
    Known(Bytes),
    /// The service does not know ranges, and would send the whole object.
    NoRanges,
}

/// The ranges of an object in their order.
pub(super) struct Ranges<'a> {
    bucket: &'a Bucket,
    object: &'a Object,
    reader: Reader<'a>,
    asked: u64,
    /// The service is known to know ranges.
    works: bool,
    coming: VecDeque<Coming>,
    /// What comes ahead of its turn, as long as that has not come.
    early: Option<Early>,
}

enum Coming {
    /// It is given up when nobody waits for it any more.
    Range(AbortOnDropHandle<Result<Got, Error>>),
    Early(Early),
}

impl<'a> Ranges<'a> {
    /// Of all of an object.
    pub(super) const fn new(bucket: &'a Bucket, object: &'a Object, reader: Reader<'a>) -> Self {
        Self {
            bucket,
            object,
            reader,
            asked: 0,
            works: false,
            coming: VecDeque::new(),
            early: None,
        }
    }

    /// The next bytes; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Next>, Error> {
        loop {
            self.ask();
            let next = match self.coming.pop_front() {
                None => return Ok(None),
                Some(Coming::Range(range)) => Some(self.arrived(range).await?),
                Some(Coming::Early(mut early)) => early.next().await?.map(|bytes| {
                    self.coming.push_front(Coming::Early(early));
                    Next::Known(bytes)
                }),
            };
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    async fn arrived(
        &mut self,
        mut range: AbortOnDropHandle<Result<Got, Error>>,
    ) -> Result<Next, Error> {
        let key = &self.object.key;
        let got = loop {
            tokio::select! {
                biased;
                got = &mut range => break got,
                () = is_wanted(self.reader) => self.ask(),
                error = failed(&mut self.early) => return Err(error),
            }
        };
        match got.or_stop(|| format!("could not read \"{key}\""), "Run again.")?? {
            Got::Bytes(bytes) => {
                self.works = true;
                Ok(Next::Bytes(bytes))
            }
            Got::NoRanges if self.works => Err(no_longer(key)),
            Got::NoRanges => Ok(Next::NoRanges),
        }
    }

    fn ask(&mut self) {
        while self.coming.len() < self.at_once() && self.asked < self.object.size {
            let early = self.early.take_if(|early| early.start() == self.asked);
            if let Some(early) = early {
                self.asked = early.end();
                self.coming.push_back(Coming::Early(early));
                continue;
            }
            let to = self.end();
            if !self.look_ahead(to) {
                self.request(to);
            }
        }
    }

    fn at_once(&self) -> usize {
        match &self.early {
            Some(early) if early.is_arriving() => SHARED,
            _ => AT_ONCE,
        }
    }

    /// Where the next range ends.
    fn end(&self) -> u64 {
        let length = if self.asked == 0 { FIRST } else { RANGE };
        let early = self.early.as_ref().map(Early::start);
        (self.asked + length).min(early.unwrap_or(self.object.size))
    }

    /// Whether a stretch is wanted ahead of its turn before the object is asked for up to `to`: then it is on its way.
    fn look_ahead(&mut self, to: u64) -> bool {
        let Some((sender, progress)) = self.reader.filter(|_| self.works) else {
            return false;
        };
        let Some(stretch) = sender.turns().ask(to) else {
            return false;
        };
        self.early = Some(Early::of(self.bucket, self.object, stretch, progress));
        true
    }

    fn request(&mut self, to: u64) {
        let (bucket, object, from) = (self.bucket.clone(), self.object.clone(), self.asked);
        self.asked = to;
        let arriving = self.reader.map(|(_, progress)| progress.arriving());
        let range = async move {
            let _arriving = arriving;
            fetch(&bucket, &object, from, to).await
        };
        let range = AbortOnDropHandle::new(tokio::spawn(range));
        self.coming.push_back(Coming::Range(range));
    }
}

/// Waits until somebody wants a stretch ahead of its turn.
async fn is_wanted(reader: Reader<'_>) {
    match reader {
        Some((sender, _)) => sender.turns().is_wanted().await,
        None => std::future::pending().await,
    }
}

/// Waits until what comes ahead of its turn could not be read.
async fn failed(early: &mut Option<Early>) -> Error {
    match early {
        Some(early) => early.failed().await,
        None => std::future::pending().await,
    }
}

/// It did so before: an answer of another kind belongs to no place of the object.
pub(super) fn no_longer(key: &str) -> Error {
    Error::new(format!("could not read \"{key}\""), "Run again.")
        .because("The service was asked for a part of it and answered with something else.")
}
