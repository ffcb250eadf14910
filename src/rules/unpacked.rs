//! How much may come out of a dump that is compressed.

use crate::{
    finding::{Code, Finding},
    plan::Limits,
    units::Bytes,
};

/// So much may come out of any dump, in bytes.
const ALWAYS_UNPACKED: u64 = 4 << 30;
/// So many times its stored size may come out of a dump: deflate, in which `pg_dump` and gzip write, ends at 1032.
const TIMES_UNPACKED: u64 = 1_100;

/// How many bytes may come out of a dump of so many stored ones, where nothing else is in the plan.
#[must_use]
pub fn most_unpacked(stored: u64, limits: &Limits) -> u64 {
    let usual = stored.saturating_mul(TIMES_UNPACKED).max(ALWAYS_UNPACKED);
    limits.max_unpacked.map_or(usual, |Bytes(most)| most)
}

/// A dump that unpacks to more than is allowed: somebody made it to fill a disk, or it is larger than was thought.
#[must_use]
pub fn unpacks_to_too_much(stored: u64, allowed: u64) -> Finding {
    let (stored, allowed) = (Bytes(stored), Bytes(allowed));
    Finding::new(
        Code::DumpUnexpected,
        format!("the dump unpacks to more than {allowed}"),
    )
    .detail(format!(
        "It is stored in {stored}; it was refused when more than {allowed} had come out of it (`limits.max_unpacked`)."
    ))
    .hint("Find out who wrote it. Where so much is right, raise `limits.max_unpacked` in the plan.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_dump_that_one_gzip_wrote_is_refused_unless_the_plan_says_so() {
        let usual = Limits::default();
        let most = |stored| most_unpacked(stored, &usual);
        assert_eq!(most(0), 4 << 30);
        assert_eq!(most(4 << 20), 4_400 << 20);
        assert!(most(1 << 40) > 1_032 << 40);
        assert_eq!(most(u64::MAX), u64::MAX);
        let own = Limits {
            max_unpacked: Some(Bytes(64_000_000)),
            ..usual
        };
        assert_eq!(most_unpacked(1 << 40, &own), 64_000_000);
    }

    #[test]
    fn what_was_refused_is_told_with_the_key_that_allows_it() {
        let found = unpacks_to_too_much(2_000_000, 64_000_000);
        assert_eq!(found.message, "the dump unpacks to more than 64.0 MB");
        let detail = found.detail.unwrap_or_default();
        assert!(
            detail.contains("2.0 MB") && detail.contains("limits.max_unpacked"),
            "{detail}"
        );
    }
}
