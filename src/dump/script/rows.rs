//! The rows of a `COPY`: nothing in them is looked at but their end.

use std::{io::Read, sync::LazyLock};

use memchr::memmem::Finder;

use super::{Mode, Script};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// How the last line of some rows starts.
static LAST_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n\\."));

impl<R: Read> Script<R> {
    /// Passes over the end of the line of a COPY; tells whether more bytes are needed.
    pub(super) fn before_rows(&mut self) -> Result<bool, Broken> {
        let rest = &self.bytes[self.at..];
        let blank = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
            .count();
        match rest.get(blank) {
            None => {
                self.step(blank);
                self.sure = self.at;
                Ok(true)
            }
            Some(b'\n') => {
                self.step(blank + 1);
                self.sure = self.at;
                if let Mode::BeforeRows(table) = &mut self.mode {
                    self.mode = Mode::Rows(std::mem::take(table), true);
                }
                Ok(false)
            }
            // psql would run it after the rows.
            Some(_) => Err(self.corrupt("a statement on the line of COPY … FROM stdin".to_owned())),
        }
    }

    /// Passes over rows up to their end; tells whether more bytes are needed.
    pub(super) fn rows(&mut self) -> Result<bool, Broken> {
        let Mode::Rows(_, starts) = &mut self.mode else {
            return Ok(false);
        };
        let rest = &self.bytes[self.at..];
        if *starts {
            match last_line(rest, self.ended) {
                Line::Last(count) => {
                    let returns = rest[..count].contains(&b'\r');
                    self.note_end_of_rows(returns);
                    self.step(count);
                    self.mode = Mode::Sql;
                    if let Some(rows) = self.rows.take() {
                        rows.end();
                    }
                }
                Line::Row => *starts = false,
                Line::Unknown => return Ok(true),
            }
            self.sure = self.at;
            return Ok(false);
        }
        let found = LAST_LINE.find(rest);
        *starts = found.is_some();
        // The end may begin with the last two bytes.
        let kept = if self.ended { 0 } else { 2 };
        let count = found.map_or(rest.len().saturating_sub(kept), |at| at + 1);
        let zero = memchr::memchr(0, &rest[..count]);
        if let Some(at) = zero {
            return Err(self.zero(at));
        }
        if let Some(rows) = &mut self.rows {
            rows.piece(&self.bytes[self.at..self.at + count]);
        }
        self.note_rows(count);
        self.step(count);
        self.sure = self.at;
        Ok(found.is_none())
    }

    /// No row holds a NUL byte; what was reserved and never written is made of them.
    fn zero(&mut self, at: usize) -> Broken {
        self.step(at);
        let table = match &self.mode {
            Mode::Rows(table, _) => table.clone(),
            _ => String::new(),
        };
        let detail = format!("It stands in line {}.", self.line);
        Finding::new(Code::DumpCorrupt, format!("a NUL byte in the rows of \"{table}\""))
            .detail(detail)
            .hint("Check the disk and the upload: where zeros follow, the space was reserved, but nothing was written.")
            .about(table)
            .into()
    }
}

enum Line {
    /// It ends the rows and has this many bytes.
    Last(usize),
    Row,
    Unknown,
}

fn last_line(rest: &[u8], ended: bool) -> Line {
    const LINES: [&[u8]; 2] = [b"\\.\n", b"\\.\r\n"];
    if let Some(line) = LINES.iter().find(|line| rest.starts_with(line)) {
        Line::Last(line.len())
    } else if !LINES.iter().any(|line| line.starts_with(rest)) {
        Line::Row
    } else if !ended {
        Line::Unknown
    } else if rest.len() >= 2 {
        Line::Last(rest.len())
    } else {
        Line::Row
    }
}
