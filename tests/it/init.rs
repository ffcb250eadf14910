//! `pgdrill init`: what it writes is right, and it never writes over anything.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use super::support::{
    cluster::{Cluster, skipped, succeed},
    program::{self, pgdrill, run},
    s3::{BUCKET, S3Server},
};

const WORKFLOW: &str = ".github/workflows/backup-verify.yml";

async fn init(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = pgdrill(&[&["init"], arguments].concat());
    command.current_dir(folder.path());
    run(command).await
}

fn told(output: &Output) -> String {
    let both = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn is_valid(plan: &Path) {
    let output = succeed(&mut pgdrill(&["check-plan", plan.to_str().unwrap()]));
    let warned = String::from_utf8_lossy(&output.stderr);
    assert!(warned.is_empty(), "{warned}");
}

fn files(folder: &Path) -> Vec<String> {
    let pattern = format!("{}/**/*", folder.display());
    let options = glob::MatchOptions::default();
    let all = glob::glob_with(&pattern, options).unwrap().flatten();
    let mut names: Vec<_> = all
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(folder).unwrap().display().to_string())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn flags_alone_make_a_valid_plan_and_a_workflow_and_name_the_next_command() {
    let (server, folder) = (S3Server::start().await, TempDir::new().unwrap());
    server.put("db/shop-1.dump", &[1; 4_096], 7_200);
    server.put("db/shop-2.dump", &[1; 4_096], 3_600);
    let url = format!("s3://{BUCKET}/db/");
    let flags = [
        "--url",
        &url,
        "--endpoint",
        &server.endpoint,
        "--name",
        "shop",
        "--schedule",
        "30 3 2 * *",
    ];
    let output = init(&folder, &flags).await;
    let said = told(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "2 backups",
        "newest: \"db/shop-2.dump\", 4.1 kB",
        "pgdrill doctor checks/shop.yaml",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let plan = folder.path().join("checks/shop.yaml");
    is_valid(&plan);
    let text = fs::read_to_string(&plan).unwrap();
    assert!(text.contains(&format!("url: {url}")), "{text}");
    let workflow = fs::read_to_string(folder.path().join(WORKFLOW)).unwrap();
    for part in [
        "cron: \"30 3 2 * *\"",
        "plan: checks/shop.yaml",
        "secrets.AWS_ACCESS_KEY_ID",
    ] {
        assert!(workflow.contains(part), "{part} is not in {workflow}");
    }
    assert!(!workflow.contains("@v0.0.0"));
}

#[tokio::test]
async fn what_is_there_is_kept_and_nothing_is_written_beside_it() {
    let folder = TempDir::new().unwrap();
    let flags = ["--url", "./backups", "--name", "shop", "--offline"];
    let workflow = folder.path().join(WORKFLOW);
    fs::create_dir_all(workflow.parent().unwrap()).unwrap();
    fs::write(&workflow, "mine\n").unwrap();
    let output = init(&folder, &flags).await;
    let said = told(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("backup-verify.yml\" is there already") && said.contains("--no-workflow"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&workflow).unwrap(), "mine\n");
    assert!(!folder.path().join("checks").exists());

    let output = init(&folder, &[&flags[..], &["--no-workflow"]].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let plan = folder.path().join("checks/shop.yaml");
    let written = fs::read_to_string(&plan).unwrap();
    assert!(written.contains("url: ../backups"), "{written}");
    let output = init(&folder, &[&flags[..], &["--no-workflow"]].concat()).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("--output"));
    assert_eq!(fs::read_to_string(&plan).unwrap(), written);
}

#[tokio::test]
async fn without_a_terminal_a_missing_flag_is_named() {
    let folder = TempDir::new().unwrap();
    let output = init(&folder, &["--name", "shop"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("\"--url\" is missing"));
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_wrong_bucket_is_noticed_before_anything_is_written() {
    let (server, folder) = (S3Server::start().await, TempDir::new().unwrap());
    let flags = ["--url", "s3://bakcups/db/", "--endpoint", &server.endpoint];
    let output = init(&folder, &flags).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("no bucket \"bakcups\""));
    assert!(files(folder.path()).is_empty());
    let output = init(&folder, &[&flags[..], &["--offline"]].concat()).await;
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn a_schedule_that_is_none_is_told_with_its_flag() {
    let folder = TempDir::new().unwrap();
    let output = init(
        &folder,
        &["--url", "./b", "--offline", "--schedule", "soon"],
    )
    .await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("--schedule <CRON>"),
        "{}",
        told(&output)
    );
    assert!(told(&output).contains("no cron schedule"));
    assert!(files(folder.path()).is_empty());
}

/// Loads SQL that somebody published, and dumps it.
fn dump(cluster: &Cluster, name: &str) -> Vec<u8> {
    let sql = fs::read(format!("tests/data/real/{name}.sql")).unwrap();
    if name == "chinook" {
        cluster.psql("postgres", &sql);
    } else {
        cluster.psql("postgres", format!("create database {name}").as_bytes());
        cluster.psql(name, &sql);
    }
    cluster.dump(&["-Fc", "-d", name])
}

#[tokio::test]
async fn checks_from_a_dump_are_valid_and_hold_in_the_same_dump() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    for name in ["chinook", "northwind"] {
        let folder = TempDir::new().unwrap();
        let backups = folder.path().join("backups");
        fs::create_dir(&backups).unwrap();
        fs::write(backups.join(format!("{name}.dump")), dump(&cluster, name)).unwrap();
        let flags = [
            "--url",
            "backups",
            "--name",
            name,
            "--provider",
            "local",
            "--no-workflow",
            "--from-dump",
        ];
        let output = init(&folder, &flags).await;
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let plan = folder.path().join(format!("checks/{name}.yaml"));
        is_valid(&plan);
        let text = fs::read_to_string(&plan).unwrap();
        for part in ["row_count", "not_null", "unique", "references"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let (code, report) = program::verify(&plan, &[]).await;
        let bad: Vec<_> = report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["status"] != "passed" && check["status"] != "skipped")
            .collect();
        assert!(bad.is_empty(), "{bad:#?}\n{text}");
        assert_eq!(
            (code, &report["verdict"]),
            (0, &"passed".into()),
            "{report:#}"
        );
    }
}

#[tokio::test]
async fn checks_are_not_made_from_a_dump_that_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let mut dump = fs::read("tests/data/real/dvdrental-pg15.tar").unwrap();
    dump.truncate(dump.len() / 2);
    let file = folder.path().join("cut.dump");
    fs::write(&file, dump).unwrap();
    let flags = [
        "--url",
        ".",
        "--provider",
        "local",
        "--from-dump",
        "cut.dump",
    ];
    let output = init(&folder, &flags).await;
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert_eq!(files(folder.path()), ["cut.dump"]);
}

#[tokio::test]
async fn the_workflow_is_what_github_takes_and_holds_no_known_weakness() {
    let folder = TempDir::new().unwrap();
    let output = init(&folder, &["--url", "./b", "--offline"]).await;
    assert_eq!(output.status.code(), Some(0));
    let workflow = folder.path().join(WORKFLOW);
    let text = fs::read_to_string(&workflow).unwrap();
    for action in text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("uses: "))
    {
        let (name, version) = action.split_once('@').unwrap();
        let commit = version.split(' ').next().unwrap();
        let pinned = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
        assert!(pinned || name.starts_with("pgdrill/pgdrill/"), "{action}");
    }
    lint(
        "zizmor",
        &["--offline", "--no-progress", workflow.to_str().unwrap()],
    );
    lint(
        "check-jsonschema",
        &[
            "--builtin-schema",
            "vendor.github-workflows",
            workflow.to_str().unwrap(),
        ],
    );
}

fn lint(program: &str, arguments: &[&str]) {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        skipped(program, &format!("{program} is not installed"));
        return;
    };
    assert!(output.status.success(), "{}", told(&output));
}

/// Answers each question when it stands there; returns everything that was shown.
fn converse(folder: &Path, answers: &[(&str, &str)]) -> String {
    let program = format!("{} init", env!("CARGO_BIN_EXE_pgdrill"));
    let mut child = Command::new("script")
        .args(["-qec", &program, "/dev/null"])
        .current_dir(folder)
        .env("TERM", "xterm")
        .env("PGDRILL_LANG", "en")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut byte) = (Vec::new(), [0]);
    for (question, answer) in answers {
        let asked = |shown: &[u8]| String::from_utf8_lossy(shown).contains(question);
        while !asked(&shown) {
            let text = String::from_utf8_lossy(&shown).into_owned();
            assert_eq!(
                stdout.read(&mut byte).unwrap(),
                1,
                "{question} is not in {text}"
            );
            shown.push(byte[0]);
        }
        stdin.write_all(answer.as_bytes()).unwrap();
    }
    stdout.read_to_end(&mut shown).unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn on_a_terminal_it_asks_for_what_is_missing() {
    if Command::new("script").arg("--version").output().is_err() {
        skipped("script", "script is not installed");
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("backups")).unwrap();
    let answers = [
        ("Where are the backups?", "./backups\r"),
        ("What is this database called?", "shop\r"),
        ("Write a GitHub workflow", "n\r"),
        ("Restore the newest dump now", "n\r"),
    ];
    let shown = converse(folder.path(), &answers);
    assert_eq!(files(folder.path()), ["checks/shop.yaml"], "{shown}");
    is_valid(&folder.path().join("checks/shop.yaml"));
}
