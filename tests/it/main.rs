//! The one integration test binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a test that cannot go on should fail loudly, and one that does not run should say so"
)]

mod backup_folder;
mod backup_s3;
mod backup_s3_read;
mod checks;
mod checks_hostile;
mod dump;
mod plan;
mod sandbox;
mod support;
