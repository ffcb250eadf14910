//! The rows of one table as COPY wrote them.

use std::io::{self, Read};

use crate::rows::{Counter, Rows};

/// How much is read at once.
const STEP: usize = 128 * 1024;

/// How the rows end; `pg_dump` adds two empty lines.
const LAST: &[u8] = b"\\.\n";

/// Counts lines up to the line `\.`.
pub(super) fn count(data: &mut dyn Read) -> io::Result<Rows> {
    let mut lines = Lines::default();
    let mut buffer = vec![0; STEP];
    loop {
        match data.read(&mut buffer) {
            Ok(0) => return lines.finish(),
            Ok(count) => lines.feed(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Rows, their end, and nothing after it.
#[derive(Default)]
struct Lines {
    counter: Counter,
    /// The beginning of a line that could be the last.
    begun: Vec<u8>,
    inside: bool,
    ended: bool,
}

impl Lines {
    fn feed(&mut self, mut piece: &[u8]) -> io::Result<()> {
        while !piece.is_empty() && !self.ended {
            if self.inside {
                let end = memchr::memchr(b'\n', piece).map_or(piece.len(), |at| at + 1);
                // Whole lines at once, up to one that begins as the last does.
                let end = rows_end(piece, end);
                self.counter.feed(&piece[..end]);
                self.inside = piece[end - 1] != b'\n';
                piece = &piece[end..];
            } else {
                self.begun.push(piece[0]);
                piece = &piece[1..];
                if self.begun == LAST {
                    self.ended = true;
                } else if !LAST.starts_with(&self.begun) {
                    self.inside = !self.begun.ends_with(b"\n");
                    self.counter.feed(&self.begun);
                    self.begun.clear();
                }
            }
        }
        if piece.iter().all(|&byte| byte == b'\n') || !self.ended {
            return Ok(());
        }
        Err(io::Error::other("something follows the rows of a table"))
    }

    fn finish(self) -> io::Result<Rows> {
        let cut = |_| io::Error::other("the rows of a table end inside a line");
        if !self.ended {
            return Err(io::Error::other("the rows of a table have no end"));
        }
        self.counter.finish().map_err(cut)
    }
}

/// The end of the lines from `first` on, none of which begins with a backslash.
fn rows_end(piece: &[u8], first: usize) -> usize {
    let found = memchr::memmem::find(&piece[first - 1..], b"\n\\");
    let whole = found.map_or(piece.len(), |at| first + at);
    whole.max(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> io::Result<u64> {
        count(&mut text.as_bytes()).map(|rows| rows.count)
    }

    #[test]
    fn rows_are_counted_up_to_their_end() {
        assert_eq!(rows("\\.\n\n\n").unwrap(), 0);
        assert_eq!(rows("1\ta\n\\N\tb\n\n\\.\n\n\n").unwrap(), 3);
        assert_eq!(rows("\\\\.\n\\.\n").unwrap(), 1);
    }

    #[test]
    fn rows_without_their_end_and_what_follows_it_are_refused() {
        assert!(rows("1\n2\n").is_err());
        assert!(rows("1\n2").is_err());
        assert!(rows("").is_err());
        assert!(rows("\\.\nx\n").is_err());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(lines in prop::collection::vec(r"[a-c\\N\t]{0,6}", 0..20), size in 1_usize..9) {
            let lines: Vec<_> = lines.iter().filter(|line| *line != "\\.").collect();
            let mut text = String::new();
            for line in &lines {
                text = text + line + "\n";
            }
            text += "\\.\n\n\n";
            let mut expected = Rows::default();
            for line in &lines {
                expected.add(line.as_bytes());
            }
            let mut pieces = Lines::default();
            for piece in text.as_bytes().chunks(size) {
                pieces.feed(piece).unwrap();
            }
            prop_assert_eq!(pieces.finish().unwrap(), expected);
            prop_assert_eq!(count(&mut text.as_bytes()).unwrap(), expected);
        }
    }
}
