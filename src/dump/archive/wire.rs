//! How an archive writes numbers and texts.

use super::super::{head::Head, sql};
use crate::{
    error::{Broken, Error},
    finding::{Code, Finding},
};

/// The longest text that is believed, in bytes: no statement of a schema comes near it.
const LONGEST: usize = 256 << 20;
/// The longest header and table of contents that is held in memory, in bytes.
const BUDGET: usize = 1 << 30;

/// Reads an archive's head from the first bytes of a stream.
pub(super) struct Wire<'a> {
    head: &'a mut Head,
    at: usize,
    end: usize,
    int: usize,
    offset: usize,
}

impl<'a> Wire<'a> {
    /// From `at`; the archive's head cannot go past `end`.
    pub(super) fn new(head: &'a mut Head, at: usize, end: Option<usize>) -> Self {
        Self {
            head,
            at,
            end: end.unwrap_or(usize::MAX),
            int: 4,
            offset: 8,
        }
    }

    /// Sets how many bytes a number and an offset take.
    pub(super) fn sizes(&mut self, int: u8, offset: u8) -> Result<(), Broken> {
        // pg_dump writes the sizes of C's `int` and `off_t`.
        if !(1..=8).contains(&int) || !(1..=8).contains(&offset) {
            return Err(corrupt(format!(
                "Its header gives numbers {int} and offsets {offset} bytes."
            )));
        }
        self.int = usize::from(int);
        self.offset = usize::from(offset);
        Ok(())
    }

    /// How many bytes were read, from the first of the stream.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// How many bytes a number takes, without its sign.
    pub(super) const fn int_size(&self) -> usize {
        self.int
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Broken> {
        let start = self.at;
        let stop = start + count;
        if stop > BUDGET {
            return Err(Error::new(
                "could not read the table of contents",
                "Tell us: this dump is the first of its kind.",
            )
            .because("It is longer than 1 GiB.")
            .into());
        }
        let kept = if stop <= self.end {
            self.head.fill(stop)?
        } else {
            &[]
        };
        let Some(bytes) = kept.get(start..stop) else {
            return Err(Finding::new(
                Code::DumpTruncated,
                "the dump ends inside its table of contents",
            )
            .detail(format!("It ends after {} bytes.", self.end.min(kept.len())))
            .into());
        };
        self.at = stop;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn int(&mut self) -> Result<i64, Broken> {
        let size = self.int;
        let bytes = self.take(1 + size)?;
        let negative = match bytes[0] {
            0 => false,
            1 => true,
            sign => return Err(self.nonsense(&format!("a number's sign is {sign}"))),
        };
        let value = little_endian(&bytes[1..]);
        i32::try_from(value)
            .map(|value| i64::from(if negative { -value } else { value }))
            .map_err(|_| self.nonsense(&format!("a number is {value}")))
    }

    /// A text; none when the archive says so.
    pub(super) fn text(&mut self) -> Result<Option<String>, Broken> {
        let length = match self.int()? {
            -1 => return Ok(None),
            length => usize::try_from(length).ok().filter(|&long| long <= LONGEST),
        };
        let Some(length) = length else {
            return Err(self.nonsense("a text has an impossible length"));
        };
        Ok(Some(sql::decode(self.take(length)?)))
    }

    /// A place in the file: how it is known (1 not, 2 known, 3 there are no data), and where.
    pub(super) fn offset(&mut self) -> Result<(u8, u64), Broken> {
        let size = self.offset;
        let bytes = self.take(1 + size)?;
        let (flag, at) = (bytes[0], little_endian(&bytes[1..]));
        if (1..=3).contains(&flag) {
            Ok((flag, at))
        } else {
            Err(self.nonsense(&format!("an offset is marked {flag}")))
        }
    }

    /// A finding about what was just read.
    pub(super) fn nonsense(&self, what: &str) -> Broken {
        corrupt(format!("After {} bytes {what}.", self.at))
    }
}

/// Writes a number as an archive has it, in so many bytes without its sign: the sign, and bytes from the lowest.
#[must_use]
pub fn number(number: i32, int: usize) -> Vec<u8> {
    let mut bytes = vec![0; 1 + int];
    bytes[0] = u8::from(number < 0);
    let digits = number.unsigned_abs().to_le_bytes();
    for (to, digit) in bytes[1..].iter_mut().zip(digits) {
        *to = digit;
    }
    bytes
}

fn corrupt(detail: String) -> Broken {
    Finding::new(Code::DumpCorrupt, "the dump's table of contents is damaged")
        .detail(detail)
        .into()
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, &byte| value << 8 | u64::from(byte))
}
