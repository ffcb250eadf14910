//! What `pg_restore` and `psql` complain about, read from their messages: which object, and whose fault.
//!
//! Their raw text holds rows and passwords, so only the primary message is kept, without values.

use super::{
    messages::{copied, copy_failed, primary, toc_object},
    redact::without_values,
};
use crate::{
    error::Error,
    finding::{Code, Finding, Severity},
    plan::Ignore,
    report::ToolError,
};

/// More complaints than this are counted, not kept: the first ones tell the cause.
const KEPT: usize = 200;

/// Whose fault a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Something of the dump is not in the database.
    Lost,
    /// The dump itself ends too early.
    Truncated,
    /// The dump itself is damaged.
    Corrupt,
    /// Nothing is missing: the server of another version does not know a setting, or has the object already.
    Harmless,
    /// The machine or the server could not do it, whatever the dump holds.
    Environment,
}

impl Class {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost | Self::Truncated | Self::Corrupt => "lost",
            Self::Harmless => "harmless",
            Self::Environment => "environment",
        }
    }
}

/// Parts of messages and what they mean, first match first. The texts are those of PostgreSQL 13 to 18 in English,
/// to which both the server and the programs are set.
const MEANING: &[(&str, Class)] = &[
    ("No space left on device", Class::Environment),
    ("could not extend file", Class::Environment),
    ("out of memory", Class::Environment),
    ("out of shared memory", Class::Environment),
    ("could not resize shared memory", Class::Environment),
    ("server closed the connection", Class::Environment),
    ("terminating connection", Class::Environment),
    ("connection to server", Class::Environment),
    ("could not connect to", Class::Environment),
    // What dblink and file_fdw want is outside the sandbox.
    ("could not establish connection", Class::Environment),
    ("could not open file", Class::Environment),
    ("the database system is", Class::Environment),
    ("no connection to the server", Class::Environment),
    ("SSL connection has been closed", Class::Environment),
    ("remaining connection slots", Class::Environment),
    ("too many clients", Class::Environment),
    ("unsupported version (", Class::Environment),
    ("could not open extension control file", Class::Environment),
    ("is not available", Class::Environment),
    ("could not access file", Class::Environment),
    ("tablespace \"", Class::Environment),
    ("database \"postgres\" already exists", Class::Environment),
    ("database \"template1\" already exists", Class::Environment),
    ("could not load library", Class::Environment),
    ("invalid locale name", Class::Environment),
    ("permission denied to create", Class::Environment),
    ("must be superuser", Class::Environment),
    ("must be owner of extension", Class::Harmless),
    ("unrecognized configuration parameter", Class::Harmless),
    ("schema \"public\" already exists", Class::Harmless),
    ("end of file", Class::Truncated),
    ("unexpected end of", Class::Truncated),
    ("could not find block ID", Class::Truncated),
    ("could not find header for file", Class::Truncated),
    ("could not uncompress", Class::Corrupt),
    ("could not decompress", Class::Corrupt),
    ("corrupt", Class::Corrupt),
    ("unrecognized data block type", Class::Corrupt),
    ("did not find magic string", Class::Corrupt),
];

/// What a server says of rows and partitions that may only fit when text sorts as it did in the dumped database.
const BY_ORDER: [&str; 7] = [
    "violates check constraint",
    "violates partition constraint",
    "is violated by some row",
    "no partition of relation",
    "empty range bound",
    "would overlap partition",
    "range lower bound must",
];

fn classify(message: &str) -> Class {
    MEANING
        .iter()
        .find(|(part, _)| message.contains(part))
        .map_or(Class::Lost, |&(_, class)| class)
}

/// One thing that a tool complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Whose fault it is.
    pub class: Class,
    /// The server's or the tool's primary message, without values.
    pub message: String,
    /// The object that it is about.
    pub object: Option<String>,
}

impl Complaint {
    fn new(class: Class, message: &str, object: Option<String>) -> Self {
        Self {
            class,
            message: without_values(message),
            object,
        }
    }

    /// For the report.
    fn tool_error(&self, reason: Option<String>) -> ToolError {
        ToolError {
            message: self.message.clone(),
            object: self.object.clone(),
            class: self.class.name().to_owned(),
            reason,
        }
    }

    /// As a finding; `None` when it is our machine's fault.
    fn finding(&self) -> Option<Finding> {
        let (code, severity) = match self.class {
            Class::Environment => return None,
            Class::Lost => (Code::RestoreFailed, Severity::Critical),
            Class::Truncated => (Code::DumpTruncated, Severity::Critical),
            Class::Corrupt => (Code::DumpCorrupt, Severity::Critical),
            Class::Harmless => (Code::RestoreFailed, Severity::Info),
        };
        let message = match &self.object {
            Some(object) => format!("{object}: {}", self.message),
            None => self.message.clone(),
        };
        let finding = Finding::new(code, message).severity(severity);
        let finding = match self.class {
            Class::Harmless => finding
                .detail("Nothing of the dump is missing because of it.")
                .hint("Nothing needs to be done."),
            _ => finding,
        };
        Some(match &self.object {
            Some(object) => finding.about(object.clone()),
            None => finding,
        })
    }
}

/// What a tool complained about, read line by line while it runs.
#[derive(Debug, Default)]
pub struct Complaints {
    list: Vec<Complaint>,
    more: u64,
    object: Option<String>,
}

impl Complaints {
    /// Reads one line of the tool's output.
    pub fn read(&mut self, line: &str) {
        if let Some(entry) = line.split_once("from TOC entry ").map(|(_, rest)| rest) {
            self.object = toc_object(entry);
        } else if let Some(message) = primary(line) {
            self.add(message);
        } else if let Some(copied) = copied(line) {
            self.name_table(copied);
        }
    }

    fn add(&mut self, message: &str) {
        let (message, object) = match copy_failed(message) {
            Some((table, message)) => (message, Some(format!("TABLE DATA {table}"))),
            None => (message, self.object.clone()),
        };
        let class = classify(message);
        if self.list.len() >= KEPT && class != Class::Environment {
            self.more += u64::from(class != Class::Harmless);
            return;
        }
        self.list.push(Complaint::new(class, message, object));
    }

    /// `COPY users, line 17, column email: "…"` names the table of the complaint before it.
    fn name_table(&mut self, copied: &str) {
        let table = copied.split([',', ' ']).next().unwrap_or_default();
        if let Some(last) = self.list.last_mut().filter(|last| last.object.is_none()) {
            last.object = Some(format!("TABLE DATA {table}"));
        }
    }

    /// Adds a complaint of our own about how the tool ended.
    pub fn ended(&mut self, program: &str, code: i64) {
        let explained = self.list.iter().any(|one| one.class != Class::Harmless);
        if code == 0 || explained {
            return;
        }
        // pg_restore counts what it went on after, and exits with 1 even when all of that was harmless.
        if code == 1 && !self.list.is_empty() {
            return;
        }
        // 128 + 9: the kernel or somebody killed it.
        let class = if code == 137 {
            Class::Environment
        } else {
            Class::Lost
        };
        self.list.push(Complaint {
            class,
            message: format!("{program} ended with exit code {code} and did not say why"),
            object: None,
        });
    }

    /// Takes over what another run of a tool complained about.
    pub fn extend(&mut self, other: Self) {
        self.more += other.more;
        self.list.extend(other.list);
    }

    /// Text was made to sort in another order than in the dumped database: what may come of that is not the dump's fault.
    pub fn sorted_otherwise(&mut self) {
        for one in &mut self.list {
            let by_order = BY_ORDER.iter().any(|part| one.message.contains(part));
            if one.class == Class::Lost && by_order {
                one.class = Class::Environment;
            }
        }
    }

    /// Every complaint.
    pub fn iter(&self) -> impl Iterator<Item = &Complaint> {
        self.list.iter()
    }

    /// Whether nothing was complained about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

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
        let mut ours = false;
        for complaint in &self.list {
            // What fails after our machine did may fail because of it: a foreign key on a table that did not fit.
            ours |= complaint.class == Class::Environment;
            let expected = ignore
                .iter()
                .find(|one| complaint.message.contains(&one.error));
            if let Some(ignored) = expected {
                judged
                    .ignored
                    .push(complaint.tool_error(Some(ignored.reason.clone())));
            } else {
                judged.errors.push(complaint.tool_error(None));
                judged
                    .findings
                    .extend(complaint.finding().filter(|_| !ours));
            }
        }
        if self.more > 0 && !ours {
            let message = format!("the restore reported {} more errors", self.more);
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
    if BY_ORDER.iter().any(|part| message.contains(part)) {
        "It may only fit in the dump's own order of text: run again with `restore.collation: dump`."
    } else if message.contains("unsupported version") {
        "Use a newer PostgreSQL: name its image in `sandbox.image`, or install its client programs."
    } else if message.contains("No space left") || message.contains("could not extend") {
        "Free disk space for the sandbox, or run it where there is more."
    } else if message.contains("already exists") {
        "Write the dump without `--create`, or as an archive (`-Fc`): every sandbox has a database of this name."
    } else if message.contains("tablespace") {
        "Write the dump with `--no-tablespaces`: the sandbox has none of the source's."
    } else if message.contains("locale") {
        "Use an image that has the locale, or install it; the official `postgres` images have en_US.UTF-8."
    } else if message.contains("extension") || message.contains("could not access file") {
        "Name an image that has what the dump needs in `sandbox.image`."
    } else if message.contains("permission denied") || message.contains("superuser") {
        "Use a service whose role is a superuser, or the provider `docker` or `local`."
    } else {
        "Give the sandbox more memory or disk, and run again."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Complaints {
        let mut complaints = Complaints::default();
        lines.lines().for_each(|line| complaints.read(line));
        complaints
    }

    #[test]
    fn what_another_order_of_text_may_cause_says_nothing_about_the_backup() {
        let mut complaints = read(
            "pg_restore: error: COPY failed for table \"early\": ERROR:  new row for relation \"early\" violates partition constraint\n\
             pg_restore: error: could not execute query: ERROR:  there is no unique constraint matching given keys\n",
        );
        assert_eq!(complaints.judge(&[]).findings.len(), 2);
        complaints.sorted_otherwise();
        assert!(complaints.judge(&[]).findings.is_empty());
        let error = complaints.environment().unwrap().to_string();
        assert!(error.contains("TABLE DATA early"), "{error}");
        let mut others =
            read("pg_restore: error: could not execute query: ERROR:  no such thing\n");
        others.sorted_otherwise();
        assert_eq!(others.judge(&[]).findings.len(), 1);
    }

    #[test]
    fn what_a_dump_wants_from_outside_the_sandbox_is_no_loss() {
        for error in [
            "could not establish connection",
            "could not open file \"/srv/prices.csv\" for reading: Permission denied",
            "tablespace \"fast\" does not exist",
            "database \"postgres\" already exists",
        ] {
            let complaints = read(&format!(
                "pg_restore: error: could not execute query: ERROR:  {error}\n"
            ));
            assert!(complaints.environment().is_some(), "{error}");
            assert!(complaints.judge(&[]).findings.is_empty(), "{error}");
        }
    }

    #[test]
    fn every_error_of_pg_restore_names_its_object_and_no_row() {
        let complaints = read(
            "pg_restore: while PROCESSING TOC:\n\
             pg_restore: from TOC entry 215; 1259 16389 TABLE users postgres\n\
             pg_restore: error: could not execute query: ERROR:  type \"citext\" does not exist\n\
             LINE 3:     email citext\n\
             Command was: CREATE TABLE public.users (email citext);\n\
             pg_restore: from TOC entry 3001; 0 16389 TABLE DATA orders postgres\n\
             pg_restore: error: COPY failed for table \"orders\": ERROR:  invalid input syntax for type integer: \"hunter2\"\n\
             CONTEXT:  COPY orders, line 1, column id: \"hunter2\"\n\
             pg_restore: warning: errors ignored on restore: 2\n",
        );
        let found: Vec<_> = complaints.iter().cloned().collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].object.as_deref(), Some("TABLE users"));
        assert_eq!(found[0].message, "type \"citext\" does not exist");
        assert_eq!(found[1].object.as_deref(), Some("TABLE DATA orders"));
        assert!(found.iter().all(|one| one.class == Class::Lost));
        assert!(!format!("{complaints:?}").contains("hunter2"));
    }

    #[test]
    fn an_error_of_psql_loses_its_sqlstate_and_names_the_table_of_its_copy() {
        let complaints = read(
            "psql:<stdin>:41: ERROR:  22P02: invalid input syntax for type integer: \"x\"\n\
             CONTEXT:  COPY users, line 2, column id: \"x\"\n\
             LOCATION:  pg_strtoint32_safe, numutils.c:620\n",
        );
        let found: Vec<_> = complaints.iter().collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].object.as_deref(), Some("TABLE DATA users"));
        assert_eq!(found[0].message, "invalid input syntax for type integer");
    }

    #[test]
    fn a_setting_of_a_newer_server_is_no_loss() {
        let mut complaints = read(
            "pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter \"transaction_timeout\"\n\
             Command was: SET transaction_timeout = 0;\n\
             pg_restore: warning: errors ignored on restore: 1\n",
        );
        complaints.ended("pg_restore", 1);
        let judged = complaints.judge(&[]);
        assert_eq!(judged.findings.len(), 1);
        assert_eq!(judged.findings[0].severity, Severity::Info);
    }

    #[test]
    fn a_full_disk_is_an_error_of_the_run_and_no_finding() {
        let complaints = read(
            "pg_restore: error: COPY failed for table \"a\": ERROR:  could not extend file \"base/1/2\": No space left on device\n",
        );
        assert!(complaints.environment().is_some());
        assert!(complaints.judge(&[]).findings.is_empty());
    }

    #[test]
    fn what_fails_after_our_machine_did_is_not_blamed_on_the_backup() {
        let full = "pg_restore: error: COPY failed for table \"a\": ERROR:  could not extend file \"base/1/2\": No space left on device\n";
        let key = "pg_restore: error: could not execute query: ERROR:  insert or update on table \"b\" violates foreign key constraint \"k\"\n";
        assert!(read(&format!("{full}{key}")).judge(&[]).findings.is_empty());
        assert_eq!(read(&format!("{key}{full}")).judge(&[]).findings.len(), 1);
    }

    #[test]
    fn a_cut_archive_is_told_as_one() {
        let complaints = read("pg_restore: error: could not read from input file: end of file\n");
        assert_eq!(complaints.judge(&[]).findings[0].code, Code::DumpTruncated);
    }

    #[test]
    fn a_tool_that_dies_without_a_word_is_never_a_pass() {
        let mut complaints = Complaints::default();
        complaints.ended("pg_restore", 139);
        assert_eq!(complaints.judge(&[]).findings[0].code, Code::RestoreFailed);
        let mut killed = Complaints::default();
        killed.ended("pg_restore", 137);
        assert!(killed.environment().is_some());
    }

    #[test]
    fn what_the_plan_expects_is_kept_with_its_reason() {
        let complaints =
            read("pg_restore: error: could not execute query: ERROR:  must be owner of table x\n");
        let ignore = Ignore {
            error: "must be owner of table".to_owned(),
            reason: "managed".to_owned(),
            until: jiff::civil::date(2027, 6, 30),
            place: crate::plan::Place {
                file: "plan.yaml".into(),
                line: 1,
                column: 1,
            },
        };
        let judged = complaints.judge(&[ignore]);
        assert!(judged.findings.is_empty() && judged.errors.is_empty());
        assert_eq!(judged.ignored[0].reason.as_deref(), Some("managed"));
    }
}
