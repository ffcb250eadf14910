//! Does storage cost more a month than the plan allows?

use super::Facts;
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
    units::{Bytes, Usd},
};

/// What storage is billed by: a gigabyte, in powers of 1000.
const GIGABYTE: f64 = 1e9;

pub(super) fn judge(facts: &Facts, limits: &Limits, prices: &Prices) -> Option<Finding> {
    let price = prices.storage_gb_month?;
    let cost = monthly(facts.listing.storage, price);
    if cost.0 <= limits.monthly_cost.0 {
        return None;
    }
    let message = format!("storage costs {cost} a month");
    let detail = format!(
        "{} at {price} USD for a gigabyte and a month come to {cost}, {} a year; `limits.monthly_cost` is {}.",
        Bytes(facts.listing.storage),
        Usd(cost.0 * 12.0),
        limits.monthly_cost,
    );
    Some(Finding::new(Code::StorageCost, message).detail(detail))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "money is rounded to cents anyway"
)]
fn monthly(bytes: u64, price: f64) -> Usd {
    Usd(bytes as f64 / GIGABYTE * price)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{backup, listing, newest};

    fn priced(bytes: u64, price: Option<f64>) -> Option<Finding> {
        let listing = listing(vec![backup("a", bytes, 60)]);
        let prices = Prices {
            storage_gb_month: price,
        };
        judge(&newest(&listing), &Limits::default(), &prices)
    }

    #[test]
    fn exactly_10_dollars_are_allowed_and_more_is_not() {
        assert_eq!(priced(40_000_000_000, Some(0.25)), None);
        let finding = priced(44_000_000_000, Some(0.25)).unwrap();
        assert_eq!(
            (finding.code, finding.message.as_str()),
            (Code::StorageCost, "storage costs 11.00 USD a month")
        );
        assert!(finding.detail.unwrap().contains("132.00 USD a year"));
    }

    #[test]
    fn without_a_price_nothing_is_said() {
        assert_eq!(priced(u64::MAX, None), None);
    }
}
