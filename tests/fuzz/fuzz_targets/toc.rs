//! The `toc.dat` of a directory dump.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pgdrill_fuzz::dump::directory(bytes);
    let _ = pgdrill_fuzz::dump::check_blobs(bytes);
});
