//! The readers of dumps alone: with what a sanitizer adds, all of the program would take half an hour to build.

#[path = "../../../src/dump/mod.rs"]
pub mod dump;
#[path = "../../../src/error.rs"]
pub mod error;
#[path = "../../../src/finding.rs"]
pub mod finding;
#[path = "../../../src/report/mod.rs"]
pub mod report;
#[path = "../../../src/rows/mod.rs"]
pub mod rows;
#[path = "../../../src/units.rs"]
pub mod units;

/// Wants to see nothing, and no more than 16 MiB of it: what decompresses without an end is found by tests of its own.
#[derive(Default)]
struct Few(std::sync::atomic::AtomicU64);

impl dump::Viewer for Few {
    fn table(&self, _: &dump::Of<'_>) -> Option<Box<dyn dump::Rows>> {
        None
    }

    fn object(&self, _: u32) -> Option<Box<dyn dump::Rows>> {
        None
    }
}

impl dump::Tap for Few {
    fn remark(&self, _: finding::Finding) {}

    fn unpacked(&self, bytes: u64) -> Result<(), error::Broken> {
        let before = self.0.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        if before + bytes <= 16 << 20 {
            return Ok(());
        }
        Err(finding::Finding::new(finding::Code::DumpUnexpected, "it is too large").into())
    }
}

/// Reads whatever is stored in the place of a dump, to its end.
pub fn scan(bytes: &[u8]) {
    let tap: dump::Shown = std::sync::Arc::new(Few::default());
    let _ = dump::scan(std::io::Cursor::new(bytes.to_vec()), &tap);
}
