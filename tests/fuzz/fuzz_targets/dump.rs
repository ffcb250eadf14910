//! Whatever is stored in the place of a dump: it is told, and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pgdrill_fuzz::scan(bytes));
