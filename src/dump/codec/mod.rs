//! Compression around a dump: gzip, zstd, lz4, xz and bzip2, told by their first bytes.

mod input;

use std::{
    io::{self, Read},
    mem,
};

use input::Input;
use liblzma::stream::Stream;

use super::{
    Bytes, Codec,
    data::{Shown, trailing},
    looks::closed,
};
use crate::{
    error::{Broken, Error, sentence, whole},
    finding::{Code, Finding},
};

/// The memory that an xz stream may ask for, in bytes; `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 1 << 30;
/// The largest window of zstd (`zstd --long=31`), as a power of two.
const ZSTD_WINDOW: u32 = 31;
/// How many bytes [`sniff`] wants to see.
pub(super) const SNIFFED: usize = 12;

/// First bytes, and what they say.
const CODECS: [(&[u8], Codec); 5] = [
    (b"\x1f\x8b", Codec::Gzip),
    (b"\x28\xb5\x2f\xfd", Codec::Zstd),
    (b"\x04\x22\x4d\x18", Codec::Lz4),
    (b"\xfd7zXZ\0", Codec::Xz),
    (b"BZh", Codec::Bzip2),
];

impl Codec {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// What the first bytes of a stream say that it is wrapped in.
pub(super) fn sniff(head: &[u8]) -> Codec {
    let starts = |head: &[u8]| CODECS.iter().find(|(magic, _)| head.starts_with(magic));
    if skippable(head).is_some() {
        // zstd and lz4 share these frames; only a short one lets us see what follows.
        return match head.get(8..).and_then(starts) {
            Some((_, Codec::Lz4)) => Codec::Lz4,
            _ => Codec::Zstd,
        };
    }
    match starts(head) {
        // "BZh" alone could be a text.
        Some((_, Codec::Bzip2)) if !head.get(3).is_some_and(u8::is_ascii_digit) => Codec::None,
        Some((_, codec)) => *codec,
        None => Codec::None,
    }
}

/// The length of a frame that decoders pass over, by its first eight bytes.
fn skippable(head: &[u8]) -> Option<u64> {
    let head: [u8; 8] = head.get(..8)?.try_into().ok()?;
    let [kind, 0x2a, 0x4d, 0x18, length @ ..] = head else {
        return None;
    };
    (kind & 0xf0 == 0x50).then(|| u64::from(u32::from_le_bytes(length)))
}

/// The decoded bytes of a stream that [`sniff`] knew.
pub(super) struct Decoder {
    /// Who hears of bytes after the end; they are an error when nobody does.
    tap: Option<Shown>,
    codec: Codec,
    member: Member,
    /// An end that is told again when somebody reads on.
    failed: Option<Broken>,
}

enum Member {
    Between(Input),
    Gzip(flate2::bufread::GzDecoder<Input>),
    Zstd(zstd::stream::read::Decoder<'static, Input>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<Input>>),
    Xz(liblzma::bufread::XzDecoder<Input>),
    Bzip2(bzip2::bufread::BzDecoder<Input>),
    Over,
}

impl Member {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
            Self::Lz4(decoder) => decoder.read(into),
            Self::Xz(decoder) => decoder.read(into),
            Self::Bzip2(decoder) => decoder.read(into),
            Self::Between(_) | Self::Over => Ok(0),
        }
    }

    fn input(&self) -> Option<&Input> {
        match self {
            Self::Gzip(decoder) => Some(decoder.get_ref()),
            Self::Zstd(decoder) => Some(decoder.get_ref()),
            Self::Lz4(decoder) => Some(decoder.get_ref()),
            Self::Xz(decoder) => Some(decoder.get_ref()),
            Self::Bzip2(decoder) => Some(decoder.get_ref()),
            Self::Between(input) => Some(input),
            Self::Over => None,
        }
    }

    fn into_input(self) -> Option<Input> {
        match self {
            Self::Gzip(decoder) => Some(decoder.into_inner()),
            Self::Zstd(decoder) => Some(decoder.finish()),
            Self::Lz4(decoder) => Some(decoder.into_inner()),
            Self::Xz(decoder) => Some(decoder.into_inner()),
            Self::Bzip2(decoder) => Some(decoder.into_inner()),
            Self::Between(input) => Some(input),
            Self::Over => None,
        }
    }
}

impl Decoder {
    pub(super) fn new(codec: Codec, reader: Bytes) -> Self {
        Self {
            tap: None,
            codec,
            member: Member::Between(Input::new(reader)),
            failed: None,
        }
    }

    /// Tells somebody of bytes after the end.
    pub(super) fn telling(mut self, tap: Shown) -> Self {
        self.tap = Some(tap);
        self
    }

    /// With a small buffer, for streams of which a dump holds many.
    pub(super) fn small(codec: Codec, reader: Bytes) -> Self {
        Self {
            tap: None,
            codec,
            member: Member::Between(Input::small(reader)),
            failed: None,
        }
    }

    /// Opens the next member; [`Member::Over`] when there is none.
    fn next(&self, mut input: Input) -> Result<Member, Broken> {
        loop {
            let head = match input.peek(SNIFFED) {
                Ok(head) => head.to_vec(),
                Err(error) => return Err(self.fault(Some(&input), &error)),
            };
            let skipped = skippable(&head).filter(|_| self.codec.skips());
            let Some(length) = skipped else {
                return self.begin(&head, input);
            };
            match input.skip(8 + length) {
                Ok(true) => {}
                Ok(false) => return Err(self.truncated(input.taken())),
                Err(error) => return Err(self.fault(Some(&input), &error)),
            }
        }
    }

    fn begin(&self, head: &[u8], mut input: Input) -> Result<Member, Broken> {
        if !head.is_empty() && sniff(head) == self.codec {
            let at = input.taken();
            return self
                .member(input)
                .map_err(|error| self.fault_at(at, &error));
        }
        match input.only_zeros_follow() {
            Ok(true) => Ok(Member::Over),
            Ok(false) => self.trailing(input),
            Err(error) => Err(self.fault(Some(&input), &error)),
        }
    }

    /// What follows is nothing that a decoder reads. It is still read: a download is proven to its end.
    fn trailing(&self, mut input: Input) -> Result<Member, Broken> {
        let at = input.taken();
        let Some(tap) = &self.tap else {
            return Err(self.bytes_after(at));
        };
        tap.remark(trailing(&format!("{} data", self.codec.name()), at));
        match input.skip(u64::MAX) {
            Ok(_) => Ok(Member::Over),
            Err(error) => Err(self.fault(Some(&input), &error)),
        }
    }

    fn member(&self, input: Input) -> io::Result<Member> {
        Ok(match self.codec {
            Codec::Gzip => Member::Gzip(flate2::bufread::GzDecoder::new(input)),
            Codec::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?.single_frame();
                decoder.window_log_max(ZSTD_WINDOW)?;
                Member::Zstd(decoder)
            }
            Codec::Lz4 => Member::Lz4(Box::new(lz4_flex::frame::FrameDecoder::new(input))),
            Codec::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY, 0)?;
                Member::Xz(liblzma::bufread::XzDecoder::new_stream(input, stream))
            }
            Codec::Bzip2 => Member::Bzip2(bzip2::bufread::BzDecoder::new(input)),
            Codec::None => Member::Over,
        })
    }

    /// What a decoder's error says about the backup, or about us.
    fn fault(&self, input: Option<&Input>, error: &io::Error) -> Broken {
        match input.and_then(|input| input.broken.clone()) {
            Some(broken) => broken,
            None => self.fault_at(input.map_or(0, Input::taken), error),
        }
    }

    fn fault_at(&self, at: u64, error: &io::Error) -> Broken {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        if matches!(inner, Some(liblzma::stream::Error::MemLimit)) {
            return Error::new(
                "could not decompress the backup",
                "Compress it with a smaller dictionary: `xz -9` is enough.",
            )
            .because("Its xz stream asks for more than 1 GiB of memory.")
            .into();
        }
        if self.codec == Codec::Zstd && whole(error).contains("Dictionary mismatch") {
            let hint = "Compress dumps without a dictionary of your own: pgdrill does not have it.";
            return closed("a zstd file that needs a dictionary", hint).into();
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self.truncated(at);
        }
        let name = self.codec.name();
        let said = sentence(&whole(error));
        Finding::new(Code::DumpCorrupt, format!("the {name} data are damaged"))
            .detail(format!("The decoder stopped after {at} bytes: {said}"))
            .into()
    }

    fn truncated(&self, at: u64) -> Broken {
        let name = self.codec.name();
        Finding::new(
            Code::DumpTruncated,
            format!("the {name} data end too early"),
        )
        .detail(format!(
            "They end after {at} bytes, before the end of the {name} stream."
        ))
        .into()
    }

    fn bytes_after(&self, at: u64) -> Broken {
        let name = self.codec.name();
        Finding::new(
            Code::DumpCorrupt,
            format!("bytes after the end of the {name} data"),
        )
        .detail(format!(
            "The {name} stream ends after {at} bytes; what follows is neither {name} nor padding."
        ))
        .into()
    }
}

impl Codec {
    /// Whether its streams may hold frames that decoders pass over.
    const fn skips(self) -> bool {
        matches!(self, Self::Zstd | Self::Lz4)
    }
}

impl Decoder {
    fn decode(&mut self, into: &mut [u8]) -> Result<usize, Broken> {
        loop {
            match self.member.read(into) {
                Ok(0) => {}
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.fault(self.member.input(), &error)),
            }
            let begun = !matches!(self.member, Member::Between(_));
            let Some(input) = mem::replace(&mut self.member, Member::Over).into_input() else {
                return Ok(0);
            };
            // The lz4 decoder takes an end between two blocks for the end of the frame.
            if begun && self.codec == Codec::Lz4 && input.ended {
                return Err(self.truncated(input.taken()));
            }
            self.member = self.next(input)?;
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.failed.is_none() {
            match self.decode(into) {
                Ok(count) => return Ok(count),
                Err(broken) => self.failed = Some(broken),
            }
        }
        self.failed
            .clone()
            .map_or(Ok(0), |broken| Err(broken.into()))
    }
}

#[cfg(test)]
pub(super) mod tests;
