//! Large tables are read back while others still arrive.

use std::{collections::HashMap, pin::Pin};

use crate::{
    dump::{Contents, Detail, Target},
    proof::Ahead,
    restore::Along,
    sandbox::Sandbox,
};

/// Who reads them, and what was read.
pub(super) struct ReadsBack<'a> {
    sandbox: &'a Sandbox,
    tables: HashMap<i32, Target>,
    encoding: Option<String>,
    read: Ahead,
}

impl<'a> ReadsBack<'a> {
    /// Of a dump.
    pub(super) fn new(sandbox: &'a Sandbox, contents: &Contents) -> Self {
        let lines = contents.toc.iter().filter_map(|entry| match &entry.detail {
            Detail::Lines(target) => Some((entry.id, (**target).clone())),
            _ => None,
        });
        Self {
            sandbox,
            tables: lines.collect(),
            encoding: contents.encoding.clone(),
            read: Ahead::default(),
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
            let Some(target) = self.tables.get(&entry) else {
                return;
            };
            // It is read with all others where that cannot be done now.
            if let Ok(client) = self.sandbox.superuser(self.sandbox.database()).await {
                let encoding = self.encoding.as_deref();
                self.read.read(client, target, encoding).await;
            }
        })
    }
}
