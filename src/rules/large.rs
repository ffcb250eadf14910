//! Is more stored than the plan allows?

use super::Facts;
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
    units::Bytes,
};

pub(super) fn judge(facts: &Facts, limits: &Limits, _: &Prices) -> Option<Finding> {
    let stored = facts.listing.storage;
    if stored <= limits.storage.0 {
        return None;
    }
    let message = format!("{} are stored", Bytes(stored));
    let detail = format!(
        "{} backups and {} other objects take {stored} bytes under \"{}\"; `limits.storage` is {}.",
        facts.listing.backups.len(),
        facts.listing.rejected.len(),
        facts.listing.url,
        limits.storage,
    );
    Some(Finding::new(Code::StorageLarge, message).detail(detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{backup, listing, with};

    #[test]
    fn exactly_50_gb_is_allowed_and_a_byte_more_is_not() {
        assert_eq!(
            with(judge, &listing(vec![backup("a", 50_000_000_000, 60)])),
            None
        );
        let finding = with(judge, &listing(vec![backup("a", 50_000_000_001, 60)])).unwrap();
        assert_eq!(
            (finding.code, finding.message.as_str()),
            (Code::StorageLarge, "50.0 GB are stored")
        );
    }
}
