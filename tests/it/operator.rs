//! What whoever operates drills may rely on: nothing is lost without a word, nothing is replaced that is no file, and what was
//! asked for wrongly is refused at once.

use std::{fs, process::Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use super::support::{
    cluster::Cluster,
    place::Place,
    program::{assert_found, pgdrill, report, run},
};

/// A shop and its dump, and a plan with these lines at its end.
fn shop(more: &str) -> Option<Place> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create database shop;\n\\connect shop\ncreate table t as select 1 as n;\n",
    );
    let place = Place::new(more);
    place.store("shop.dump", &cluster.dump(&["-Fc", "shop"]));
    Some(place)
}

/// A folder that others may pass through, with a name that leaves room for a socket's.
fn room() -> TempDir {
    let room = tempfile::Builder::new()
        .prefix("x")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(
        room.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    room
}

#[tokio::test(flavor = "multi_thread")]
async fn what_standard_output_does_not_take_is_told() {
    for arguments in [&["schema"][..], &["metrics", "alerts"], &["man"]] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = pgdrill(arguments);
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(
            told.contains("could not write to standard output"),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_would_be_lost_are_refused_before_the_drill() {
    let place = Place::new("");
    let plan = place.path("shop.yaml").display().to_string();
    let file = place.path("report").display().to_string();
    let folder = place.path("backups").display().to_string();
    let twice = [format!("json={file}"), format!("junit={file}")];
    let cases = [
        (twice.to_vec(), "two reports would be written"),
        (vec![format!("json={folder}")], "It is a folder."),
    ];
    for (outputs, said) in cases {
        let mut arguments = vec!["verify", &plan];
        arguments.extend(outputs.iter().flat_map(|output| ["--output", output]));
        let ended = run(pgdrill(&arguments)).await;
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{told}");
        assert!(told.contains(said), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_url_of_a_service_is_none() {
    let Some(place) = shop("") else {
        return;
    };
    let plan = place.path("shop.yaml").display().to_string();
    let command = |arguments: &[&str]| {
        let mut command = pgdrill(arguments);
        command.env("PGDRILL_SERVICE_URL", "");
        command
    };
    let (code, found) = report(&run(command(&["verify", &plan, "--format", "json"])).await);
    assert_eq!(code, 0, "{found:#}");
    let ended = run(command(&["clean"])).await;
    assert_eq!(ended.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_docker_that_is_named_and_does_not_answer_is_no_clean_machine() {
    let mut command = pgdrill(&["clean"]);
    command.env("DOCKER_HOST", "tcp://127.0.0.1:1");
    let ended = run(command).await;
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{told}");
    assert!(told.contains("Docker does not answer"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plans_of_one_name_are_refused() {
    let (one, two) = (Place::new(""), Place::new(""));
    let plans = [&one, &two].map(|place| place.path("shop.yaml").display().to_string());
    for command in ["check-plan", "health", "verify"] {
        let ended = run(pgdrill(&[command, &plans[0], &plans[1]])).await;
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{command}: {told}");
        assert!(told.contains("are both named \"shop\""), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_no_drill_would_find_is_a_mistake_of_the_plan() {
    let place = Place::new("");
    let plan = place.path("shop.yaml");
    for url in ["https://example.com/x", "s3://"] {
        fs::write(&plan, format!("version: 1\nbackup: {{ url: \"{url}\" }}\n")).unwrap();
        let ended = run(pgdrill(&["check-plan", &plan.display().to_string()])).await;
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{url}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_time_of_a_restore_holds_for_short_ones_too() {
    let Some(place) = shop("restore: { wall: 1ms }\n") else {
        return;
    };
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "{report:#}");
    assert_found(&report, "run.stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_for_temporary_files_may_have_any_name() {
    let Some(place) = shop("") else { return };
    let plan = place.path("shop.yaml").display().to_string();
    let room = room();
    for name in ["a b", "it's"] {
        let folder = room.path().join(name);
        fs::create_dir(&folder).unwrap();
        for (relative, path) in [
            (false, folder.as_path()),
            (true, std::path::Path::new(name)),
        ] {
            let mut command = pgdrill(&["verify", &plan, "--sandbox", "local", "--format", "json"]);
            command.env("TMPDIR", path).current_dir(room.path());
            let (code, report) = report(&run(command).await);
            assert_eq!(code, 0, "{name}, {relative}: {report:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_checksums_that_says_nothing_is_named() {
    let Some(place) = shop("") else { return };
    place.store("shop.dump.sha256", b"deadbeef  shop.dump\n");
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    let notes = report["proof"]["notes"].to_string();
    assert!(
        notes.contains("shop.dump.sha256\\\" holds no SHA-256 of this dump"),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_that_is_interrupted_leaves_nothing_behind() {
    let Some(place) = shop("sandbox: { provider: local }\n") else {
        return;
    };
    let plan = place.path("shop.yaml");
    let room = room();
    let ours = || {
        let entries = fs::read_dir(room.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("pgdrill-")).count()
    };
    let mut command = pgdrill(&["doctor", &plan.display().to_string()]);
    command
        .env("TMPDIR", room.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while ours() == 0 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before a sandbox was there"
        );
        tokio::task::yield_now().await;
    }
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(ours(), 0);
}
