//! A digest of what decides over a proof, so that a proof made under the same plan can be remembered.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};

use super::{Checks, Collation, Limit, Place, Plan, RestorePlan};
use crate::units::hex;

/// The SHA-256, in hexadecimal, of everything that is asked and how it is restored. Where the backups are, what they
/// cost, how old they may be, who is told, and where in a file something is written decide nothing about whether a dump
/// restores, and are left out. Whoever changes these types changes the digest: then a proof is made again, which is
/// always right.
pub(super) fn of(plan: &Plan) -> String {
    // Which database of a cluster's dump is asked, and when it was taken, are what a check's answer hangs on.
    let which = (plan.backup.as_ref()).map(|backup| (&backup.database, &backup.timezone));
    let asked = format!(
        "{which:?}|{:?}|{:?}|{:?}|{:?}|{:?}",
        without_places(&plan.checks),
        restore_without_places(&plan.restore),
        plan.severity,
        plan.sandbox.provider,
        plan.sandbox.image
    );
    let mut digest = Sha256::new_with_prefix(asked.as_bytes());
    if let Some(globals) = &plan.restore.globals {
        let folder = plan.file.parent().unwrap_or(Path::new("."));
        // A file that cannot be read is a mistake of the plan, and told as one.
        digest.update(fs::read(folder.join(globals)).unwrap_or_default());
    }
    hex(&digest.finalize())
}

impl Plan {
    /// Lets text sort in this way. A flag that says so outranks the plan, and decides over the proof as the plan does.
    pub fn collate(&mut self, collation: Collation) {
        self.restore.collation = collation;
        self.digest = of(self);
    }
}

impl Plan {
    /// The digest of a run that asks only a part of the plan, which these words choose: what it proves is no proof of the
    /// whole. That of the plan where there are none.
    #[must_use]
    pub fn digest_of_part(&self, words: &[&str]) -> String {
        if words.is_empty() {
            return self.digest.clone();
        }
        hex(&Sha256::digest(format!("{}|{words:?}", self.digest)))
    }
}

fn nowhere() -> Place {
    Place {
        file: "".into(),
        line: 0,
        column: 0,
    }
}

fn without_places(checks: &Checks) -> Checks {
    let mut checks = checks.clone();
    let limit = |limit: &mut Limit| limit.place = nowhere();
    for block in &mut checks.tables {
        block.place = nowhere();
        block
            .checks
            .iter_mut()
            .for_each(|check| limit(&mut check.limit));
    }
    checks
        .database
        .iter_mut()
        .for_each(|check| limit(&mut check.limit));
    checks
        .sql
        .iter_mut()
        .for_each(|check| check.place = nowhere());
    checks
}

fn restore_without_places(restore: &RestorePlan) -> RestorePlan {
    let mut restore = restore.clone();
    restore
        .ignore
        .iter_mut()
        .for_each(|ignore| ignore.place = nowhere());
    restore
}
