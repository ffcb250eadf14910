//! Who is shown a dump in a test: its rows are counted, and a loader may see them.

use std::{io, ops::Range, sync::OnceLock};

use pgdrill::{
    dump::{self, Contents, Ledger, Of, Relay, Rows, Tally, Tap, Viewer},
    error::Broken,
    finding::Finding,
};

/// Lets nothing be remarked.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) tally: Tally,
    pub(crate) relay: Relay,
    /// What is read ahead of its turn.
    pub(crate) elsewhere: OnceLock<Range<u64>>,
}

impl Shown {
    /// What an archive holds that is read to its end here.
    pub(crate) fn ledger(&self, contents: &Contents, mut bytes: dump::Bytes) -> Ledger {
        io::copy(&mut bytes, &mut io::sink()).unwrap();
        self.tally.ledger(contents)
    }
}

impl Viewer for Shown {
    fn table(&self, of: &Of<'_>) -> Option<Box<dyn Rows>> {
        dump::both(self.tally.table(of), self.relay.table(of))
    }

    fn object(&self, number: u32) -> Option<Box<dyn Rows>> {
        dump::both(self.tally.object(number), self.relay.object(number))
    }
}

impl Tap for Shown {
    fn remark(&self, finding: Finding) {
        panic!("{}", finding.message);
    }

    fn unpacked(&self, _: u64) -> Result<(), Broken> {
        Ok(())
    }

    fn elsewhere(&self) -> Option<Range<u64>> {
        self.elsewhere.get().cloned()
    }
}
