//! Does storage cost more a month than the plan allows, or will it at the end of the month?

use super::{
    Facts,
    growth::{growth, monthly},
};
use crate::{
    finding::{Code, Finding, Severity},
    plan::{Limits, Prices},
    units::{Bytes, Usd},
};

/// Over the limit is a warning. What only will be over it is a note: nothing is wrong yet.
pub(super) fn judge(facts: &Facts, limits: &Limits, prices: &Prices) -> Option<Finding> {
    let price = prices.storage_gb_month?;
    let cost = monthly(facts.listing.storage, price);
    let growth = growth(facts);
    let later = growth.map(|growth| monthly(growth.month_end, price));
    let finding = if cost.0 > limits.monthly_cost.0 {
        Finding::new(Code::StorageCost, format!("storage costs {cost} a month"))
            .value(cost.to_string())
    } else {
        let later = later.filter(|later| later.0 > limits.monthly_cost.0)?;
        let message = format!("storage will cost {later} a month at the end of this month");
        Finding::new(Code::StorageCost, message)
            .severity(Severity::Info)
            .value(later.to_string())
    };
    let finding = finding.limit(limits.monthly_cost.to_string());
    let mut detail = format!(
        "{} at {price} USD for a gigabyte and a month come to {cost}, {} a year; `limits.monthly_cost` is {}.",
        Bytes(facts.listing.storage),
        Usd(cost.0 * 12.0),
        limits.monthly_cost,
    );
    if let (Some(growth), Some(later)) = (growth, later) {
        detail = format!("{detail} {growth} That costs {later} a month.");
    }
    Some(finding.detail(detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::Report,
        rules::tests::{backup, listing, newest, proven},
    };

    fn priced(bytes: u64, price: Option<f64>, past: &[Report]) -> Option<Finding> {
        let listing = listing(vec![backup("a", bytes, 60)]);
        let prices = Prices {
            storage_gb_month: price,
        };
        let facts = Facts {
            past,
            ..newest(&listing)
        };
        judge(&facts, &Limits::default(), &prices)
    }

    #[test]
    fn exactly_10_dollars_are_allowed_and_more_is_not() {
        assert_eq!(priced(40_000_000_000, Some(0.25), &[]), None);
        let finding = priced(44_000_000_000, Some(0.25), &[]).unwrap();
        assert_eq!(
            (finding.severity, finding.message.as_str()),
            (Severity::Warning, "storage costs 11.00 USD a month")
        );
        assert!(finding.detail.unwrap().contains("132.00 USD a year"));
    }

    /// A week ago, with a week left of the month: the projection is as far above the present.
    fn a_week_ago(bytes: u64) -> [Report; 1] {
        let mut run = proven("a", 1, 7 * 86_400);
        run.backup.as_mut().unwrap().storage_bytes = bytes;
        [run]
    }

    #[test]
    fn exactly_10_dollars_at_the_end_of_the_month_are_allowed_and_more_is_noted() {
        let projected = |before| priced(36_000_000_000, Some(0.25), &a_week_ago(before));
        assert_eq!(projected(32_000_000_000), None);
        let finding = projected(30_000_000_000).unwrap();
        assert_eq!(
            (finding.severity, finding.message.as_str()),
            (
                Severity::Info,
                "storage will cost 10.50 USD a month at the end of this month"
            )
        );
        assert!(finding.detail.unwrap().contains("grows by 6.0 GB a week"));
    }

    #[test]
    fn a_cost_that_is_over_tells_where_it_goes() {
        let finding = priced(44_000_000_000, Some(0.25), &a_week_ago(40_000_000_000)).unwrap();
        let detail = finding.detail.unwrap();
        assert!(
            detail.ends_with("That costs 12.00 USD a month."),
            "{detail}"
        );
    }

    #[test]
    fn without_a_price_nothing_is_said() {
        assert_eq!(priced(u64::MAX, None, &[]), None);
    }
}
