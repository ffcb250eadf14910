//! The members of a directory dump, which may be read side by side: each is counted on a thread of its own, and whoever
//! reads it to its end waits for that.

use std::{
    io::{self, Read},
    sync::{Arc, mpsc::Sender},
    thread::{self, JoinHandle},
};

use super::{super::Bytes, Ledger, Plan, Watch, add_up, members, tee};

/// Counts what is passed through.
pub struct Counters {
    plan: Arc<Plan>,
    parts: Sender<Ledger>,
}

impl Counters {
    pub(super) const fn new(plan: Arc<Plan>, parts: Sender<Ledger>) -> Self {
        Self { plan, parts }
    }

    /// Passes a member on.
    #[must_use]
    pub fn member(&self, name: &str, bytes: Bytes) -> Bytes {
        let (tee, watch) = tee::pair();
        let (plan, parts) = (Arc::clone(&self.plan), self.parts.clone());
        let name = name.to_owned();
        let counting = thread::spawn(move || {
            let follow = |plan: &Plan, watch: &mut Watch, ledger: &mut Ledger| {
                members::member(plan, &name, watch, ledger)
            };
            // Nobody may want to know any more.
            let _ = parts.send(add_up(&plan, watch, follow));
        });
        Box::new(Counted {
            bytes: tee.whole(bytes),
            counting: Some(counting),
        })
    }
}

struct Counted {
    bytes: Bytes,
    counting: Option<JoinHandle<()>>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(into)?;
        if count == 0
            && !into.is_empty()
            && let Some(counting) = self.counting.take()
        {
            // The next member must not be read while more and more of them still wait to be counted.
            let _ = counting.join();
        }
        Ok(count)
    }
}
