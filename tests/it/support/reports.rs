//! Reports as real runs write them, for pages and reviews.

use jiff::Timestamp;
use pgdrill::{
    finding::{Code, Finding, Severity},
    report::{
        BackupFacts, CheckResult, CheckStatus, Command, DatabaseFacts, Delivery, DumpFacts, Floor,
        PreviousBackup, Projection, Proof, ProofLevel, RejectedObject, Report, RestoreFacts,
        SandboxFacts, Stage, TableFacts,
    },
};

/// The moment at which the tests look: a Tuesday.
pub(crate) const NOW: &str = "2026-11-24T09:30:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many days and hours before the tests look.
pub(crate) fn ago(days: i64, hours: i64) -> Timestamp {
    let second = at(NOW).as_second() - days * 86_400 - hours * 3_600;
    Timestamp::from_second(second).unwrap()
}

/// Names as runs get them: a history is asked for what began since a time, and reads that off the names.
fn name(started: Timestamp, command: Command) -> String {
    let since_epoch = u64::try_from(started.as_millisecond()).unwrap();
    let kind = if command == Command::Verify { 1 } else { 2 };
    ulid::Ulid::from_parts(since_epoch, kind).to_string()
}

/// A look at the storage from outside.
pub(crate) fn look(plan: &str, started: Timestamp) -> Report {
    let mut report = Report::new(plan, &name(started, Command::Health), started);
    report.command = Command::Health;
    report.seconds = 0.8;
    report.backup = Some(backup(plan, started));
    report.verdict = report.verdict();
    report
}

/// A dump is written every night at three; it grows a little.
fn backup(plan: &str, seen: Timestamp) -> BackupFacts {
    let day = seen.as_second().div_euclid(86_400);
    let night = day * 86_400 + 3 * 3_600;
    let night = if night > seen.as_second() {
        night - 86_400
    } else {
        night
    };
    let written = Timestamp::from_second(night).unwrap();
    let age = (seen.as_second() - night).unsigned_abs();
    let grown = u64::try_from(night / 86_400 - 20_400).unwrap();
    let size = 1_100_000_000 + grown * 3_100_000 + grown % 7 * 9_000_000;
    BackupFacts {
        url: format!("s3://{plan}-backups/db-backups/"),
        key: format!(
            "db-backups/{plan}-{}.dump",
            written.strftime("%Y%m%dT%H%M%SZ")
        ),
        size_bytes: size,
        last_modified: Some(written),
        age_seconds: Some(i64::try_from(age).unwrap()),
        etag: Some("9b2cf535f27731c974343645a3985328-141".to_owned()),
        created: Some(written),
        duration_seconds: Some(410.0 + f64::from(u32::try_from(grown % 11).unwrap()) * 9.0),
        count: 31,
        oldest: Timestamp::from_second(night - 30 * 86_400).ok(),
        storage_bytes: size * 31,
        cost_usd_per_month: Some(
            f64::from(u32::try_from(size * 31 / 1_000_000).unwrap()) * 0.000_015,
        ),
        projection: Some(Projection {
            bytes_per_week: 672_700_000,
            month_end_bytes: size * 31 + 600_000_000,
            month_end_usd: Some(0.61),
        }),
        previous: Some(PreviousBackup {
            key: format!("db-backups/{plan}-before.dump"),
            size_bytes: size - 3_100_000,
        }),
        rejected: vec![RejectedObject {
            key: "db-backups/README.txt".to_owned(),
            reason: "not a dump by name".to_owned(),
        }],
        ..BackupFacts::default()
    }
}

/// A drill that passed.
pub(crate) fn drill(plan: &str, started: Timestamp) -> Report {
    let mut report = Report::new(plan, &name(started, Command::Verify), started);
    let mut backup = backup(plan, started);
    backup.sha256 =
        Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned());
    let day = f64::from(u32::try_from(started.as_second() / 86_400 - 20_400).unwrap());
    restored(&mut report, backup, day);
    asked(&mut report);
    report.stages = [
        ("list", 0.4, 0.1, None),
        ("open", 1.2, 0.2, Some(64 << 10)),
        ("start", 3.9, 2.1, Some(48 << 20)),
        ("restore", 312.0, 402.5, Some(500 << 20)),
        ("check", 8.5, 8.1, None),
    ]
    .map(|(name, seconds, cpu, bytes)| Stage {
        name: name.to_owned(),
        seconds,
        cpu_seconds: Some(cpu),
        bytes,
    })
    .to_vec();
    report.seconds = 326.0;
    report.floor = Floor::of(&report.stages, report.seconds, 2, None);
    report.sinks = vec![Delivery {
        name: "slack".to_owned(),
        delivered: true,
        error: None,
        skipped: None,
    }];
    report.verdict = report.verdict();
    report
}

fn restored(report: &mut Report, backup: BackupFacts, day: f64) {
    let (plan, started) = (report.plan.clone(), report.started);
    report.restore = Some(RestoreFacts {
        engine: "pg-restore".to_owned(),
        seconds: 300.0 + day * 1.5 + day % 5.0 * 12.0,
        bytes: backup.size_bytes,
        ..RestoreFacts::default()
    });
    report.backup = Some(backup);
    report.dump = Some(DumpFacts {
        format: "custom".to_owned(),
        codec: "gzip".to_owned(),
        server_version: Some("15.4".to_owned()),
        pg_dump_version: Some("15.4".to_owned()),
        created: Some("2026-11-24 03:00:00".to_owned()),
        database: Some(plan),
        tables: Some(12),
        entries: Some(288),
        ..DumpFacts::default()
    });
    report.sandbox = Some(SandboxFacts {
        provider: "docker".to_owned(),
        image: Some("postgres:15".to_owned()),
        image_id: None,
        server_version: Some("15.8".to_owned()),
        notes: vec!["Without a network: nothing that the dump runs can call out.".to_owned()],
    });
    report.proof = Some(Proof {
        level: ProofLevel::Restored,
        objects_expected: Some(288),
        objects_found: Some(288),
        tables: 12,
        rows_expected: None,
        rows_found: 8_700_000
            + u64::try_from(started.as_second() / 86_400 - 20_400).unwrap() * 21_000,
        checks: 14,
        ..Proof::default()
    });
}

fn asked(report: &mut Report) {
    let started = report.started;
    report.database = Some(DatabaseFacts {
        size_bytes: 4_200_000_000,
        tables: vec![
            table("public.users", 81_223),
            table("public.orders", 8_600_000),
        ],
        indexes: vec!["public.users_pkey".to_owned()],
        newest: Some(started),
        ..DatabaseFacts::default()
    });
    report.checks = vec![
        check(
            "users.row_count",
            CheckStatus::Passed,
            "81223",
            "min 1000",
            None,
        ),
        check(
            "users.email.not_null",
            CheckStatus::Passed,
            "0",
            "max 0",
            None,
        ),
        CheckResult {
            check: "freshness".to_owned(),
            value: Some(21_600.into()),
            ..check(
                "orders.freshness.created_at",
                CheckStatus::Passed,
                "",
                "max 48 h",
                None,
            )
        },
    ];
}

fn table(name: &str, rows: u64) -> TableFacts {
    TableFacts {
        name: name.to_owned(),
        rows,
        columns: vec!["id".to_owned()],
        partition_of: None,
    }
}

/// One check and its answer.
pub(crate) fn check(
    id: &str,
    status: CheckStatus,
    value: &str,
    limit: &str,
    message: Option<&str>,
) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        table: Some("users".to_owned()),
        check: "row_count".to_owned(),
        status,
        severity: Severity::Critical,
        value: Some(value.into()),
        limit: Some(limit.to_owned()),
        file: Some("checks/shop.yaml".to_owned()),
        line: Some(12),
        seconds: 0.2,
        asked: None,
        message: message.map(str::to_owned),
    }
}

/// The same run with another thing found; what it comes to changes with it.
pub(crate) fn with(mut report: Report, finding: Finding) -> Report {
    report.findings.push(finding);
    report.verdict = report.verdict();
    report
}

/// A drill of a dump that was cut.
pub(crate) fn truncated(plan: &str, started: Timestamp) -> Report {
    let mut report = drill(plan, started);
    report.proof = None;
    report.restore = None;
    report.checks.clear();
    let finding = Finding::new(Code::DumpTruncated, "the dump ends too early")
        .detail("It ends after 37824 bytes; the data of 3 of its entries are cut off.");
    with(report, finding)
}

/// A drill that could not look.
pub(crate) fn stopped(plan: &str, started: Timestamp) -> Report {
    let mut report = Report::new(plan, &name(started, Command::Verify), started);
    report.seconds = 2.0;
    let finding = Finding::new(Code::RunStopped, "could not reach Docker")
        .detail("The socket \"/var/run/docker.sock\" does not answer.")
        .hint("Start Docker, or set `sandbox.provider: local`.");
    with(report, finding)
}

/// A name that a database may hold and that tries to break out of every format.
pub(crate) const HOSTILE: &str =
    "x'\"<&>|{}\n::error::owned\n##[error]owned\n<!channel>\u{1b}[31m\u{202e}|'a'=1";

/// The four reports that every format is tried with: passed, passed with warnings, failed, unverified.
pub(crate) fn canonical() -> [(&'static str, Report); 4] {
    let began = ago(0, 3);
    let passed = drill("shop", began);
    let failed = broken(drill("shop", began));
    [
        ("passed", passed.clone()),
        ("warned", warned(passed)),
        ("failed", failed),
        ("unverified", stopped("shop", began)),
    ]
}

fn warned(mut report: Report) -> Report {
    if let Some(restore) = &mut report.restore {
        restore.collation = Some("C".to_owned());
    }
    report.checks[1].status = CheckStatus::Warned;
    report.checks[1].value = Some(3.into());
    report.checks[1].limit = Some("max 10, warn max 0".to_owned());
    let message = "users.email.not_null is 3, at most 0 was asked for";
    report.checks[1].message = Some(message.to_owned());
    let warning = Finding::new(Code::CheckWarned, message)
        .detail("Declared at checks/shop.yaml:12.")
        .about("users.email.not_null");
    let shrunk = Finding::new(
        Code::BackupShrunk,
        "newest backup is 43 % of the one before",
    )
    .about("db-backups/shop-20261124T030000Z.dump");
    with(with(report, warning), shrunk)
}

fn broken(mut report: Report) -> Report {
    report.checks[0].status = CheckStatus::Failed;
    report.checks[0].value = Some(0.into());
    let message = "users.row_count is 0, at least 1000 was asked for";
    report.checks[0].message = Some(message.to_owned());
    let mut error = check(
        "orders.total.sum",
        CheckStatus::Error,
        "",
        "min 1",
        Some("orders.total.sum could not be asked: column \"total\" does not exist"),
    );
    error.table = Some("orders".to_owned());
    error.value = None;
    let mut skipped = check(
        "orders.live",
        CheckStatus::Skipped,
        "",
        "tolerance 1 %",
        Some("no live database is given"),
    );
    skipped.table = None;
    skipped.value = None;
    report.checks.extend([error, skipped]);
    let failed = Finding::new(Code::CheckFailed, message)
        .detail("Declared at checks/shop.yaml:12.")
        .about("users.row_count");
    let unanswered = Finding::new(
        Code::CheckError,
        "orders.total.sum could not be asked: column \"total\" does not exist",
    )
    .about("orders.total.sum");
    let stale = Finding::new(Code::BackupStale, "newest backup is 73 h old")
        .detail("It was written at 2026-11-21T08:30:00Z; `limits.max_age` allows 48 h.");
    with(with(with(report, failed), unanswered), stale)
}

/// A report in which everything that can carry a name carries the hostile one.
pub(crate) fn hostile() -> Report {
    let mut report = broken(drill("shop", ago(0, 3)));
    let name = HOSTILE.to_owned();
    report.plan.clone_from(&name);
    for check in &mut report.checks {
        check.id = format!("{}{name}", check.id);
        check.table = Some(name.clone());
        check.message = Some(name.clone());
        check.limit = Some(name.clone());
        check.file = Some(name.clone());
        check.value = Some(name.clone().into());
    }
    for finding in &mut report.findings {
        finding.message.clone_from(&name);
        finding.detail = Some(name.clone());
        finding.hint.clone_from(&name);
        finding.subject = finding
            .subject
            .take()
            .map(|subject| format!("{subject}{name}"));
    }
    if let Some(backup) = &mut report.backup {
        backup.key.clone_from(&name);
        backup.url.clone_from(&name);
        backup.rejected[0].key.clone_from(&name);
    }
    if let Some(sandbox) = &mut report.sandbox {
        sandbox.notes = vec![name.clone()];
        sandbox.image = Some(name.clone());
    }
    if let Some(dump) = &mut report.dump {
        dump.database = Some(name.clone());
    }
    if let Some(database) = &mut report.database {
        database.tables[0].name.clone_from(&name);
    }
    report.stages[0].name.clone_from(&name);
    report.sinks[0].error = Some(name);
    report.sinks[0].delivered = false;
    report
}
