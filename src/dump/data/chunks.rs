//! The chunks of one block of an archive after another.

use std::{io::Read as _, ops::Range};

use super::{feed::Feed, pool};
use crate::{
    dump::{Entry, LARGE_BLOCK, TABLE_BLOCK},
    error::Broken,
    finding::{Code, Finding},
};

/// So many bytes are passed on at once: `pg_dump` writes chunks of 4 KiB.
const PIECE: usize = 64 * 1024;

pub(super) struct Chunks {
    feed: Feed,
    /// How many bytes a number takes, without its sign.
    int: usize,
    /// The blocks that are followed elsewhere, as long as they were not met.
    elsewhere: Option<Range<u64>>,
}

impl Chunks {
    pub(super) const fn new(feed: Feed, int: usize, elsewhere: Option<Range<u64>>) -> Self {
        Self {
            feed,
            int,
            elsewhere,
        }
    }

    /// Up to which byte the archive was read.
    pub(super) const fn at(&self) -> u64 {
        self.feed.at()
    }

    /// The next block: its kind, where it starts, and the number of its entry.
    pub(super) fn block(&mut self, waiting: usize) -> Result<(u8, u64, u64), Broken> {
        self.pass_over();
        let at = self.feed.at();
        let mut kind = [0];
        if !self.feed.exactly(&mut kind) {
            return Err(cut(
                at,
                &format!("the data of {waiting} of its entries are cut off"),
            ));
        }
        if kind[0] != TABLE_BLOCK && kind[0] != LARGE_BLOCK {
            return Err(self.corrupt("there should be the data of an entry"));
        }
        Ok((kind[0], at, self.number(false)?))
    }

    /// Passes over what is followed elsewhere, when it comes next.
    fn pass_over(&mut self) {
        let at = self.feed.at();
        if let Some(range) = self.elsewhere.take_if(|range| range.start == at) {
            self.feed.jump(range.end);
        }
    }

    /// A number; one that comes out as negative is that of a large object, which uses all 32 bits.
    fn number(&mut self, object: bool) -> Result<u64, Broken> {
        let mut bytes = [0; 9];
        let bytes = &mut bytes[..=self.int];
        if !self.feed.exactly(bytes) {
            return Err(cut(self.feed.at(), "the data of an entry are cut off"));
        }
        let digits = bytes[1..].iter().rev();
        let value = digits.fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        match u32::try_from(value) {
            Ok(value) if bytes[0] == 0 => Ok(value.into()),
            Ok(value) if bytes[0] == 1 && object => Ok(value.wrapping_neg().into()),
            _ => Err(self.corrupt("a number makes no sense")),
        }
    }

    /// The number of the next large object; none when there is none.
    pub(super) fn object(&mut self, entry: &Entry) -> Result<Option<u32>, Broken> {
        let number = self
            .number(true)
            .map_err(|broken| about(broken, &entry.name()))?;
        Ok(u32::try_from(number).ok().filter(|&number| number != 0))
    }

    /// Passes the chunks of one block on, up to the length 0 that ends them; `false` when nobody needs them any more.
    pub(super) fn pass(&mut self, block: &pool::Block) -> Result<bool, Broken> {
        let mut piece = Vec::new();
        loop {
            let mut left = self.number(false)?;
            if left == 0 {
                return Ok(block.piece(piece, self.feed.at()));
            }
            while left > 0 {
                let now = left.min((PIECE - piece.len()) as u64);
                let read = (&mut self.feed).take(now).read_to_end(&mut piece);
                // A feed has no errors of its own.
                if read.map_or(0, |read| read as u64) < now {
                    block.piece(piece, self.feed.at());
                    return Err(cut(self.feed.at(), "the data of an entry are cut off"));
                }
                left -= now;
                if piece.len() == PIECE && !block.piece(std::mem::take(&mut piece), self.feed.at())
                {
                    return Ok(false);
                }
            }
        }
    }

    /// Where the data ended, when something else than the padding of a storage follows them. Large objects have no end
    /// of their own: zeros within them look like the end of all, and the rest of them follows.
    pub(super) fn rest(&mut self, large: bool) -> Result<Option<u64>, Broken> {
        let at = self.feed.at();
        let zeros = self.feed.zeros();
        match self.feed.rest_is_not_zero() {
            true if large && zeros > 0 => {
                Err(self.corrupt("there are zeros among the large objects"))
            }
            more => Ok(more.then_some(at)),
        }
    }

    pub(super) fn corrupt(&self, what: &str) -> Broken {
        corrupt(self.feed.at(), what)
    }
}

pub(super) fn corrupt(at: u64, what: &str) -> Broken {
    Finding::new(Code::DumpCorrupt, "the dump's data are damaged")
        .detail(format!("After {at} bytes {what}."))
        .into()
}

fn cut(at: u64, what: &str) -> Broken {
    Finding::new(Code::DumpTruncated, "the dump ends too early")
        .detail(format!("It ends after {at} bytes; {what}."))
        .into()
}

/// Names the entry that a finding is about.
pub(super) fn about(broken: Broken, name: &str) -> Broken {
    match broken {
        Broken::Backup(finding) => finding.about(name).into(),
        run @ Broken::Run(_) => run,
    }
}
