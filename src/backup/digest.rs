//! The SHA-256 of everything that was read.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Evidence;

/// Counts and hashes bytes as they pass.
#[derive(Clone, Default)]
pub(super) struct Digest {
    bytes: u64,
    sha256: Sha256,
}

impl Digest {
    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
    }

    /// How many bytes passed.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What reading to the end showed, with the stored checksums that matched.
    pub(super) fn evidence(self, checksums: Vec<String>) -> Evidence {
        Evidence {
            bytes: self.bytes,
            sha256: hex(&self.sha256.finalize()),
            checksums,
        }
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
