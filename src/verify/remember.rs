//! What was proven once for the same bytes, by the same plan, on the same PostgreSQL, is not proven again.

use std::sync::Arc;

use super::{Job, newest_good};
use crate::{
    backup::{Backup, Store},
    finding::{Code, Finding},
    plan::Select,
    progress::Progress,
    report::{Report, SandboxFacts},
};

/// What a finding is about that was found in the dump itself or in the sandbox, which are both the same, and not in the
/// storage, the clock or this machine: it holds as long as they do.
const OF_THE_DUMP: [&str; 9] = [
    "dump.",
    "manifest.",
    "restore.",
    "check.",
    "checks.",
    "rows.",
    "schema.",
    "sequence.",
    "tools.",
];

/// What this run would prove, before it does.
pub(super) struct Known<'a> {
    pub(super) backup: &'a Backup,
    /// The digest of what lies beside the backup and speaks for it: with more of it, more can be proven.
    pub(super) evidence: Option<String>,
    pub(super) sandbox: &'a SandboxFacts,
}

/// The earlier run whose proof still holds, if there is one.
pub(super) async fn proof<'a>(
    job: &Job<'a>,
    store: &Arc<Store>,
    now: &Known<'_>,
) -> Option<&'a Report> {
    let backup = now.backup;
    if !may_remember(job) || backup.is_directory() {
        return None;
    }
    let digest = job.plan.digest.as_str();
    let earlier = job
        .memory
        .past
        .proven()
        .find(|run| is_the_same(run, digest, now))?;
    let known = earlier.backup.as_ref()?;
    let same = backup.etag.is_some() || sha256(store, backup).await == known.sha256;
    same.then_some(earlier)
}

/// `oldest`, `random` and a backup that was named are asked for to see whether the stored bytes are still good: what was true
/// once does not answer that.
fn may_remember(job: &Job<'_>) -> bool {
    let options = job.options;
    let any = matches!(job.select(), Some(Select::Newest | Select::NewestGood));
    let as_usual = options.backup.is_none() && options.only.is_empty();
    any && as_usual && !options.reprove && !options.keep && !job.plan.checks.depend_on_when()
}

/// Whether a run proved these bytes with this plan on this PostgreSQL, with as much speaking for them, and with this
/// version of pgdrill.
fn is_the_same(run: &Report, digest: &str, now: &Known<'_>) -> bool {
    let (backup, sandbox) = (now.backup, now.sandbox);
    let proved_it_itself = run.proof.as_ref().is_some_and(|proof| proof.run.is_none());
    let known = |facts: &crate::report::BackupFacts| {
        facts.key == backup.key
            && facts.size_bytes == backup.size
            && facts.last_modified == Some(backup.last_modified)
            && facts.etag == backup.etag
            && facts.sha256.is_some()
            && facts.evidence == now.evidence
    };
    let server = |facts: &SandboxFacts| {
        facts.provider == sandbox.provider
            && facts.image == sandbox.image
            && facts.image_id == sandbox.image_id
            && facts.server_version == sandbox.server_version
    };
    proved_it_itself
        && run.plan_digest.as_deref() == Some(digest)
        && run.pgdrill == env!("CARGO_PKG_VERSION")
        && run.backup.as_ref().is_some_and(known)
        && run.sandbox.as_ref().is_some_and(server)
}

/// A folder has no tags: the bytes themselves are compared. `None`: they could not be read to the end.
async fn sha256(store: &Store, backup: &Backup) -> Option<String> {
    let mut body = store.read(&backup.object(), &Progress::default());
    let evidence = body.evidence();
    while let Some(chunk) = body.chunk().await {
        chunk.ok()?;
    }
    evidence.get().map(|evidence| evidence.sha256.clone())
}

/// Takes over what an earlier run proved.
pub(super) fn take(report: &mut Report, earlier: &Report) {
    report.proof.clone_from(&earlier.proof);
    if let Some(proof) = &mut report.proof {
        proof.run = Some(earlier.run.clone());
    }
    report.checks.clone_from(&earlier.checks);
    report.database.clone_from(&earlier.database);
    report.baseline.clone_from(&earlier.baseline);
    if let (Some(facts), Some(known)) = (&mut report.backup, &earlier.backup) {
        facts.sha256.clone_from(&known.sha256);
        facts.checksums.clone_from(&known.checksums);
    }
    report.findings.extend(
        earlier
            .findings
            .iter()
            .filter(|f| is_of_the_dump(f))
            .cloned(),
    );
}

fn is_of_the_dump(finding: &Finding) -> bool {
    let name = finding.code.name();
    // How long a restore took belongs to the run that made it.
    !matches!(finding.code, Code::RestoreSlow | Code::RestoreRto)
        && !newest_good::is_passed_over(finding)
        && OF_THE_DUMP.iter().any(|area| name.starts_with(area))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::{BackupFacts, Proof, ProofLevel};

    fn backup() -> Backup {
        Backup {
            key: "a.dump".to_owned(),
            size: 10,
            last_modified: Timestamp::UNIX_EPOCH,
            etag: Some("tag".to_owned()),
            members: Vec::new(),
        }
    }

    fn sandbox() -> SandboxFacts {
        SandboxFacts {
            provider: "docker".to_owned(),
            image: Some("postgres:17".to_owned()),
            image_id: Some("sha256:1".to_owned()),
            server_version: Some("17.5".to_owned()),
            notes: Vec::new(),
        }
    }

    fn run() -> Report {
        let mut run = Report::new("shop", "01A", Timestamp::UNIX_EPOCH);
        run.plan_digest = Some("plan".to_owned());
        run.sandbox = Some(sandbox());
        run.backup = Some(BackupFacts {
            key: "a.dump".to_owned(),
            size_bytes: 10,
            last_modified: Some(Timestamp::UNIX_EPOCH),
            etag: Some("tag".to_owned()),
            sha256: Some("00".to_owned()),
            ..BackupFacts::default()
        });
        run.proof = Some(Proof {
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
        run
    }

    fn is_known(run: &Report, evidence: Option<&str>) -> bool {
        let now = Known {
            backup: &backup(),
            evidence: evidence.map(str::to_owned),
            sandbox: &sandbox(),
        };
        is_the_same(run, "plan", &now)
    }

    #[test]
    fn the_same_bytes_plan_and_server_are_known() {
        assert!(is_known(&run(), None));
    }

    #[test]
    fn anything_else_is_proven_again() {
        let remembers = |change: &dyn Fn(&mut Report)| {
            let mut run = run();
            change(&mut run);
            is_known(&run, None)
        };
        let changes: [&dyn Fn(&mut Report); 9] = [
            &|run| run.plan_digest = Some("another".to_owned()),
            &|run| run.plan_digest = None,
            &|run| run.pgdrill = "0.0.1".to_owned(),
            &|run| run.backup.as_mut().unwrap().etag = Some("another".to_owned()),
            &|run| run.backup.as_mut().unwrap().sha256 = None,
            &|run| run.backup.as_mut().unwrap().evidence = Some("11".to_owned()),
            &|run| run.sandbox.as_mut().unwrap().image_id = Some("sha256:2".to_owned()),
            &|run| run.sandbox.as_mut().unwrap().server_version = Some("17.6".to_owned()),
            &|run| run.proof.as_mut().unwrap().run = Some("01 earlier".to_owned()),
        ];
        for (number, change) in changes.iter().enumerate() {
            assert!(!remembers(change), "change {number}");
        }
    }

    #[test]
    fn what_speaks_for_the_bytes_since_then_is_looked_at() {
        let mut run = run();
        assert!(!is_known(&run, Some("11")));
        run.backup.as_mut().unwrap().evidence = Some("11".to_owned());
        assert!(is_known(&run, Some("11")));
        assert!(!is_known(&run, Some("22")));
    }

    #[test]
    fn what_was_found_in_the_dump_is_told_again_and_the_rest_is_not() {
        let mut earlier = run();
        earlier.findings = [
            Code::CheckWarned,
            Code::ToolsVulnerable,
            Code::BackupShrunk,
            Code::RestoreSlow,
            Code::ClockSkewed,
        ]
        .map(|code| Finding::new(code, "x"))
        .to_vec();
        let of_another = "\"b.dump\" was passed over: the dump ends too early";
        let of_another = Finding::new(Code::DumpTruncated, of_another).about("b.dump");
        earlier.findings.push(of_another);
        let mut report = Report::new("shop", "01B", Timestamp::UNIX_EPOCH);
        take(&mut report, &earlier);
        let codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::CheckWarned, Code::ToolsVulnerable]);
        assert_eq!(report.proof.unwrap().run.as_deref(), Some("01A"));
        assert_eq!(report.restore, None);
    }
}
