//! What a run knows of the runs before it, and how it joins them.

use jiff::Timestamp;

use crate::{
    error::Error,
    finding::{Code, Finding, Severity},
    history::{History, Past},
    plan::Plan,
    report::{Baseline, Report},
};

/// The runs of the past, and the place where this one will be kept.
#[derive(Debug, Default)]
pub struct Memory {
    /// The runs of the past.
    pub past: Past,
    /// What could not be read.
    pub findings: Vec<Finding>,
    history: Option<History>,
    was_read: bool,
}

impl Memory {
    /// Reads the runs of a plan. A history that cannot be read is told, and stops nothing: without it a backup can
    /// still be proven.
    pub async fn of(plan: &Plan) -> Self {
        let mut memory = Self::default();
        match History::of(plan).await {
            Ok(Some(history)) => {
                match history.read(&plan.name, None).await {
                    Ok(past) => {
                        memory.past = past;
                        memory.was_read = true;
                    }
                    Err(error) => memory.findings.push(unreadable(error)),
                }
                memory.history = Some(history);
            }
            Ok(None) => {}
            Err(error) => memory.findings.push(unreadable(error)),
        }
        let damaged = memory.past.damaged.iter().map(|damaged| {
            Finding::new(
                Code::HistoryUnreadable,
                format!(
                    "the record \"{}\" of an earlier run cannot be read",
                    damaged.key
                ),
            )
            .detail(damaged.why.clone())
            .hint(
                "Every other run counts. Update pgdrill where a newer one wrote it; check who may read it; restore a damaged \
                 one from a copy.",
            )
        });
        memory.findings.extend(damaged);
        memory
    }

    /// The keys of what this plan's history holds since then; none where it keeps no history, or cannot be listed.
    pub async fn keys(&self, plan: &Plan, since: Timestamp) -> Option<Vec<String>> {
        self.history.as_ref()?.keys(&plan.name, since).await.ok()
    }

    /// Whether runs are kept and could be read: only then does their absence tell anything.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.was_read
    }

    /// The last proven run: what this one is compared with.
    #[must_use]
    pub fn baseline(&self) -> Option<Baseline> {
        let run = self.past.proven().next()?;
        Some(Baseline {
            run: run.run.clone(),
            started: run.started,
            key: run
                .backup
                .as_ref()
                .map_or_else(String::new, |backup| backup.key.clone()),
        })
    }

    /// How many drills of the past did not pass. `None`: the plan keeps no history, or it could not be read, and a count
    /// from 0 would be wrong.
    #[must_use]
    pub fn failures(&self) -> Option<u64> {
        self.remembers().then(|| self.past.failures())
    }

    /// Keeps a finished run. When it cannot be kept, the report says so; its verdict stands.
    pub async fn keep(&self, report: &mut Report) {
        if let Some(history) = &self.history
            && let Err(error) = history.append(report).await
        {
            report.findings.push(unreadable(error));
        }
    }
}

/// A warning, whatever the error would be elsewhere: it says nothing about the backup.
fn unreadable(error: Error) -> Finding {
    Finding {
        code: Code::HistoryUnreadable,
        severity: Severity::Warning,
        ..error.into()
    }
}
