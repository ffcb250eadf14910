//! The data of a custom archive, block by block.

use std::io::{self, Read};

use super::{Ledger, Plan, Watch, large};

pub(super) fn follow(plan: &Plan, watch: &mut Watch, ledger: &mut Ledger) -> io::Result<()> {
    let head = io::copy(&mut watch.by_ref().take(plan.data), &mut io::sink())?;
    if head < plan.data {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut kind = [0];
    while watch.read(&mut kind)? > 0 {
        match kind[0] {
            // Storage may pad what it keeps.
            0 => {}
            1 => {
                let id = u64::from(number(watch, plan.int)?);
                let chunks = Chunks::new(watch, plan.int);
                plan.packing
                    .unpack(chunks, |data| plan.entry(id, data, ledger))?;
            }
            3 => {
                number(watch, plan.int)?;
                objects(plan, watch, ledger)?;
            }
            _ => return Err(io::Error::other("an unknown kind of data block")),
        }
    }
    Ok(())
}

/// Large objects; the number 0 ends them.
fn objects(plan: &Plan, watch: &mut Watch, ledger: &mut Ledger) -> io::Result<()> {
    loop {
        let oid = number(watch, plan.int)?;
        if oid == 0 {
            return Ok(());
        }
        let chunks = Chunks::new(watch, plan.int);
        let all = &mut ledger.large;
        plan.packing
            .unpack(chunks, |data| large::count(oid, data, all))?;
    }
}

/// A sign, and bytes from the lowest. A large object's number may use all 32 bits, and then comes out as negative.
fn number(reader: &mut impl Read, int: usize) -> io::Result<u32> {
    let mut bytes = [0; 9];
    let bytes = &mut bytes[..=int];
    reader.read_exact(bytes)?;
    let value = bytes[1..]
        .iter()
        .rev()
        .fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let value = u32::try_from(value).map_err(|_| io::Error::other("a number makes no sense"))?;
    Ok(if bytes[0] == 0 {
        value
    } else {
        value.wrapping_neg()
    })
}

/// The chunks of one block; the length 0 ends them.
struct Chunks<'a, R> {
    reader: &'a mut R,
    int: usize,
    left: usize,
    over: bool,
}

impl<'a, R: Read> Chunks<'a, R> {
    fn new(reader: &'a mut R, int: usize) -> Self {
        Self {
            reader,
            int,
            left: 0,
            over: false,
        }
    }
}

impl<R: Read> Read for Chunks<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.over && !into.is_empty() {
            self.left = number(self.reader, self.int)? as usize;
            self.over = self.left == 0;
        }
        if self.over {
            return Ok(0);
        }
        let wanted = self.left.min(into.len());
        let count = self.reader.read(&mut into[..wanted])?;
        if count == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count;
        Ok(count)
    }
}
