//! What a run found and what it proved: the only JSON that we promise.

mod parts;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use parts::{
    BackupFacts, CheckResult, CheckStatus, Delivery, DumpFacts, PreviousBackup, Proof, ProofLevel,
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
    /// The plan's name.
    pub plan: String,
    /// The run's name: sorts by time.
    pub run: String,
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
    /// Every check and its answer.
    pub checks: Vec<CheckResult>,
    /// What was found, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// Where the time went.
    pub stages: Vec<Stage>,
    /// Who was told.
    pub sinks: Vec<Delivery>,
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
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
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Unverified => 3,
        }
    }

    /// The word in reports and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
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
            plan: plan.to_owned(),
            run: run.to_owned(),
            verdict: Verdict::Unverified,
            started,
            seconds: 0.0,
            backup: None,
            dump: None,
            sandbox: None,
            restore: None,
            proof: None,
            checks: Vec::new(),
            findings: Vec::new(),
            stages: Vec::new(),
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
        } else if self.proof.is_none() || self.findings.iter().any(stopped) {
            Verdict::Unverified
        } else {
            Verdict::Passed
        }
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
