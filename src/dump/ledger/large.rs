//! Large objects: their numbers and contents, added up so that their order does not matter.

use xxhash_rust::xxh3::Xxh3;

use crate::rows::Rows;

/// One large object that is being read.
pub struct Large {
    hash: Xxh3,
}

impl Large {
    /// The object with this number.
    #[must_use]
    pub fn new(oid: u32) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&oid.to_le_bytes());
        Self { hash }
    }

    /// Takes the next bytes of its contents.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// It is complete.
    pub fn add_to(&self, all: &mut Rows) {
        all.absorb(Rows {
            count: 1,
            digest: self.hash.digest128(),
        });
    }
}
