//! A stretch of an object that comes ahead of its turn: handed over at once, and held until the bytes before it were hashed.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Bucket,
    range::{Got, fetch},
    ranges::{SHARED, no_longer},
};
use crate::{
    backup::{Object, turns::Stretch},
    error::Error,
    progress::Progress,
};

/// How many bytes of it are asked for at once: those who wait for it have nothing to do before the first of them are there.
const RANGE: u64 = 2 << 20;

/// What is on its way, or held.
pub(super) struct Early {
    range: Range<u64>,
    held: mpsc::UnboundedReceiver<Bytes>,
    failed: Option<oneshot::Receiver<Error>>,
    task: AbortOnDropHandle<()>,
}

impl Early {
    /// Asks for it.
    pub(super) fn of(
        bucket: &Bucket,
        object: &Object,
        stretch: Stretch,
        progress: &Progress,
    ) -> Self {
        let (keep, held) = mpsc::unbounded_channel();
        let (fail, failed) = oneshot::channel();
        let (bucket, object, progress) = (bucket.clone(), object.clone(), progress.clone());
        let range = stretch.range.clone();
        let task = async move {
            if let Err(error) = bring(&bucket, &object, stretch, &progress, &keep).await {
                // Nobody may be there any more: then nobody needs to know.
                let _ = fail.send(error);
            }
        };
        Self {
            range,
            held,
            failed: Some(failed),
            task: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }

    pub(super) const fn start(&self) -> u64 {
        self.range.start
    }

    pub(super) const fn end(&self) -> u64 {
        self.range.end
    }

    /// Whether some of it is still on its way.
    pub(super) fn is_arriving(&self) -> bool {
        !self.task.is_finished()
    }

    /// Waits until it could not be read: for ever when all of it is there.
    pub(super) async fn failed(&mut self) -> Error {
        if let Some(failed) = &mut self.failed
            && let Ok(error) = failed.await
        {
            return error;
        }
        self.failed = None;
        std::future::pending().await
    }

    /// Its next bytes, now that their turn has come; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(bytes) = self.held.recv().await {
            return Ok(Some(bytes));
        }
        match self.failed.take() {
            Some(failed) => failed.await.map_or(Ok(None), Err),
            None => Ok(None),
        }
    }
}

async fn bring(
    bucket: &Bucket,
    object: &Object,
    Stretch { range, to }: Stretch,
    progress: &Progress,
    keep: &mpsc::UnboundedSender<Bytes>,
) -> Result<(), Error> {
    let step = usize::try_from(RANGE).unwrap_or(usize::MAX);
    let ranges = range.clone().step_by(step).map(|from| async move {
        let _arriving = progress.arriving();
        let to = (from + RANGE).min(range.end);
        fetch(bucket, object, from, to).await
    });
    let mut coming = stream::iter(ranges).buffered(SHARED);
    while let Some(got) = coming.next().await {
        let Got::Bytes(bytes) = got? else {
            return Err(no_longer(&object.key));
        };
        progress.add_bytes(bytes.len() as u64);
        // Whoever wanted them may have lost interest: their turn comes in any case.
        to.send_held(bytes.clone());
        let _ = keep.send(bytes);
    }
    to.end();
    Ok(())
}
