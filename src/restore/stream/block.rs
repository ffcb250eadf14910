//! Writes data that are not compressed as the blocks of a custom archive.

use std::io::Read;

use bytes::Bytes;

use super::{
    super::feed::{CHUNK, broken, fill},
    lane::{Gone, Lane},
};
use crate::{
    dump::{LARGE_BLOCK, TABLE_BLOCK},
    error::Broken,
};

/// Why blocks are written no further.
pub(super) enum Stop {
    /// Nobody takes them any more.
    Gone,
    /// The data cannot be read.
    Broken(Broken),
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl<T: Into<Broken>> From<T> for Stop {
    fn from(broken: T) -> Self {
        Self::Broken(broken.into())
    }
}

/// The blocks that one thread writes.
pub(super) struct Blocks {
    pub(super) lane: Lane,
    /// How many bytes a number takes, without its sign.
    int: usize,
}

impl Blocks {
    pub(super) const fn new(lane: Lane, int: usize) -> Self {
        Self { lane, int }
    }

    /// For another thread.
    pub(super) fn another(&self) -> Self {
        Self::new(self.lane.another(), self.int)
    }

    /// The rows of a table.
    pub(super) fn table(&mut self, entry: i32, data: &mut dyn Read) -> Result<(), Stop> {
        self.begin(TABLE_BLOCK, entry)?;
        self.chunks(data)?;
        Ok(self.lane.end()?)
    }

    /// Large objects follow.
    pub(super) fn objects(&mut self, entry: i32) -> Result<(), Stop> {
        Ok(self.begin(LARGE_BLOCK, entry)?)
    }

    /// One of them. Their numbers use all 32 bits.
    pub(super) fn object(&mut self, number: u32, data: &mut dyn Read) -> Result<(), Stop> {
        self.number(number.cast_signed())?;
        self.chunks(data)
    }

    /// There are no more of them.
    pub(super) fn no_more_objects(&mut self) -> Result<(), Stop> {
        self.number(0)?;
        Ok(self.lane.end()?)
    }

    fn begin(&mut self, kind: u8, entry: i32) -> Result<(), Gone> {
        self.lane.begin(entry);
        self.lane.piece(Bytes::from(vec![kind]))?;
        self.number(entry)
    }

    fn number(&mut self, number: i32) -> Result<(), Gone> {
        let mut bytes = vec![0; 1 + self.int];
        write(number, &mut bytes);
        self.lane.piece(bytes.into())
    }

    /// Chunks of data, each behind its length; the length 0 ends them.
    fn chunks(&mut self, data: &mut dyn Read) -> Result<(), Stop> {
        let length = 1 + self.int;
        loop {
            let mut chunk = vec![0; length + CHUNK];
            let filled = fill(&mut &mut *data, &mut chunk[length..]);
            let count = filled.map_err(|error| Stop::Broken(broken(&error)))?;
            chunk.truncate(length + count);
            // It is at most the length of a chunk.
            write(
                i32::try_from(count).unwrap_or_default(),
                &mut chunk[..length],
            );
            self.lane.piece(chunk.into())?;
            if count == 0 {
                return Ok(());
            }
        }
    }
}

/// A sign, and bytes from the lowest.
fn write(number: i32, into: &mut [u8]) {
    into[0] = u8::from(number < 0);
    let digits = number.unsigned_abs().to_le_bytes();
    for (to, digit) in into[1..].iter_mut().zip(digits) {
        *to = digit;
    }
}
