//! A digest of what decides over a proof, so that a proof made under the same plan can be remembered.

use sha2::{Digest, Sha256};

use super::Plan;
use crate::units::hex;

/// The SHA-256, in hexadecimal, of everything that is asked and how it is restored. Where the backups are, what they
/// cost, how old they may be and who is told decide nothing about whether a dump restores, and are left out. Whoever
/// changes these types changes the digest: then a proof is made again, which is always right.
pub(super) fn of(plan: &Plan) -> String {
    let asked = format!(
        "{:?}|{:?}|{:?}|{:?}|{:?}",
        plan.checks, plan.restore, plan.severity, plan.sandbox.provider, plan.sandbox.image
    );
    hex(&Sha256::digest(asked.as_bytes()))
}
