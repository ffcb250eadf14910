//! The two scripts of the action, as the runner starts them: where the program comes from, and how a drill ends.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::support::{
    program,
    server::{Server, bin, missing},
    web::Web,
};

/// How often we look whether something happened that must.
const PATIENCE: u32 = 1200;

const RELEASES: &str = "/example/pgdrill/releases/download/v0.1.0";

fn archive_name() -> String {
    format!(
        "pgdrill-{}-unknown-linux-musl.tar.gz",
        std::env::consts::ARCH
    )
}

/// An archive as the release workflow packs it, whose program says who it is.
fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let name = archive_name().replace(".tar.gz", "");
    let inside = folder.path().join(&name);
    fs::create_dir(&inside).unwrap();
    let program = inside.join("pgdrill");
    write_program(&program, "#!/bin/sh\necho pgdrill 0.1.0 of the release\n");
    let mut tar = Command::new("tar");
    tar.args(["-cz", "-C"]).arg(folder.path()).arg(&name);
    tar.output().unwrap().stdout
}

fn write_program(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn sum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A runner's step: its folder, its output, and its environment.
struct Step {
    folder: TempDir,
    /// Folders in which it finds programs: without `gh`, whatever this machine has.
    path: String,
}

impl Step {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        for program in [
            "bash",
            "dirname",
            "mktemp",
            "sed",
            "head",
            "uname",
            "curl",
            "awk",
            "sha256sum",
            "cut",
            "tar",
            "gzip",
            "mkdir",
            "grep",
        ] {
            let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
                .map(|folder| folder.join(program))
                .find(|file| file.exists());
            let Some(found) = found else {
                missing("curl", &format!("{program} is not installed"));
                continue;
            };
            std::os::unix::fs::symlink(found, folder.path().join("bin").join(program)).unwrap();
        }
        let path = folder.path().join("bin").display().to_string();
        Self { folder, path }
    }

    /// Puts a `gh` there that ends with this code.
    fn with_gh(self, code: u8) -> Self {
        let gh = self.folder.path().join("bin/gh");
        let script = format!(
            "#!/bin/bash\nprintf '%s\\n' \"$*\" >>'{}.log'\nexit {code}\n",
            gh.display()
        );
        write_program(&gh, &script);
        self
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
    }

    fn command(&self, script: &str) -> Command {
        let script = fs::canonicalize(Path::new(".github/actions/verify").join(script)).unwrap();
        // A shell whose parent ignored an interrupt, as one in the background does, could never be told of it.
        let mut command = Command::new("/usr/bin/env");
        command
            .args(["--default-signal=INT", "bash"])
            .arg(script)
            .env_clear()
            .env("PATH", &self.path)
            .env("RUNNER_TEMP", self.folder.path())
            .env("GITHUB_OUTPUT", self.folder.path().join("output"))
            .current_dir(self.folder.path());
        command
    }

    /// The step that finds the program, with a release of another repository.
    async fn get(&self, web: &Web, more: &[(&str, &str)]) -> Output {
        let mut command = self.command("get");
        command
            .env("GITHUB_SERVER_URL", &web.url)
            .env("ACTION_REPOSITORY", "example/pgdrill")
            .env("GITHUB_REPOSITORY", "example/shop")
            .envs(more.iter().copied());
        program::run(command).await
    }

    fn assert_refused(&self, output: &Output, because: &str) {
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(because), "{told}");
        assert!(
            told.contains("This says nothing about the backup."),
            "{told}"
        );
        assert_eq!(self.output(), "verdict=unverified\nexit-code=3\n");
    }
}

async fn release(sums: &str) -> (Web, String) {
    let archive = archive();
    let sum = sum(&archive);
    let sums = sums.replace("SUM", &sum).replace("NAME", &archive_name());
    let files = HashMap::from([
        (format!("{RELEASES}/SHA256SUMS"), sums.into_bytes()),
        (format!("{RELEASES}/{}", archive_name()), archive),
    ]);
    (Web::start(files).await, sum)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_takes_the_release_of_its_own_version_when_the_checksum_holds() {
    let (web, sum) = release("0000  other.tar.gz\nSUM  NAME\n").await;
    let step = Step::new();
    let output = step.get(&web, &[("SHA256", &sum)]).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("pgdrill 0.1.0 of the release"), "{told}");
    assert!(
        told.contains("the provenance was not"),
        "gh is not there: {told}"
    );
    let output = step.output();
    let program = output.trim_end().strip_prefix("program=").unwrap();
    assert!(
        PathBuf::from(program).starts_with(step.folder.path()),
        "{program}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_not_what_the_release_lists_is_refused() {
    let wrong = "0".repeat(64);
    for (sums, because) in [
        (format!("{wrong}  NAME\n"), "and the release says"),
        ("SUM  other.tar.gz\n".to_owned(), "does not list"),
        ("SUM  NAME\nSUM  NAME\n".to_owned(), "exactly once"),
    ] {
        let (web, _) = release(&sums).await;
        let step = Step::new();
        let output = step.get(&web, &[]).await;
        step.assert_refused(&output, because);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_not_what_the_caller_pinned_is_refused() {
    let (web, _) = release("SUM  NAME\n").await;
    let step = Step::new();
    let output = step.get(&web, &[("SHA256", &"f".repeat(64))]).await;
    step.assert_refused(&output, "the input sha256 says");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_provenance_is_refused_where_gh_can_tell() {
    let (web, _) = release("SUM  NAME\n").await;
    let step = Step::new().with_gh(1);
    let output = step.get(&web, &[]).await;
    step.assert_refused(
        &output,
        "was not built by the release workflow of example/pgdrill",
    );
    let (web, _) = release("SUM  NAME\n").await;
    let step = Step::new().with_gh(0);
    assert!(step.get(&web, &[]).await.status.success());
    let asked = fs::read_to_string(step.folder.path().join("bin/gh.log")).unwrap();
    assert!(asked.starts_with("attestation verify "), "{asked}");
    assert!(
        asked.contains("--signer-workflow example/pgdrill/.github/workflows/release.yml"),
        "{asked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_not_there_and_a_version_that_is_none_are_unverified() {
    let web = Web::start(HashMap::new()).await;
    let step = Step::new();
    let output = step.get(&web, &[]).await;
    step.assert_refused(&output, "cannot be downloaded");
    let step = Step::new();
    let output = step.get(&web, &[("VERSION", "../../other/x")]).await;
    step.assert_refused(&output, "The version must be such as v0.1.0");
}

/// The step of the drill with these inputs; those that are not named are what the action gives by default.
fn drill(step: &Step, inputs: &[(&str, &str)]) -> Command {
    let mut command = step.command("drill");
    let defaults = [
        ("PROGRAM", env!("CARGO_BIN_EXE_pgdrill")),
        ("BACKUP", ""),
        ("SELECT", "plan"),
        ("SANDBOX", "plan"),
        ("IMAGE", ""),
        ("JOBS", ""),
        ("ONLY", ""),
        ("FAIL_ON", "critical"),
        ("REPROVE", "false"),
        ("SPEAK", ""),
        ("OUTPUT", "reports"),
        ("PLAN", "plan.yaml"),
        ("HOME", "/nonexistent"),
        ("TMPDIR", "/tmp"),
    ];
    command.envs(defaults).envs(inputs.iter().copied());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// A plan over a dump of a table with five rows; none where no PostgreSQL is installed.
fn place(step: &Step, checks: &str) -> Option<Server> {
    let server = Server::start()?;
    let folder = step.folder.path();
    fs::create_dir(folder.join("backups")).unwrap();
    let bin = bin().unwrap();
    let sql = "create table t as select generate_series(1, 5) id";
    let made = Command::new(bin.join("psql"))
        .args(["-XqAt", "-c", sql, &server.url])
        .output()
        .unwrap();
    assert!(made.status.success());
    let dump = Command::new(bin.join("pg_dump"))
        .args(["-Fc", &server.url])
        .output()
        .unwrap();
    fs::write(folder.join("backups/shop.dump"), dump.stdout).unwrap();
    let plan = format!("version: 1\nname: shop\nbackup:\n  url: ./backups\n{checks}");
    fs::write(folder.join("plan.yaml"), plan).unwrap();
    Some(server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drill_restores_into_the_service_of_the_job_and_removes_its_database() {
    let step = Step::new();
    let Some(server) = place(&step, "tables: { t: { row_count: { equals: 5 } } }\n") else {
        return;
    };
    let inputs = [
        ("SANDBOX", "service"),
        ("PGDRILL_SERVICE_URL", server.url.as_str()),
    ];
    let output = program::run(drill(&step, &inputs)).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let report = fs::read_to_string(step.folder.path().join("reports/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["verdict"], "passed");
    assert_eq!(report["sandbox"]["provider"], "service");
    assert!(step.output().contains("passed"), "{}", step.output());
    let bin = bin().unwrap();
    let query = "select string_agg(datname, ' ' order by datname) from pg_database";
    let databases = ask(&bin, &server.url, query);
    assert_eq!(databases, "postgres template0 template1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_looks_like_a_flag_is_none() {
    let step = Step::new();
    if place(&step, "").is_none() {
        return;
    }
    let inputs = [
        ("BACKUP", "--dry-run"),
        ("PLAN", "plan.yaml\n\n--no-notify"),
    ];
    let output = program::run(drill(&step, &inputs)).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("\"--no-notify\""),
        "it is looked for as a plan: {told}"
    );
    assert_eq!(step.output(), "exit-code=2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_removes_the_sandbox_and_writes_the_report() {
    let step = Step::new();
    let checks = "sql:\n  - name: waits\n    query: select count(*) from t, pg_sleep(600)\n    equals: 5\n    timeout: 15m\n";
    let Some(server) = place(&step, checks) else {
        return;
    };
    let inputs = [
        ("SANDBOX", "service"),
        ("PGDRILL_SERVICE_URL", server.url.as_str()),
    ];
    let mut child = drill(&step, &inputs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // In two parts, so that it does not find itself as asked by the connection before.
    let asked = "select count(*) from pg_stat_activity where query like '%pg_sleep(' || '600)%'";
    let bin = bin().unwrap();
    while ask(&bin, &server.url, asked) == "0" {
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "it ended before the check was asked: {ended:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // As the runner does: the shell alone gets the signal.
    kill(
        Pid::from_raw(i32::try_from(child.id()).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    let mut waited = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        waited += 1;
        assert!(waited < PATIENCE, "pgdrill never heard of it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(status.code(), Some(143));
    assert_eq!(
        ask(&bin, &server.url, "select count(*) from pg_database"),
        "3"
    );
    let report = fs::read_to_string(step.folder.path().join("reports/report.json")).unwrap();
    assert!(report.contains("\"unverified\""), "{report}");
}

/// Before the shell looks again, the program has ended: its `kill` waits for that.
const SLOW_KILL: &str = r#"() {
  builtin kill "$@" || return
  while [ "$1" = -TERM ] && builtin kill -0 "$drill" 2>/dev/null; do sleep 0.02; done
}"#;

/// Says something as soon as the shell that started it catches TERM.
const ENDS_AT_ONCE: &str = "#!/bin/bash
trap 'exit 143' TERM
until grep -q '^SigCgt:.*[4567cdef]...$' /proc/$PPID/status; do sleep 0.02; done
echo
while :; do sleep 0.02; done
";

#[test]
fn a_cancelled_job_ends_as_its_drill_however_soon_that_ends() {
    let step = Step::new();
    let program = step.folder.path().join("program");
    write_program(&program, ENDS_AT_ONCE);
    let mut command = drill(&step, &[("PROGRAM", program.to_str().unwrap())]);
    command.env("BASH_FUNC_kill%%", SLOW_KILL);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

fn ask(bin: &Path, url: &str, query: &str) -> String {
    let answer = Command::new(bin.join("psql"))
        .args(["-XAt", "-c", query, url])
        .output()
        .unwrap();
    String::from_utf8_lossy(&answer.stdout).trim().to_owned()
}
