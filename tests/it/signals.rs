//! Ctrl-C, SIGTERM and SIGKILL in the middle of a run: what is left, and what is told.

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    postgres::has_image,
    program::{pgdrill, report, run},
};

/// How long we wait for what must happen.
const PATIENCE: u32 = 1200;

/// A plan whose one check takes for ever, so that a run is caught in its middle.
fn place(server: &Cluster) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backups")).unwrap();
    server.psql("postgres", b"create table t as select 1 id;");
    fs::write(
        folder.path().join("backups/x.dump"),
        server.dump(&["-Fc", "postgres"]),
    )
    .unwrap();
    let plan = "version: 1\nname: slow\nbackup:\n  url: ./backups\nsql:\n  - name: waits\n    query: select count(*) from t, pg_sleep(600)\n    equals: 1\n    timeout: 15m\n";
    fs::write(folder.path().join("plan.yaml"), plan).unwrap();
    // Temporary files of this run only, so that what is left can be seen. Sockets need a short path.
    fs::create_dir(folder.path().join("t")).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    folder
}

fn start(place: &Path, provider: &str) -> Child {
    let more = ["--sandbox", provider, "--format", "json"];
    start_as("--default-signal=HUP", place, &more)
}

/// Starts it through `env`, which knows what is done of SIGHUP: whoever runs the tests may ignore it, as `nohup` does.
fn start_as(word: &str, place: &Path, more: &[&str]) -> Child {
    let plan = place.join("plan.yaml").display().to_string();
    let program = pgdrill(&[&["verify", &plan], more].concat());
    let set = |(name, value)| Some((name, value?));
    Command::new("env")
        .arg(word)
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .envs(program.get_envs().filter_map(set))
        .env("TMPDIR", place.join("t"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until something holds; it is looked at, not guessed.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..PATIENCE {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain until {what}");
}

/// Whether the check that takes for ever is being asked, in any PostgreSQL of this machine.
fn asking(place: &Path) -> bool {
    let path = place.display().to_string();
    let processes = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let processes = String::from_utf8_lossy(&processes.stdout).into_owned();
    let ours = processes.contains(&path);
    ours && processes
        .lines()
        .any(|line| line.contains("pgdrill_check") && line.contains("SELECT"))
}

fn left(place: &Path) -> Vec<String> {
    fs::read_dir(place.join("t"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("pgdrill-0"))
        .collect()
}

async fn interrupted(signals: &[Signal], code: i32) {
    let Some(server) = Cluster::start() else {
        return;
    };
    let place = place(&server);
    let child = start(place.path(), "local");
    until("the check is asked", || asking(place.path())).await;
    let run = Pid::from_raw(i32::try_from(child.id()).unwrap());
    for signal in signals {
        kill(run, *signal).unwrap();
        // Apart, as two signals of a kind are one as long as nobody took the first.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap())
        .await
        .unwrap();
    let (exit, report) = report(&output);
    assert_eq!(exit, code);
    assert_eq!(report["verdict"], "unverified");
    assert_eq!(left(place.path()), Vec::<String>::new());
    assert!(!asking(place.path()), "the server is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cleans_up_writes_the_report_and_exits_with_130() {
    interrupted(&[Signal::SIGINT], 130).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_cleans_up_writes_the_report_and_exits_with_143() {
    interrupted(&[Signal::SIGTERM], 143).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signals_at_once_are_one_and_the_run_still_cleans_up_and_writes_its_report() {
    interrupted(&[Signal::SIGTERM, Signal::SIGTERM], 143).await;
    interrupted(&[Signal::SIGINT, Signal::SIGTERM], 130).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_terminal_cleans_up_writes_the_report_and_exits_with_129() {
    interrupted(&[Signal::SIGHUP], 129).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_shall_outlive_its_terminal_does() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let place = place(&server);
    let more = ["--sandbox", "local", "--format", "json"];
    let child = start_as("--ignore-signal=HUP", place.path(), &more);
    until("the check is asked", || asking(place.path())).await;
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    assert_eq!(ignored & 1, 1, "SIGHUP is still ignored");
    let run = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(run, Signal::SIGHUP).unwrap();
    kill(run, Signal::SIGTERM).unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    assert_eq!(report(&output.await.unwrap()).0, 143);
}

/// A drill that told its verdict, and now waits for a reader of its report who never comes.
async fn told(place: &Path) -> Child {
    let pipe = place.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let output = format!("json={}", pipe.display());
    let more = ["--sandbox", "local", "--output", &output];
    let mut child = start_as("--default-signal=HUP", place, &more);
    let mut out = child.stdout.take().unwrap();
    let seen = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        while !String::from_utf8_lossy(&text).contains("PASSED") {
            let mut chunk = [0; 1024];
            let count = out.read(&mut chunk).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&chunk[..count]);
        }
        // Open to the end: that nobody reads is no matter of the report in the pipe.
        out
    });
    child.stdout = Some(seen.await.unwrap());
    child
}

/// How it ended after this signal; nothing when it had to be killed.
async fn ended_by(signal: Signal, mut child: Child) -> Option<i32> {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    for _ in 0..PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_over_and_only_writes_its_report_is_ended_by_the_first_signal() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let place = place(&server);
    let plan = place.path().join("plan.yaml");
    let quick = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, quick.replace("pg_sleep(600)", "pg_sleep(0)")).unwrap();
    for (signal, code) in [
        (Signal::SIGTERM, 143),
        (Signal::SIGINT, 130),
        (Signal::SIGHUP, 129),
    ] {
        let child = told(place.path()).await;
        assert_eq!(left(place.path()), Vec::<String>::new());
        assert_eq!(ended_by(signal, child).await, Some(code), "{signal}");
        fs::remove_file(place.path().join("pipe")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_no_server_runs_and_clean_removes_the_rest() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let place = place(&server);
    let mut child = start(place.path(), "local");
    until("the check is asked", || asking(place.path())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    until("the server is gone", || !asking(place.path())).await;
    let mut clean = pgdrill(&["clean"]);
    clean.env("TMPDIR", place.path().join("t"));
    let output = run(clean).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert_eq!(left(place.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_removes_the_container() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let version: u32 = server
        .psql("postgres", b"show server_version_num")
        .trim()
        .parse()
        .unwrap();
    if !has_image(version / 10_000) {
        return;
    }
    let place = place(&server);
    let child = start(place.path(), "docker");
    let mounted = place.path().display().to_string();
    let containers = || {
        let all = Command::new("docker")
            .args(["ps", "-aq", "--filter", "label=pgdrill.run"])
            .output()
            .unwrap();
        let ids = String::from_utf8_lossy(&all.stdout).into_owned();
        let ours = |id: &&str| {
            let found = Command::new("docker")
                .args(["inspect", id])
                .output()
                .unwrap();
            String::from_utf8_lossy(&found.stdout).contains(&mounted)
        };
        ids.split_whitespace().filter(ours).count()
    };
    until("the container is there", || containers() == 1).await;
    kill(
        Pid::from_raw(i32::try_from(child.id()).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap())
        .await
        .unwrap();
    assert_eq!(report(&output).0, 130);
    assert_eq!(containers(), 0);
}
