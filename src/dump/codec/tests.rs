//! Tests of the codecs: real encoders, cuts and damage.

use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::*;

const ALL: [Codec; 5] = [
    Codec::Gzip,
    Codec::Zstd,
    Codec::Lz4,
    Codec::Xz,
    Codec::Bzip2,
];

/// What such an encoder makes of it.
pub(in crate::dump) fn packed(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    match codec {
        Codec::None => bytes.to_vec(),
        Codec::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Codec::Zstd => {
            let mut out = zstd::Encoder::new(Vec::new(), 1).unwrap();
            out.include_checksum(true).unwrap();
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Codec::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut out = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Codec::Xz => liblzma::encode_all(bytes, 1).unwrap(),
        Codec::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
    }
}

fn unpacked(codec: Codec, bytes: &[u8]) -> Result<Vec<u8>, Finding> {
    let mut decoder = Decoder::new(codec, Box::new(Cursor::new(bytes.to_vec())));
    let mut out = Vec::new();
    match decoder.read_to_end(&mut out) {
        Ok(_) => Ok(out),
        Err(error) => {
            let again = decoder.read(&mut [0]).unwrap_err();
            assert_eq!(
                Broken::inside(&error),
                Broken::inside(&again),
                "told once only"
            );
            match Broken::inside(&error).unwrap() {
                Broken::Backup(finding) => Err(finding.clone()),
                // Nobody can say more of a frame that asks for a dictionary.
                Broken::Run(error) if error.to_string().contains("dictionary") => {
                    Err(Finding::from(error.clone()))
                }
                Broken::Run(error) => panic!("{error}"),
            }
        }
    }
}

fn text() -> Vec<u8> {
    (0..40_000_u32)
        .flat_map(|n| (n * 7).to_le_bytes())
        .collect()
}

#[test]
fn several_members_come_out_as_one() {
    for codec in ALL {
        let two = [
            packed(codec, b"one "),
            packed(codec, b""),
            packed(codec, &text()),
        ]
        .concat();
        assert_eq!(sniff(&two), codec);
        assert!(unpacked(codec, &two).unwrap() == [b"one ", &text()[..]].concat());
    }
}

#[test]
fn zeros_after_the_end_are_padding_and_anything_else_is_corrupt() {
    for codec in ALL {
        let whole = packed(codec, b"rows");
        let padded = [&whole[..], &[0; 3000]].concat();
        assert_eq!(unpacked(codec, &padded).unwrap(), b"rows");
        let found = unpacked(codec, &[&padded[..], b"x"].concat()).unwrap_err();
        assert_eq!(found.code, Code::DumpCorrupt, "{codec:?}");
        assert!(
            found.message.starts_with("bytes after the end"),
            "{found:?}"
        );
    }
}

#[test]
fn a_cut_stream_is_truncated_wherever_it_is_cut() {
    for codec in ALL {
        let whole = packed(codec, &text());
        for end in (SNIFFED..whole.len()).step_by(1 + whole.len() / 300) {
            let found = unpacked(codec, &whole[..end]).unwrap_err();
            assert_eq!(found.code, Code::DumpTruncated, "{codec:?} cut after {end}");
        }
        // Between the last block and the mark of the end nothing but that mark is missing.
        for missing in 1..13 {
            let found = unpacked(codec, &whole[..whole.len() - missing]).unwrap_err();
            assert_eq!(
                found.code,
                Code::DumpTruncated,
                "{codec:?} without {missing}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_is_noticed_where_the_codec_has_a_checksum() {
    for codec in ALL {
        let mut bytes = packed(codec, &text());
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        let found = unpacked(codec, &bytes).unwrap_err();
        assert!(
            matches!(found.code, Code::DumpCorrupt | Code::DumpTruncated),
            "{found:?}"
        );
        assert!(found.detail.unwrap().contains(" bytes"));
    }
}

#[test]
fn frames_that_decoders_pass_over_are_passed_over() {
    let skipped = b"\x50\x2a\x4d\x18\x02\0\0\0ab";
    for codec in [Codec::Zstd, Codec::Lz4] {
        let whole = packed(codec, b"rows");
        let bytes = [&whole[..], skipped, &whole].concat();
        assert_eq!(unpacked(codec, &bytes).unwrap(), b"rowsrows");
        let cut = [&whole[..], &skipped[..9]].concat();
        assert_eq!(unpacked(codec, &cut).unwrap_err().code, Code::DumpTruncated);
    }
    let first = [
        b"\x50\x2a\x4d\x18\0\0\0\0",
        &packed(Codec::Lz4, b"rows")[..],
    ]
    .concat();
    assert_eq!(sniff(&first), Codec::Lz4);
}

#[test]
fn what_the_reader_reported_is_told_unchanged() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(Broken::from(Error::new("could not read on", "Run again.")).into())
        }
    }
    for codec in ALL {
        let whole = packed(codec, &text());
        let start = Cursor::new(whole[..whole.len() / 2].to_vec());
        let mut decoder = Decoder::new(codec, Box::new(start.chain(Fails)));
        let error = decoder.read_to_end(&mut Vec::new()).unwrap_err();
        let Some(Broken::Run(error)) = Broken::inside(&error) else {
            panic!("{codec:?}: {error}");
        };
        assert_eq!(error.to_string(), "could not read on");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (magic, codec) in CODECS {
            let _ = unpacked(codec, &[magic, &bytes[..]].concat());
        }
    }
}
