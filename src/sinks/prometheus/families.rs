//! Every metric: its name, what it means, and where its value comes from.

use jiff::Timestamp;

use super::Standing;
use crate::{
    finding::Severity,
    report::{BackupFacts, Verdict},
};

/// A metric.
pub(super) struct Family {
    pub name: &'static str,
    /// `gauge` or `counter`.
    pub kind: &'static str,
    pub help: &'static str,
    pub samples: fn(&Standing<'_>) -> Vec<Sample>,
}

/// A value, with a label besides `backup` where the family has one.
pub(super) struct Sample {
    pub label: Option<(&'static str, &'static str)>,
    pub value: String,
}

/// Every metric, in the order in which they are told. A new one is one row.
pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "backup_last_success_timestamp",
        kind: "gauge",
        help: "When the newest backup was written, in Unix seconds by the storage's clock, as of the last drill or health look that exited with 0; any other leaves it as it was.",
        samples: |standing| time(standing.last_success),
    },
    Family {
        name: "backup_size_bytes",
        kind: "gauge",
        help: "Size of the newest backup as stored.",
        samples: |standing| whole(newest(standing).map(|backup| backup.size_bytes)),
    },
    Family {
        name: "backup_duration_seconds",
        kind: "gauge",
        help: "How long the backup job took for the backup that was drilled: from the time in the dump's header to the storage's.",
        samples: |standing| {
            let drilled = standing.drill.or(standing.look);
            let backup = drilled.and_then(|report| report.backup.as_ref());
            real(backup.and_then(|backup| backup.duration_seconds))
        },
    },
    Family {
        name: "backup_failure_total",
        kind: "counter",
        help: "Drills that did not pass, failed and unverified together, over the whole history; left out where the plan keeps no history.",
        samples: |standing| whole(standing.failures),
    },
    Family {
        name: "backup_age_seconds",
        kind: "gauge",
        help: "Age of the newest backup at the last look, after which it stands still; negative when it comes from the future.",
        samples: |standing| whole(age(standing)),
    },
    Family {
        name: "backup_storage_bytes",
        kind: "gauge",
        help: "What all backups take together.",
        samples: |standing| whole(seen(standing).map(|backup| backup.storage_bytes)),
    },
    Family {
        name: "backup_cost_usd_per_month",
        kind: "gauge",
        help: "What the storage costs a month in US dollars, by the price in the plan.",
        samples: |standing| real(seen(standing).and_then(|backup| backup.cost_usd_per_month)),
    },
    Family {
        name: "backup_restore_duration_seconds",
        kind: "gauge",
        help: "How long the restore took in the last drill, when it passed.",
        samples: |standing| {
            let passed = |verdict| verdict == Verdict::Passed;
            let drill = standing.drill.filter(|drill| passed(drill.verdict));
            let restore = drill.and_then(|drill| drill.restore.as_ref());
            real(restore.map(|restore| restore.seconds))
        },
    },
    Family {
        name: "backup_verify_last_run_timestamp_seconds",
        kind: "gauge",
        help: "When the last drill began, whatever it came to.",
        samples: |standing| time(standing.drill.map(|drill| drill.started)),
    },
    Family {
        name: "backup_verify_last_pass_timestamp_seconds",
        kind: "gauge",
        help: "When the last drill began that proved a backup.",
        samples: |standing| time(standing.last_pass),
    },
    Family {
        name: "backup_verify_verdict",
        kind: "gauge",
        help: "What the last drill came to: 1 for its verdict, 0 for the others.",
        samples: verdicts,
    },
    Family {
        name: "backup_verify_findings",
        kind: "gauge",
        help: "How many findings the last drill had, by severity.",
        samples: findings,
    },
    Family {
        name: "backup_verify_notify_failed",
        kind: "gauge",
        help: "How many of those who are told did not take the last report.",
        samples: |standing| whole(untold(standing)),
    },
];

/// Sinks that did not take the report. Nobody was told: nobody knows.
fn untold(standing: &Standing<'_>) -> Option<usize> {
    let sinks = &standing.drill.or(standing.look)?.sinks;
    let failed = sinks.iter().filter(|delivery| delivery.error.is_some());
    (!sinks.is_empty()).then(|| failed.count())
}

/// What a drill can come to.
const VERDICTS: [Verdict; 3] = [Verdict::Passed, Verdict::Failed, Verdict::Unverified];

fn verdicts(standing: &Standing<'_>) -> Vec<Sample> {
    let Some(drill) = standing.drill else {
        return Vec::new();
    };
    VERDICTS
        .into_iter()
        .map(|verdict| Sample {
            label: Some(("verdict", verdict.name())),
            value: u8::from(verdict == drill.verdict).to_string(),
        })
        .collect()
}

fn findings(standing: &Standing<'_>) -> Vec<Sample> {
    let Some(drill) = standing.drill else {
        return Vec::new();
    };
    Severity::ALL
        .into_iter()
        .map(|severity| Sample {
            label: Some(("severity", severity.name())),
            value: drill.count(severity).to_string(),
        })
        .collect()
}

/// What the storage showed.
fn seen<'a>(standing: &Standing<'a>) -> Option<&'a BackupFacts> {
    standing.look?.backup.as_ref()
}

/// The newest backup, where there is one and it was looked at.
fn newest<'a>(standing: &Standing<'a>) -> Option<&'a BackupFacts> {
    seen(standing).filter(|backup| standing.newest && backup.last_modified.is_some())
}

/// The age in seconds: that of the look, and the time since.
fn age(standing: &Standing<'_>) -> Option<i64> {
    let (look, backup) = (standing.look?, newest(standing)?);
    let now = standing.now.unwrap_or(look.started);
    let since = now.as_second() - look.started.as_second();
    backup.age_seconds.map(|age| age.saturating_add(since))
}

fn time(value: Option<Timestamp>) -> Vec<Sample> {
    whole(value.map(Timestamp::as_second))
}

fn whole(value: Option<impl ToString>) -> Vec<Sample> {
    let value = value.map(|value| value.to_string());
    value
        .map(|value| Sample { label: None, value })
        .into_iter()
        .collect()
}

/// A value that is no number is not known.
fn real(value: Option<f64>) -> Vec<Sample> {
    whole(value.filter(|value| value.is_finite()))
}
