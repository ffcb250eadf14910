//! The checksums that a service stores with an object, and the same over the bytes that were read.

use aws_sdk_s3::{operation::head_object::HeadObjectOutput, types::ChecksumType};
use aws_smithy_checksums::{ChecksumAlgorithm, http::HttpChecksum};
use md5::{Digest as _, Md5};

use super::list::unquoted;
use crate::units::hex;

/// What a service stores with an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    sums: Vec<Sum>,
}

/// One stored checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum {
    /// `crc64nvme`, `sha256`, …, `md5`.
    name: &'static str,
    /// In base64; for MD5, which is an `ETag`, in hexadecimal. Without the number of parts.
    value: String,
    /// How many parts it was uploaded in and how large each of them is, when it is a checksum of checksums.
    parts: Option<Parts>,
}

/// What a stored checksum is one of, where it does not tell so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The bytes of the object.
    Whole,
    /// The checksums of its parts, and how many these are where that is known.
    Composite(Option<u64>),
}

impl Kind {
    /// Not every service tells: what was uploaded in parts has a checksum of all of its bytes only where that is said.
    fn new(told: Option<&ChecksumType>, etag: Option<&str>) -> Self {
        let parts = etag.and_then(|etag| positive(etag.rsplit_once('-')?.1));
        match told {
            Some(ChecksumType::FullObject) => Self::Whole,
            Some(ChecksumType::Composite) => Self::Composite(parts),
            _ if parts.is_some() => Self::Composite(parts),
            _ => Self::Whole,
        }
    }
}

fn positive(count: &str) -> Option<u64> {
    count.parse().ok().filter(|count| *count > 0)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    count: u64,
    size: u64,
}

impl Stored {
    /// What the service said of the whole object.
    pub(super) fn new(head: &HeadObjectOutput) -> Self {
        let etag = head.e_tag().map(unquoted);
        let kind = Kind::new(head.checksum_type(), etag.as_deref());
        let told = [
            ("crc64nvme", head.checksum_crc64_nvme()),
            ("crc32c", head.checksum_crc32_c()),
            ("crc32", head.checksum_crc32()),
            ("sha256", head.checksum_sha256()),
            ("sha1", head.checksum_sha1()),
        ];
        let told = told
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let mut sums: Vec<_> = told
            .filter_map(|(name, value)| Sum::read(name, value, kind))
            .collect();
        // An ETag is often an MD5; hashing once more is worth it only where nothing better is stored.
        if sums.iter().all(|sum| sum.parts.is_some()) {
            sums.extend(etag.and_then(|etag| Sum::read("md5", &etag, Kind::Whole)));
        }
        Self { sums }
    }

    /// How many parts the object was uploaded in, when a checksum of checksums cannot be compared without it.
    pub(super) fn parts(&self) -> Option<u64> {
        self.sums.iter().find_map(|sum| Some(sum.parts?.count))
    }

    /// Tells how large each part is but the last, which `None` leaves unknown; `total` is the object's size.
    pub(super) fn with_part_size(mut self, size: Option<u64>, total: u64) -> Self {
        self.sums.retain_mut(|sum| match (&mut sum.parts, size) {
            (None, _) => true,
            (Some(parts), Some(size)) if size > 0 && total.div_ceil(size) == parts.count => {
                parts.size = size;
                true
            }
            // Parts of other sizes: it cannot be computed, so it is no evidence.
            (Some(_), _) => false,
        });
        self
    }

    /// Computes the same over bytes as they pass.
    pub(super) fn hashing(&self) -> Vec<Hashing> {
        self.sums.iter().map(Hashing::new).collect()
    }
}

impl Sum {
    fn read(name: &'static str, text: &str, kind: Kind) -> Option<Self> {
        let (value, count) = match (text.rsplit_once('-'), kind) {
            (Some((value, count)), _) => (value, Some(positive(count)?)),
            (None, Kind::Composite(None)) => return None,
            (None, Kind::Composite(count)) => (text, count),
            (None, Kind::Whole) => (text, None),
        };
        let sum = Self {
            name,
            value: value.to_owned(),
            parts: count.map(|count| Parts { count, size: 0 }),
        };
        sum.can_be_one().then_some(sum)
    }

    /// Whether its value is as long as this checksum is: what is not says nothing of the bytes.
    fn can_be_one(&self) -> bool {
        if self.name == "md5" {
            return self.is_md5();
        }
        let length = State::new(self.name).finish().len();
        aws_smithy_types::base64::decode(&self.value).is_ok_and(|value| value.len() == length)
    }

    fn is_md5(&self) -> bool {
        self.value.len() == 32 && self.value.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

/// What comparing one stored checksum showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is the same.
    Match(&'static str),
    /// It is another one, and the service promises that it is the checksum of these bytes.
    Differs(Difference),
    /// It is another one, but nobody promised that it would be the same.
    Unproven,
}

/// A stored checksum, and what the bytes come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) name: &'static str,
    pub(super) stored: String,
    pub(super) computed: String,
}

/// One checksum over bytes as they pass.
pub(super) struct Hashing {
    sum: Sum,
    state: State,
    /// Checksums of the parts before this one, and what is left of this one.
    parts: Option<(State, u64)>,
}

impl Hashing {
    fn new(sum: &Sum) -> Self {
        Self {
            sum: sum.clone(),
            state: State::new(sum.name),
            parts: sum.parts.map(|parts| (State::new(sum.name), parts.size)),
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let size = self.sum.parts.map_or(0, |parts| parts.size);
        while let Some((outer, left)) = &mut self.parts
            && *left <= bytes.len() as u64
            && size > 0
        {
            // It fits: it is at most the length of a slice.
            let (part, rest) = bytes.split_at(usize::try_from(*left).unwrap_or(bytes.len()));
            self.state.update(part);
            outer.update(&std::mem::replace(&mut self.state, State::new(self.sum.name)).finish());
            *left = size;
            bytes = rest;
        }
        self.state.update(bytes);
        if let Some((_, left)) = &mut self.parts {
            *left -= bytes.len() as u64;
        }
    }

    /// Compares it with the stored one.
    pub(super) fn compare(self) -> Compared {
        let Sum { name, value, parts } = self.sum;
        let digest = match (self.parts, parts) {
            (Some((mut outer, left)), Some(parts)) => {
                if left < parts.size {
                    outer.update(&self.state.finish());
                }
                outer.finish()
            }
            _ => self.state.finish(),
        };
        let computed = if name == "md5" {
            hex(&digest)
        } else {
            aws_smithy_types::base64::encode(&digest)
        };
        if computed.eq_ignore_ascii_case(&value) && (name == "md5" || computed == value) {
            Compared::Match(name)
        } else if name == "md5" || parts.is_some() {
            Compared::Unproven
        } else {
            Compared::Differs(Difference {
                name,
                stored: value,
                computed,
            })
        }
    }
}

enum State {
    Sdk(Box<dyn HttpChecksum>),
    Md5(Md5),
}

impl State {
    fn new(name: &str) -> Self {
        match name.parse::<ChecksumAlgorithm>() {
            Ok(algorithm) if name != "md5" => Self::Sdk(algorithm.into_impl()),
            _ => Self::Md5(Md5::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sdk(checksum) => checksum.update(bytes),
            Self::Md5(md5) => md5.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sdk(checksum) => checksum.finalize().to_vec(),
            Self::Md5(md5) => md5.finalize().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"123456789";

    fn compared(
        name: &'static str,
        stored: &str,
        size: Option<u64>,
        bytes: &[u8],
        step: usize,
    ) -> Vec<Compared> {
        let sums = Sum::read(name, stored, Kind::Whole).into_iter().collect();
        let stored = Stored { sums }.with_part_size(size, bytes.len() as u64);
        let mut hashing = stored.hashing();
        for chunk in bytes.chunks(step) {
            for one in &mut hashing {
                one.update(chunk);
            }
        }
        hashing.into_iter().map(Hashing::compare).collect()
    }

    #[test]
    fn published_check_values_match() {
        // The CRC catalogue's check values over "123456789"; the digests are openssl's.
        for (name, stored) in [
            ("crc32", "y/Q5Jg=="),
            ("crc32c", "4waSgw=="),
            ("crc64nvme", "rosUhgp5mIg="),
            ("sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            ("sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
            ("md5", "25f9e794323b453885f5181f1b624d0b"),
        ] {
            assert_eq!(
                compared(name, stored, None, TEXT, 4),
                [Compared::Match(name)],
                "{name}"
            );
        }
    }

    #[test]
    fn another_checksum_differs_but_another_md5_proves_nothing() {
        let found = compared("crc32", "AAAAAA==", None, TEXT, 4);
        assert!(
            matches!(&found[..], [Compared::Differs(d)] if d.computed == "y/Q5Jg=="),
            "{found:?}"
        );
        let other = "00000000000000000000000000000000";
        assert_eq!(compared("md5", other, None, TEXT, 4), [Compared::Unproven]);
    }

    #[test]
    fn what_can_be_no_such_checksum_says_nothing() {
        for (name, stored) in [
            ("crc32", ""),
            ("crc32", "AAAAAA"),
            ("crc32", "y/Q5JhpF"),
            ("crc64nvme", "y/Q5Jg=="),
            ("sha256", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            ("sha1", "not base64"),
            ("md5", "25f9e794323b4538"),
        ] {
            assert_eq!(compared(name, stored, None, TEXT, 4), [], "{stored}");
        }
    }

    #[test]
    fn a_checksum_of_checksums_is_computed_from_the_size_of_the_parts() {
        let part = |bytes: &[u8]| Md5::digest(bytes).to_vec();
        let outer = hex(&Md5::digest(
            [part(b"1234"), part(b"5678"), part(b"9")].concat(),
        ));
        for step in [1, 3, 4, 9] {
            let found = compared("md5", &format!("{outer}-3"), Some(4), TEXT, step);
            assert_eq!(found, [Compared::Match("md5")], "{step}");
        }
        let outer = hex(&Md5::digest(
            [part(b"123"), part(b"456"), part(b"789")].concat(),
        ));
        for step in [1, 2, 3, 9] {
            let found = compared("md5", &format!("{outer}-3"), Some(3), TEXT, step);
            assert_eq!(found, [Compared::Match("md5")], "{step}");
        }
    }

    /// What the service said of an object that was uploaded in parts, without how many of them its checksum is of.
    fn untold(kind: Option<ChecksumType>, crc32: &str) -> Stored {
        let head = HeadObjectOutput::builder()
            .e_tag("\"25f9e794323b453885f5181f1b624d0b-3\"")
            .checksum_crc32(crc32)
            .set_checksum_type(kind);
        Stored::new(&head.build())
    }

    #[test]
    fn a_checksum_of_an_object_in_parts_is_of_all_its_bytes_only_where_the_service_says_so() {
        let compare = |stored: Stored| -> Vec<Compared> {
            let mut hashing = stored.with_part_size(Some(4), TEXT.len() as u64).hashing();
            for one in &mut hashing {
                one.update(TEXT);
            }
            hashing.into_iter().map(Hashing::compare).collect()
        };
        let found = compare(untold(None, "AAAAAA=="));
        assert_eq!(found, [Compared::Unproven, Compared::Unproven]);
        let mut outer = State::new("crc32");
        for part in TEXT.chunks(4) {
            let mut inner = State::new("crc32");
            inner.update(part);
            outer.update(&inner.finish());
        }
        let outer = aws_smithy_types::base64::encode(outer.finish());
        for kind in [None, Some(ChecksumType::Composite)] {
            let found = compare(untold(kind, &outer));
            assert_eq!(found.first(), Some(&Compared::Match("crc32")));
        }
        let found = compare(untold(Some(ChecksumType::FullObject), "AAAAAA=="));
        assert!(matches!(&found[..], [Compared::Differs(_)]), "{found:?}");
    }

    #[test]
    fn without_the_size_of_the_parts_it_is_no_evidence() {
        assert_eq!(
            compared("md5", "25f9e794323b453885f5181f1b624d0b-3", None, TEXT, 4),
            []
        );
        assert_eq!(compared("crc32", "y/Q5Jg==-3", Some(5), TEXT, 4), []);
    }
}
