//! Cuts a stream of bytes into lines that are safe to keep.

/// The longest line that is kept: what is longer is a row or a statement, which nobody may print anyway.
const LONGEST: usize = 8 * 1024;

/// What ends a line of which more was not kept.
pub const CUT: char = '…';

/// A line in the making.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    cut: bool,
}

impl Lines {
    /// The lines that these bytes end.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.take(&bytes[..end]);
            lines.push(self.finish());
            bytes = &bytes[end + 1..];
        }
        self.take(bytes);
        lines
    }

    /// The last line, where it has no end of its own.
    pub(super) fn last(mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.finish())
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.line.len();
        self.cut |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self) -> String {
        let mut text = String::from_utf8_lossy(&self.line).into_owned();
        if text.ends_with('\r') {
            text.pop();
        }
        if self.cut {
            text.push(CUT);
        }
        self.line.clear();
        self.cut = false;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"one\ntw"), ["one"]);
        assert_eq!(lines.push(b"o\r\n\nthree"), ["two", ""]);
        assert_eq!(lines.last().as_deref(), Some("three"));
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; 20_000]).is_empty());
        let found = lines.push(b"y\nnext\n");
        assert_eq!(found[0].len(), LONGEST + "…".len());
        assert!(found[0].ends_with('…'));
        assert_eq!(found[1], "next");
    }

    #[test]
    fn a_line_of_exactly_the_longest_length_is_whole() {
        let mut lines = Lines::default();
        let mut bytes = vec![b'x'; LONGEST];
        bytes.push(b'\n');
        assert_eq!(lines.push(&bytes), ["x".repeat(LONGEST)]);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_it() {
        assert_eq!(Lines::default().push(b"a\xffb\n"), ["a\u{fffd}b"]);
    }
}
