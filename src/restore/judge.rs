//! What the complaints of a restore come to: what the plan expects, what is the backup's fault, and what is ours.

use super::{
    Complaints,
    meaning::{Class, by_order},
};
use crate::{
    error::Error,
    finding::{Code, Finding},
    plan::Ignore,
    report::ToolError,
};

/// More than this are counted in a report, not told: the first ones tell the cause.
pub(super) const TOLD: usize = 200;

impl Complaints {
    /// What stopped us rather than the backup, if anything did.
    #[must_use]
    pub fn environment(&self) -> Option<Error> {
        let complaint = self
            .list
            .iter()
            .find(|one| one.class == Class::Environment)?;
        let about = complaint.object.as_deref().unwrap_or("the dump");
        Some(
            Error::new(
                format!("the sandbox could not restore {about}"),
                environment_hint(&complaint.message),
            )
            .because(crate::error::sentence(&complaint.message)),
        )
    }

    /// Splits into what the plan ignores and the rest: for the report, and as findings.
    #[must_use]
    pub fn judge(&self, ignore: &[Ignore]) -> Judged {
        let mut judged = Judged::default();
        let (mut ours, mut more) = (false, self.more);
        for complaint in &self.list {
            // What fails after our machine did may fail because of it: a foreign key on a table that did not fit.
            ours |= complaint.class == Class::Environment;
            let expected = ignore.iter().find(|one| complaint.holds(&one.error));
            if let Some(ignored) = expected {
                if judged.ignored.len() < TOLD {
                    let reason = Some(ignored.reason.clone());
                    judged.ignored.push(complaint.tool_error(reason));
                }
            } else if judged.errors.len() < TOLD || complaint.class == Class::Environment {
                judged.errors.push(complaint.tool_error(None));
                judged
                    .findings
                    .extend(complaint.finding().filter(|_| !ours));
            } else {
                more += u64::from(complaint.class != Class::Harmless);
            }
        }
        if more > 0 && !ours {
            let message = format!("the restore reported {more} more errors");
            judged
                .findings
                .push(Finding::new(Code::RestoreFailed, message));
        }
        judged
    }
}

/// What the complaints come to.
#[derive(Debug, Default)]
pub struct Judged {
    /// What the plan does not expect.
    pub errors: Vec<ToolError>,
    /// What the plan expects.
    pub ignored: Vec<ToolError>,
    /// What there is to say about the backup.
    pub findings: Vec<Finding>,
}

fn environment_hint(message: &str) -> &'static str {
    if by_order(message) {
        "It may only fit in the dump's own order of text: run again with `restore.collation: dump`."
    } else if message.contains("unsupported version") {
        "Use a newer PostgreSQL: name its image in `sandbox.image`, or install its client programs."
    } else if message.contains("No space left") || message.contains("could not extend") {
        "Free disk space for the sandbox, or run it where there is more."
    } else if message.contains("already exists") {
        "Write the dump without `--create`, or as an archive (`-Fc`): every sandbox has a database of this name."
    } else if message.contains("tablespace") {
        "Write the dump with `--no-tablespaces`: the sandbox has none of the source's."
    } else if message.contains("locale") || message.contains("parameter \"lc_") {
        "Use an image that has the locale, or install it; the official `postgres` images have en_US.UTF-8."
    } else if message.contains("extension") || message.contains("could not access file") {
        "Name an image that has what the dump needs in `sandbox.image`."
    } else if [
        "permission denied",
        "superuser",
        "must be member",
        "SET ROLE",
    ]
    .iter()
    .any(|part| message.contains(part))
        || message.starts_with("role \"")
    {
        "Use a service whose role is a superuser, or the provider `docker` or `local`."
    } else {
        "Give the sandbox more memory or disk, and run again."
    }
}
