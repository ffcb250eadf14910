//! Decoded data: the rows of an entry, which end with `\.`, its statements, which end with empty lines, or a large object.

use std::io::{self, Read};

use super::{Of, Rows, Tap};
use crate::{
    dump::Entry,
    error::Broken,
    finding::{Code, Finding},
};

/// Bytes read at once; a decoder is slower with small ones.
const BUFFER: usize = 128 * 1024;

/// How `pg_dump` ends the rows of a COPY.
pub const ROWS_END: &[u8] = b"\\.\n\n\n";

/// How it ends the statements of `--inserts`.
const STATEMENTS_END: &[u8] = b"\n\n";

/// Follows what comes out of a decoder.
pub(super) struct Frame {
    /// What they belong to.
    name: String,
    /// How they must end; nothing where they may end anywhere.
    end: &'static [u8],
    /// The last bytes: they are the end, or else rows.
    tail: Vec<u8>,
    rows: Option<Box<dyn Rows>>,
    seen: u64,
}

impl Frame {
    /// The data of an entry that are no large objects.
    pub(super) fn table(entry: &Entry, tap: &dyn Tap) -> Self {
        let name = entry.name();
        let of = Of {
            entry: Some(entry),
            table: &name,
            copy: entry.copy.as_deref(),
            database: None,
        };
        let (end, rows) = match (entry.is_table_data(), &entry.copy) {
            (true, Some(_)) => (ROWS_END, tap.table(&of)),
            (true, None) => (STATEMENTS_END, tap.table(&of)),
            // Nothing is known of them.
            (false, _) => (&[][..], None),
        };
        Self::new(name, end, rows)
    }

    /// What one large object holds.
    pub(super) fn object(number: u32, tap: &dyn Tap) -> Self {
        Self::new(format!("large object {number}"), &[], tap.object(number))
    }

    const fn new(name: String, end: &'static [u8], rows: Option<Box<dyn Rows>>) -> Self {
        Self {
            name,
            end,
            tail: Vec::new(),
            rows,
            seen: 0,
        }
    }

    /// What the data belong to.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Reads a decoder to its end.
    pub(super) fn read(&mut self, from: &mut dyn Read) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
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
        let keep = self.end.len();
        let kept_of_new = keep.min(bytes.len());
        let (sure, tail) = bytes.split_at(bytes.len() - kept_of_new);
        let out = (self.tail.len() + kept_of_new).saturating_sub(keep);
        if let Some(rows) = &mut self.rows {
            for piece in [&self.tail[..out], sure] {
                if !piece.is_empty() {
                    rows.piece(piece);
                }
            }
        }
        self.tail.drain(..out);
        self.tail.extend_from_slice(tail);
    }

    /// Judges how they ended.
    pub(super) fn finish(self) -> Result<(), Broken> {
        if self.tail != self.end {
            return Err(self.cut());
        }
        if let Some(rows) = self.rows {
            rows.end();
        }
        Ok(())
    }

    fn cut(&self) -> Broken {
        let name = &self.name;
        let closing = if self.end == ROWS_END {
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
            .about(name.as_str())
            .into()
    }
}
