//! The end of a dump that several threads read: the last of them has seen the end of everything.

use std::{
    io::{self, Read as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{super::feed::CHUNK, lane::Lane};
use crate::{dump, error::Broken, restore::feed::broken};

/// What the threads share; whoever is the last to let go of it tells the lane how the dump ended.
pub(super) struct Ends {
    lane: Arc<Lane>,
    /// What one of them found to be damaged first.
    broken: Mutex<Option<Broken>>,
}

impl Drop for Ends {
    fn drop(&mut self) {
        let broken = self.broken().take();
        self.lane.end(broken.map_or(Ok(()), Err));
    }
}

impl Ends {
    pub(super) fn of(lane: Arc<Lane>) -> Self {
        Self {
            lane,
            broken: Mutex::default(),
        }
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    fn broken(&self) -> MutexGuard<'_, Option<Broken>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fail(&self, broken: Broken) {
        self.broken().get_or_insert(broken);
    }

    /// Whether nobody needs any more of it.
    pub(super) fn are_reached(&self) -> bool {
        self.lane.is_gone() || self.broken().is_some()
    }

    /// Reads to the end, which is part of the proof: whoever is shown it loads it.
    pub(super) fn drain(&self, reader: &mut dump::Bytes) {
        if let Err(broken) = self.read(reader) {
            self.fail(broken);
        }
    }

    /// The same for what comes ahead of its turn. Why it could not be read is told by who reads the rest of the same object;
    /// and whatever is missing, it was not shown.
    pub(super) fn drain_stretch(&self, reader: &mut dump::Bytes) {
        if let Err(Broken::Backup(finding)) = self.read(reader) {
            self.fail(finding.into());
        }
    }

    fn read(&self, reader: &mut dump::Bytes) -> Result<(), Broken> {
        let mut buffer = vec![0; CHUNK];
        while !self.are_reached() {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{lane, table},
        *,
    };
    use crate::{
        dump::{Contents, Data},
        error::Error,
        finding::{Code, Finding},
    };

    struct Fails(Broken);

    impl io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0.clone().into())
        }
    }

    /// How a dump ends whose only table was in a stretch that ends like this; the rest of it was read to its end.
    async fn ended(stretch: Broken) -> Broken {
        let contents = Contents {
            toc: vec![table("t", None, Data::Somewhere)],
            ..Contents::empty()
        };
        let (lane, mut split) = lane::pair(&contents);
        let ends = Ends::of(lane);
        ends.drain_stretch(&mut (Box::new(Fails(stretch)) as dump::Bytes));
        ends.drain(&mut (Box::new(io::empty()) as dump::Bytes));
        drop(ends);
        split.next().await.err().unwrap()
    }

    #[tokio::test]
    async fn a_stretch_that_could_not_be_read_blames_no_dump_and_proves_none() {
        let broken = ended(Error::new("could not read the dump", "Run again.").into()).await;
        assert!(matches!(broken, Broken::Run(_)), "{broken}");
    }

    #[tokio::test]
    async fn a_damaged_stretch_is_the_dumps() {
        let broken = ended(Finding::new(Code::DumpCorrupt, "damaged").into()).await;
        assert!(matches!(broken, Broken::Backup(_)), "{broken}");
    }
}
