//! Adds up what is shown of an archive while it is followed.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    super::{Contents, Detail, Entry, data},
    Form, Held, Large, Ledger, Target,
    copy::Lines,
    inserts::Inserts,
};
use crate::{error, rows::Rows};

/// Why lines are not counted whose table is not known.
const NO_COPY: &str = "the rows of a table are loaded by a statement that pg_dump does not write";

/// What was shown so far; its clones add to the same.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Ledger>>);

impl data::Viewer for Tally {
    /// Adds up the rows of a table of an archive; those of a script are counted by whoever reads its statements.
    fn table(&self, of: &data::Of<'_>) -> Option<Box<dyn data::Rows>> {
        let entry = of.entry?;
        let (target, form) = match (&entry.detail, of.copy) {
            (Detail::Lines(target), Some(_)) => {
                ((**target).clone(), Ok(Adding::Lines(Lines::default())))
            }
            // Only where nothing loads them are the data statements.
            (_, None) => (named(entry), Ok(Adding::Inserts(Inserts::new()))),
            (_, Some(_)) => (named(entry), Err(io::Error::other(NO_COPY))),
        };
        Some(Box::new(Table {
            target,
            form,
            tally: self.clone(),
        }))
    }

    fn object(&self, number: u32) -> Option<Box<dyn data::Rows>> {
        Some(Box::new(Object {
            large: Large::new(number),
            tally: self.clone(),
        }))
    }
}

impl Tally {
    /// What an archive holds, once it was followed to its end. Never fails: what could not be counted is told in it.
    #[must_use]
    pub fn ledger(&self, contents: &Contents) -> Ledger {
        let mut ledger = std::mem::take(&mut *self.lock());
        let unknown = if contents.data.is_none() {
            Some("how its data are laid out is not known")
        } else {
            let unknown = contents.toc.iter().any(Entry::has_unknown_data);
            unknown.then_some("it has data of a kind that pg_dump does not write")
        };
        if let Some(why) = unknown {
            let why = uncounted(&io::Error::other(why));
            ledger.trouble.get_or_insert(why);
        }
        ledger
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The table that an entry is named after.
fn named(entry: &Entry) -> Target {
    Target {
        schema: entry.namespace.as_deref().map(str::to_owned),
        table: entry.tag.to_string(),
        columns: None,
    }
}

fn uncounted(error: &io::Error) -> String {
    let said = error::sentence(&error::whole(error));
    format!("The rows in the dump could not be counted: {said}")
}

/// A table that is being shown.
struct Table {
    target: Target,
    /// How its rows are written; or why they cannot be counted.
    form: io::Result<Adding>,
    tally: Tally,
}

enum Adding {
    Lines(Lines),
    Inserts(Inserts),
}

impl Table {
    fn held(self) -> io::Result<Held> {
        let (target, form, rows) = match self.form? {
            Adding::Lines(lines) => (self.target, Form::Lines, lines.finish()?),
            Adding::Inserts(inserts) => {
                let (named, rows) = inserts.finish()?;
                (named.unwrap_or(self.target), Form::Inserts, rows)
            }
        };
        Ok(Held { target, form, rows })
    }
}

impl data::Rows for Table {
    fn piece(&mut self, bytes: &[u8]) {
        let fed = match &mut self.form {
            Ok(Adding::Lines(lines)) => lines.feed(bytes),
            Ok(Adding::Inserts(inserts)) => inserts.feed(bytes),
            Err(_) => return,
        };
        if let Err(error) = fed {
            self.form = Err(error);
        }
    }

    fn end(self: Box<Self>) {
        let tally = self.tally.clone();
        let held = self.held();
        let mut ledger = tally.lock();
        match held {
            Ok(held) => ledger.tables.push(held),
            Err(error) => _ = ledger.trouble.get_or_insert(uncounted(&error)),
        }
    }
}

/// A large object that is being shown.
struct Object {
    large: Large,
    tally: Tally,
}

impl data::Rows for Object {
    fn piece(&mut self, bytes: &[u8]) {
        self.large.feed(bytes);
    }

    fn end(self: Box<Self>) {
        let mut one = Rows::default();
        self.large.add_to(&mut one);
        self.tally.lock().large.absorb(one);
    }
}
