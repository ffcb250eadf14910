//! The state of a plan in one word, and what there is to do about it.

use jiff::Timestamp;
use serde::Serialize;

use super::PlanState;
use crate::{
    finding::{Finding, Severity},
    report::{Report, Verdict},
    sinks::html,
    words::Lang,
};

/// How a plan stands, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Failed,
    Unhealthy,
    Unverified,
    NeverDrilled,
    Unknown,
    Running,
    Warned,
    Healthy,
}

/// A state as a page shows it: the word and the sign carry it, the class only colours it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub word: &'static str,
    pub sign: &'static str,
    pub class: &'static str,
    pub sentence: &'static str,
}

impl Standing {
    /// A failure that was proven outranks later drills that proved nothing.
    pub(super) fn of(plan: &PlanState) -> Self {
        let drill = plan.past.answering().next();
        let mut conclusive = plan.past.answering().map(|run| run.verdict);
        let concluded = conclusive.find(|verdict| *verdict != Verdict::Unverified);
        let health = plan.health.as_ref().map(|report| report.verdict);
        if concluded == Some(Verdict::Failed) {
            Self::Failed
        } else if health == Some(Verdict::Failed) {
            Self::Unhealthy
        } else if plan.problem.is_some()
            || health == Some(Verdict::Unverified)
            || drill.is_some_and(|run| run.verdict == Verdict::Unverified)
        {
            Self::Unverified
        } else if drill.is_none() {
            match (plan.running, health) {
                (true, _) => Self::Running,
                (false, Some(_)) => Self::NeverDrilled,
                (false, None) => Self::Unknown,
            }
        } else if findings(plan)
            .iter()
            .any(|found| found.severity > Severity::Info)
        {
            Self::Warned
        } else {
            Self::Healthy
        }
    }

    /// Whether somebody should look at it.
    pub(super) const fn needs_attention(self) -> bool {
        !matches!(self, Self::Running | Self::Healthy)
    }

    #[rustfmt::skip]
    pub(super) const fn shown(self) -> Shown {
        let (word, sign, class, sentence) = match self {
            Self::Failed => ("failed", "✗", "bad", "The last drill that came to an end failed: do not rely on this backup."),
            Self::Unhealthy => ("unhealthy", "✗", "bad", "What the storage shows is critical, though nothing was restored since."),
            Self::Unverified => ("unverified", "?", "careful", "The last look came to no end: this says nothing about the backup."),
            Self::NeverDrilled => ("never drilled", "○", "careful", "No restore was tested yet: nothing proves that these backups restore."),
            Self::Unknown => ("not looked at yet", "○", "careful", "Neither the storage nor the history was looked at yet."),
            Self::Running => ("running", "▶", "quiet", "The first drill is running."),
            Self::Warned => ("healthy, with warnings", "!", "careful", "The last drill passed; something needs a look within a day."),
            Self::Healthy => ("healthy", "✓", "good", "The last drill passed, and the storage shows nothing wrong."),
        };
        Shown { word, sign, class, sentence }
    }
}

/// What the storage shows now, and what else the last drill found: worst first.
pub(super) fn findings(plan: &PlanState) -> Vec<&Finding> {
    let none: &[Finding] = &[];
    let now = plan.health.as_ref().map_or(none, |report| &report.findings);
    let drill = plan.past.answering().next();
    let drilled = drill.map_or(none, |report| &report.findings);
    // The look is newer than the drill: what both can see is told by the look alone.
    let looked = plan
        .health
        .as_ref()
        .is_some_and(|look| look.verdict != Verdict::Unverified);
    let older = |finding: &&Finding| !looked || !from_outside(finding);
    let mut all: Vec<&Finding> = now.iter().collect();
    for finding in drilled.iter().filter(older) {
        let told =
            |other: &&Finding| other.code == finding.code && other.subject == finding.subject;
        if !all.iter().any(told) {
            all.push(finding);
        }
    }
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    all
}

/// Whether a look at the storage would see it, too.
fn from_outside(finding: &Finding) -> bool {
    let area = finding.code.name().split('.').next();
    matches!(area, Some("backup" | "storage" | "clock" | "history"))
        && !finding.code.stops_the_run()
}

/// A verdict as a page shows it.
pub(super) fn verdict(verdict: Verdict) -> Shown {
    Shown {
        word: verdict.name(),
        sign: verdict.sign(),
        class: html::class(verdict),
        sentence: verdict.sentence(Lang::En),
    }
}

/// How many seconds ago; negative when it is to come.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> i64 {
    now.as_second() - at.as_second()
}

/// The newest backup that is known, by the last look or else by the last drill.
pub(super) fn newest(plan: &PlanState) -> Option<&Report> {
    let known = |report: &&Report| {
        report
            .backup
            .as_ref()
            .is_some_and(|backup| !backup.key.is_empty())
    };
    let looked = plan.health.as_ref().filter(known);
    let mut runs = plan.past.runs.iter().filter(|run| !run.aside);
    looked.or_else(|| runs.find(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        finding::Code,
        report::{Command, Proof, ProofLevel},
    };

    fn run(command: Command, code: Option<Code>) -> Report {
        let mut report = Report::new("shop", "01", Timestamp::UNIX_EPOCH);
        report.command = command;
        report.proof = Some(Proof {
            level: ProofLevel::Restored,
            objects_expected: None,
            objects_found: None,
            tables: 1,
            rows_expected: None,
            rows_found: 1,
            checks: 1,
            run: None,
            ..Proof::default()
        });
        report.findings = code
            .into_iter()
            .map(|code| Finding::new(code, "x"))
            .collect();
        report.verdict = report.verdict();
        report
    }

    fn plan(health: impl Into<Option<Report>>, runs: Vec<Report>) -> PlanState {
        let mut plan = PlanState {
            health: health.into(),
            ..PlanState::default()
        };
        plan.past.runs = runs;
        plan
    }

    fn drill(code: Option<Code>) -> Report {
        run(Command::Verify, code)
    }

    fn look(code: Option<Code>) -> Report {
        run(Command::Health, code)
    }

    #[test]
    fn only_a_drill_that_passed_makes_a_plan_healthy() {
        assert_eq!(
            Standing::of(&plan(look(None), vec![drill(None)])),
            Standing::Healthy
        );
        assert_eq!(
            Standing::of(&plan(look(None), vec![])),
            Standing::NeverDrilled
        );
        assert_eq!(Standing::of(&plan(None, vec![])), Standing::Unknown);
    }

    #[test]
    fn a_proven_failure_outranks_a_later_drill_that_proved_nothing() {
        let runs = vec![
            drill(Some(Code::RunStopped)),
            drill(Some(Code::DumpTruncated)),
        ];
        assert_eq!(Standing::of(&plan(look(None), runs)), Standing::Failed);
        let runs = vec![drill(Some(Code::RunStopped)), drill(None)];
        assert_eq!(Standing::of(&plan(look(None), runs)), Standing::Unverified);
    }

    #[test]
    fn a_part_of_the_plan_that_passed_ends_no_failure_of_the_plan() {
        let part = Report {
            aside: true,
            ..drill(None)
        };
        let unverified = vec![part.clone(), drill(Some(Code::RunStopped))];
        assert_eq!(
            Standing::of(&plan(look(None), unverified)),
            Standing::Unverified
        );
        let runs = vec![part, drill(Some(Code::DumpTruncated))];
        let failed = plan(look(None), runs);
        assert_eq!(Standing::of(&failed), Standing::Failed);
        assert_eq!(findings(&failed)[0].code, Code::DumpTruncated);
    }

    #[test]
    fn a_stale_backup_is_unhealthy_though_the_last_drill_passed() {
        let stale = plan(look(Some(Code::BackupStale)), vec![drill(None)]);
        assert_eq!(Standing::of(&stale), Standing::Unhealthy);
    }

    #[test]
    fn what_the_storage_no_longer_shows_is_no_longer_told() {
        let mended = plan(look(None), vec![drill(Some(Code::BackupShrunk))]);
        assert_eq!(findings(&mended), Vec::<&Finding>::new());
        assert_eq!(Standing::of(&mended), Standing::Healthy);
        let drilled = plan(look(None), vec![drill(Some(Code::RestoreSlow))]);
        assert_eq!(Standing::of(&drilled), Standing::Warned);
    }

    #[test]
    fn a_storage_that_cannot_be_looked_at_is_not_healthy() {
        let mut blind = plan(look(None), vec![drill(None)]);
        blind.problem = Some("access denied".to_owned());
        assert_eq!(Standing::of(&blind), Standing::Unverified);
    }
}
