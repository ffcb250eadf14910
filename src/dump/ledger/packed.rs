//! The compression of one table's data inside an archive.

use std::io::{self, Chain, Cursor, Read};

/// How data are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    None,
    /// zlib, as a custom archive has it.
    Zlib,
    /// gzip, as a file of a directory dump.
    Gzip,
    /// lz4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// From the word in an archive's header.
    pub(super) fn named(word: Option<&str>) -> Self {
        match word {
            Some("gzip") => Self::Zlib,
            Some("lz4") => Self::Lz4,
            Some("zstd") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// From the end of a member's name.
    pub(super) fn of_member(name: &str) -> Self {
        const ENDINGS: [(&str, Packing); 3] = [
            (".gz", Packing::Gzip),
            (".lz4", Packing::Lz4),
            (".zst", Packing::Zstd),
        ];
        let found = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending));
        found.map_or(Self::None, |(_, packing)| *packing)
    }

    /// Hands the unpacked bytes to `each`, and reads what follows them.
    pub(super) fn unpack<R: Read, T>(
        self,
        mut packed: R,
        each: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut first = [0];
        // Nothing at all is no stream, yet it is nothing in every packing.
        let begun = packed.read(&mut first)?;
        let mut packed = Cursor::new(first[..begun].to_vec()).chain(packed);
        let done = if begun == 0 {
            each(&mut io::empty())
        } else {
            self.decode(&mut packed, each)
        }?;
        io::copy(&mut packed, &mut io::sink())?;
        Ok(done)
    }

    fn decode<R: Read, T>(
        self,
        packed: &mut Chain<Cursor<Vec<u8>>, R>,
        each: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        match self {
            Self::None => each(packed),
            Self::Zlib => each(&mut flate2::read::ZlibDecoder::new(packed)),
            Self::Gzip => each(&mut flate2::read::MultiGzDecoder::new(packed)),
            Self::Lz4 => each(&mut lz4_flex::frame::FrameDecoder::new(packed)),
            Self::Zstd => each(&mut zstd::stream::read::Decoder::new(packed)?),
        }
    }
}
