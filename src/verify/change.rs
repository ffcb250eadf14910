//! Against the last proven run: which one it is, and what it says about this one.

use std::path::Path;

use super::{Job, Memory, trial::notes};
use crate::{
    backup::Backup,
    checks,
    plan::{LivePlan, Plan},
    report::{Baseline, Report},
    rules,
};

/// The proven runs that this backup may be compared with, the best of them first: those of older backups, newest
/// first, then those of this same backup. A newer backup is no baseline: whoever drills an old one would be told that
/// rows were lost which were not yet there.
pub(super) fn comparable<'a>(memory: &'a Memory, backup: &Backup) -> Vec<&'a Report> {
    let written = |run: &Report| run.backup.as_ref().and_then(|backup| backup.last_modified);
    let is_older = |run: &&&Report| written(run).is_none_or(|at| at < backup.last_modified);
    let is_same = |run: &&&Report| written(run) == Some(backup.last_modified);
    let proven: Vec<&Report> = memory.past.proven().collect();
    let older = proven.iter().filter(is_older);
    let same = proven.iter().filter(is_same);
    older.chain(same).copied().collect()
}

/// What the checks found then.
pub(super) fn earlier(job: &Job<'_>, comparable: &[&Report]) -> checks::Earlier {
    match job.plan.history {
        Some(_) => checks::Earlier::of(comparable.iter().copied()),
        None => checks::Earlier::default(),
    }
}

/// The live database, its certificates found from the plan's folder.
pub(super) fn live(plan: &Plan) -> Option<LivePlan> {
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    plan.live.as_ref().map(|live| LivePlan {
        dsn: live.dsn.clone(),
        ca: live.ca.as_ref().map(|ca| folder.join(ca)),
    })
}

/// Judges what changed since, and names the run that this one was compared with, or says that there is none.
pub(super) fn judge(
    job: &Job<'_>,
    report: &mut Report,
    comparable: &[&Report],
    compared: &checks::Compared,
) {
    let with_facts = comparable.iter().find(|run| run.database.is_some());
    let Some(baseline) = with_facts.or_else(|| comparable.first()) else {
        if job.plan.history.is_some() && job.memory.findings.is_empty() {
            notes(report).push(first(job.memory).to_owned());
        }
        return;
    };
    report.baseline = Some(named(baseline));
    match (&report.database, &baseline.database) {
        (Some(now), Some(before)) => {
            let judged = rules::Judged {
                fall: &compared.fall,
                growth: &compared.growth,
            };
            let findings = rules::changes(now, before, judged);
            report.findings.extend(findings);
        }
        (None, _) => notes(report).push(
            "Tables and sequences were not compared with the last proven run: not all of them could be looked at."
                .to_owned(),
        ),
        (_, None) => notes(report).push(
            "Tables and sequences were not compared with the last proven run: its record does not list them."
                .to_owned(),
        ),
    }
}

/// Said once a run, so that nobody takes silence for a comparison.
fn first(memory: &Memory) -> &'static str {
    if memory.past.proven().next().is_some() {
        "baseline: none, every proven run is of a newer backup; nothing was compared with an earlier run"
    } else {
        "baseline: none yet, nothing was compared with an earlier run"
    }
}

fn named(run: &Report) -> Baseline {
    let key = run.backup.as_ref().map(|backup| backup.key.clone());
    Baseline {
        run: run.run.clone(),
        started: run.started,
        key: key.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::{BackupFacts, Verdict};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(name: &str, written: i64, verdict: Verdict) -> Report {
        let mut run = Report::new("shop", name, at(written));
        run.verdict = verdict;
        run.backup = Some(BackupFacts {
            last_modified: Some(at(written)),
            ..BackupFacts::default()
        });
        run
    }

    fn compared_with(backup_of: i64) -> Vec<String> {
        let mut memory = Memory::default();
        memory.past.runs = vec![
            run("newest", 40, Verdict::Passed),
            run("failed", 30, Verdict::Failed),
            run("again", 20, Verdict::Passed),
            run("oldest", 10, Verdict::Passed),
            run("unsure", 5, Verdict::Unverified),
        ];
        let backup = Backup {
            key: "x".to_owned(),
            size: 1,
            last_modified: at(backup_of),
            etag: None,
            members: Vec::new(),
        };
        let found = comparable(&memory, &backup);
        found.iter().map(|run| run.run.clone()).collect()
    }

    #[test]
    fn only_proven_runs_of_older_backups_are_compared_with() {
        assert_eq!(compared_with(50), ["newest", "again", "oldest"]);
        assert_eq!(compared_with(30), ["again", "oldest"]);
        assert!(compared_with(9).is_empty());
    }

    #[test]
    fn the_same_backup_is_compared_with_itself_only_when_there_is_no_older_one() {
        assert_eq!(compared_with(20), ["oldest", "again"]);
        assert_eq!(compared_with(10), ["oldest"]);
    }
}
