//! One damaged dump, restored by the bare programs and drilled by pgdrill.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use pgdrill::{
    plan::{Plan, Provider, read},
    progress::Progress,
    report::Verdict,
    units::Secret,
    verify::{Options, verify},
};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::{
    cluster::Cluster,
    content::Content,
    dumps::{Dumped, FILE, Files, Format},
};

/// Seconds after which a bare program is ended that does not end; it usually takes less than one.
const PATIENCE: &str = "4";
/// After which pgdrill is.
const LONG: Duration = Duration::from_mins(2);

/// What came of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It said that something is wrong: by its exit code, its verdict, or a finding about the dump.
    Noticed(String),
    /// It never ended.
    Hung,
    /// It said that all is well, and it is.
    Harmless,
    /// It said that all is well, and rows, objects or members are lost.
    Lost(String),
    /// It said that all is well, and something else is other than in the source.
    Changed(String),
}

/// What damaged dumps are tried on.
pub(crate) struct Bench<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) truth: &'a Content,
    pub(crate) runtime: &'a Handle,
    /// A folder of its own, and the name of a database of its own.
    pub(crate) place: PathBuf,
    pub(crate) database: String,
}

impl Bench<'_> {
    /// Restores it as those do who have no pgdrill.
    pub(crate) fn bare(&self, format: &Format, damaged: &Files) -> Came {
        let path = self.write(damaged);
        let name = &self.database;
        let sql = format!(
            "set client_min_messages = error; drop database if exists {name} with (force);\n\
             create database {name} template template0;"
        );
        self.cluster.psql("postgres", sql.as_bytes());
        let psql = self.cluster.client("psql").get_program().to_owned();
        let bin = Path::new(&psql).parent().unwrap().display().to_string();
        let mut shell = Command::new("timeout");
        shell
            .args(["-k", "1", PATIENCE, "sh", "-c", format.bare, "sh"])
            .arg(&path)
            .arg(name)
            .env("PATH", format!("{bin}:/usr/bin:/bin"))
            .env("PGHOST", self.cluster.socket())
            .env("PGUSER", "postgres")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match shell.status().unwrap().code() {
            Some(0) => self.judge(name),
            Some(124 | 137) => Came::Hung,
            code => Came::Noticed(format!("exit {}", code.unwrap_or(-1))),
        }
    }

    /// Drills it. With `proof` a checksum lies beside a file, and a manifest beside a folder.
    pub(crate) fn drill(&self, whole: &Dumped, damaged: &Files, proof: bool) -> Came {
        self.write(damaged);
        if proof {
            self.vouch(whole);
        }
        let plan = self.plan();
        let running = self.runtime.spawn(async move {
            let options = Options {
                keep: true,
                no_notify: true,
                ..Options::default()
            };
            let progress = Progress::default();
            let verified = verify(&plan, &options, &progress, std::future::pending());
            tokio::time::timeout(LONG, Box::pin(verified)).await
        });
        let Ok(outcome) = self.runtime.block_on(running) else {
            return Came::Noticed("it panicked".to_owned());
        };
        let Ok(outcome) = outcome else {
            return Came::Hung;
        };
        let report = outcome.report;
        let name = format!("pgdrill_{}", report.run.to_lowercase());
        let codes = report.findings.iter().map(|finding| finding.code.name());
        let codes: Vec<_> = codes.collect();
        // A warning about the dump is said as well; every other one is about its age, its size or the run.
        let warned = codes.iter().any(|code| code.starts_with("dump."));
        let came = if report.verdict == Verdict::Passed && !warned {
            self.judge(&name)
        } else {
            Came::Noticed(format!("{} {}", report.verdict.name(), codes.join(" ")))
        };
        self.remove(&name, &report.run);
        came
    }

    fn judge(&self, database: &str) -> Came {
        let Some(found) = Content::of(self.cluster, database) else {
            return Came::Lost("it cannot be dumped".to_owned());
        };
        if found == *self.truth {
            return Came::Harmless;
        }
        let difference = self.truth.first_difference(&found);
        match self.truth.lost_in(&found) {
            Some(lost) => Came::Lost(format!("{lost}; {difference}")),
            None => Came::Changed(difference),
        }
    }

    fn write(&self, files: &Files) -> PathBuf {
        let backups = self.place.join("backups");
        let _ = fs::remove_dir_all(&backups);
        fs::create_dir_all(&backups).unwrap();
        if let Some(bytes) = files.get(FILE) {
            let path = backups.join(FILE);
            fs::write(&path, bytes).unwrap();
            return path;
        }
        let folder = backups.join("shop");
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
        folder
    }

    /// What the source left beside the dump when it was whole.
    fn vouch(&self, whole: &Dumped) {
        let backups = self.place.join("backups");
        if let Some(manifest) = &whole.manifest {
            fs::write(backups.join("shop.pgdrill.json"), manifest).unwrap();
        }
        if let Some(bytes) = whole.files.get(FILE) {
            let sum = pgdrill::units::hex(&Sha256::digest(bytes));
            let line = format!("{sum}  {FILE}\n");
            fs::write(backups.join(format!("{FILE}.sha256")), line).unwrap();
        }
    }

    fn plan(&self) -> Plan {
        fs::set_permissions(&self.place, fs::Permissions::from_mode(0o755)).unwrap();
        let path = self.place.join("shop.yaml");
        let text = "version: 1\nname: shop\nbackup: { url: ./backups }\ndatabase: { tables: { min: 1 } }\n";
        fs::write(&path, text).unwrap();
        let mut plan = read(&path, &|_| None, jiff::civil::date(2026, 1, 1))
            .unwrap()
            .plan;
        plan.sandbox.provider = Provider::Service;
        plan.sandbox.service_url = Some(Secret::new(format!(
            "host={} user=postgres dbname=postgres",
            self.cluster.socket().display()
        )));
        plan
    }

    /// Drops what a run was told to keep.
    fn remove(&self, database: &str, run: &str) {
        let sql = format!(
            "set client_min_messages = error; drop database if exists {database} with (force);\n\
             select format('drop role %I;', rolname) from pg_roles\n\
             where shobj_description(oid, 'pg_authid') in ('pgdrill {run}', 'pgdrill kept {run}') \\gexec\n"
        );
        self.cluster.psql("postgres", sql.as_bytes());
    }
}
