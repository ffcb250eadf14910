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

use super::{arrive::drain, lane::Lane};
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
    /// What one of them found to be damaged.
    broken: Mutex<Option<Broken>>,
    lane: Arc<Lane>,
}

/// The last thread that lets go of it has seen the end of everything.
impl Drop for Shared {
    fn drop(&mut self) {
        let broken = self.broken.get_mut();
        let broken = broken.unwrap_or_else(PoisonError::into_inner).take();
        self.lane.end(broken.map_or(Ok(()), Err));
    }
}

/// Starts to read. Must be called inside a Tokio runtime.
pub(super) fn start(lane: Arc<Lane>, members: Members, ours: Vec<i32>, jobs: u16) {
    let readers = jobs.clamp(1, READERS);
    task::spawn_blocking(move || begin(lane, members, &ours, readers));
}

/// Reads the table of contents, and lets the threads read the rest.
fn begin(lane: Arc<Lane>, mut members: Members, ours: &[i32], readers: u16) {
    if let Err(broken) = head(&lane, &mut members.open, ours) {
        return lane.end(Err(broken));
    }
    let mut files = members.files;
    files.retain(|(name, _)| name != "toc.dat");
    files.sort_by_key(|(_, size)| Reverse(*size));
    let shared = Arc::new(Shared {
        names: Mutex::new(files.into_iter().map(|(name, _)| name).collect()),
        open: Mutex::new(members.open),
        broken: Mutex::default(),
        lane,
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
            if let Err(broken) = self.member(&name) {
                let mut first = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(broken);
                return;
            }
        }
    }

    /// What is read next; none when one was found to be damaged.
    fn next(&self) -> Option<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.names.lock();
        let mut names = names.unwrap_or_else(PoisonError::into_inner);
        (broken.is_none() && !self.lane.is_gone())
            .then(|| names.pop_front())
            .flatten()
    }

    /// Reads a member to its end: whoever is shown it loads it.
    fn member(&self, name: &str) -> Result<(), Broken> {
        let open = self.open.lock();
        let mut member = open.unwrap_or_else(PoisonError::into_inner)(name)?;
        drain(&mut member.bytes, &self.lane)
    }
}
