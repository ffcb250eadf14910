//! What comes out of a decompressor is counted: a few bytes that become gigabytes are refused while they do.

use std::io::{self, Read};

use super::{super::Bytes, Shown};

/// Decompressed bytes, each told to whoever decides how many there may be.
pub(in super::super) struct Metered {
    from: Bytes,
    tap: Shown,
}

impl Metered {
    pub(in super::super) fn new(from: impl Read + Send + 'static, tap: &Shown) -> Self {
        Self {
            from: Box::new(from),
            tap: tap.clone(),
        }
    }
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.tap.unpacked(count as u64)?;
        Ok(count)
    }
}
