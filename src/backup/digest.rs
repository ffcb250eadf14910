//! The SHA-256 of everything that was read.

use sha2::{Digest as _, Sha256};

use super::Evidence;
use crate::units;

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
            sha256: units::hex(&self.sha256.finalize()),
            checksums,
        }
    }
}
