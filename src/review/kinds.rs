//! What was found in the month, by kind, and who was not told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Span;
use crate::{
    finding::{Code, Finding, Severity},
    history::Past,
    report::{Command, Report},
};

/// One kind of finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kind {
    /// What it is about.
    pub code: Code,
    /// The worst that it was.
    pub severity: Severity,
    /// How many drills said it.
    pub drills: u64,
    /// How many looks from outside said it.
    pub looks: u64,
    /// When it was said last.
    pub last: Timestamp,
    /// What was said then.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Every kind, worst and most frequent first.
pub(super) fn kinds(past: &Past, span: &Span) -> Vec<Kind> {
    let mut kinds: BTreeMap<Code, Kind> = BTreeMap::new();
    for run in past.runs.iter().filter(|run| span.month.holds(run.started)) {
        let mut counted = Vec::new();
        for finding in &run.findings {
            let kind = kinds
                .entry(finding.code)
                .or_insert_with(|| first(run, finding));
            kind.severity = kind.severity.max(finding.severity);
            if counted.contains(&finding.code) {
                continue;
            }
            counted.push(finding.code);
            match run.command {
                Command::Verify => kind.drills += 1,
                Command::Health => kind.looks += 1,
            }
        }
    }
    let mut kinds: Vec<Kind> = kinds.into_values().collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse((kind.severity, kind.drills, kind.looks)));
    kinds
}

/// Runs go from new to old: the first one is the last that said it.
fn first(run: &Report, finding: &Finding) -> Kind {
    Kind {
        code: finding.code,
        severity: finding.severity,
        drills: 0,
        looks: 0,
        last: run.started,
        message: finding.message.clone(),
        hint: finding.hint.clone(),
    }
}

/// Somebody who was not told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Untold {
    /// The sink.
    pub name: String,
    /// How many reports it did not take.
    pub failed: u64,
    /// How many it was given.
    pub total: u64,
    /// Why not, the last time.
    pub error: Option<String>,
}

/// Sinks that did not take every report of the month.
pub(super) fn untold(past: &Past, span: &Span) -> Vec<Untold> {
    let mut sinks: BTreeMap<&str, Untold> = BTreeMap::new();
    let runs = past.runs.iter().filter(|run| span.month.holds(run.started));
    let told = runs.flat_map(|run| &run.sinks);
    for delivery in told.filter(|delivery| delivery.skipped.is_none()) {
        let sink = sinks.entry(&delivery.name).or_insert_with(|| Untold {
            name: delivery.name.clone(),
            failed: 0,
            total: 0,
            error: None,
        });
        sink.total += 1;
        if !delivery.delivered {
            sink.failed += 1;
            sink.error = sink.error.take().or_else(|| delivery.error.clone());
        }
    }
    sinks.into_values().filter(|sink| sink.failed > 0).collect()
}
