//! Large tables are read back while others still arrive.

use std::pin::Pin;

use crate::{
    dump::{Contents, Detail, Target},
    proof::Ahead,
    restore::Along,
    sandbox::Sandbox,
};

/// Who reads them, and what was read.
pub(super) struct ReadsBack<'a> {
    sandbox: &'a Sandbox,
    contents: &'a Contents,
    read: Ahead,
}

impl<'a> ReadsBack<'a> {
    /// Of a dump.
    pub(super) fn new(sandbox: &'a Sandbox, contents: &'a Contents) -> Self {
        Self {
            sandbox,
            contents,
            read: Ahead::default(),
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

    /// What was read.
    pub(super) fn read(self) -> Ahead {
        self.read
    }
}

impl Along for ReadsBack<'_> {
    fn loaded(&self, entry: i32) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let Some(target) = self.target(entry) else {
                return;
            };
            // It is read with all others where that cannot be done now.
            if let Ok(client) = self.sandbox.superuser(self.sandbox.database()).await {
                let encoding = self.contents.encoding.as_deref();
                self.read.read(client, target, encoding).await;
            }
        })
    }
}
