//! The report for a program that listens, signed so that it can be neither changed nor sent a second time.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::units::{Secret, hex};

/// The header with the signature.
pub const SIGNATURE: &str = "x-pgdrill-signature";

/// The header with the time of signing, in Unix seconds.
pub const TIMESTAMP: &str = "x-pgdrill-timestamp";

/// The header with the run: of two deliveries of one run, one is a repetition.
pub const RUN: &str = "x-pgdrill-run";

/// The header that a test message has, and no other.
pub const TEST: &str = "x-pgdrill-test";

/// The value of the signature's header: `sha256=` and the HMAC-SHA256, in hexadecimal, of the time in Unix seconds, a full
/// stop, and the body.
#[must_use]
pub fn signature(secret: &Secret, timestamp: i64, body: &[u8]) -> String {
    // A key of any length will do, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_openssl_makes_of_time_and_body() {
        // printf '1795512600.{"a":1}' | openssl dgst -sha256 -hmac hunter2
        let made = signature(&Secret::new("hunter2"), 1_795_512_600, b"{\"a\":1}");
        assert_eq!(
            made,
            "sha256=99055a910f26b141ce325d42431be9477927543c7c0c5589c8156d02a6eaa1c5"
        );
    }

    #[test]
    fn another_time_is_another_signature() {
        let at = |time| signature(&Secret::new("hunter2"), time, b"{}");
        assert_ne!(at(1), at(2));
    }
}
