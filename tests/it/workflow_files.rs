//! The files for GitHub, as text: pinned actions, no input inside a script, and what their page promises.

use std::{fmt::Write as _, fs, path::PathBuf};

fn files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for pattern in [".github/workflows/*.yml", ".github/actions/*/action.yml"] {
        for path in glob::glob(pattern).unwrap().flatten() {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    assert!(found.len() >= 4, "{found:?}");
    found
}

fn page() -> String {
    fs::read_to_string(".github/ACTIONS.md").unwrap()
}

/// What stands between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to}")).0
}

/// The lines that name an action, without their indentation.
fn uses(text: &str) -> impl Iterator<Item = &str> {
    let lines = text
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix("uses: "))
}

#[test]
fn every_action_is_pinned_by_its_commit_and_names_its_version() {
    for (path, text) in files() {
        for action in uses(&text).filter(|action| !action.starts_with("$/")) {
            let pinned = action
                .split_once('@')
                .and_then(|(_, rest)| rest.split_once(" # v"));
            let (commit, version) =
                pinned.unwrap_or_else(|| panic!("{}: {action}", path.display()));
            let is_commit =
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_version = version.split('.').count() == 3;
            assert!(is_commit && is_version, "{}: {action}", path.display());
        }
    }
}

#[test]
fn an_action_has_the_same_commit_wherever_it_is_named() {
    let mut known: Vec<(String, String)> = Vec::new();
    let page = page();
    let all = files();
    let texts = all
        .iter()
        .map(|(_, text)| text.as_str())
        .chain([page.as_str()]);
    for action in texts.flat_map(uses) {
        let Some((name, commit)) = action.split_once('@') else {
            continue;
        };
        let seen = known.iter().find(|(other, _)| other == name);
        if let Some((_, other)) = seen {
            assert_eq!(commit, other, "{name}");
        }
        known.push((name.to_owned(), commit.to_owned()));
    }
    assert!(known.iter().any(|(name, _)| name == "actions/checkout"));
}

#[test]
fn no_script_holds_an_expression() {
    for (path, text) in files() {
        let mut script_indent = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let indent = line.len() - line.trim_start().len();
            if script_indent.is_some_and(|script| indent <= script) {
                script_indent = None;
            }
            let step = line.trim_start().trim_start_matches("- ");
            if step.starts_with("run: ") {
                script_indent = Some(indent);
            }
            let expression = script_indent.is_some() && line.contains("${{");
            assert!(!expression, "{}: {line}", path.display());
        }
    }
}

#[test]
fn a_workflow_is_allowed_nothing_and_each_job_what_it_needs() {
    for (path, text) in files() {
        if path.starts_with(".github/workflows") {
            let jobs = text.split_once("\njobs:\n").unwrap().1;
            let names = jobs.matches("    runs-on: ").count();
            assert!(text.contains("\npermissions: {}\n"), "{}", path.display());
            assert_eq!(
                jobs.matches("    permissions:\n").count(),
                names,
                "{}",
                path.display()
            );
            assert_eq!(
                jobs.matches("    timeout-minutes: ").count(),
                names,
                "{}",
                path.display()
            );
        }
    }
    let drill = fs::read_to_string(".github/workflows/backup-verify.yml").unwrap();
    assert!(drill.contains("    permissions:\n      contents: read\n    outputs:"));
}

#[test]
fn the_page_shows_every_input_and_output_of_the_action() {
    let action = fs::read_to_string(".github/actions/verify/action.yml").unwrap();
    let mut table = "| input | default | meaning |\n|---|---|---|\n".to_owned();
    let inputs = between(&action, "\ninputs:\n", "\noutputs:\n");
    let mut lines = inputs.lines();
    while let Some(name) = lines.next().filter(|line| !line.is_empty()) {
        let value = |line: &str| {
            line.split_once(": ")
                .unwrap()
                .1
                .trim_matches('"')
                .to_owned()
        };
        let about = value(lines.next().unwrap());
        let default = value(lines.next().unwrap());
        let default = if default.is_empty() {
            " ".to_owned()
        } else {
            format!(" `{default}` ")
        };
        let name = name.trim().trim_end_matches(':');
        writeln!(table, "| `{name}` |{default}| {about} |").unwrap();
    }
    let page = page();
    assert_eq!(
        between(&page, "<!-- inputs -->\n", "<!-- /inputs -->"),
        table,
        "the table must be:\n{table}"
    );
    let outputs = between(&action, "\noutputs:\n", "\nruns:\n");
    let names: Vec<_> = outputs
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.trim().trim_end_matches(':'))
        .collect();
    let sentence = between(&page, "Its outputs are ", ". The program of").replace('\n', " ");
    let told: Vec<_> = sentence.split('`').skip(1).step_by(2).collect();
    assert_eq!(told, names);
}

#[test]
fn the_image_has_the_client_programs_that_the_page_promises() {
    let dockerfile = fs::read_to_string(".github/image/Dockerfile").unwrap();
    let majors: Vec<_> = between(&dockerfile, "ARG MAJORS=\"", "\"")
        .split(' ')
        .collect();
    let page = page();
    let told = between(&page, "with the client programs of PostgreSQL ", ".");
    assert_eq!(
        told.replace(" and ", ", ").split(", ").collect::<Vec<_>>(),
        majors
    );
}

#[test]
fn the_release_is_packed_under_the_name_that_the_action_looks_for() {
    let release = fs::read_to_string(".github/workflows/release.yml").unwrap();
    let get = fs::read_to_string(".github/actions/verify/get").unwrap();
    for target in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"] {
        assert!(
            release.contains(&format!("target: {target} }}")),
            "{target}"
        );
        assert!(get.contains(&format!("echo {target} ;;")), "{target}");
    }
    assert!(release.contains("folder=pgdrill-$TARGET\n"));
    assert!(release.contains("--file \"dist/$folder.tar.gz\" \"$folder\""));
    assert!(get.contains("archive=pgdrill-$target.tar.gz\n"));
    assert!(get.contains("\"pgdrill-$target/pgdrill\""));
}
