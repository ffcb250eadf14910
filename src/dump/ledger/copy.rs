//! The rows of one table as COPY wrote them.

use std::io;

use crate::rows::{Counter, Rows};

/// The line that ends the rows for whoever reads them; whoever shows them takes off the one behind them all.
const LAST: &[u8] = b"\\.\n";

/// Lines that are added up, whatever the pieces are that they arrive in.
#[derive(Default)]
pub(super) struct Lines {
    counter: Counter,
    /// The beginning of a line that could be the last.
    begun: Vec<u8>,
    inside: bool,
}

impl Lines {
    /// Takes the next piece.
    pub(super) fn feed(&mut self, mut piece: &[u8]) -> io::Result<()> {
        while !piece.is_empty() {
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
                    return Err(io::Error::other("something follows the rows of a table"));
                } else if !LAST.starts_with(&self.begun) {
                    self.inside = !self.begun.ends_with(b"\n");
                    self.counter.feed(&self.begun);
                    self.begun.clear();
                }
            }
        }
        Ok(())
    }

    /// There are no more.
    pub(super) fn finish(mut self) -> io::Result<Rows> {
        self.counter.feed(&self.begun);
        let cut = |_| io::Error::other("the rows of a table end inside a line");
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
        let mut lines = Lines::default();
        lines.feed(text.as_bytes())?;
        lines.finish().map(|rows| rows.count)
    }

    #[test]
    fn rows_are_counted() {
        assert_eq!(rows("").unwrap(), 0);
        assert_eq!(rows("1\ta\n\\N\tb\n\n").unwrap(), 3);
        assert_eq!(rows("\\\\.\n").unwrap(), 1);
    }

    #[test]
    fn rows_that_are_cut_and_an_end_among_them_are_refused() {
        assert!(rows("1\n2").is_err());
        assert!(rows("1\n\\").is_err());
        assert!(rows("1\n\\.\n2\n").is_err());
        assert!(rows("\\.\n").is_err());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(lines in prop::collection::vec(r"[a-c\\N\t]{0,6}", 0..20), size in 1_usize..9) {
            let lines: Vec<_> = lines.iter().filter(|line| *line != "\\.").collect();
            let mut text = String::new();
            for line in &lines {
                text = text + line + "\n";
            }
            let mut expected = Rows::default();
            for line in &lines {
                expected.add(line.as_bytes());
            }
            let mut pieces = Lines::default();
            for piece in text.as_bytes().chunks(size) {
                pieces.feed(piece).unwrap();
            }
            prop_assert_eq!(pieces.finish().unwrap(), expected);
        }
    }
}
