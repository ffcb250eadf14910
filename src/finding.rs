//! Everything that pgdrill can say about a backup or about a run, in one table.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Recorded, nobody is woken.
    Info,
    /// Look at it within a day; the backup can still be relied on.
    Warning,
    /// Do not rely on this backup.
    Critical,
}

impl Severity {
    /// Every severity by name, worst first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Info];

    /// The word in plans, reports and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// What a finding is about. The names are a promise: scripts and alerts match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// No dump under the URL.
    BackupNone,
    /// The newest dump is too old.
    BackupStale,
    /// The newest dump holds nothing.
    BackupEmpty,
    /// The newest dump is much smaller than the one before it.
    BackupShrunk,
    /// The newest dump is the same as the one before it.
    BackupFrozen,
    /// No backup was proven for longer than the plan allows.
    BackupUnproven,
    /// The object was replaced while it was read.
    BackupChanged,
    /// More is stored than the plan allows.
    StorageLarge,
    /// Storage costs more a month than the plan allows.
    StorageCost,
    /// Not a dump.
    DumpUnreadable,
    /// The dump ends too early.
    DumpTruncated,
    /// The dump is damaged.
    DumpCorrupt,
    /// A dump that lacks a part: the end of a script, a member, all data.
    DumpIncomplete,
    /// Not the dump that the plan expects.
    DumpUnexpected,
    /// Bytes after the end of the dump.
    DumpTrailing,
    /// The restore tool reported an error.
    RestoreFailed,
    /// The restore tool stopped moving.
    RestoreStalled,
    /// An object of the dump is not in the database.
    RestoreMissing,
    /// A table holds other rows than the dump.
    RestoreRows,
    /// The restore took much longer than usual.
    RestoreSlow,
    /// The restore took longer than the recovery time objective.
    RestoreRto,
    /// A client program with a known code-execution hole.
    ToolsVulnerable,
    /// A manifest beside the dump is damaged, or another dump's.
    ManifestUnusable,
    /// The dump needs an extension that the server lacks.
    SandboxExtension,
    /// Objects came or went since the last proven backup.
    SchemaChanged,
    /// A table holds fewer rows than in the last proven backup.
    RowsDropped,
    /// A table holds many more rows than in the last proven backup.
    RowsGrew,
    /// A sequence stands before where it stood in the last proven backup.
    SequenceBackwards,
    /// A check did not hold.
    CheckFailed,
    /// A check passed its hard limit, but not its soft one.
    CheckWarned,
    /// A check could not be answered.
    CheckError,
    /// No check was declared.
    ChecksNone,
    /// The run could not go on.
    RunStopped,
    /// This machine's clock is not the storage's.
    ClockSkewed,
    /// A run of the past could not be read, or this one not be kept.
    HistoryUnreadable,
    /// A sink did not take the report.
    NotifyFailed,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 36] = [
        Self::BackupNone,
        Self::BackupStale,
        Self::BackupEmpty,
        Self::BackupShrunk,
        Self::BackupFrozen,
        Self::BackupUnproven,
        Self::BackupChanged,
        Self::StorageLarge,
        Self::StorageCost,
        Self::DumpUnreadable,
        Self::DumpTruncated,
        Self::DumpCorrupt,
        Self::DumpIncomplete,
        Self::DumpUnexpected,
        Self::DumpTrailing,
        Self::RestoreFailed,
        Self::RestoreStalled,
        Self::RestoreMissing,
        Self::RestoreRows,
        Self::RestoreSlow,
        Self::RestoreRto,
        Self::ToolsVulnerable,
        Self::ManifestUnusable,
        Self::SandboxExtension,
        Self::SchemaChanged,
        Self::RowsDropped,
        Self::RowsGrew,
        Self::SequenceBackwards,
        Self::CheckFailed,
        Self::CheckWarned,
        Self::CheckError,
        Self::ChecksNone,
        Self::RunStopped,
        Self::ClockSkewed,
        Self::HistoryUnreadable,
        Self::NotifyFailed,
    ];

    /// Name, usual severity, usual hint.
    #[rustfmt::skip]
    const fn entry(self) -> (&'static str, Severity, &'static str) {
        use Severity::{Critical, Info, Warning};
        match self {
            Self::BackupNone       => ("backup.none",       Critical, "Check `backup.url` and `backup.match`, then the last run of the backup job."),
            Self::BackupStale      => ("backup.stale",      Critical, "Check that the backup job still runs, then start it by hand."),
            Self::BackupEmpty      => ("backup.empty",      Critical, "Read the backup job's log: pg_dump wrote nothing, often because it could not connect."),
            Self::BackupShrunk     => ("backup.shrunk",     Warning,  "Compare the row counts of this report with those of the previous one."),
            Self::BackupFrozen     => ("backup.frozen",     Warning,  "Check that the backup job dumps the live database, not a copy or an old file."),
            Self::BackupUnproven   => ("backup.unproven",   Warning,  "Run `pgdrill verify`, and find out why no drill passed for so long."),
            Self::BackupChanged    => ("backup.changed",    Critical, "Run again when the backup job has finished; give every dump a name of its own."),
            Self::StorageLarge     => ("storage.large",     Warning,  "Delete old backups, or raise `limits.storage`."),
            Self::StorageCost      => ("storage.cost",      Warning,  "Delete old backups, or raise `limits.monthly_cost`."),
            Self::DumpUnreadable   => ("dump.unreadable",   Critical, "Check what the backup job writes under this name."),
            Self::DumpTruncated    => ("dump.truncated",    Critical, "Read the backup job's log for a full disk or a broken upload, then take a new dump."),
            Self::DumpCorrupt      => ("dump.corrupt",      Critical, "Restore from another backup, and check the storage that this one went through."),
            Self::DumpIncomplete   => ("dump.incomplete",   Critical, "Read the backup job's log: pg_dump did not finish. Let the job fail when pg_dump does."),
            Self::DumpUnexpected   => ("dump.unexpected",   Critical, "Check which database the backup job dumps, and `backup.database` in the plan."),
            Self::DumpTrailing     => ("dump.trailing",     Warning,  "Check how the dump is stored: a longer file may have been written over, or two into one."),
            Self::RestoreStalled   => ("restore.stalled",   Critical, "Restore the dump by hand with the same version of pg_restore, and take a new dump if it hangs there, too."),
            Self::RestoreFailed    => ("restore.failed",    Critical, "Run again with `--keep` and look at the object in the restored database."),
            Self::RestoreMissing   => ("restore.missing",   Critical, "Read the errors of the restore: one of them names the object."),
            Self::RestoreRows      => ("restore.rows",      Critical, "Read the errors of the restore, then take a new dump."),
            Self::RestoreSlow      => ("restore.slow",      Warning,  "Compare the stages of this report with those of the previous one."),
            Self::RestoreRto       => ("restore.rto",       Warning,  "Restore with more jobs, or agree on a longer recovery time."),
            Self::ToolsVulnerable  => ("tools.vulnerable",  Warning,  "Install the newest minor release of the PostgreSQL client programs."),
            Self::ManifestUnusable => ("manifest.unusable", Warning,  "Write the manifest anew with the next dump: `pgdrill manifest`."),
            Self::SandboxExtension => ("sandbox.extension", Critical, "Name an image that has the extension in `sandbox.image`."),
            Self::SchemaChanged    => ("schema.changed",    Info,     "Check that a migration explains the change."),
            Self::RowsDropped      => ("rows.dropped",      Warning,  "Check that somebody meant to delete these rows."),
            Self::RowsGrew         => ("rows.grew",         Warning,  "Check for rows that were loaded twice."),
            Self::SequenceBackwards => ("sequence.backwards", Warning, "Check that the backup job dumps the live database, not an older copy."),
            Self::CheckFailed      => ("check.failed",      Critical, "Run again with `--keep` and ask the restored database by hand."),
            Self::CheckWarned      => ("check.warned",      Warning,  "Look at the table before the hard limit is reached."),
            Self::CheckError       => ("check.error",       Critical, "Check the table, the column and the SQL that the plan names."),
            Self::ChecksNone       => ("checks.none",       Warning,  "Declare checks under `tables` or `sql`: what must hold in your data."),
            Self::RunStopped       => ("run.stopped",       Critical, "Mend the cause above and run again."),
            Self::ClockSkewed      => ("clock.skewed",      Warning,  "Set this machine's clock: `timedatectl set-ntp true`."),
            Self::HistoryUnreadable => ("history.unreadable", Warning, "Check `history` in the plan, and the rights to list, read and write under it."),
            Self::NotifyFailed     => ("notify.failed",     Warning,  "Check the address and the key of the sink."),
        }
    }

    /// The name in reports, plans and documentation, such as `backup.stale`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.entry().0
    }

    /// How bad it is unless the plan says otherwise.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.entry().1
    }

    /// What to do about it unless the finding knows better.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        self.entry().2
    }

    /// Whether it tells that the run could not look, rather than something about the backup.
    #[must_use]
    pub const fn stops_the_run(self) -> bool {
        matches!(
            self,
            Self::RunStopped | Self::BackupChanged | Self::SandboxExtension
        )
    }

    /// Whether it tells what is wrong with this machine or what it has to do with, so that it must never count against a
    /// backup.
    #[must_use]
    pub const fn is_of_this_machine(self) -> bool {
        matches!(self, Self::ClockSkewed | Self::HistoryUnreadable)
    }

    /// The code with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::named(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown finding code \"{name}\"")))
    }
}

/// One thing that was found: message, detail and hint, as PostgreSQL words its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: one line, lower case, names in double quotes, no full stop.
    pub message: String,
    /// The figures behind it, in sentences.
    pub detail: Option<String>,
    /// What to do next, in sentences.
    pub hint: String,
    /// The object it is about: a table, a check, an object's key.
    pub subject: Option<String>,
    /// The figures behind it, where they are known; in JSON fields of the finding itself.
    #[serde(flatten)]
    pub figures: Box<Figures>,
}

/// Figures with their units, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// What was found: `73 hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is allowed: `48 hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// What it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

impl Finding {
    /// A finding with its usual severity and its usual hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            detail: None,
            hint: code.hint().to_owned(),
            subject: None,
            figures: Box::default(),
        }
    }

    /// With the figures behind it, in sentences.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With another thing to do next than the code's usual one.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// With what was found, as a figure with its unit.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.figures.value = Some(value.into());
        self
    }

    /// With what is allowed, as a figure with its unit.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<String>) -> Self {
        self.figures.limit = Some(limit.into());
        self
    }

    /// With what it was before, as a figure with its unit.
    #[must_use]
    pub fn previous(mut self, previous: impl Into<String>) -> Self {
        self.figures.previous = Some(previous.into());
        self
    }

    /// With the object that it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// With another severity than the code's usual one.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_hints_are_sentences() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.hint().ends_with('.')));
    }

    #[test]
    fn a_code_is_found_by_its_own_name_only() {
        for code in Code::ALL {
            assert_eq!(Code::named(code.name()), Some(code));
        }
        assert_eq!(Code::named("backup.stal"), None);
    }
}
