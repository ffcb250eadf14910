//! A check in a report, and its figure in words.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{finding::Severity, units::Age};

/// The kind of check whose figure is an age in seconds.
const FRESHNESS: &str = "freshness";

/// One check and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Unique in the report: `users.row_count`.
    pub id: String,
    /// The table, where it is about one.
    pub table: Option<String>,
    /// The kind of check.
    pub check: String,
    /// How it went.
    pub status: CheckStatus,
    /// How bad a breach is.
    pub severity: Severity,
    /// What was found: a figure, never a row's value; an age in seconds.
    pub value: Option<Value>,
    /// What was asked for.
    pub limit: Option<String>,
    /// A digest of the question, without its limits: figures of two runs are only compared when it is the same.
    #[serde(default)]
    pub asked: Option<String>,
    /// The plan's file.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u64>,
    /// How long it took.
    pub seconds: f64,
    /// What there is to say about it.
    pub message: Option<String>,
}

impl CheckResult {
    /// Gives a breach another severity: only a critical one fails the check.
    pub fn weigh(&mut self, severity: Severity) {
        self.severity = severity;
        self.status = match (self.status, severity) {
            (CheckStatus::Failed | CheckStatus::Warned, Severity::Critical) => CheckStatus::Failed,
            (CheckStatus::Failed, _) => CheckStatus::Warned,
            (status, _) => status,
        };
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// It held.
    Passed,
    /// It held, but not its soft limit.
    Warned,
    /// It did not hold.
    Failed,
    /// It could not be answered, or it compared nothing.
    Error,
    /// The plan skips it, with a reason.
    Skipped,
}

/// What a check of this kind found, as people read it: an age in its units, below zero where it lies ahead.
#[must_use]
pub fn figure(check: &str, value: &Value) -> String {
    match (value, value.as_i64()) {
        (Value::String(text), _) => text.clone(),
        (_, Some(seconds)) if check == FRESHNESS => Age::signed(seconds),
        (other, _) => other.to_string(),
    }
}

/// A row count that failed, for tests.
#[cfg(test)]
pub(crate) fn failed_check(id: &str) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        table: None,
        check: "row_count".to_owned(),
        status: CheckStatus::Failed,
        severity: Severity::Critical,
        value: None,
        limit: None,
        asked: None,
        file: None,
        line: None,
        seconds: 0.0,
        message: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_units_and_a_number_as_it_is() {
        assert_eq!(figure("freshness", &7_500.into()), "2 h 5 min");
        assert_eq!(figure("freshness", &(-41_999).into()), "-11 h 39 min");
        assert_eq!(figure("row_count", &7_500.into()), "7500");
        assert_eq!(figure("freshness", &"none".into()), "none");
    }
}
