//! Whether a plan asks the same question tomorrow.

use super::{Against, Checks, RelativeTo, TableCheck, TableKind};

/// What makes SQL answer differently on another day, in lower case. A word too many here costs a drill that could have been
/// remembered; one too few would remember an answer that no longer holds.
const CLOCKS: [&str; 14] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "today",
    "yesterday",
    "tomorrow",
    "age",
];

/// What gives another answer every time.
const CHANCE: [&str; 3] = ["random", "gen_random_uuid", "tablesample"];

impl Checks {
    /// Whether an answer may differ although the same dump is asked: because a question looks at the clock, at chance, or
    /// at the running database. What a view or a function of the dump looks at is not seen.
    #[must_use]
    pub fn depend_on_when(&self) -> bool {
        let live = |against: &Against| against.live.is_some();
        let timely = |check: &TableCheck| from_now(&check.kind) || live(&check.limit.against);
        let tables = self.tables.iter().any(|block| {
            block.filter.as_deref().is_some_and(looks_at_the_clock)
                || block.checks.iter().any(timely)
        });
        let sql = self
            .sql
            .iter()
            .any(|check| looks_at_the_clock(&check.query) || live(&check.against));
        let database = self.database.iter();
        tables || sql || database.into_iter().any(|check| live(&check.limit.against))
    }
}

fn from_now(kind: &TableKind) -> bool {
    matches!(kind, TableKind::Freshness(freshness) if freshness.relative_to == RelativeTo::Now)
}

fn looks_at_the_clock(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let mut words = sql.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.any(|word| CLOCKS.contains(&word) || CHANCE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_looks_at_the_clock_is_asked_again() {
        for sql in [
            "select count(*) from a where at > now() - interval '1 day'",
            "SELECT CURRENT_DATE",
            "created_at > 'today'",
            "select age(max(at)) from a",
            "select 1 from a tablesample system (1)",
        ] {
            assert!(looks_at_the_clock(sql), "{sql}");
        }
        for sql in [
            "select count(*) from snow",
            "select sum(page) from acknowledged",
            "created_at < :backup_time",
        ] {
            assert!(!looks_at_the_clock(sql), "{sql}");
        }
    }
}
