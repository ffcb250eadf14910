//! The members of a directory dump while they are read: by a few threads, the largest first, so that no table waits for
//! another and the last to come are the smallest.
//!
//! Each thread reads one member at a time and there are no more threads than programs, so that whichever program waits
//! for bytes, somebody is reading them.

use std::{
    cmp::Reverse,
    collections::VecDeque,
    io::Read as _,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task;

use super::{ends::Ends, lane::Lane};
use crate::{
    dump,
    error::Broken,
    restore::{Members, Open, feed::broken},
};

/// How many threads read members. Each of them holds the ranges of a download.
const READERS: u16 = 3;

/// What the threads share.
struct Shared {
    names: Mutex<VecDeque<String>>,
    open: Mutex<Open>,
    ends: Ends,
}

/// Starts to read. Must be called inside a Tokio runtime.
pub(super) fn start(lane: Arc<Lane>, members: Members, ours: Vec<i32>, jobs: u16) {
    let readers = jobs.clamp(1, READERS);
    task::spawn_blocking(move || begin(Ends::of(lane), members, &ours, readers));
}

/// Reads the table of contents, and lets the threads read the rest.
fn begin(ends: Ends, mut members: Members, ours: &[i32], readers: u16) {
    if let Err(broken) = head(ends.lane(), &mut members.open, ours) {
        return ends.fail(broken);
    }
    let mut files = members.files;
    files.retain(|(name, _)| name != "toc.dat");
    files.sort_by_key(|(_, size)| Reverse(*size));
    let shared = Arc::new(Shared {
        names: Mutex::new(files.into_iter().map(|(name, _)| name).collect()),
        open: Mutex::new(members.open),
        ends,
    });
    for _ in 1..readers {
        let shared = Arc::clone(&shared);
        task::spawn_blocking(move || shared.run());
    }
    shared.run();
}

fn head(lane: &Lane, open: &mut Open, ours: &[i32]) -> Result<(), Broken> {
    let mut toc = Vec::new();
    let read = open("toc.dat")?.bytes.read_to_end(&mut toc);
    read.map_err(|error| broken(&error))?;
    // Nobody may be there any more: the threads find that out.
    let _ = lane.head(dump::as_custom(&toc, ours)?);
    Ok(())
}

impl Shared {
    fn run(&self) {
        while let Some(name) = self.next() {
            match self.open(&name) {
                Ok(mut bytes) => self.ends.drain(&mut bytes),
                Err(broken) => self.ends.fail(broken),
            }
        }
    }

    /// What is read next; none when one was found to be damaged.
    fn next(&self) -> Option<String> {
        let names = self.names.lock();
        let mut names = names.unwrap_or_else(PoisonError::into_inner);
        (!self.ends.are_reached())
            .then(|| names.pop_front())
            .flatten()
    }

    fn open(&self, name: &str) -> Result<dump::Bytes, Broken> {
        let open = self.open.lock();
        let member = open.unwrap_or_else(PoisonError::into_inner)(name)?;
        Ok(member.bytes)
    }
}
