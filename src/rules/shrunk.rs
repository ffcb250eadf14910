//! Is the backup much smaller than the one before it?

use super::Facts;
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
    units::Bytes,
};

pub(super) fn judge(facts: &Facts, limits: &Limits, _: &Prices) -> Option<Finding> {
    let (chosen, previous) = (facts.chosen?, facts.previous()?);
    if chosen.size == 0 || previous.size == 0 {
        return None;
    }
    let share = percent(chosen.size, previous.size);
    if share > limits.max_shrink.0 {
        return None;
    }
    let message = format!(
        "\"{}\" is {share:.0} % of the size of the one before it",
        chosen.key
    );
    let detail = format!(
        "It holds {} ({} bytes), \"{}\" holds {} ({} bytes); `limits.max_shrink` is {}.",
        Bytes(chosen.size),
        chosen.size,
        previous.key,
        Bytes(previous.size),
        previous.size,
        limits.max_shrink,
    );
    Some(
        Finding::new(Code::BackupShrunk, message)
            .detail(detail)
            .about(&chosen.key),
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes above 2^53 bytes may be off by a byte or two"
)]
fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{backup, listing, with};

    fn sizes(now: u64, before: u64) -> Option<Finding> {
        with(
            judge,
            &listing(vec![backup("b", now, 60), backup("a", before, 90_000)]),
        )
    }

    #[test]
    fn exactly_half_is_a_warning_and_a_byte_more_is_not() {
        let finding = sizes(500, 1_000).unwrap();
        assert_eq!(finding.code, Code::BackupShrunk);
        assert!(finding.detail.unwrap().contains("(500 bytes)"));
        assert_eq!(sizes(501, 1_000), None);
        assert!(sizes(499, 1_000).is_some());
    }

    #[test]
    fn the_first_backup_is_compared_with_nothing() {
        assert_eq!(with(judge, &listing(vec![backup("a", 1, 60)])), None);
    }
}
