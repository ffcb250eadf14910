//! Did a table lose rows, or grow beyond reason?

use super::{NAMED, count};
use crate::{
    finding::{Code, Finding},
    units::Percent,
};

/// More than this share of the rows lost is worth a word, in percent: the users' guide has the same for sizes.
const LOST: u64 = 50;

/// So many times the rows, and more, is growth beyond reason: what the example plans allow.
const TIMES: u64 = 3;

/// Fewer new rows than this are no growth worth a word: small tables jitter.
const MANY: u64 = 1_000;

/// A table's rows, then and now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    /// `schema.name`.
    pub table: &'a str,
    /// How many there are now.
    pub now: u64,
    /// How many there were.
    pub before: u64,
}

impl Change<'_> {
    /// Half of the rows exactly is not yet more than half.
    fn lost_too_many(&self) -> bool {
        let lost = u128::from(self.before.saturating_sub(self.now));
        lost * 100 > u128::from(self.before) * u128::from(LOST)
    }

    /// From no row at all every growth is a beginning.
    fn grew_too_much(&self) -> bool {
        let new = self.now.saturating_sub(self.before);
        self.before > 0 && new >= MANY && self.now > self.before.saturating_mul(TIMES)
    }

    fn told(&self) -> String {
        format!("\"{}\" from {} to {}", self.table, self.before, self.now)
    }
}

/// One finding for all tables that lost more than half of their rows, or the last of them.
pub(super) fn dropped(changes: &[Change<'_>]) -> Option<Finding> {
    let mut found: Vec<_> = changes.iter().filter(|c| c.lost_too_many()).collect();
    found.sort_by_key(|change| std::cmp::Reverse(change.before - change.now));
    let message = match found.as_slice() {
        [] => return None,
        [one] if one.now == 0 => format!("\"{}\" lost all of its rows", one.table),
        [one] => format!(
            "\"{}\" has {}, {} in the last proven backup",
            one.table,
            rows(one.now),
            one.before
        ),
        many => format!("{} tables lost more than half of their rows", many.len()),
    };
    let allowed = format!(
        "More than {} is told; `row_count: {{ previous: {{ max_drop: … }} }}` sets another limit for a table.",
        Percent(50.0)
    );
    let limit = format!("at least {} of the rows", Percent(50.0));
    Some(told(Code::RowsDropped, message, &found, &allowed).limit(limit))
}

/// One finding for all tables with more than three times their rows.
pub(super) fn grew(changes: &[Change<'_>]) -> Option<Finding> {
    let mut found: Vec<_> = changes.iter().filter(|c| c.grew_too_much()).collect();
    found.sort_by_key(|change| std::cmp::Reverse(change.now - change.before));
    let message = match found.as_slice() {
        [] => return None,
        [one] => format!(
            "\"{}\" has {}, {} in the last proven backup",
            one.table,
            rows(one.now),
            one.before
        ),
        many => format!(
            "{} tables have more than {TIMES} times their rows",
            many.len()
        ),
    };
    let allowed = format!(
        "More than {TIMES} times the rows and at least {MANY} more are told; \
         `row_count: {{ previous: {{ max_growth: … }} }}` sets another limit for a table."
    );
    let limit = format!("at most {TIMES} times the rows");
    Some(told(Code::RowsGrew, message, &found, &allowed).limit(limit))
}

fn rows(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "row", "rows")
}

fn told(code: Code, message: String, found: &[&Change<'_>], allowed: &str) -> Finding {
    let named: Vec<_> = found.iter().take(NAMED).map(|c| c.told()).collect();
    let more = match found.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {} more", count(more, "table", "tables")),
    };
    let detail = format!("Rows went {}{more}. {allowed}", named.join(", "));
    let finding = Finding::new(code, message).detail(detail);
    match found {
        [one] => finding
            .about(one.table)
            .value(rows(one.now))
            .previous(rows(one.before)),
        _ => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: u64, now: u64) -> [Change<'static>; 1] {
        [Change {
            table: "public.orders",
            now,
            before,
        }]
    }

    fn drops(before: u64, now: u64) -> bool {
        dropped(&change(before, now)).is_some()
    }

    fn grows(before: u64, now: u64) -> bool {
        grew(&change(before, now)).is_some()
    }

    #[test]
    fn exactly_half_of_the_rows_is_nothing_and_one_less_is_a_drop() {
        assert!(!drops(1_000, 500));
        assert!(drops(1_000, 499));
        assert!(!drops(0, 0));
        assert!(!drops(5, 9));
    }

    #[test]
    fn an_emptied_table_is_a_drop_however_small() {
        let finding = dropped(&change(1, 0)).unwrap();
        assert_eq!(finding.message, "\"public.orders\" lost all of its rows");
        assert_eq!(finding.subject.as_deref(), Some("public.orders"));
    }

    #[test]
    fn three_times_the_rows_is_nothing_and_one_more_is_growth() {
        assert!(!grows(1_000, 3_000));
        assert!(grows(1_000, 3_001));
    }

    #[test]
    fn fewer_than_a_thousand_new_rows_are_no_growth() {
        assert!(!grows(1, 1_000));
        assert!(grows(1, 1_001));
    }

    #[test]
    fn a_table_that_was_empty_begins_rather_than_grows() {
        assert!(!grows(0, 1_000_000));
    }

    #[test]
    fn the_largest_of_numbers_are_compared() {
        assert!(drops(u64::MAX, 1));
        assert!(!grows(u64::MAX, u64::MAX));
        assert!(grows(1, u64::MAX));
    }

    #[test]
    fn several_tables_are_one_finding_with_the_worst_first() {
        let small = Change {
            table: "a",
            now: 0,
            before: 2,
        };
        let large = Change {
            table: "b",
            now: 10,
            before: 1_000,
        };
        let finding = dropped(&[small, large]).unwrap();
        assert_eq!(
            finding.message,
            "2 tables lost more than half of their rows"
        );
        let detail = finding.detail.unwrap();
        assert!(
            detail.starts_with("Rows went \"b\" from 1000 to 10, \"a\" from 2 to 0."),
            "{detail}"
        );
    }
}
