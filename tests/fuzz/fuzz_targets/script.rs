//! Plain SQL: what goes to psql holds no command of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for piece in pgdrill_fuzz::dump::Script::new(bytes) {
        if piece.is_err() {
            break;
        }
    }
});
