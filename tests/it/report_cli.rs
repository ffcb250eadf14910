//! `pgdrill report`, and what GitHub Actions gets besides standard output.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
};

use super::support::{
    program::pgdrill,
    reports::{ago, canonical, drill},
};

fn report(arguments: &[&str], input: &str) -> Output {
    let mut all = vec!["report"];
    all.extend(arguments);
    let mut program = pgdrill(&all)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read.
    let _ = program.stdin.take().unwrap().write_all(input.as_bytes());
    program.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_stored_report_is_written_again_whatever_its_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    for (name, stored) in canonical() {
        fs::write(&file, serde_json::to_string(&stored).unwrap()).unwrap();
        let file = file.to_str().unwrap();
        let output = report(&[file, "--as", "json"], "");
        assert_eq!(output.status.code(), Some(0), "{name}");
        let again: pgdrill::report::Report = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(again, stored, "{name}");
        let output = report(&[file], "");
        assert!(text(&output.stdout).starts_with("shop\n"), "{name}");
    }
}

#[test]
fn a_list_from_standard_input_becomes_files() {
    let folder = tempfile::tempdir().unwrap();
    let list: Vec<_> = canonical().map(|(_, stored)| stored).into();
    let list = serde_json::to_string(&list).unwrap();
    let junit = folder.path().join("report.xml");
    let html = folder.path().join("report.html");
    let output = report(
        &[
            "-",
            "--output",
            &format!("junit={}", junit.display()),
            "--output",
            &format!("html={}", html.display()),
        ],
        &list,
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "", "files only");
    let junit = fs::read_to_string(junit).unwrap();
    let suites = quick_junit::Report::deserialize_from_str(&junit).unwrap();
    assert_eq!(suites.test_suites.len(), 4);
    assert_eq!(
        fs::read_to_string(html).unwrap().matches("<html").count(),
        1
    );
}

#[test]
fn people_choose_their_language() {
    let stored = serde_json::to_string(&canonical()[2].1).unwrap();
    let output = report(&["-", "--lang", "ja"], &stored);
    assert!(
        text(&output.stdout).contains("不合格"),
        "{}",
        text(&output.stdout)
    );
    let output = report(&["-", "--lang", "en"], &stored);
    assert!(text(&output.stdout).contains("FAILED"));
}

#[test]
fn what_is_no_report_is_wrong_usage_and_says_why() {
    let whole = serde_json::to_string(&drill("shop", ago(0, 3))).unwrap();
    let newer = whole.replacen("\"schema\":1", "\"schema\":2", 1);
    for (input, why) in [
        (&whole[..whole.len() / 2], "cut off"),
        (newer.as_str(), "schema 2"),
        ("[]", "empty list"),
        ("", "It is empty."),
        ("<testsuites/>", "no JSON"),
        ("{\"schema\":1}", "no report"),
    ] {
        let output = report(&["-", "--as", "markdown"], input);
        assert_eq!(output.status.code(), Some(2), "{input}");
        assert_eq!(text(&output.stdout), "");
        let told = text(&output.stderr);
        assert!(
            told.contains(why) && told.contains("hint"),
            "{input}: {told}"
        );
    }
    let output = report(&["/nonexistent/run.json"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("could not read \"/nonexistent/run.json\""));
    let output = report(&["-", "--as", "pdf"], &whole);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("junit"),
        "the known formats are named"
    );
}

/// A plan whose folder holds no backup: it fails without any server.
fn plan(folder: &Path) -> String {
    fs::create_dir(folder.join("backups")).unwrap();
    let plan = folder.join("shop.yaml");
    let text =
        "version: 1\nbackup: { url: ./backups }\nmetrics:\n  pushgateway: ${PUSHGATEWAY_URL:-}\n";
    fs::write(&plan, text).unwrap();
    plan.display().to_string()
}

#[test]
fn github_gets_a_summary_and_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path());
    let summary = folder.path().join("summary.md");
    let outputs = folder.path().join("outputs");
    fs::write(&summary, "before\n").unwrap();
    let json = folder.path().join("report.json");
    let json = format!("json={}", json.display());
    let output = pgdrill(&["health", &plan, "--format", "github", "--output", &json])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_OUTPUT", &outputs)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let written = fs::read_to_string(&summary).unwrap();
    assert!(written.starts_with("before\n### ✗ shop"), "{written}");
    let written = fs::read_to_string(&outputs).unwrap();
    let mut lines = written.lines();
    let mut values = Vec::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap();
        let value: Vec<_> = lines
            .by_ref()
            .take_while(|line| *line != delimiter)
            .collect();
        values.push((name, value.join("\n")));
    }
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.unwrap().1.clone()
    };
    assert_eq!(value("verdict"), "failed");
    assert_eq!(value("exit-code"), "1");
    assert_eq!(value("failed"), "1");
    assert!(value("report").ends_with("report.json"));
}

#[test]
fn a_file_that_cannot_be_written_keeps_nobody_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path());
    let at = |name: &str| folder.path().join(name);
    let html = format!("html={}", at("report.html").display());
    let lost = ["--output", "json=/dev/full", "--output", &html];
    let output = pgdrill(&["health", &plan, "--format", "github"])
        .args(lost)
        .env("GITHUB_STEP_SUMMARY", at("none/summary.md"))
        .env("GITHUB_OUTPUT", at("outputs"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("could not write \"/dev/full\""), "{told}");
    for name in ["report.html", "outputs"] {
        let written = fs::read_to_string(at(name)).unwrap();
        assert!(
            written.contains("backup.none") || written.contains("failed"),
            "{name}"
        );
    }
    let stored = serde_json::to_string(&canonical()[0].1).unwrap();
    let output = report(
        &["-", "--as", "human", "--output", "json=/dev/full"],
        &stored,
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).starts_with("shop\n"));
}

#[test]
fn a_summary_that_cannot_be_written_changes_no_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path());
    fs::write(folder.path().join("backups/shop.sql"), "select 1;").unwrap();
    let mut looked = pgdrill(&["health", &plan, "--format", "github"]);
    let summary = folder.path().join("none/summary.md");
    let output = looked.env("GITHUB_STEP_SUMMARY", summary).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("could not write"), "{told}");
}

#[test]
fn secrets_are_only_said_to_a_runner_that_hides_them() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path());
    let health = || {
        let mut command = pgdrill(&["health", &plan, "--format", "github"]);
        command.env("PUSHGATEWAY_URL", "http://me:hunter2secret@127.0.0.1:9/");
        command
    };
    let outside = health().output().unwrap();
    assert!(!text(&outside.stdout).contains("hunter2secret"));
    let mut runner = health();
    let inside = runner.env("GITHUB_ACTIONS", "true").output().unwrap();
    let told = text(&inside.stdout);
    let lines: Vec<_> = told
        .lines()
        .filter(|line| line.contains("hunter2secret"))
        .collect();
    assert!(
        lines.iter().all(|line| line.starts_with("::add-mask::")),
        "{told}"
    );
    assert!(told.starts_with("::add-mask::") && lines.contains(&"::add-mask::hunter2secret"));
    let file = folder.path().join("kept");
    let mut runner = health();
    runner.stdout(fs::File::create(&file).unwrap());
    runner.env("GITHUB_ACTIONS", "true").status().unwrap();
    let kept = fs::read_to_string(&file).unwrap();
    assert!(
        kept.contains("::stop-commands::") && !kept.contains("hunter2secret"),
        "{kept}"
    );
}
