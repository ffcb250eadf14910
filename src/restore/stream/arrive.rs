//! A dump of one file while it is read, on a thread of its own; what of it comes ahead of its turn, on another.

use std::{io::Read as _, sync::Arc};

use tokio::task;

use super::{super::feed::broken, Whole, ends::Ends, lane::Lane};
use crate::{
    dump::{self, Contents, Format, TAR_BLOCK},
    error::Broken,
};

/// Starts to read. Must be called inside a Tokio runtime.
pub(super) fn start(lane: Arc<Lane>, contents: &Contents, whole: Whole, ours: Vec<i32>) {
    let end = contents.data.map_or(0, |data| data.at);
    let start = match contents.format {
        Format::Tar => TAR_BLOCK,
        _ => 0,
    };
    let Whole { mut bytes, stretch } = whole;
    let ends = Arc::new(Ends::of(lane));
    task::spawn_blocking(move || {
        if let Err(broken) = head(ends.lane(), &mut bytes, start, end, &ours) {
            return ends.fail(broken);
        }
        if let Some(mut stretch) = stretch {
            let ends = Arc::clone(&ends);
            task::spawn_blocking(move || ends.drain_stretch(&mut stretch));
        }
        ends.drain(&mut bytes);
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
