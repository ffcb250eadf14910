//! Completions and the manual, in the programs that read them.

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use super::support::{cluster::skipped, program::pgdrill};

fn printed(arguments: &[&str]) -> Vec<u8> {
    let output = pgdrill(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    output.stdout
}

/// Whether a program is there; says so on stderr when it is not.
fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        skipped(program, &format!("{program} is not installed"));
    }
    there
}

#[test]
fn packagers_get_the_same_manual_every_time() {
    let made = || {
        let mut man = pgdrill(&["man"]);
        man.env("SOURCE_DATE_EPOCH", "86400")
            .output()
            .unwrap()
            .stdout
    };
    let page = String::from_utf8(made()).unwrap();
    assert!(page.contains("1970-01-02"), "{page}");
    assert_eq!(page.as_bytes(), made());
}

fn feed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn bash_completes_commands_and_flags() {
    if !has("bash") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgdrill");
    fs::write(&file, printed(&["completions", "bash"])).unwrap();
    let script = format!(
        "set -eu; source {}
         COMP_WORDS=(pgdrill ver); COMP_CWORD=1; _pgdrill pgdrill ver pgdrill; echo \"${{COMPREPLY[@]}}\"
         COMP_WORDS=(pgdrill verify --ke); COMP_CWORD=2; _pgdrill pgdrill --ke verify; echo \"${{COMPREPLY[@]}}\"",
        file.display()
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let completed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(completed, "verify\n--keep\n", "{told}");
}

#[test]
fn every_shell_gets_its_own_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("verify"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_every_command_that_readers_take_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    printed(&["man", "--dir", &dir.display().to_string()]);
    let mut names: Vec<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in ["pgdrill.1", "pgdrill-verify.1", "pgdrill-check-plan.1"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    for name in &names {
        let page = fs::read(dir.join(name)).unwrap();
        reads_well(name, &page);
    }
    reads_well("the main page", &printed(&["man"]));
}

fn reads_well(name: &str, page: &[u8]) {
    let text = String::from_utf8_lossy(page);
    assert!(text.contains("Exit codes:"), "{name} has no exit codes");
    if has("groff") {
        let mut groff = Command::new("groff");
        let output = feed(groff.args(["-man", "-ww", "-z", "-Kutf8"]), page);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{name}: {told}");
    }
    if has("mandoc") {
        let mut mandoc = Command::new("mandoc");
        let output = feed(mandoc.args(["-T", "lint", "-W", "warning"]), page);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {told}");
    }
}
