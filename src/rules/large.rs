//! Is more stored than the plan allows, or will it be at the end of the month?

use super::{Facts, growth::growth};
use crate::{
    finding::{Code, Finding, Severity},
    plan::{Limits, Prices},
    units::Bytes,
};

/// Over the limit is a warning. What only will be over it is a note: nothing is wrong yet.
pub(super) fn judge(facts: &Facts, limits: &Limits, _: &Prices) -> Option<Finding> {
    let stored = facts.listing.storage;
    let growth = growth(facts);
    let finding = if stored > limits.storage.0 {
        let stored = Bytes(stored).to_string();
        Finding::new(Code::StorageLarge, format!("{stored} are stored")).value(stored)
    } else {
        let later = growth.map(|growth| growth.month_end)?;
        if later <= limits.storage.0 {
            return None;
        }
        let message = format!("{} will be stored at the end of this month", Bytes(later));
        Finding::new(Code::StorageLarge, message)
            .severity(Severity::Info)
            .value(Bytes(later).to_string())
    };
    let finding = finding.limit(limits.storage.to_string());
    let detail = format!(
        "{} backups and {} other objects take {stored} bytes under \"{}\"; `limits.storage` is {}.",
        facts.listing.count, facts.listing.rejected_count, facts.listing.url, limits.storage,
    );
    Some(finding.detail(match growth {
        Some(growth) => format!("{detail} {growth}"),
        None => detail,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{backup, listing, newest, proven, with};

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

    #[test]
    fn exactly_50_gb_at_the_end_of_the_month_are_allowed_and_more_is_noted() {
        let listing = listing(vec![backup("a", 45_000_000_000, 60)]);
        let projected = |before| {
            let mut run = proven("a", 1, 7 * 86_400);
            run.backup.as_mut().unwrap().storage_bytes = before;
            let facts = Facts {
                past: &[run],
                ..newest(&listing)
            };
            judge(&facts, &Limits::default(), &Prices::default())
        };
        assert_eq!(projected(40_000_000_000), None);
        let finding = projected(39_000_000_000).unwrap();
        assert_eq!(
            (finding.severity, finding.message.as_str()),
            (
                Severity::Info,
                "51.0 GB will be stored at the end of this month"
            )
        );
    }
}
