//! How many rows, and which: a count and a digest of lines as COPY writes them, the same for a dump's own data and for a
//! table that is read back.
//!
//! The order of rows means nothing to a table, so the digest does not depend on it: it is the sum of one hash a line.
//! It notices damage; it is no defence against somebody who chooses rows so that their hashes add up to the same.

mod zones;

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// What a table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// How many rows.
    pub count: u64,
    /// The sum of the 128-bit XXH3 hashes of the rows' lines, without their line ends, modulo 2^128.
    pub digest: u128,
}

impl Rows {
    /// Adds a row: its line without the line end.
    pub fn add(&mut self, line: &[u8]) {
        self.count += 1;
        self.digest = self.digest.wrapping_add(xxh3_128(line));
    }

    /// Adds the rows of another part of the same table.
    pub fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.digest = self.digest.wrapping_add(other.digest);
    }

    /// The digest in reports and manifests.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:032x}", self.digest)
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rows, {}", self.count, self.hex())
    }
}

/// Cuts a stream into lines and adds them up, whatever the pieces are that it arrives in, with every instant in UTC.
/// Memory is bounded by the longest line.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    rows: Rows,
    begun: Vec<u8>,
    scratch: Vec<u8>,
}

impl Counter {
    /// Takes the next piece of the stream.
    pub fn feed(&mut self, mut piece: &[u8]) {
        while let Some(at) = memchr::memchr(b'\n', piece) {
            let (line, rest) = (&piece[..at], &piece[at + 1..]);
            if self.begun.is_empty() {
                self.rows.add(zones::in_utc(line, &mut self.scratch));
            } else {
                self.begun.extend_from_slice(line);
                self.rows.add(zones::in_utc(&self.begun, &mut self.scratch));
                self.begun.clear();
            }
            piece = rest;
        }
        self.begun.extend_from_slice(piece);
    }

    /// What was seen. `Err` holds it when the stream ended in the middle of a line.
    ///
    /// # Errors
    /// When the last line has no end: it was cut.
    pub fn finish(self) -> Result<Rows, Rows> {
        if self.begun.is_empty() {
            Ok(self.rows)
        } else {
            Err(self.rows)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(lines: &[&str]) -> Rows {
        let mut rows = Rows::default();
        for line in lines {
            rows.add(line.as_bytes());
        }
        rows
    }

    #[test]
    fn the_order_of_rows_means_nothing_and_their_number_does() {
        assert_eq!(of(&["1\ta", "2\tb"]), of(&["2\tb", "1\ta"]));
        assert_ne!(of(&["1\ta"]), of(&["1\ta", "1\ta"]));
        assert_ne!(of(&["1\ta", "1\ta"]).digest, 0);
        assert_ne!(of(&["1\ta", "2\tb"]), of(&["1\tb", "2\ta"]));
    }

    #[test]
    fn a_stream_that_ends_inside_a_line_was_cut() {
        let mut counter = Counter::default();
        counter.feed(b"1\ta\n2\t");
        assert_eq!(counter.finish(), Err(of(&["1\ta"])));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(lines in prop::collection::vec("[a-z\t]{0,12}", 0..20), size in 1_usize..9) {
            let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
            let mut counter = Counter::default();
            for piece in text.as_bytes().chunks(size) {
                counter.feed(piece);
            }
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(counter.finish(), Ok(of(&lines)));
        }
    }
}
