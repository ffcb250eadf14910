//! A dump of one file while it is read, on a thread of its own.

use std::{
    io::{self, Read as _},
    sync::Arc,
};

use tokio::task;

use super::{
    super::feed::{CHUNK, broken},
    lane::Lane,
};
use crate::{
    dump::{self, Contents, Format, TAR_BLOCK},
    error::Broken,
};

/// Starts to read. Must be called inside a Tokio runtime.
pub(super) fn start(lane: Arc<Lane>, contents: &Contents, mut reader: dump::Bytes, ours: Vec<i32>) {
    let end = contents.data.map_or(0, |data| data.at);
    let start = match contents.format {
        Format::Tar => TAR_BLOCK,
        _ => 0,
    };
    task::spawn_blocking(move || {
        let read = head(&lane, &mut reader, start, end, &ours);
        lane.end(read.and_then(|()| drain(&mut reader, &lane)));
    });
}

/// Hands over the table of contents, which stands from the one byte to the other. Nothing behind it is shown before.
fn head(
    lane: &Lane,
    reader: &mut dump::Bytes,
    start: usize,
    end: u64,
    ours: &[i32],
) -> Result<(), Broken> {
    let mut head = Vec::new();
    let read = reader.take(end).read_to_end(&mut head);
    read.map_err(|error| broken(&error))?;
    let toc = head.get(start..).unwrap_or_default();
    // Nobody may be there any more: that is found out behind it.
    let _ = lane.head(dump::as_custom(toc, ours)?);
    Ok(())
}

/// Reads to the end, which is part of the proof: whoever is shown it loads it.
pub(super) fn drain(reader: &mut dump::Bytes, lane: &Lane) -> Result<(), Broken> {
    let mut buffer = vec![0; CHUNK];
    while !lane.is_gone() {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    Ok(())
}
