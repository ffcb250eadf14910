//! The data of a custom archive: followed block by block, without being decompressed.

use std::io::{self, Read};

use super::{Bytes, archive::Archive};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// Passes an archive through and tells when its data are cut or do not fit together.
pub(super) fn checked(reader: Bytes, archive: &Archive) -> Bytes {
    match archive.data {
        Some(data) => Box::new(Blocks {
            reader,
            at: 0,
            skip: data as u64,
            int: archive.int,
            number: Vec::with_capacity(1 + archive.int),
            expects: Expects::Block,
            left: archive.blocks,
            failed: None,
        }),
        // How data follow is not known for a version that we do not know.
        None => reader,
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    /// A byte: 1 for a table's data, 3 for large objects.
    Block,
    /// The number of its entry.
    Id { large: bool },
    /// The number of a large object; 0 ends the block.
    Object,
    /// The length of a chunk; 0 ends the data.
    Chunk { large: bool },
}

struct Blocks {
    reader: Bytes,
    at: u64,
    /// Bytes to pass over unseen.
    skip: u64,
    int: usize,
    number: Vec<u8>,
    expects: Expects,
    /// How many blocks are to come.
    left: u64,
    failed: Option<Broken>,
}

impl Blocks {
    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = usize::try_from(self.skip)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                self.skip -= skipped as u64;
                self.at += skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.number.push(bytes[0]);
            self.at += 1;
            bytes = &bytes[1..];
            let wanted = match self.expects {
                Expects::Block => 1,
                _ => 1 + self.int,
            };
            if self.number.len() == wanted {
                self.next()?;
                self.number.clear();
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<(), Broken> {
        if self.expects == Expects::Block {
            let large = match self.number[0] {
                // Storage may pad what it keeps.
                0 if self.left == 0 => return Ok(()),
                1 if self.left > 0 => false,
                3 if self.left > 0 => true,
                _ if self.left == 0 => return Err(self.corrupt("there should be no more data")),
                _ => return Err(self.corrupt("there should be the data of an entry")),
            };
            self.expects = Expects::Id { large };
            return Ok(());
        }
        let value = self.value()?;
        self.expects = match self.expects {
            Expects::Id { large: false } => Expects::Chunk { large: false },
            Expects::Chunk { large } if value > 0 => {
                self.skip = value;
                Expects::Chunk { large }
            }
            Expects::Object if value > 0 => Expects::Chunk { large: true },
            Expects::Id { large: true } | Expects::Chunk { large: true } => Expects::Object,
            Expects::Chunk { large: false } | Expects::Object | Expects::Block => {
                self.left -= 1;
                Expects::Block
            }
        };
        Ok(())
    }

    fn value(&self) -> Result<u64, Broken> {
        let digits = self.number[1..].iter().rev();
        let value = digits.fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        // The numbers of large objects use all 32 bits, and then come out as negative.
        let object = self.expects == Expects::Object;
        if self.number[0] > u8::from(object) || value > u64::from(u32::MAX) {
            return Err(self.corrupt("a number makes no sense"));
        }
        Ok(value)
    }

    fn corrupt(&self, what: &str) -> Broken {
        Finding::new(Code::DumpCorrupt, "the dump's data are damaged")
            .detail(format!("After {} bytes {what}.", self.at))
            .into()
    }

    /// Judges the end of the bytes.
    fn end(&self) -> Result<(), Broken> {
        if self.left == 0 && self.skip == 0 {
            return Ok(());
        }
        Err(Finding::new(Code::DumpTruncated, "the dump ends too early")
            .detail(format!(
                "It ends after {} bytes; the data of {} of its entries are cut off.",
                self.at, self.left
            ))
            .into())
    }
}

impl Read for Blocks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(broken) = &self.failed {
            return Err(broken.clone().into());
        }
        let count = self.reader.read(into)?;
        let judged = match count {
            0 if into.is_empty() => Ok(()),
            0 => self.end(),
            count => self.pass(&into[..count]),
        };
        judged.map(|()| count).map_err(|broken| {
            self.failed = Some(broken.clone());
            broken.into()
        })
    }
}
