//! What a run found and what it proved: the only JSON that we promise.

mod check;
mod database;
mod floor;
mod parts;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use check::failed_check;
pub use check::{CheckResult, CheckStatus, figure};
pub use database::{DatabaseFacts, SequenceFacts, TableFacts};
pub use floor::Floor;
pub use parts::{
    BackupFacts, Baseline, Delivery, DumpFacts, PreviousBackup, Projection, Proof, ProofLevel,
    RejectedObject, RestoreFacts, SandboxFacts, Stage, ToolError,
};

use crate::{
    error::Error,
    finding::{Finding, Severity},
};

/// The version of this JSON. It grows by new fields; it changes only when one is renamed or removed.
pub const SCHEMA: u32 = 1;

/// What a run found and what it proved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this JSON.
    pub schema: u32,
    /// The version of pgdrill that wrote it.
    pub pgdrill: String,
    /// What was run.
    #[serde(default)]
    pub command: Command,
    /// The plan's name.
    pub plan: String,
    /// A digest of everything in the plan that decides over the proof; two runs with the same one asked the same.
    #[serde(default)]
    pub plan_digest: Option<String>,
    /// The run's name: sorts by time.
    pub run: String,
    /// Whether it was asked for a part of the plan (`--only`), or about another backup than the plan chooses (`--backup`,
    /// `--select`): then it does not answer for the plan, whatever it comes to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// The run that began the search for a good backup, where this one's was passed over in it: then a later run of the
    /// search answers for the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// What it comes to; always equal to [`Report::verdict`].
    pub verdict: Verdict,
    /// When the run began.
    pub started: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The backup that was looked at.
    pub backup: Option<BackupFacts>,
    /// What the dump says of itself.
    pub dump: Option<DumpFacts>,
    /// The throwaway server.
    pub sandbox: Option<SandboxFacts>,
    /// The restore.
    pub restore: Option<RestoreFacts>,
    /// What was proved. Without it nothing passes.
    pub proof: Option<Proof>,
    /// What was in the restored database, without any row's value.
    #[serde(default)]
    pub database: Option<DatabaseFacts>,
    /// The proven run that this one was compared with.
    #[serde(default)]
    pub baseline: Option<Baseline>,
    /// Every check and its answer.
    pub checks: Vec<CheckResult>,
    /// What was found, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// Where the time went.
    pub stages: Vec<Stage>,
    /// How much of it the cores needed at least; only where the CPU time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// Who was told.
    pub sinks: Vec<Delivery>,
}

/// What was run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// The drill.
    #[default]
    Verify,
    /// The rules about what the storage shows, without a restore.
    Health,
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing critical shows from outside. Only `pgdrill health` says so: nothing was restored, so nothing is proven.
    Healthy,
    /// Proven to restore.
    Passed,
    /// Could not look, or nothing was proven: says nothing about the backup.
    Unverified,
    /// A critical finding about the backup: do not rely on it.
    Failed,
}

impl Verdict {
    /// The process's exit code. Never renumbered, the same for every format.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Healthy | Self::Passed => 0,
            Self::Failed => 1,
            Self::Unverified => 3,
        }
    }

    /// The word in reports and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unverified => "unverified",
        }
    }
}

impl Report {
    /// An empty report: nothing was found, nothing was proved.
    #[must_use]
    pub fn new(plan: &str, run: &str, started: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            pgdrill: env!("CARGO_PKG_VERSION").to_owned(),
            command: Command::Verify,
            plan: plan.to_owned(),
            plan_digest: None,
            run: run.to_owned(),
            aside: false,
            search: None,
            verdict: Verdict::Unverified,
            started,
            seconds: 0.0,
            backup: None,
            dump: None,
            sandbox: None,
            restore: None,
            proof: None,
            database: None,
            baseline: None,
            checks: Vec::new(),
            findings: Vec::new(),
            stages: Vec::new(),
            floor: None,
            sinks: Vec::new(),
        }
    }

    /// What the run comes to. A proven failure outranks an unfinished run, and no proof is no pass.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let stopped = |finding: &Finding| finding.code.stops_the_run();
        let critical = |finding: &Finding| finding.severity == Severity::Critical;
        if self.findings.iter().any(|f| critical(f) && !stopped(f)) {
            Verdict::Failed
        } else if self.findings.iter().any(stopped) {
            Verdict::Unverified
        } else if self.command == Command::Health {
            Verdict::Healthy
        } else if self.proof.is_none() {
            Verdict::Unverified
        } else {
            Verdict::Passed
        }
    }

    /// Whether the run answers for the plan, rather than for a part of it, for another backup than the plan chooses, or for
    /// one that was passed over.
    #[must_use]
    pub const fn answers(&self) -> bool {
        !self.aside && self.search.is_none()
    }

    /// Adds what stopped the run.
    pub fn stop(&mut self, error: Error) {
        self.findings.push(error.into());
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    fn report(proof: bool, codes: &[Code]) -> Report {
        let mut report = Report::new("shop", "run", Timestamp::UNIX_EPOCH);
        report.proof = proof.then_some(Proof {
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
        report.findings = codes.iter().map(|&c| Finding::new(c, "x")).collect();
        report
    }

    #[test]
    fn no_proof_is_no_pass() {
        assert_eq!(report(false, &[]).verdict(), Verdict::Unverified);
        assert_eq!(report(true, &[]).verdict(), Verdict::Passed);
    }

    #[test]
    fn health_never_says_that_anything_passed() {
        let health = |codes: &[Code]| Report {
            command: Command::Health,
            ..report(false, codes)
        };
        assert_eq!(health(&[]).verdict(), Verdict::Healthy);
        assert_eq!(health(&[Code::BackupShrunk]).verdict(), Verdict::Healthy);
        assert_eq!(health(&[Code::BackupStale]).verdict(), Verdict::Failed);
        assert_eq!(health(&[Code::RunStopped]).verdict(), Verdict::Unverified);
    }

    #[test]
    fn a_warning_alone_still_passes() {
        assert_eq!(
            report(true, &[Code::BackupShrunk]).verdict(),
            Verdict::Passed
        );
    }

    #[test]
    fn a_proven_failure_outranks_a_run_that_stopped() {
        let report = report(false, &[Code::BackupStale, Code::RunStopped]);
        assert_eq!(report.verdict(), Verdict::Failed);
    }

    #[test]
    fn what_says_nothing_about_the_backup_never_fails_it() {
        for code in [
            Code::RunStopped,
            Code::BackupChanged,
            Code::SandboxExtension,
        ] {
            assert_eq!(report(true, &[code]).verdict(), Verdict::Unverified);
        }
    }
}
