//! What `pg_restore` and `psql` complain about, read from their messages: which object, and whose fault.
//!
//! Their raw text holds rows and passwords, so only the primary message is kept, without values.

use super::{
    meaning::{By, Class, by_order, classify, of_exit},
    messages::{copied, copy_failed, in_function, primary, raised, speaker, toc_object},
    redact::{without_quotes, without_values},
};
use crate::{
    error,
    finding::{Code, Finding, Severity},
    report::ToolError,
    units::Secret,
};

/// More complaints than this are counted, not kept; some 300 bytes each.
const KEPT: usize = 50_000;

/// One thing that a tool complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Whose fault it is.
    pub class: Class,
    /// The server's or the tool's primary message, without values.
    pub message: String,
    /// The same with its values: a plan may expect it, and nobody is shown it.
    said: Secret,
    /// The object that it is about.
    pub object: Option<String>,
    /// Whether the server named a function that it was in.
    in_function: bool,
}

impl Complaint {
    fn new(message: &str, by: By, object: Option<String>) -> Self {
        let said = Secret::new(message);
        let message = without_values(message);
        Self {
            said,
            class: classify(&message, by),
            message,
            object,
            in_function: false,
        }
    }

    /// Whether it may come of rows that another connection had not loaded yet: a constraint is free to call a function that
    /// looks into another table, of which no dump says anything.
    fn by_order_of_loading(&self) -> bool {
        let of_constraint = self.message.contains("violates check constraint");
        self.class == Class::Lost && (self.in_function || of_constraint)
    }

    /// Whether several jobs may have caused it where one does not: they wait for each other's locks, and one changes what
    /// another has not made yet. Of what a job makes beside others `pg_restore` does not name the entry.
    fn by_another_job(&self) -> bool {
        let parts = ["deadlock detected", "does not exist", "concurrently"];
        self.object.is_none() && parts.iter().any(|part| self.message.contains(part))
    }

    /// Whether a plan that names this part expects it.
    pub(super) fn holds(&self, part: &str) -> bool {
        self.message.contains(part) || self.said.reveal().contains(part)
    }

    /// For the report.
    pub(super) fn tool_error(&self, reason: Option<String>) -> ToolError {
        ToolError {
            message: self.message.clone(),
            object: self.object.clone(),
            class: self.class.name().to_owned(),
            reason,
        }
    }

    /// As a finding; `None` when it is our machine's fault.
    pub(super) fn finding(&self) -> Option<Finding> {
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
            _ if speaks_of_a_dump(&self.message) => finding.hint(MESSAGES),
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
    pub(super) list: Vec<Complaint>,
    /// How many more there were than are kept.
    pub(super) more: u64,
    object: Option<String>,
    /// Whether a line was the tool's own, whatever it said.
    spoke: bool,
}

impl Complaints {
    /// Reads one line of the tool's output.
    pub fn read(&mut self, line: &str) {
        self.spoke |= line.starts_with("pg_restore:") || line.starts_with("psql:");
        if let Some(entry) = line.split_once("from TOC entry ").map(|(_, rest)| rest) {
            self.object = toc_object(entry);
        } else if let Some(message) = primary(line) {
            self.add(message, speaker(line));
        } else if raised(line) {
            self.keep_back_words();
            self.was_in_function();
        } else if in_function(line) {
            self.was_in_function();
        } else if let Some(copied) = copied(line) {
            self.name_table(copied);
        }
    }

    fn add(&mut self, message: &str, by: By) {
        let (message, object) = match copy_failed(message) {
            Some((table, message)) => (message, Some(format!("TABLE DATA {table}"))),
            None => (message, self.object.clone()),
        };
        let complaint = Complaint::new(message, by, object);
        let class = complaint.class;
        if self.list.len() >= KEPT && class != Class::Environment {
            self.more += u64::from(class != Class::Harmless);
            return;
        }
        self.list.push(complaint);
    }

    /// What a function says may be anything, a row too.
    fn keep_back_words(&mut self) {
        if let Some(last) = self.list.last_mut() {
            last.class = Class::Lost;
            error::RAISED.clone_into(&mut last.message);
        }
    }

    fn was_in_function(&mut self) {
        if let Some(last) = self.list.last_mut() {
            last.in_function = true;
        }
    }

    /// `COPY users, line 17, column email: "…"` names the table of the complaint before it. What a message about a
    /// column's value quotes is that value.
    fn name_table(&mut self, copied: &str) {
        let Some(last) = self.list.last_mut() else {
            return;
        };
        if copied.contains(", column ") {
            last.message = without_quotes(&last.message);
        }
        if last.object.is_none() {
            let table = copied.split([',', ' ']).next().unwrap_or_default();
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
        let message = format!("{program} ended with exit code {code} and did not say why");
        // Both say why they end by themselves: what said nothing was not them, or never came to read the dump.
        let class = match code {
            ..126 if !self.spoke => Class::Environment,
            _ => of_exit(code),
        };
        self.list.push(Complaint {
            class,
            said: Secret::default(),
            message,
            object: None,
            in_function: false,
        });
    }

    /// Takes over what another run of a tool complained about.
    pub fn extend(&mut self, other: Self) {
        self.more += other.more;
        self.list.extend(other.list);
    }

    /// The first that may come of the order in which several connections loaded, unless the machine had a trouble of its
    /// own.
    #[must_use]
    pub fn by_order_of_loading(&self) -> Option<&Complaint> {
        let mut of_order = self.list.iter().filter(|one| one.by_order_of_loading());
        of_order.next().filter(|_| self.environment().is_none())
    }

    /// Whether something was complained about that jobs do to one another, and nothing that the machine did.
    pub(super) fn by_one_another(&self) -> bool {
        let of_machine = |one: &Complaint| one.class == Class::Environment && !one.by_another_job();
        self.list.iter().any(Complaint::by_another_job) && !self.list.iter().any(of_machine)
    }

    /// After the same was tried again by one job: what jobs did to one another is forgiven where it was not complained
    /// about again. Most of what is complained about then is that something is there already, which says nothing.
    pub(super) fn tried_again(&mut self, again: Self) {
        let said_again =
            |one: &Complaint| again.list.iter().any(|other| other.message == one.message);
        self.list
            .retain(|one| !one.by_another_job() || said_again(one));
        let ours = again.list.into_iter();
        self.list
            .extend(ours.filter(|one| one.class == Class::Environment));
    }

    /// Text was made to sort in another order than in the dumped database: what may come of that is not the dump's fault.
    pub fn sorted_otherwise(&mut self) {
        for one in &mut self.list {
            if one.class == Class::Lost && by_order(&one.message) {
                one.class = Class::Environment;
            }
        }
    }

    /// What needs a role that the server did not let us make, or a superuser's rights that it did not give us, is not the
    /// dump's fault.
    pub fn for_want_of(&mut self, refused: &[String], superuser: bool) {
        let missing = |message: &str| {
            let named = message
                .strip_prefix("role \"")
                .and_then(|rest| rest.strip_suffix("\" does not exist"));
            // A name in an encoding that is not read here was made under another one.
            let unread = |named: &str| named.contains(char::REPLACEMENT_CHARACTER);
            named.is_some_and(|named| unread(named) || refused.iter().any(|role| role == named))
        };
        let denied = |message: &str| {
            let parts = ["permission denied", "must be owner of", "must have"];
            !superuser && parts.iter().any(|part| message.starts_with(part))
        };
        for one in &mut self.list {
            if one.class == Class::Lost && (missing(&one.message) || denied(&one.message)) {
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
}

const MESSAGES: &str =
    "Look at the backup job: what pg_dump says is in the dump itself. Do not use `2>&1`.";

/// Whether what a tool stumbled over is a message of `pg_dump`, written into the dump.
fn speaks_of_a_dump(message: &str) -> bool {
    let quoted = ["pg_dump: ", "pg_dumpall: "];
    message.contains("at or near \"pg_dump")
        || quoted
            .iter()
            .any(|said| message.contains(&format!("\"{said}")))
}

#[cfg(test)]
mod tests {
    use super::{super::judge::TOLD, *};
    use crate::plan::Ignore;

    fn read(lines: &str) -> Complaints {
        let mut complaints = Complaints::default();
        lines.lines().for_each(|line| complaints.read(line));
        complaints
    }

    fn expecting(error: &str) -> Ignore {
        Ignore {
            error: error.to_owned(),
            reason: "managed".to_owned(),
            until: jiff::civil::date(2027, 6, 30),
            place: crate::plan::Place {
                file: "plan.yaml".into(),
                line: 1,
                column: 1,
            },
        }
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
    fn no_value_of_a_row_is_told_or_taken_for_a_message() {
        let complaints = read(
            "psql:<stdin>:9: ERROR:  23514: new row for relation \"t\" violates check constraint \"c\"\n\
             DETAIL:  Failing row contains (x\n\
             ERROR:  out of memory, hunter2).\n\
             pg_restore: error: COPY failed for table \"customer\": ERROR:  customer hunter2 is in no country\n\
             CONTEXT:  PL/pgSQL function public.known(text) line 4 at RAISE\n\
             COPY customer, line 1: \"hunter2\"\n\
             pg_restore: error: COPY failed for table \"r\": ERROR:  relation \"hunter2\" does not exist\n\
             CONTEXT:  COPY r, line 1, column of: \"hunter2\"\n\
             pg_restore: error: COPY failed for table \"i\": ERROR:  invalid input syntax for type integer: \"out of memory\"\n",
        );
        assert_eq!(complaints.iter().count(), 4);
        assert!(complaints.iter().all(|one| one.class == Class::Lost));
        let told = format!("{complaints:?}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn what_a_server_does_not_let_us_do_is_not_blamed_on_the_backup() {
        let failed = "pg_restore: error: could not execute query: ERROR:  ";
        let mut complaints = read(&format!("{failed}role \"bob\" does not exist\n"));
        complaints.for_want_of(&["other".to_owned()], true);
        assert_eq!(complaints.judge(&[]).findings.len(), 1);
        complaints.for_want_of(&["bob".to_owned()], true);
        assert!(complaints.judge(&[]).findings.is_empty());
        let mut complaints = read(&format!(
            "{failed}role \"\u{fffd}\u{fffd}\" does not exist\n"
        ));
        complaints.for_want_of(&[], true);
        assert!(
            complaints.judge(&[]).findings.is_empty(),
            "it is not read here"
        );
        for (superuser, findings) in [(true, 1), (false, 0)] {
            let mut complaints = read(&format!("{failed}permission denied for schema public\n"));
            complaints.for_want_of(&[], superuser);
            assert_eq!(complaints.judge(&[]).findings.len(), findings);
        }
        for error in [
            "must be member of role \"bob\"",
            "must be able to SET ROLE \"bob\"",
        ] {
            let complaints = read(&format!("{failed}{error}\n"));
            assert!(complaints.judge(&[]).findings.is_empty());
            let error = complaints.environment().unwrap();
            assert!(Finding::from(error).hint.contains("superuser"));
        }
    }

    #[test]
    fn a_plan_may_expect_words_that_nobody_is_shown() {
        let complaints = read(
            "pg_restore: error: could not execute query: ERROR:  not at home, hunter2\n\
             CONTEXT:  PL/pgSQL function public.home() line 1 at RAISE\n",
        );
        assert_eq!(complaints.judge(&[]).findings.len(), 1);
        let judged = complaints.judge(&[expecting("not at home")]);
        assert!(judged.findings.is_empty() && judged.errors.is_empty());
        let told = format!("{judged:?} {complaints:?}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn what_the_plan_expects_is_expected_however_often() {
        let line = "pg_restore: error: could not execute query: ERROR:  security label provider \"anon\" is not loaded\n";
        let complaints = read(&line.repeat(TOLD + 60));
        let judged = complaints.judge(&[expecting("label provider")]);
        assert!(judged.findings.is_empty() && judged.errors.is_empty());
        let judged = complaints.judge(&[]);
        let last = judged.findings.last().unwrap();
        assert_eq!(last.message, "the restore reported 60 more errors");
    }

    #[test]
    fn what_worked_alone_is_forgiven_and_the_rest_is_not() {
        let failed = |errors: &[&str]| {
            let error =
                |error| format!("pg_restore: error: could not execute query: ERROR:  {error}\n");
            read(&errors.iter().map(error).collect::<String>())
        };
        let trigger = "trigger \"t1\" for table \"p\" does not exist";
        let unique = "could not create unique index \"u\"";
        let mut complaints = failed(&[
            "deadlock detected",
            trigger,
            "role \"r\" does not exist",
            unique,
        ]);
        assert!(complaints.by_one_another());
        complaints.tried_again(failed(&[
            "relation \"i\" already exists",
            "role \"r\" does not exist",
        ]));
        let left: Vec<_> = complaints.iter().map(|one| &*one.message).collect();
        assert_eq!(left, ["role \"r\" does not exist", unique]);
        assert!(!failed(&[unique]).by_one_another());
        let full = "could not extend file \"x\": No space left on device";
        assert!(!failed(&[trigger, full]).by_one_another());
        let rows =
            "pg_restore: error: COPY failed for table \"a\": ERROR:  function f() does not exist\n";
        assert!(!read(rows).by_one_another());
    }

    #[test]
    fn what_a_function_said_or_a_check_refused_may_come_of_the_order_of_loading() {
        let failed = |said: &str| {
            read(&format!(
                "pg_restore: error: COPY failed for table \"z\": ERROR:  {said}\n"
            ))
        };
        let of_order = |said: &str| failed(said).by_order_of_loading().is_some();
        let check = "new row for relation \"z\" violates check constraint \"z_a_check\"";
        assert!(of_order(check));
        assert!(of_order(
            "value for domain d violates check constraint \"d_check\""
        ));
        for context in [
            "CONTEXT:  SQL function \"known\" statement 1",
            "CONTEXT:  PL/pgSQL function known(integer) line 3 at SQL statement",
            "CONTEXT:  SQL statement \"select 1\"\nPL/pgSQL function known(integer) line 3 at SQL statement",
            "CONTEXT:  PL/pgSQL function known(integer) line 3 at RAISE",
        ] {
            assert!(
                of_order(&format!(
                    "query returned no rows\n{context}\nCOPY z, line 1: \"1\""
                )),
                "{context}"
            );
        }
        assert!(!of_order(
            "invalid input syntax for type integer: \"x\"\nCONTEXT:  COPY z, line 1, column a: \"x\""
        ));
        let full = "pg_restore: error: COPY failed for table \"a\": ERROR:  could not extend file \"base/1/2\": No space left on device\n";
        let mut both = failed(check);
        both.extend(read(full));
        assert!(both.by_order_of_loading().is_none());
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
    fn a_tool_that_ends_by_itself_without_a_word_says_nothing_of_the_dump() {
        let ended = |said: &str| {
            let mut complaints = read(said);
            complaints.ended("pg_restore", 1);
            complaints
        };
        let wrapper = ended("Error: pg_wrapper: pg_restore was not found in /usr/lib/postgresql\n");
        assert!(wrapper.environment().is_some() && wrapper.judge(&[]).findings.is_empty());
        let own = ended("pg_restore: warning: something\n");
        assert_eq!(own.judge(&[]).findings[0].code, Code::RestoreFailed);
    }

    #[test]
    fn what_the_plan_expects_is_kept_with_its_reason() {
        let complaints =
            read("pg_restore: error: could not execute query: ERROR:  must be owner of table x\n");
        let judged = complaints.judge(&[expecting("must be owner of table")]);
        assert!(judged.findings.is_empty() && judged.errors.is_empty());
        assert_eq!(judged.ignored[0].reason.as_deref(), Some("managed"));
    }
}
