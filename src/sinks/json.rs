//! The report as JSON: what scripts read.

use super::Style;
use crate::report::Report;

pub(super) fn render(report: &Report, _style: Style) -> String {
    // A report holds strings, numbers and lists only: there is nothing that JSON cannot say.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) fn several(reports: &[Report], _style: Style) -> String {
    let mut text = serde_json::to_string_pretty(reports).unwrap_or_default();
    text.push('\n');
    text
}
