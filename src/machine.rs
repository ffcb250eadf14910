//! What the machine that drills has to give.

use std::thread;

/// How many processors this process may use, as affinity and control groups leave them; `None` where no one tells.
pub fn processors() -> Option<usize> {
    thread::available_parallelism().ok().map(usize::from)
}
