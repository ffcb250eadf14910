//! Large tables are read back while the rest is still restored, as far as the processors have time to spare.

use std::{collections::VecDeque, convert::Infallible, future::pending, time::Duration};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::{compare, spare};
use crate::{
    dump::{Contents, Detail, Target},
    machine,
    proof::Ahead,
    restore::Along,
    sandbox::Sandbox,
};

/// How often it is looked whether there is time to spare. A look takes the server less than a millisecond.
const LOOK: Duration = Duration::from_millis(25);

/// Is told what was loaded.
pub(super) struct Told(mpsc::UnboundedSender<i32>);

impl Along for Told {
    fn loaded(&self, entry: i32) {
        // When nobody reads any more, nobody needs to know.
        let _ = self.0.send(entry);
    }
}

/// Who reads.
pub(super) struct ReadsBack<'a> {
    sandbox: &'a Sandbox,
    contents: &'a Contents,
    loaded: mpsc::UnboundedReceiver<i32>,
    ahead: Ahead,
}

/// Who reads the tables of a dump, and who is told of them.
pub(super) fn pair<'a>(sandbox: &'a Sandbox, contents: &'a Contents) -> (Told, ReadsBack<'a>) {
    let (sender, loaded) = mpsc::unbounded_channel();
    let reads = ReadsBack {
        sandbox,
        contents,
        loaded,
        ahead: Ahead::default(),
    };
    (Told(sender), reads)
}

impl ReadsBack<'_> {
    /// Reads until this has ended; gives what it gave, and what was read.
    pub(super) async fn beside<T>(mut self, restore: impl Future<Output = T>) -> (T, Ahead) {
        let restored = tokio::select! {
            restored = restore => restored,
            never = self.run() => match never {},
        };
        (restored, self.ahead)
    }

    async fn run(&mut self) -> Infallible {
        let mut waiting = VecDeque::new();
        let first = self.loaded.recv().await;
        waiting.extend(first);
        let Ok(watching) = self.sandbox.superuser(self.sandbox.database()).await else {
            // Everything is read with all others then.
            return pending().await;
        };
        let cores = machine::processors().unwrap_or(1);
        let cores = u32::try_from(cores).unwrap_or(u32::MAX);
        let mut recent = spare::Recent::default();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            while let Ok(entry) = self.loaded.try_recv() {
                waiting.push_back(entry);
            }
            let Ok(now) = spare::look(&watching).await else {
                return pending().await;
            };
            let spare = recent.spare(now, cores);
            self.ahead.allow(spare);
            if self.ahead.reading() < spare
                && let Some(entry) = waiting.pop_front()
            {
                self.begin(entry).await;
            }
        }
    }

    async fn begin(&mut self, entry: i32) {
        let Some(target) = self.target(entry).cloned() else {
            return;
        };
        // It is read with all others where that cannot be done now.
        if let Ok(client) = compare::reader(self.sandbox, self.sandbox.database()).await {
            let encoding = self.contents.encoding.clone();
            self.ahead.begin(client, target, encoding);
        }
    }

    /// The table of an entry; none of one whose rows are not lines.
    fn target(&self, id: i32) -> Option<&Target> {
        let entry = self.contents.toc.iter().find(|entry| entry.id == id)?;
        match &entry.detail {
            Detail::Lines(target) => Some(target),
            _ => None,
        }
    }
}
