//! What a decoder reads: it counts, looks ahead, and remembers why the bytes ended.

use std::io::{self, BufRead, Read};

use super::super::{Bytes, head::broken};
use crate::error::Broken;

/// Bytes read at once: small buffers cost a quarter of the decoder's speed.
const BUFFER: usize = 256 * 1024;
/// The same, for streams that are many and short.
const SMALL: usize = 16 * 1024;

pub(super) struct Input {
    reader: Bytes,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    taken: u64,
    /// Somebody asked for more bytes than there are.
    pub(super) ended: bool,
    /// What the reader reported.
    pub(super) broken: Option<Broken>,
}

impl Input {
    pub(super) fn new(reader: Bytes) -> Self {
        Self::sized(reader, BUFFER)
    }

    pub(super) fn small(reader: Bytes) -> Self {
        Self::sized(reader, SMALL)
    }

    fn sized(reader: Bytes, size: usize) -> Self {
        Self {
            reader,
            buffer: vec![0; size],
            start: 0,
            end: 0,
            taken: 0,
            ended: false,
            broken: None,
        }
    }

    /// How many bytes were taken out.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Up to `count` of the next bytes; fewer only at the end.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.buffer.len() - self.start < count {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count && self.more()? > 0 {}
        let end = self.end.min(self.start + count);
        Ok(&self.buffer[self.start..end])
    }

    /// Takes `count` bytes out unseen; `false` when there are fewer.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            let there = self.fill_buf()?.len();
            if there == 0 {
                return Ok(false);
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(there);
            self.consume(step);
            count -= step as u64;
        }
        Ok(true)
    }

    /// Whether nothing but zeros follows. Reads up to the first other byte.
    pub(super) fn only_zeros_follow(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.fill_buf()?;
            if rest.is_empty() {
                return Ok(true);
            }
            let count = rest.len();
            if let Some(at) = rest.iter().position(|&byte| byte != 0) {
                self.consume(at);
                return Ok(false);
            }
            self.consume(count);
        }
    }

    fn more(&mut self) -> io::Result<usize> {
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broken = Some(broken(&error));
                    return Err(error);
                }
            }
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.ended = self.more()? == 0;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.taken += count as u64;
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let count = there.len().min(into.len());
        into[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}
