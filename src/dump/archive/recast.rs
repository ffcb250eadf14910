//! The table of contents of a directory or a tar archive, as a custom archive has it whose data are not compressed and
//! follow in any order.

use std::{
    io::Cursor,
    iter::{once, repeat_n},
};

use super::{
    super::head::Head,
    MAGIC, header,
    toc::{self, Place},
    wire::Wire,
};
use crate::error::Broken;

/// Where the sizes of a number and of an offset stand, behind the three bytes of the version; the format and the
/// compression follow them.
const SIZES: usize = MAGIC.len() + 3;

/// The format of a custom archive.
const CUSTOM: u8 = 1;

/// An offset that is not known, and that of an entry without data.
const SOMEWHERE: u8 = 1;
const NOWHERE: u8 = 3;

/// Writes it once more: `pg_restore` reads a custom archive from its standard input, and a directory from nowhere else than
/// a folder.
///
/// # Errors
/// When it cannot be read, or its version is not known.
pub fn as_custom(toc: &[u8]) -> Result<bytes::Bytes, Broken> {
    let mut head = Head::new(Cursor::new(toc.to_vec()));
    let mut wire = Wire::new(&mut head, 0, None);
    let header = header::read(&mut wire)?;
    let version = header.version;
    if header.rest.is_none() {
        return Err(wire.nonsense(&format!("its version is {}.{}", version.0, version.1)));
    }
    let (int, offset) = (usize::from(toc[SIZES]), usize::from(toc[SIZES + 1]));
    let compression = if version < (1, 15) { 1 + int } else { 1 };
    let mut custom = toc[..SIZES + 2].to_vec();
    custom.extend(once(CUSTOM).chain(repeat_n(0, compression)));
    let mut from = SIZES + 3 + compression;
    toc::read(&mut wire, version, Place::Member, &mut |met| {
        custom.extend_from_slice(&toc[from..met.place.start]);
        let flag = if met.entry.has_data() {
            SOMEWHERE
        } else {
            NOWHERE
        };
        custom.extend(once(flag).chain(repeat_n(0, offset)));
        from = met.place.end;
    })?;
    Ok(custom.into())
}
