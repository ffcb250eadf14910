//! Writes what is shown of a table or a large object as a block of a custom archive whose data are not compressed.

use std::sync::Arc;

use super::{
    super::feed::CHUNK,
    lane::{Gone, Large, Piece, Shared, Small},
};
use crate::dump::{self, LARGE_BLOCK, ROWS_END, TABLE_BLOCK};

/// A table or an object with at least so many bytes has a `pg_restore` of its own; smaller ones share one.
pub(super) const LARGE: usize = 8 << 20;

/// How numbers are written, and what large objects belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    /// How many bytes a number takes, without its sign.
    pub(super) int: usize,
    /// The entry that large objects are loaded by.
    pub(super) objects: Option<i32>,
}

impl Wire {
    pub(super) fn number(self, number: i32) -> Vec<u8> {
        dump::number(number, self.int)
    }

    /// What stands in front of large objects; the number 0 ends them.
    pub(super) fn begin_objects(self, entry: i32) -> Vec<u8> {
        self.begin(LARGE_BLOCK, entry)
    }

    fn begin(self, kind: u8, entry: i32) -> Vec<u8> {
        [vec![kind], self.number(entry)].concat()
    }
}

/// What is passing.
pub(super) struct Block {
    shared: Arc<Shared>,
    entry: i32,
    is_object: bool,
    /// What was not handed on yet; a chunk begins with its length.
    buffer: Vec<u8>,
    /// Where in it the length of the chunk stands.
    chunk: usize,
    /// Its pieces, as long as it is small.
    pieces: Vec<Piece>,
    bytes: usize,
    /// Where they go once it is large.
    large: Option<Large>,
    /// Nobody takes it any more; the dump is read to its end all the same.
    gone: bool,
}

impl Block {
    /// The rows of a table.
    pub(super) fn table(shared: Arc<Shared>, entry: i32) -> Self {
        let start = shared.wire().begin(TABLE_BLOCK, entry);
        Self::new(shared, entry, false, start)
    }

    /// What a large object holds. Their numbers use all 32 bits.
    pub(super) fn object(shared: Arc<Shared>, entry: i32, number: u32) -> Self {
        let start = shared.wire().number(number.cast_signed());
        Self::new(shared, entry, true, start)
    }

    fn new(shared: Arc<Shared>, entry: i32, is_object: bool, start: Vec<u8>) -> Self {
        let mut block = Self {
            shared,
            entry,
            is_object,
            buffer: start,
            chunk: 0,
            pieces: Vec::new(),
            bytes: 0,
            large: None,
            gone: false,
        };
        block.begin_chunk();
        block
    }

    fn begin_chunk(&mut self) {
        if self.bytes > 0 {
            self.buffer
                .reserve(CHUNK + 2 * (1 + self.shared.wire().int));
        }
        self.chunk = self.buffer.len();
        let length = self.shared.wire().number(0);
        self.buffer.extend_from_slice(&length);
    }

    /// How many bytes the chunk has.
    fn filled(&self) -> usize {
        self.buffer.len() - self.chunk - 1 - self.shared.wire().int
    }

    fn end_chunk(&mut self) {
        // It is at most the length of a chunk.
        let length = i32::try_from(self.filled()).unwrap_or_default();
        let length = self.shared.wire().number(length);
        self.buffer[self.chunk..self.chunk + length.len()].copy_from_slice(&length);
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.filled()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.filled() == CHUNK {
                self.end_chunk();
                self.hand_on()?;
                self.begin_chunk();
            }
        }
        Ok(())
    }

    /// Hands on what there is.
    fn hand_on(&mut self) -> Result<(), Gone> {
        let mut bytes = std::mem::take(&mut self.buffer);
        if bytes.len() < CHUNK / 2 {
            bytes.shrink_to_fit();
        }
        self.bytes += bytes.len();
        if let Some(large) = &self.large {
            return self.shared.more(large, bytes);
        }
        self.pieces.push(self.shared.place(bytes)?);
        if self.bytes >= LARGE {
            self.become_large()?;
        }
        Ok(())
    }

    fn become_large(&mut self) -> Result<(), Gone> {
        let mut pieces = Vec::new();
        if self.is_object {
            let begin = self.shared.wire().begin_objects(self.entry);
            pieces.push(self.shared.place(begin)?);
        }
        pieces.append(&mut self.pieces);
        self.large = Some(self.shared.large(self.entry, pieces)?);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Gone> {
        if !self.is_object {
            self.take(ROWS_END)?;
        }
        // The length 0 ends the chunks: it is there already when the last one holds nothing.
        if self.filled() > 0 {
            self.end_chunk();
            self.begin_chunk();
        }
        self.hand_on()?;
        if !self.is_object {
            self.shared.met(self.entry);
        }
        if let Some(large) = &self.large {
            if self.is_object {
                self.shared.more(large, self.shared.wire().number(0))?;
            }
            return Ok(());
        }
        self.shared.small(Small {
            entry: self.entry,
            is_object: self.is_object,
            pieces: std::mem::take(&mut self.pieces),
            bytes: self.bytes,
        })
    }
}

impl dump::Rows for Block {
    fn piece(&mut self, bytes: &[u8]) {
        self.gone = self.gone || self.take(bytes).is_err();
    }

    fn end(mut self: Box<Self>) {
        if !self.gone {
            // Then nobody needs to know.
            let _: Result<(), Gone> = self.finish();
        }
    }
}
