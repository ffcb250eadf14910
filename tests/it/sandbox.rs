//! The three sandboxes do the same, leave nothing, and let nothing out.

use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::support::{
    listener::{listener, socket},
    server::{self, Server, missing},
};
use pgdrill::{
    plan::Provider,
    sandbox::{self, DatabaseOptions, Needs, Sandbox, Tool},
    units::Secret,
};
use tokio::io::AsyncWriteExt;

/// What the children of this test binary are told to do.
const ROLE: &str = "PGDRILL_TEST_CHILD";

fn docker(arguments: &[&str]) -> Option<String> {
    let output = Command::new("docker").args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn has_image(major: u32) -> bool {
    let there = docker(&["image", "inspect", &format!("postgres:{major}")]).is_some();
    if !there {
        missing(
            "docker",
            &format!("no image postgres:{major}; run tests/images/build"),
        );
    }
    there
}

fn needs(provider: Provider) -> Needs {
    Needs {
        run: format!("T{}", ulid()),
        provider,
        major: Some(15),
        tools_major: Some(15),
        deadline: Duration::from_mins(10),
        ..Needs::default()
    }
}

fn ulid() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).unwrap();
    format!("{:016X}", u64::from_be_bytes(bytes))
}

/// One place to run, as a set of needs; the service's server lives as long as this.
struct Place {
    needs: Needs,
    server: Option<Server>,
}

fn place(provider: Provider) -> Option<Place> {
    let mut needs = needs(provider);
    match provider {
        Provider::Docker => has_image(15).then_some(Place {
            needs,
            server: None,
        }),
        _ if server::bin().is_none() => {
            missing("postgres", "no PostgreSQL is installed");
            None
        }
        Provider::Service => {
            let server = Server::start()?;
            needs.service_url = Some(Secret::new(server.url.clone()));
            needs.major = None;
            needs.tools_major = None;
            Some(Place {
                needs,
                server: Some(server),
            })
        }
        _ => Some(Place {
            needs,
            server: None,
        }),
    }
}

fn places() -> Vec<Place> {
    [Provider::Docker, Provider::Local, Provider::Service]
        .into_iter()
        .filter_map(place)
        .collect()
}

async fn ready(needs: &Needs) -> Sandbox {
    let sandbox = sandbox::start(needs).await.unwrap();
    sandbox
        .create_database(&DatabaseOptions::default())
        .await
        .unwrap();
    sandbox
}

/// Feeds a tool and gives its exit code and lines.
async fn feed(tool: Tool, input: &[u8]) -> (i64, Vec<String>) {
    let Tool {
        mut stdin,
        mut lines,
        status,
    } = tool;
    let reading = async {
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(line);
        }
        all
    };
    let writing = async {
        let written = stdin.write_all(input).await;
        let _ = stdin.shutdown().await;
        drop(stdin);
        written
    };
    let (_, status, all) = tokio::join!(writing, status, reading);
    (status.unwrap(), all)
}

async fn psql(sandbox: &Sandbox, sql: &str) -> (i64, Vec<String>) {
    let tool = sandbox
        .tool("psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
        .await
        .unwrap();
    feed(tool, sql.as_bytes()).await
}

/// What of a run is left on this machine.
fn left(run: &str) -> Vec<String> {
    let mut left = Vec::new();
    let folder = env::temp_dir().join(format!("pgdrill-{run}"));
    if folder.exists() {
        left.push(format!("folder {}", folder.display()));
    }
    if let Some(found) = docker(&["ps", "-aq", "--filter", &format!("label=pgdrill.run={run}")])
        && !found.is_empty()
    {
        left.push(format!("container {found}"));
    }
    left.extend(processes(run));
    left
}

/// Processes whose command line, folder or environment names the run.
fn processes(run: &str) -> Vec<String> {
    glob::glob("/proc/[0-9]*")
        .unwrap()
        .flatten()
        .filter_map(|process| {
            let of = |name: &str| {
                std::fs::read(process.join(name))
                    .map(|b| String::from_utf8_lossy(&b).into_owned())
                    .unwrap_or_default()
            };
            let folder = std::fs::read_link(process.join("cwd")).unwrap_or_default();
            let text = format!("{} {}", of("cmdline"), folder.display());
            text.contains(run)
                .then(|| format!("process {} {}", process.display(), of("comm").trim()))
        })
        .collect()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "{what} did not happen"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn names(url: &str, sql: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

const DATABASES: &str = "SELECT datname::text FROM pg_database WHERE datname LIKE 'pgdrill%'";
const ROLES: &str =
    "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'stub %' OR rolname = 'asker'";

async fn stubs_are_made_once(sandbox: &Sandbox) {
    let stubs = sandbox
        .create_role_stubs(&[
            "stub \"x".to_owned(),
            "public".to_owned(),
            "pg_read_all_data".to_owned(),
        ])
        .await
        .unwrap();
    assert_eq!(stubs.made, ["stub \"x"]);
    assert!(stubs.refused.is_empty());
    assert!(
        sandbox
            .create_role_stubs(&["stub \"x".to_owned()])
            .await
            .unwrap()
            .made
            .is_empty()
    );
}

async fn a_dump_goes_through_the_spool(sandbox: &Sandbox) {
    assert!(sandbox.free_bytes().await.unwrap() > 1_000_000);
    let dump = sandbox.spool().join("dump");
    let dump = dump.to_str().unwrap();
    let (code, lines) = feed(
        sandbox.tool("pg_dump", &["-Fc", "-f", dump]).await.unwrap(),
        b"",
    )
    .await;
    assert_eq!(code, 0, "{lines:?}");
    let (code, lines) = feed(
        sandbox.tool("pg_restore", &["-l", dump]).await.unwrap(),
        b"",
    )
    .await;
    assert_eq!(code, 0);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("TABLE DATA public t")),
        "{lines:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sandbox_restores_and_leaves_nothing() {
    for place in places() {
        let sandbox = ready(&place.needs).await;
        assert_eq!(sandbox.provider(), place.needs.provider);
        assert!(
            sandbox.server_version().starts_with("15."),
            "{}",
            sandbox.server_version()
        );
        assert!(!sandbox.notes().is_empty());

        stubs_are_made_once(&sandbox).await;
        let (code, lines) = psql(&sandbox, "create table t as select g from generate_series(1,1000) g; alter table t owner to \"stub \"\"x\"; create publication p for table t; select count(*) from t;").await;
        assert_eq!(code, 0, "{lines:?}");
        assert!(lines.iter().any(|line| line == "1000"), "{lines:?}");

        let superuser = sandbox.superuser(sandbox.database()).await.unwrap();
        superuser
            .batch_execute("create role asker login password 'pw' in role pg_read_all_data")
            .await
            .unwrap();
        sandbox.remember_role("asker").await.unwrap();
        let asker = sandbox
            .connect(sandbox.database(), "asker", "pw")
            .await
            .unwrap();
        assert_eq!(
            asker
                .query_one("select count(*) from t", &[])
                .await
                .unwrap()
                .get::<_, i64>(0),
            1000
        );
        assert!(
            sandbox
                .connect(sandbox.database(), "asker", "wrong")
                .await
                .is_err()
        );

        a_dump_goes_through_the_spool(&sandbox).await;
        assert!(sandbox.autopsy().await.is_none());
        assert!(sandbox.kept().is_none());
        drop((superuser, asker));
        sandbox.stop().await.unwrap();
        assert_eq!(left(&place.needs.run), [""; 0]);
        if let Some(server) = &place.server {
            assert_eq!(names(&server.url, DATABASES).await, [""; 0]);
            assert_eq!(names(&server.url, ROLES).await, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sandbox_passes_bytes_and_lines_without_locking_up() {
    for place in places() {
        let sandbox = ready(&place.needs).await;

        // Much to read and much to write at the same time.
        let noise = "i=0; while [ $i -lt 12000 ]; do echo \"$i: a line of noise that is about a hundred bytes long, as the errors of a restore are, more or less\" >&2; i=$((i+1)); done; wc -c; exit 7";
        let input = vec![b'x'; 50_000_000];
        let (code, lines) = feed(sandbox.tool("sh", &["-c", noise]).await.unwrap(), &input).await;
        assert_eq!(code, 7);
        assert_eq!(lines.len(), 12_001);
        assert!(lines.iter().any(|line| line.trim() == "50000000"));

        // It never reads its input.
        let (code, _) = feed(sandbox.tool("sh", &["-c", "exit 3"]).await.unwrap(), &input).await;
        assert_eq!(code, 3);

        // Nobody wants its lines.
        let Tool {
            stdin,
            lines,
            status,
        } = sandbox
            .tool("sh", &["-c", "yes | head -c 20000000; exit 5"])
            .await
            .unwrap();
        drop((stdin, lines));
        assert_eq!(status.await.unwrap(), 5);

        // Dropping its input is the end of it.
        let Tool {
            stdin,
            lines,
            status,
        } = sandbox.tool("cat", &[]).await.unwrap();
        drop((stdin, lines));
        assert_eq!(status.await.unwrap(), 0);

        // Its environment is ours alone.
        let (_, lines) = feed(sandbox.tool("env", &[]).await.unwrap(), b"").await;
        assert!(
            !lines
                .iter()
                .any(|line| line.starts_with("CARGO") || line.starts_with("AWS")),
            "{lines:?}"
        );
        sandbox.stop().await.unwrap();
    }
}

/// Every address of this machine, the one that containers see among them.
fn addresses() -> Vec<String> {
    let output = Command::new("hostname").arg("-I").output().unwrap();
    let all = String::from_utf8(output.stdout).unwrap();
    let others = all.split_whitespace().filter(|one| !one.contains(':'));
    std::iter::once("127.0.0.1")
        .chain(others)
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_gets_out_of_a_sandbox() {
    for place in places() {
        let sandbox = ready(&place.needs).await;
        let (port, count) = listener();
        let mut reasons = Vec::new();
        for host in addresses() {
            let sql = format!(
                "create extension if not exists dblink; select dblink_connect('host={host} port={port} connect_timeout=5');"
            );
            let (code, lines) = psql(&sandbox, &sql).await;
            assert_ne!(code, 0);
            reasons.extend(lines);
            // The programs beside the server cannot get out either.
            let url = format!("host={host} port={port} user=x connect_timeout=5");
            feed(sandbox.tool("psql", &["-X", &url]).await.unwrap(), b"").await;
        }
        let reached = count.load(Ordering::SeqCst);
        let blocked = !sandbox
            .notes()
            .iter()
            .any(|note| note.contains("Egress was not blocked"));
        match place.needs.provider {
            // Somebody else's server is no sandbox: it reaches the listener, which shows that this test can fail.
            Provider::Service => assert!(reached > 0 && !blocked, "{reasons:?}"),
            _ if blocked => assert_eq!(reached, 0, "{reasons:?}"),
            _ => missing("isolation", "this system grants no network namespace"),
        }
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_built_without_workers_until_these_are_let_back() {
    const WORKERS: &str = "show max_parallel_maintenance_workers";
    for place in places() {
        let sandbox = ready(&place.needs).await;
        let usual = psql(&sandbox, WORKERS).await.1;
        let mut told = Vec::new();
        for allowed in [false, true] {
            sandbox.index_workers(allowed).await.unwrap();
            told.push(psql(&sandbox, WORKERS).await.1);
        }
        sandbox.stop().await.unwrap();
        assert_ne!(usual, ["0"]);
        // Somebody else's server stays as it is.
        let alone = match place.needs.provider {
            Provider::Service => usual.clone(),
            _ => vec!["0".to_owned()],
        };
        assert_eq!(told, [alone, usual]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_socket_of_another_program_is_reached_from_a_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let count = socket(folder.path());
    for place in places() {
        let sandbox = ready(&place.needs).await;
        let host = folder.path().display();
        let sql = format!(
            "create extension if not exists dblink; select dblink_connect('host={host} connect_timeout=5');"
        );
        let (code, lines) = psql(&sandbox, &sql).await;
        assert_ne!(code, 0);
        let reached = count.swap(0, Ordering::SeqCst);
        let notes = sandbox.notes();
        let hidden = !notes.iter().any(|note| note.contains("Sockets of other"));
        match place.needs.provider {
            // Somebody else's server is no sandbox: it reaches the socket, which shows that this test can fail.
            Provider::Service => assert!(reached > 0, "{lines:?}"),
            _ if hidden => assert_eq!(reached, 0, "{lines:?}"),
            _ => missing("isolation", "this system lets nothing be mounted"),
        }
        sandbox.stop().await.unwrap();
    }
}

/// Run as a child of other tests: holds a sandbox until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a child of other tests"]
async fn child_that_holds_a_sandbox() {
    let Ok(role) = env::var(ROLE) else { return };
    let provider = *Provider::ALL.iter().find(|one| one.name() == role).unwrap();
    let mut needs = needs(provider);
    needs.keep = env::var("PGDRILL_TEST_KEEP").is_ok();
    if provider == Provider::Service {
        needs.service_url = env::var("PGDRILL_SERVICE_URL").ok().map(Secret::new);
    }
    let sandbox = match sandbox::start(&needs).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            println!("\nERROR {error}");
            return;
        }
    };
    sandbox
        .create_database(&DatabaseOptions::default())
        .await
        .unwrap();
    sandbox
        .create_role_stubs(&["stub y".to_owned()])
        .await
        .unwrap();
    for note in sandbox.notes() {
        println!("\nNOTE {note}");
    }
    println!("\nREADY {}", needs.run);
    if env::var("PGDRILL_TEST_STOP").is_ok() {
        sandbox.stop().await.unwrap();
        return;
    }
    std::future::pending::<()>().await;
}

fn child(provider: Provider, environment: &[(&str, &str)]) -> std::process::Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "sandbox::child_that_holds_a_sandbox",
            "--ignored",
            "--nocapture",
        ])
        .env(ROLE, provider.name())
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lines of a child up to the one that begins with a word.
fn read_until(child: &mut std::process::Child, word: &str) -> (String, Vec<String>) {
    let mut before = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
    {
        if let Some(rest) = line.strip_prefix(word) {
            return (rest.trim().to_owned(), before);
        }
        before.push(line);
    }
    panic!("the child said no {word}: {before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_the_server_ends_and_clean_removes_the_rest() {
    for place in places() {
        let url = place
            .server
            .as_ref()
            .map(|server| server.url.clone())
            .unwrap_or_default();
        let secret = place.needs.service_url.clone();
        let mut child = child(place.needs.provider, &[("PGDRILL_SERVICE_URL", &url)]);
        let (run, _) = read_until(&mut child, "READY ");

        // While it lives, a sweep leaves it alone.
        let removed = sandbox::clean(secret.as_ref(), true, Some(&run))
            .await
            .unwrap();
        assert_eq!(removed, [""; 0]);
        assert_ne!(left(&run), [""; 0]);

        child.kill().unwrap();
        child.wait().unwrap();
        match place.needs.provider {
            Provider::Docker => {
                until("the end of the container", || {
                    docker(&["ps", "-q", "--filter", &format!("label=pgdrill.run={run}")])
                        .is_some_and(|ids| ids.is_empty())
                })
                .await;
            }
            Provider::Local => until("the end of the server", || processes(&run).is_empty()).await,
            _ => assert_eq!(names(&url, DATABASES).await.len(), 1),
        }
        // The server of the service notices a dead connection by itself, a little later.
        let begun = Instant::now();
        let mut removed = Vec::new();
        while removed.len() < if url.is_empty() { 1 } else { 3 }
            && begun.elapsed() < Duration::from_secs(20)
        {
            removed.extend(
                sandbox::clean(secret.as_ref(), false, Some(&run))
                    .await
                    .unwrap(),
            );
        }
        assert_eq!(left(&run), [""; 0], "{removed:?}");
        if !url.is_empty() {
            assert_eq!(names(&url, DATABASES).await, [""; 0]);
            assert_eq!(names(&url, ROLES).await, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_sandbox_outlives_its_run_until_it_is_cleaned() {
    for place in places() {
        let needs = Needs {
            keep: true,
            ..place.needs.clone()
        };
        let sandbox = ready(&needs).await;
        let kept = sandbox.kept().unwrap();
        assert!(kept.remove.ends_with(&needs.run));
        sandbox.stop().await.unwrap();

        // The printed line gets in; only the terminal and the service's password are missing here.
        let line = format!(
            "{} -X -A -t -c 'select 40 + 2'",
            kept.psql.replace(" -it ", " -i ")
        );
        let output = Command::new("sh")
            .args(["-c", &line])
            .envs(place.server.as_ref().map(|_| ("PGPASSWORD", "secret")))
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "42",
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );

        let url = needs.service_url.as_ref();
        assert_eq!(
            sandbox::clean(url, false, Some("another")).await.unwrap(),
            [""; 0]
        );
        let removed = sandbox::clean(url, false, Some(&needs.run)).await.unwrap();
        assert_ne!(removed, [""; 0]);
        assert_eq!(left(&needs.run), [""; 0]);
        if let Some(server) = &place.server {
            assert_eq!(names(&server.url, DATABASES).await, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_major_starts_in_docker_and_takes_a_locale_or_says_so() {
    for major in [13, 15, 17, 18] {
        if !has_image(major) {
            continue;
        }
        let mut needs = needs(Provider::Docker);
        needs.major = Some(major);
        needs.tools_major = Some(major);
        let sandbox = sandbox::start(&needs).await.unwrap();
        assert!(sandbox.server_version().starts_with(&format!("{major}.")));
        assert_eq!(sandbox.image(), Some(format!("postgres:{major}").as_str()));
        let options = DatabaseOptions {
            encoding: Some("UTF8".to_owned()),
            collate: Some("en_US.UTF-8".to_owned()),
            ctype: Some("en_US.UTF-8".to_owned()),
            ..DatabaseOptions::default()
        };
        let notes = sandbox.create_database(&options).await.unwrap();
        let client = sandbox.superuser(sandbox.database()).await.unwrap();
        let collate: String = client
            .query_one(
                "select datcollate::text from pg_database where datname = current_database()",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        if major == 15 {
            assert_eq!((collate.as_str(), notes), ("en_US.UTF-8", vec![]));
        } else {
            assert_eq!(collate, "C.UTF-8");
            assert!(notes[0].contains("en_US.UTF-8"), "{notes:?}");
        }
        // It was given: no server looks for the machine's.
        let zone = "select setting from pg_file_settings where name = 'timezone'";
        let zone: String = client.query_one(zone, &[]).await.unwrap().get(0);
        assert_eq!(zone, "UTC");
        sandbox.stop().await.unwrap();
    }
}

/// How often a page of memory was not there for the process that answers.
async fn page_faults(client: &tokio_postgres::Client) -> i64 {
    // proc(5): the tenth field of a process, the eighth behind its name.
    let sql = "select split_part(substring(pg_read_file('/proc/self/stat') from '\\) (.*)'), ' ', 8)::bigint";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn memory_that_an_index_was_sorted_in_is_there_for_the_next() {
    let Some(Place { needs, .. }) = place(Provider::Local) else {
        return;
    };
    let sandbox = sandbox::start(&needs).await.unwrap();
    let client = sandbox.superuser("postgres").await.unwrap();
    let sql = "create table numbers as select n from generate_series(1, 1000000) n; \
        set max_parallel_maintenance_workers = 0; create index on numbers (n)";
    client.batch_execute(sql).await.unwrap();
    let before = page_faults(&client).await;
    let again = client.batch_execute("create index on numbers (n)").await;
    again.unwrap();
    // Some 18,000 where memory is given back between the two.
    let faults = page_faults(&client).await - before;
    assert!(faults < 4000, "{faults}");
    sandbox.stop().await.unwrap();
}

/// A database, its encoding, and how many notes it takes.
fn cases() -> [(DatabaseOptions, &'static str, usize); 4] {
    let text = |name: &str| Some(name.to_owned());
    [
        (
            DatabaseOptions {
                encoding: text("LATIN1"),
                collate: text("de_DE.ISO-8859-1"),
                ctype: text("de_DE.ISO-8859-1"),
                ..DatabaseOptions::default()
            },
            "LATIN1",
            1,
        ),
        (
            DatabaseOptions {
                encoding: text("SQL_ASCII"),
                collate: text("C"),
                ctype: text("C"),
                ..DatabaseOptions::default()
            },
            "SQL_ASCII",
            0,
        ),
        (
            DatabaseOptions {
                provider: text("icu"),
                locale: text("de-DE"),
                collate: text("de_DE.UTF-8"),
                ctype: text("de_DE.UTF-8"),
                ..DatabaseOptions::default()
            },
            "UTF8",
            0,
        ),
        (
            DatabaseOptions {
                provider: text("builtin"),
                locale: text("C.UTF-8"),
                ..DatabaseOptions::default()
            },
            "UTF8",
            0,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn encodings_and_providers_are_honoured() {
    if !has_image(17) {
        return;
    }
    let mut needs = needs(Provider::Docker);
    needs.major = Some(17);
    needs.tools_major = Some(17);
    let sandbox = sandbox::start(&needs).await.unwrap();
    for (options, encoding, notes) in cases() {
        let said = sandbox.create_database(&options).await.unwrap();
        assert_eq!(said.len(), notes, "{said:?}");
        let client = sandbox.superuser("postgres").await.unwrap();
        let row = client.query_one("select pg_encoding_to_char(encoding)::text, case datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end from pg_database where datname = 'restored'", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), encoding);
        assert_eq!(
            row.get::<_, String>(1),
            options.provider.as_deref().unwrap_or("libc")
        );
        client
            .batch_execute("drop database restored")
            .await
            .unwrap();
    }
    let nonsense = DatabaseOptions {
        encoding: Some("EBCDIC".to_owned()),
        ..DatabaseOptions::default()
    };
    assert!(sandbox.create_database(&nonsense).await.is_err());
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_nowhere_is_an_error_that_names_it() {
    if !has_image(15) {
        return;
    }
    let mut needs = needs(Provider::Docker);
    needs.image = Some("pgdrill.invalid/no-such-image:1".to_owned());
    let error = sandbox::start(&needs).await.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "image \"pgdrill.invalid/no-such-image:1\" is not here and could not be pulled"
        ),
        "{error}"
    );
    assert_eq!(left(&needs.run), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_docker_auto_says_why_it_took_the_local_one() {
    if place(Provider::Local).is_none() {
        return;
    }
    let nowhere = ("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let mut dead = child(Provider::Docker, &[nowhere]);
    let (error, _) = read_until(&mut dead, "ERROR ");
    dead.wait().unwrap();
    assert!(error.starts_with("Docker does not answer"), "{error}");

    let mut auto = child(Provider::Auto, &[nowhere, ("PGDRILL_TEST_STOP", "1")]);
    let (run, said) = read_until(&mut auto, "READY ");
    auto.wait().unwrap();
    assert!(
        said.iter().any(|line| line
            .contains("local was chosen: docker could not be used (Docker does not answer")),
        "{said:?}"
    );
    assert_eq!(left(&run), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_newer_than_every_server_is_an_error() {
    for provider in [Provider::Local, Provider::Docker] {
        let Some(mut place) = place(provider) else {
            continue;
        };
        place.needs.tools_major = Some(99);
        place.needs.image = (provider == Provider::Docker).then(|| "postgres:15".to_owned());
        let error = sandbox::start(&place.needs).await.unwrap_err().to_string();
        assert!(error.contains("99") && error.contains("15"), "{error}");
        assert_eq!(left(&place.needs.run), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_has_an_autopsy() {
    for provider in [Provider::Docker, Provider::Local] {
        let Some(place) = place(provider) else {
            continue;
        };
        let sandbox = ready(&place.needs).await;
        assert!(sandbox.autopsy().await.is_none());
        let (code, _) = psql(
            &sandbox,
            "copy (select 1) to program 'kill -9 $PPID'; select pg_sleep(60);",
        )
        .await;
        assert_ne!(code, 0);
        let error = loop {
            if let Some(error) = sandbox.autopsy().await {
                break error.to_string();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(
            error.contains("ran out of memory") && error.contains("signal 9"),
            "{error}"
        );
        sandbox.stop().await.unwrap();
        assert_eq!(left(&place.needs.run), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_without_memory_or_that_is_killed_says_so() {
    let Some(place) = place(Provider::Docker) else {
        return;
    };
    let sandbox = ready(&place.needs).await;
    let name = format!("pgdrill-{}", place.needs.run);
    docker(&["update", "--memory", "100m", "--memory-swap", "100m", &name]).unwrap();
    let (code, _) = psql(&sandbox, "set work_mem = '2GB'; select length(string_agg(repeat(md5(g::text), 100), '')) from generate_series(1, 300000) g;").await;
    assert_ne!(code, 0);
    let error = sandbox.autopsy().await.unwrap().to_string();
    assert!(error.contains("ran out of memory"), "{error}");
    sandbox.stop().await.unwrap();

    let needs = needs(Provider::Docker);
    let sandbox = ready(&needs).await;
    docker(&["kill", &format!("pgdrill-{}", needs.run)]).unwrap();
    let error = sandbox.autopsy().await.unwrap().to_string();
    assert!(error.contains("137"), "{error}");
    assert!(sandbox.tool("psql", &[]).await.is_err());
    sandbox.stop().await.unwrap();
    assert_eq!(left(&needs.run), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_no_port_no_network_and_no_capability() {
    let Some(place) = place(Provider::Docker) else {
        return;
    };
    let sandbox = ready(&place.needs).await;
    let name = format!("pgdrill-{}", place.needs.run);
    let format = "{{.HostConfig.NetworkMode}} {{.HostConfig.PortBindings}} {{.HostConfig.PublishAllPorts}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.PidsLimit}} {{gt .HostConfig.Memory 0}} {{.Config.User}}";
    let about = docker(&["inspect", "--format", format, &name]).unwrap();
    assert_eq!(
        about,
        "none map[] false [ALL] [no-new-privileges] 512 true postgres"
    );
    let (_, lines) = feed(
        sandbox
            .tool(
                "sh",
                &["-c", "grep -E 'CapEff|NoNewPrivs' /proc/self/status"],
            )
            .await
            .unwrap(),
        b"",
    )
    .await;
    assert_eq!(lines, ["CapEff:\t0000000000000000", "NoNewPrivs:\t1"]);
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_a_subscription_is_dropped_all_the_same() {
    let Some(place) = place(Provider::Service) else {
        return;
    };
    let server = place.server.as_ref().unwrap();
    let sandbox = ready(&place.needs).await;
    let (code, lines) = psql(&sandbox, "create subscription s connection 'host=127.0.0.1 port=1 dbname=x' publication p with (connect = false);").await;
    assert_eq!(code, 0, "{lines:?}");
    sandbox.stop().await.unwrap();
    assert_eq!(names(&server.url, DATABASES).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clean_never_drops_what_is_not_ours() {
    let Some(place) = place(Provider::Service) else {
        return;
    };
    let server = place.server.as_ref().unwrap();
    names(&server.url, "select 'x'").await;
    let (client, connection) = tokio_postgres::connect(&server.url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("create database pgdrill_mine")
        .await
        .unwrap();
    client
        .batch_execute("create role pgdrill_role")
        .await
        .unwrap();
    sandbox::clean(place.needs.service_url.as_ref(), false, Some("mine"))
        .await
        .unwrap();
    assert_eq!(names(&server.url, DATABASES).await, ["pgdrill_mine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_is_an_error_without_its_password() {
    let mut needs = needs(Provider::Service);
    needs.service_url = Some(Secret::new("postgres://u:hunter2@127.0.0.1:1/postgres"));
    let error = sandbox::start(&needs).await.unwrap_err().to_string();
    assert!(
        error.contains("127.0.0.1") && !error.contains("hunter2"),
        "{error}"
    );
    assert!(!PathBuf::from(format!("/tmp/pgdrill-{}", needs.run)).exists());
}

/// A Docker daemon as seen over TCP.
async fn daemon_over_tcp() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut far = tokio::net::UnixStream::connect("/var/run/docker.sock")
                    .await
                    .unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    format!("tcp://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_over_tcp_gets_a_port_on_loopback_and_a_note() {
    if !has_image(15) {
        return;
    }
    let host = daemon_over_tcp().await;
    let mut child = child(Provider::Docker, &[("DOCKER_HOST", &host)]);
    let (run, said) = read_until(&mut child, "READY ");
    assert!(
        said.iter()
            .any(|line| line.contains("Egress was not blocked")),
        "{said:?}"
    );
    let name = format!("pgdrill-{run}");
    let ports = docker(&[
        "inspect",
        "--format",
        "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}",
        &name,
    ]);
    assert_eq!(ports.as_deref(), Some("127.0.0.1"));
    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of the container", || {
        docker(&["ps", "-q", "--filter", &format!("name={name}")]).is_some_and(|ids| ids.is_empty())
    })
    .await;
    sandbox::clean(None, false, Some(&run)).await.unwrap();
    assert_eq!(left(&run), [""; 0]);
}

/// Every character, and texts of a few of them, of which many begin alike.
const TEXTS: &str = "create table texts as \
    select chr(n) as text from generate_series(1, 1114111) n where n not between 55296 and 57343 \
    union all select 'a' || chr(1 + n * 7919 % 55295) || chr(1 + n * 104729 % 55295) || 'b' from generate_series(1, 20000) n \
    union all select repeat(chr(57344 + n * 31 % 1000000), n % 4) || n from generate_series(1, 20000) n; \
    create index by_text on texts (text)";

/// The database's collation, and how many texts of it are not where `C` has them.
async fn sorted(sandbox: &Sandbox) -> (String, i64) {
    let client = sandbox.superuser(sandbox.database()).await.unwrap();
    let sql = "select (select datcollate::text from pg_database where datname = current_database()), \
        (select count(*) from (select text, lag(text) over (order by text collate \"C\") as before from texts) t \
         where before > text)";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn in_its_own_order(needs: &Needs) {
    let sandbox = sandbox::start(needs).await.unwrap();
    let options = DatabaseOptions {
        collate: Some("C.UTF-8".to_owned()),
        ctype: Some("C.UTF-8".to_owned()),
        ..DatabaseOptions::default()
    };
    assert_eq!(sandbox.create_database(&options).await.unwrap(), [""; 0]);
    let Some(own) = sandbox.take_collation().await.unwrap() else {
        // Debian 11 sorts by rules of its own.
        assert!(sandbox.server_version().starts_with("13."));
        let client = sandbox.superuser(sandbox.database()).await.unwrap();
        client.batch_execute(TEXTS).await.unwrap();
        assert!(sorted(&sandbox).await.1 > 0);
        return sandbox.stop().await.unwrap();
    };
    assert_eq!(own, "C.UTF-8");
    let client = sandbox.superuser(sandbox.database()).await.unwrap();
    client.batch_execute(TEXTS).await.unwrap();
    assert_eq!(sorted(&sandbox).await, ("C".to_owned(), 0));
    sandbox.give_collation(&own).await.unwrap();
    assert_eq!(sorted(&sandbox).await, (own, 0));
    // PostgreSQL's own program finds the index, made by bytes, in the order of the collation.
    let client = sandbox.superuser(sandbox.database()).await.unwrap();
    let sql = "create extension amcheck; select bt_index_parent_check('by_text', true)";
    client.batch_execute(sql).await.unwrap();
    sandbox.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sorted_by_bytes_is_in_the_databases_own_order_in_every_major() {
    for major in [13, 15, 17, 18] {
        if has_image(major) {
            let mut needs = needs(Provider::Docker);
            (needs.major, needs.tools_major) = (Some(major), Some(major));
            in_its_own_order(&needs).await;
        }
    }
    if let Some(Place { needs, .. }) = place(Provider::Local) {
        in_its_own_order(&needs).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_collation_is_sorted_by_bytes_and_no_service_is_changed() {
    let name = |name: &str| Some(name.to_owned());
    let libc = |encoding: &str, collate: &str| DatabaseOptions {
        encoding: name(encoding),
        collate: name(collate),
        ctype: name(collate),
        ..DatabaseOptions::default()
    };
    let icu = DatabaseOptions {
        provider: name("icu"),
        locale: name("de-DE"),
        ..libc("UTF8", "C.UTF-8")
    };
    let others = [libc("UTF8", "en_US.UTF-8"), libc("UTF8", "C"), icu];
    for (provider, all) in [
        (Provider::Docker, &others[..]),
        (Provider::Service, &[libc("UTF8", "C.UTF-8")]),
    ] {
        let Some(Place { needs, server }) = place(provider) else {
            continue;
        };
        let sandbox = sandbox::start(&needs).await.unwrap();
        for options in all {
            assert_eq!(sandbox.create_database(options).await.unwrap(), [""; 0]);
            assert_eq!(sandbox.take_collation().await.unwrap(), None, "{options:?}");
            let client = sandbox.superuser("postgres").await.unwrap();
            let drop = format!("drop database \"{}\"", sandbox.database());
            client.batch_execute(&drop).await.unwrap();
        }
        sandbox.stop().await.unwrap();
        std::mem::drop(server);
    }
}
