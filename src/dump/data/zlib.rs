//! A zlib stream inside an archive: cut, damaged, or followed by something is an error.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use crate::dump::Bytes;

/// Bytes read at once.
const BUFFER: usize = 32 * 1024;

/// What a stream decodes to.
pub(super) struct Zlib {
    from: Bytes,
    decoder: Decompress,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    over: bool,
}

impl Zlib {
    pub(super) fn new(from: Bytes) -> Self {
        Self {
            from,
            decoder: Decompress::new(true),
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            over: false,
        }
    }

    /// Reads more when all was used; tells whether there is any.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.from.read(&mut self.buffer)?;
        }
        Ok(self.start < self.end)
    }

    /// The stream is over: so must its bytes be.
    fn finish(&mut self) -> io::Result<usize> {
        if self.fill()? {
            let what = "bytes after the end of the zlib stream";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(0)
    }
}

impl Read for Zlib {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.over && !into.is_empty() {
            let more = self.fill()?;
            let (read, written) = (self.decoder.total_in(), self.decoder.total_out());
            let input = &self.buffer[self.start..self.end];
            let status = self
                .decoder
                .decompress(input, into, FlushDecompress::None)?;
            let count = |now: u64, then| usize::try_from(now - then).unwrap_or_default();
            self.start += count(self.decoder.total_in(), read);
            self.over = status == Status::StreamEnd;
            let out = count(self.decoder.total_out(), written);
            if out > 0 {
                return Ok(out);
            }
            if !more && !self.over {
                let what = "the zlib stream ends too early";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
            }
        }
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Zlib::new(Box::new(io::Cursor::new(bytes))).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_changed_or_followed_is_an_error() {
        let text = b"1\tone\n2\ttwo\n".repeat(9000);
        let whole = zlib(&text);
        assert!(read(whole.clone()).unwrap() == text);
        for end in 0..whole.len() {
            assert!(read(whole[..end].to_vec()).is_err(), "cut after {end}");
        }
        assert!(read([&whole[..], b"x"].concat()).is_err());
        let mut changed = whole;
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert!(read(changed).is_err(), "the checksum is compared");
    }
}
