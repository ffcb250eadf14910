//! A copy of what passes by, for a thread that reads it in its own time.

use std::{
    io::{self, Read},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::super::Bytes;

/// How many pieces may wait: with pieces of a quarter of a megabyte these are a few megabytes.
const WAITING: usize = 16;

enum Message {
    Piece(bytes::Bytes),
    /// The bytes ended where they should.
    End,
}

/// The end that bytes are passed through.
#[derive(Debug)]
pub(super) struct Tee(Mutex<Option<SyncSender<Message>>>);

/// The end that the copy is read from.
pub(super) struct Watch {
    messages: Receiver<Message>,
    piece: bytes::Bytes,
    over: bool,
}

pub(super) fn pair() -> (Tee, Watch) {
    let (sender, messages) = sync_channel(WAITING);
    let watch = Watch {
        messages,
        piece: bytes::Bytes::new(),
        over: false,
    };
    (Tee(Mutex::new(Some(sender))), watch)
}

impl Tee {
    /// Passes everything on.
    pub(super) fn whole(self, bytes: Bytes) -> Bytes {
        Box::new(Passing { bytes, tee: self })
    }

    fn send(&self, message: Message) {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Who counts may have given up: then nothing is copied any more.
        if sender
            .as_ref()
            .is_some_and(|sender| sender.send(message).is_err())
        {
            *sender = None;
        }
    }

    fn listens(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }
}

struct Passing {
    bytes: Bytes,
    tee: Tee,
}

impl Read for Passing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(into)?;
        if count > 0 && self.tee.listens() {
            let piece = bytes::Bytes::copy_from_slice(&into[..count]);
            self.tee.send(Message::Piece(piece));
        } else if count == 0 && !into.is_empty() {
            self.tee.send(Message::End);
        }
        Ok(count)
    }
}

impl Read for Watch {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.over {
            match self.messages.recv() {
                Ok(Message::Piece(piece)) => self.piece = piece,
                Ok(Message::End) => self.over = true,
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "it was not read to its end",
                    ));
                }
            }
        }
        let count = self.piece.len().min(into.len());
        bytes::Buf::copy_to_slice(&mut self.piece, &mut into[..count]);
        Ok(count)
    }
}
