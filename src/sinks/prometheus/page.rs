//! The classic text format, version 0.0.4: families in their order, labels escaped, a newline at the end.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    Standing,
    families::{FAMILIES, Sample},
};

/// The lines of each family.
pub(super) struct Page(BTreeMap<&'static str, Vec<String>>);

impl Page {
    pub(super) fn of(standings: &[Standing<'_>]) -> Self {
        let mut plans: Vec<&Standing<'_>> = standings.iter().collect();
        // The order of two with the same name is kept: the first one counts.
        plans.sort_by_key(|standing| standing.backup);
        plans.dedup_by_key(|standing| standing.backup);
        let lines = FAMILIES.iter().map(|family| {
            let of_plan = |standing: &&Standing<'_>| {
                let backup = label(standing.backup);
                let samples = (family.samples)(standing);
                samples
                    .into_iter()
                    .map(move |sample| line(family.name, &backup, &sample))
            };
            (family.name, plans.iter().flat_map(of_plan).collect())
        });
        Self(lines.collect())
    }

    /// Takes from an older text what it told of a plan in families that are not told now. Lines that are not ours stay
    /// behind.
    pub(super) fn keep(&mut self, backup: &str, old: &str) {
        let backup = label(backup);
        for (family, lines) in self.0.iter_mut().filter(|(_, lines)| lines.is_empty()) {
            let start = format!("{family}{{backup=\"{backup}\"");
            for line in old.lines() {
                let ours = line.strip_prefix(&start).is_some_and(is_rest_of_sample);
                if ours && !lines.iter().any(|kept| kept == line) {
                    lines.push(line.to_owned());
                }
            }
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for family in FAMILIES {
            let lines = self.0.get(family.name).filter(|lines| !lines.is_empty());
            let Some(lines) = lines else { continue };
            // Writing into a text cannot fail.
            let _ = writeln!(text, "# HELP {} {}", family.name, family.help);
            let _ = writeln!(text, "# TYPE {} {}", family.name, family.kind);
            for line in lines {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}

fn line(family: &str, backup: &str, sample: &Sample) -> String {
    let more = sample
        .label
        .map_or_else(String::new, |(name, value)| format!(",{name}=\"{value}\""));
    format!("{family}{{backup=\"{backup}\"{more}}} {}", sample.value)
}

/// A label's value as the format has it: backslash, quote and newline are escaped, everything else stands for itself.
fn label(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Whether this is what [`line`] writes behind the label `backup`: at most one more label, and a number.
fn is_rest_of_sample(rest: &str) -> bool {
    let Some((labels, value)) = rest.split_once("} ") else {
        return false;
    };
    let word = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let label = labels
        .strip_prefix(',')
        .and_then(|label| label.strip_suffix('"'))
        .and_then(|label| label.split_once("=\""))
        .is_some_and(|(name, value)| word(name) && word(value));
    (labels.is_empty() || label) && value.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use crate::{
        report::Verdict,
        sinks::prometheus::{Standing, exposition, exposition_over, tests::drill},
    };

    #[test]
    fn what_a_failed_run_does_not_know_stays_as_it_was() {
        let (good, bad) = (
            drill("shop", Verdict::Passed),
            drill("shop", Verdict::Failed),
        );
        let old = exposition(&[Standing::of(&good)]);
        let text = exposition_over(&Standing::of(&bad), &old);
        for line in [
            "backup_last_success_timestamp{backup=\"shop\"} 1795474800",
            "backup_verify_last_pass_timestamp_seconds{backup=\"shop\"} 1795478400",
            "backup_verify_verdict{backup=\"shop\",verdict=\"passed\"} 0",
            "backup_verify_verdict{backup=\"shop\",verdict=\"failed\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        }
        assert_eq!(text.matches("verdict=\"passed\"").count(), 1, "{text}");
    }

    #[test]
    fn nothing_of_another_plan_and_nothing_strange_is_taken_over() {
        let bad = drill("a\"b", Verdict::Failed);
        let fresh = exposition(&[Standing::of(&bad)]);
        let old = "backup_last_success_timestamp{backup=\"shop\"} 1\n\
            backup_last_success_timestamp{backup=\"a\\\"b\"} many\n\
            backup_last_success_timestamp{backup=\"a\\\"b\",x=\"Y\"} 1\n\
            backup_last_success_timestamp{backup=\"a\\\"b\"} 1 2\n\
            backup_last_success_timestamp{backup=\"a\\\"b\"} NaN\n\
            somebody_else{backup=\"a\\\"b\"} 1\n";
        assert_eq!(exposition_over(&Standing::of(&bad), old), fresh);
        let old = "backup_last_success_timestamp{backup=\"a\\\"b\"} 7";
        let text = exposition_over(&Standing::of(&bad), old);
        assert!(text.contains(old), "{text}");
    }
}
