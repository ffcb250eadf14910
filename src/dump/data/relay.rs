//! Several who are shown the same dump.

use std::sync::{OnceLock, Weak};

use super::{Of, Rows, Viewer};

/// Lets somebody see a dump who comes when it is open already, for as long as he is there.
#[derive(Default)]
pub struct Relay(OnceLock<Weak<dyn Viewer>>);

impl Relay {
    /// From here on this one is shown what passes. There is only one: a later one sees nothing.
    pub fn to(&self, viewer: Weak<dyn Viewer>) {
        // Whoever came first stays.
        let _ = self.0.set(viewer);
    }
}

impl Viewer for Relay {
    fn table(&self, of: &Of<'_>) -> Option<Box<dyn Rows>> {
        self.0.get()?.upgrade()?.table(of)
    }

    fn object(&self, number: u32) -> Option<Box<dyn Rows>> {
        self.0.get()?.upgrade()?.object(number)
    }
}

/// Nobody, or somebody, or two who are shown the same.
#[must_use]
pub fn both(one: Option<Box<dyn Rows>>, other: Option<Box<dyn Rows>>) -> Option<Box<dyn Rows>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Box::new(Both(one, other))),
        (one, other) => one.or(other),
    }
}

struct Both(Box<dyn Rows>, Box<dyn Rows>);

impl Rows for Both {
    fn piece(&mut self, bytes: &[u8]) {
        self.0.piece(bytes);
        self.1.piece(bytes);
    }

    fn end(self: Box<Self>) {
        self.0.end();
        self.1.end();
    }
}
