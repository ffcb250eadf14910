//! The stored bytes of a member, which a decoder reads and which must be read to their end whatever it says.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    super::feed::{CHUNK, broken},
    block::Stop,
};
use crate::{dump, error::Broken};

/// A reader whose clones go on where the others ended, and that remembers why it broke.
#[derive(Clone)]
pub(super) struct Raw(Arc<Mutex<Inner>>);

struct Inner {
    bytes: dump::Bytes,
    broken: Option<Broken>,
}

impl Raw {
    pub(super) fn new(bytes: dump::Bytes) -> Self {
        let broken = None;
        Self(Arc::new(Mutex::new(Inner { bytes, broken })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is left, and tells what came of it: whoever follows the bytes knows better than a decoder of ours what
    /// is wrong with them, and tells it at their end.
    pub(super) fn settle<T>(&mut self, framed: Result<T, Stop>) -> Result<T, Stop> {
        if matches!(framed, Err(Stop::Gone)) {
            return framed;
        }
        let mut buffer = vec![0; CHUNK];
        while self.inner().broken.is_none() && !matches!(self.read(&mut buffer), Ok(0)) {}
        match self.inner().broken.take() {
            Some(broken) => Err(Stop::Broken(broken)),
            None => framed,
        }
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.inner();
        if let Some(broken) = &inner.broken {
            return Err(broken.clone().into());
        }
        let read = inner.bytes.read(into);
        if let Err(error) = &read
            && error.kind() != io::ErrorKind::Interrupted
        {
            inner.broken = Some(broken(error));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::Error,
        finding::{Code, Finding},
    };

    /// Some bytes, and then what whoever follows them says; after that they seem to end.
    struct Told(&'static [u8], Option<Broken>);

    impl Read for Told {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => self.1.take().map_or(Ok(0), |broken| Err(broken.into())),
                count => Ok(count),
            }
        }
    }

    fn settled(told: Option<Broken>, framed: Result<(), Stop>, read: bool) -> Option<Broken> {
        let mut raw = Raw::new(Box::new(Told(b"some bytes", told)));
        if read {
            let _ = io::copy(&mut raw.clone(), &mut io::sink());
        }
        match raw.settle(framed) {
            Ok(()) => None,
            Err(Stop::Gone) => panic!("somebody is there"),
            Err(Stop::Broken(broken)) => Some(broken),
        }
    }

    #[test]
    fn what_is_told_of_the_bytes_outranks_what_a_decoder_says() {
        let damaged = || Broken::from(Finding::new(Code::DumpCorrupt, "x"));
        let ours = || Broken::from(Error::new("x", "y"));
        let undecoded = || Err(Stop::Broken(ours()));
        for read in [false, true] {
            let found = settled(Some(damaged()), undecoded(), read);
            assert!(matches!(found, Some(Broken::Backup(_))), "{read}");
            let found = settled(Some(ours()), Err(Stop::Broken(damaged())), read);
            assert!(matches!(found, Some(Broken::Run(_))), "{read}");
            assert!(settled(Some(damaged()), Ok(()), read).is_some());
            assert!(settled(None, undecoded(), read).is_some());
            assert!(settled(None, Ok(()), read).is_none());
        }
    }
}
