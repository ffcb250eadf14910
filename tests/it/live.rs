//! Checks against the live database: a real PostgreSQL, with TLS and without.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pgdrill::{
    checks::Outcome,
    finding::{Code, Severity},
    plan::{Against, Bounds, Checks, Expected, Live, LivePlan, TableKind},
    report::{CheckResult, CheckStatus},
    units::Secret,
};
use tokio_postgres::NoTls;

use crate::support::{
    declare::{block, question, questions, table_check, tables},
    program::{assert_found, pgdrill, report, run},
    questions_db::{Database, context},
    server::{self, Server},
    tls,
};

/// In the backup: ten accounts, the dump was taken on 2026-11-23.
const RESTORED: &str = "
    create table accounts (id int primary key, balance bigint, created_at timestamptz);
    insert into accounts select n, n * 100, '2026-11-20' from generate_series(1, 10) n;
    create function touched() returns int language sql as 'select 5';";

/// In the live database: the same, two newer ones, and a function that writes.
const LIVE: &str = "
    create table accounts (id int primary key, balance bigint, created_at timestamptz);
    insert into accounts select n, n * 100, '2026-11-20' from generate_series(1, 10) n;
    insert into accounts values (11, 7, '2026-11-23 00:00:00+00'), (12, 7, '2026-11-24');
    create table marks (n int);
    create function touched() returns int language plpgsql as
        'begin insert into marks values (1); return 5; end';
    create role stranger login password 'stranger-secret';";

const CUT_OFF: &str = "created_at < :backup_time";

fn live(tolerance: &str) -> Against {
    let live = Live {
        tolerance: tolerance.parse().unwrap(),
        severity: Severity::Warning,
    };
    Against {
        previous: None,
        live: Some(live),
    }
}

/// `row_count` and the sum of the balances, with a tolerance and perhaps a condition.
fn accounts(tolerance: &str, filter: Option<&str>) -> Checks {
    let kinds = [TableKind::RowCount, TableKind::Sum("balance".to_owned())];
    let checks = kinds.map(|kind| {
        let mut check = table_check(kind, "");
        check.limit.against = live(tolerance);
        check
    });
    let mut block = block("accounts", checks.into());
    block.filter = filter.map(str::to_owned);
    tables(vec![block])
}

/// A question in SQL that must have the same answer in both.
fn same(query: &str) -> Checks {
    let mut check = question("asked", query, Expected::Bounds(Bounds::default()));
    check.against = live("0");
    questions(vec![check])
}

/// Both databases.
struct Pair {
    restored: Database,
    server: Server,
}

impl Pair {
    async fn plain() -> Option<Self> {
        Self::of(Server::start()?).await
    }

    async fn of(server: Server) -> Option<Self> {
        let restored = Database::with(RESTORED).await?;
        let pair = Self { restored, server };
        pair.sql(LIVE).await;
        Some(pair)
    }

    /// Runs SQL in the live database.
    async fn sql(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.plain_url(), NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }

    fn plain_url(&self) -> String {
        format!("{}?sslmode=disable", self.server.url)
    }

    async fn ask(&self, checks: &Checks, dsn: &str, ca: Option<PathBuf>) -> Outcome {
        let mut context = context();
        context.live = Some(LivePlan {
            dsn: Secret::new(dsn),
            ca,
        });
        let outcome = self.restored.try_ask(checks, &context).await.unwrap();
        for secret in ["secret", "stranger-secret"] {
            let told = format!("{:?}{:?}", outcome.results, outcome.findings);
            assert!(!told.contains(secret), "{told}");
        }
        outcome
    }

    async fn ask_plain(&self, checks: &Checks) -> Outcome {
        self.ask(checks, &self.plain_url(), None).await
    }
}

fn declared(outcome: &Outcome) -> Vec<&CheckResult> {
    let of_plan = |result: &&CheckResult| !result.id.starts_with("builtin.");
    outcome.results.iter().filter(of_plan).collect()
}

fn statuses(outcome: &Outcome) -> Vec<CheckStatus> {
    declared(outcome)
        .iter()
        .map(|result| result.status)
        .collect()
}

fn messages(outcome: &Outcome) -> String {
    let messages = declared(outcome)
        .into_iter()
        .filter_map(|r| r.message.clone());
    messages.collect::<Vec<_>>().join("\n")
}

/// Nothing was compared: no check passed, and one warning says why.
fn assert_not_compared(outcome: &Outcome, why: &str) {
    let skipped = |status: &CheckStatus| *status == CheckStatus::Skipped;
    assert!(statuses(outcome).iter().all(skipped), "{outcome:?}");
    let told: Vec<_> = outcome
        .findings
        .iter()
        .filter(|f| f.code == Code::CheckWarned)
        .collect();
    let [finding] = told.as_slice() else {
        panic!("{:?}", outcome.findings)
    };
    assert_eq!(finding.severity, Severity::Warning);
    let told = format!(
        "{} {}",
        finding.message,
        finding.detail.clone().unwrap_or_default()
    );
    assert!(told.contains(why), "{told}");
}

#[tokio::test]
async fn rows_that_are_newer_than_the_dump_are_not_counted() {
    let Some(pair) = Pair::plain().await else {
        return;
    };
    let outcome = pair.ask_plain(&accounts("0", Some(CUT_OFF))).await;
    assert_eq!(statuses(&outcome), [CheckStatus::Passed; 2], "{outcome:?}");
    assert_eq!(outcome.findings, []);
    let outcome = pair.ask_plain(&accounts("0", None)).await;
    assert_eq!(statuses(&outcome), [CheckStatus::Warned; 2]);
    let told = messages(&outcome);
    let rows =
        "accounts.row_count is 10, the live database has 12: 2 apart, at most 0 was asked for";
    assert!(told.contains(rows), "{told}");
}

#[tokio::test]
async fn a_difference_within_the_tolerance_holds_and_one_beyond_it_is_a_warning_at_most() {
    let Some(pair) = Pair::plain().await else {
        return;
    };
    pair.sql("delete from accounts where id = 10").await;
    // 10 against 9: 11.1 %; 5500 against 4500: 22.2 %.
    let outcome = pair.ask_plain(&accounts("12%", Some(CUT_OFF))).await;
    assert_eq!(
        statuses(&outcome),
        [CheckStatus::Passed, CheckStatus::Warned]
    );
    let [finding] = outcome.findings.as_slice() else {
        panic!("{:?}", outcome.findings)
    };
    assert_eq!(
        (finding.code, finding.severity),
        (Code::CheckWarned, Severity::Warning)
    );
    assert!(
        finding.message.contains("22.22 % apart, at most 12 %"),
        "{}",
        finding.message
    );
    assert!(outcome.proof.is_some());
}

#[tokio::test]
async fn the_connection_is_encrypted_and_the_certificate_verified() {
    let Some((server, ca)) = tls::server("DNS:localhost,IP:127.0.0.1") else {
        return;
    };
    let Some(pair) = Pair::of(server).await else {
        return;
    };
    let checks = same("select count(*) from pg_stat_ssl where ssl and pid = pg_backend_pid()");
    for host in ["localhost", "127.0.0.1"] {
        for mode in ["", "?sslmode=require", "?sslmode=verify-full"] {
            let dsn = pair.server.url_with(&[("127.0.0.1", host)]) + mode;
            let outcome = pair.ask(&checks, &dsn, Some(ca.clone())).await;
            let told = messages(&outcome);
            assert!(
                told.contains("is 0, the live database has 1"),
                "{dsn}: {told}"
            );
        }
    }
    let outcome = pair.ask(&checks, &pair.plain_url(), None).await;
    assert_eq!(statuses(&outcome), [CheckStatus::Passed], "{outcome:?}");
}

#[tokio::test]
async fn an_authority_that_did_not_sign_the_certificate_is_refused() {
    let Some((server, _)) = tls::server("DNS:localhost,IP:127.0.0.1") else {
        return;
    };
    let Some(pair) = Pair::of(server).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let other = tls::authority(folder.path());
    let outcome = pair
        .ask(&accounts("0", Some(CUT_OFF)), &pair.server.url, Some(other))
        .await;
    assert_not_compared(&outcome, "certificate");
    let hint = &outcome.findings[0].hint;
    assert!(hint.contains("`live.ca`"), "{hint}");
    // Without any authority of its own, this machine's are asked, and they did not sign it either.
    let dsn = format!("{}?sslmode=require", pair.server.url);
    let outcome = pair.ask(&accounts("0", Some(CUT_OFF)), &dsn, None).await;
    assert_not_compared(&outcome, "certifi");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let Some((server, ca)) = tls::server("DNS:db.example.com") else {
        return;
    };
    let Some(pair) = Pair::of(server).await else {
        return;
    };
    let outcome = pair
        .ask(&accounts("0", Some(CUT_OFF)), &pair.server.url, Some(ca))
        .await;
    assert_not_compared(&outcome, "certificate");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let Some(pair) = Pair::plain().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let ca = tls::authority(folder.path());
    for dsn in [
        format!("{}?sslmode=require", pair.server.url),
        pair.server.url.clone(),
    ] {
        let outcome = pair
            .ask(&accounts("0", Some(CUT_OFF)), &dsn, Some(ca.clone()))
            .await;
        assert_not_compared(&outcome, "server does not support TLS");
    }
    let missing = Path::new("/nonexistent/ca.pem").to_owned();
    let outcome = pair
        .ask(
            &accounts("0", Some(CUT_OFF)),
            &pair.server.url,
            Some(missing),
        )
        .await;
    assert_not_compared(&outcome, "could not read the certificates");
}

#[tokio::test]
async fn nothing_can_be_written_there() {
    let Some(pair) = Pair::plain().await else {
        return;
    };
    let outcome = pair.ask_plain(&same("select touched()")).await;
    assert_not_compared(&outcome, "read-only transaction");
    for query in [
        "select set_config('transaction_read_only', 'off', false), touched()",
        "select nextval('s')",
    ] {
        pair.sql("create sequence if not exists s").await;
        let superuser = pair.restored.superuser().await;
        superuser
            .batch_execute("create sequence if not exists s")
            .await
            .unwrap();
        let outcome = pair.ask_plain(&same(query)).await;
        assert!(
            !statuses(&outcome).contains(&CheckStatus::Passed),
            "{query}: {outcome:?}"
        );
    }
    pair.sql("do $$ begin if exists (select from marks) then raise 'written'; end if; end $$")
        .await;
    let unused = "do $$ begin if (select is_called from s) then raise 'used'; end if; end $$";
    pair.sql(unused).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_no_pass_and_blames_no_backup() {
    let Some(restored) = Database::with(RESTORED).await else {
        return;
    };
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut context = context();
    context.live = Some(LivePlan {
        dsn: Secret::new(format!("postgres://u:hunter2@127.0.0.1:{port}/shop")),
        ca: None,
    });
    let checks = accounts("0", Some(CUT_OFF));
    let outcome = restored.try_ask(&checks, &context).await.unwrap();
    assert_not_compared(&outcome, &format!("127.0.0.1:{port}/shop"));
    assert!(!format!("{outcome:?}").contains("hunter2"));
    assert!(outcome.proof.is_some());

    context.live = None;
    let outcome = restored.try_ask(&checks, &context).await.unwrap();
    assert_eq!(statuses(&outcome), [CheckStatus::Skipped; 2]);
    assert!(
        messages(&outcome).contains("`live.dsn` is empty"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn it_is_not_reached_when_nothing_is_compared_with_it() {
    let Some(restored) = Database::with(RESTORED).await else {
        return;
    };
    let mut context = context();
    context.live = Some(LivePlan {
        dsn: Secret::new("no dsn at all"),
        ca: None,
    });
    let mut checks = accounts("0", Some(CUT_OFF));
    let plain = table_check(TableKind::RowCount, "min 1");
    let mut alone = block("public.accounts", vec![plain]);
    alone.tags = vec!["plain".to_owned()];
    checks.tables.push(alone);
    context.only = vec!["plain".to_owned()];
    let outcome = restored.try_ask(&checks, &context).await.unwrap();
    assert_eq!(statuses(&outcome), [CheckStatus::Passed]);
    assert_eq!(outcome.findings, []);
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let Some(pair) = Pair::plain().await else {
        return;
    };
    let dsn = pair.server.url_with(&[(":secret@", ":hunter2@")]);
    let outcome = pair.ask(&accounts("0", Some(CUT_OFF)), &dsn, None).await;
    assert_not_compared(&outcome, "password authentication failed");
    assert!(!format!("{outcome:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_role_that_may_not_see_everything_gets_no_smaller_count() {
    let Some(pair) = Pair::plain().await else {
        return;
    };
    let checks = accounts("0", Some(CUT_OFF));
    let dsn = pair
        .server
        .url_with(&[("postgres:secret@", "stranger:stranger-secret@")]);
    let outcome = pair.ask(&checks, &dsn, None).await;
    assert_not_compared(&outcome, "permission denied for table accounts");
    pair.sql(
        "grant select on accounts to stranger; alter table accounts enable row level security;
         create policy few on accounts to stranger using (id < 5)",
    )
    .await;
    let outcome = pair.ask(&checks, &dsn, None).await;
    assert_not_compared(&outcome, "row-level security");
}

const PLAN: &str = "
version: 1
name: shop
backup: { url: ./backups }
history: ./history
sandbox: { provider: local }
live:
  dsn: ${LIVE_DATABASE_URL:-}
  ca: ./ca.pem
tables:
  accounts:
    where: created_at < :backup_time
    row_count: { min: 1, live: { tolerance: 0 } }
";

/// Every file under a folder, as text.
fn everything(folder: &Path) -> String {
    let files = glob::glob(&format!("{}/**/*.json", folder.display())).unwrap();
    files
        .flatten()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[tokio::test]
async fn a_whole_drill_compares_with_the_live_database_and_never_tells_its_password() {
    let Some((server, ca)) = tls::server("IP:127.0.0.1") else {
        return;
    };
    let Some(pair) = Pair::of(server).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("backups")).unwrap();
    fs::copy(ca, path("ca.pem")).unwrap();
    fs::write(path("shop.yaml"), PLAN).unwrap();
    let mut dump = Command::new(server::bin().unwrap().join("pg_dump"));
    let dumped = dump
        .args(["-Fc", "-f"])
        .arg(path("backups/1.dump"))
        .arg(&pair.server.url);
    assert!(dumped.status().unwrap().success());
    let drill = |more: &[&str]| {
        let plan = path("shop.yaml").display().to_string();
        let mut command = pgdrill(&[&["verify", "-v", &plan], more].concat());
        command.env("LIVE_DATABASE_URL", &pair.server.url);
        command.env("RUST_LOG", "trace");
        run(command)
    };
    // Newer than the dump, so not counted; then one that is older, which the dump should have had.
    pair.sql("insert into accounts values (13, 7, now() + interval '1 day')")
        .await;
    let (code, told) = report(&drill(&["--format", "json"]).await);
    assert_eq!(code, 0, "{told}");
    let checks = told["checks"].to_string();
    assert!(
        checks.contains("\"limit\":\"min 1, live tolerance 0\""),
        "{checks}"
    );
    assert!(!checks.contains("warned"), "{checks}");
    pair.sql("insert into accounts values (14, 7, '2026-11-01')")
        .await;
    let (code, told) = report(&drill(&["--format", "json"]).await);
    assert_eq!(code, 0, "{told}");
    assert_found(&told, "check.warned");

    pair.sql("alter role postgres password 'another'").await;
    for format in ["json", "human"] {
        let output = drill(&["--format", format]).await;
        assert_eq!(output.status.code(), Some(0));
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned() + &everything(folder.path());
        assert!(told.contains("password authentication failed"), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
}
