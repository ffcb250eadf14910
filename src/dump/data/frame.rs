//! The decoded data of one entry: rows that end with `\.`, statements that end with empty lines, or a large object.

use std::io::{self, Read};

use super::{Of, Rows, Tap};
use crate::{
    dump::Entry,
    error::Broken,
    finding::{Code, Finding},
};

/// How `pg_dump` ends the rows of a COPY, and the statements of `--inserts`.
const ENDS: [&[u8]; 2] = [b"\\.\n\n\n", b"\n\n"];

/// Follows what comes out of a decoder.
pub(super) struct Frame<'a> {
    entry: &'a Entry,
    /// The last bytes: they are the end, or else rows.
    tail: Vec<u8>,
    rows: Option<Box<dyn Rows>>,
    seen: u64,
}

/// What ends an entry's data; nothing where they may end anywhere.
fn end(entry: &Entry) -> Option<&'static [u8]> {
    match (entry.is_table_data(), &entry.copy) {
        (true, Some(_)) => Some(ENDS[0]),
        (true, None) => Some(ENDS[1]),
        (false, _) => None,
    }
}

impl<'a> Frame<'a> {
    pub(super) fn new(entry: &'a Entry, tap: &dyn Tap) -> Self {
        let table = entry.name();
        let rows = entry.copy.as_deref().and_then(|copy| {
            tap.table(&Of {
                entry: Some(entry.id),
                table: &table,
                copy,
                database: None,
            })
        });
        Self {
            entry,
            tail: Vec::new(),
            rows,
            seen: 0,
        }
    }

    /// Reads a decoder to its end.
    pub(super) fn read(&mut self, from: &mut dyn Read) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => self.feed(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        let keep = end(self.entry).map_or(0, <[u8]>::len);
        let kept_of_new = keep.min(bytes.len());
        let (sure, tail) = bytes.split_at(bytes.len() - kept_of_new);
        let out = (self.tail.len() + kept_of_new).saturating_sub(keep);
        if let Some(rows) = &mut self.rows {
            rows.piece(&self.tail[..out]);
            rows.piece(sure);
        }
        self.tail.drain(..out);
        self.tail.extend_from_slice(tail);
    }

    /// Judges how they ended.
    pub(super) fn finish(self) -> Result<(), Broken> {
        if let Some(end) = end(self.entry)
            && self.tail != end
        {
            return Err(self.cut(end));
        }
        if let Some(rows) = self.rows {
            rows.end();
        }
        Ok(())
    }

    fn cut(&self, end: &[u8]) -> Broken {
        let name = self.entry.name();
        let closing = if end == ENDS[0] {
            "without the line \"\\.\" that ends the rows of a COPY"
        } else {
            "without the empty lines that end them"
        };
        let message = if self.seen == 0 {
            format!("the data of \"{name}\" are empty")
        } else {
            format!("the data of \"{name}\" end too early")
        };
        Finding::new(Code::DumpTruncated, message)
            .detail(format!(
                "They end after {} decoded bytes, {closing}.",
                self.seen
            ))
            .about(name)
            .into()
    }
}
