//! The bytes that a thread follows: it pulls them, and knows how many there were.

use std::{
    io::{self, BufRead, Read},
    sync::mpsc::Receiver,
};

/// Bytes that are shown by another thread.
pub(in super::super) struct Feed {
    from: Receiver<bytes::Bytes>,
    piece: bytes::Bytes,
    at: u64,
}

impl Feed {
    pub(super) fn new(from: Receiver<bytes::Bytes>) -> Self {
        Self {
            from,
            piece: bytes::Bytes::new(),
            at: 0,
        }
    }

    /// Up to which byte it was read.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Passes over some bytes; gives how many there were.
    pub(super) fn skip(&mut self, count: u64) -> u64 {
        let mut left = count;
        while left > 0 {
            let there = self.next_piece().len() as u64;
            if there == 0 {
                break;
            }
            let step = there.min(left);
            self.advance(usize::try_from(step).unwrap_or(usize::MAX));
            left -= step;
        }
        count - left
    }

    /// What comes next begins at this byte: those before it are followed elsewhere.
    pub(super) const fn jump(&mut self, to: u64) {
        self.at = to;
    }

    /// Fills a buffer; `false` when there are fewer bytes.
    pub(super) fn exactly(&mut self, into: &mut [u8]) -> bool {
        let mut done = 0;
        while done < into.len() {
            let piece = self.next_piece();
            let count = piece.len().min(into.len() - done);
            if count == 0 {
                return false;
            }
            into[done..done + count].copy_from_slice(&piece[..count]);
            self.advance(count);
            done += count;
        }
        true
    }

    /// Passes over zeros; gives how many there were.
    pub(super) fn zeros(&mut self) -> u64 {
        let before = self.at;
        loop {
            let piece = self.next_piece();
            let count = piece.iter().take_while(|&&byte| byte == 0).count();
            if count == 0 {
                return self.at - before;
            }
            self.advance(count);
        }
    }

    /// Reads all that is left; tells whether any of it is not zero.
    pub(super) fn rest_is_not_zero(&mut self) -> bool {
        let mut found = false;
        loop {
            let piece = self.next_piece();
            let count = piece.len();
            if count == 0 {
                return found;
            }
            found |= piece.iter().any(|&byte| byte != 0);
            self.advance(count);
        }
    }

    /// What was shown next; empty at the end.
    pub(super) fn next_piece(&mut self) -> &[u8] {
        if self.piece.is_empty()
            && let Ok(piece) = self.from.recv()
        {
            self.piece = piece;
        }
        &self.piece
    }

    pub(super) fn advance(&mut self, count: usize) {
        bytes::Buf::advance(&mut self.piece, count);
        self.at += count as u64;
    }
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = self.next_piece();
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        self.advance(count);
        Ok(count)
    }
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.next_piece())
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}
