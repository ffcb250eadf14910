//! `pgdrill explain` as it is typed.

use std::process::Output;

use super::support::program::pgdrill;

fn explain(arguments: &[&str]) -> Output {
    let all = [&["explain"], arguments].concat();
    pgdrill(&all).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_finding_is_explained_with_where_its_limit_is_set() {
    let output = explain(&["backup.stale"]);
    assert_eq!(output.status.code(), Some(0));
    let page = text(&output.stdout);
    for part in ["critical", "max_age: 48h", "Check that the backup job"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn a_check_is_explained_by_the_id_that_a_report_shows() {
    let output = explain(&["users.email.not_null"]);
    let page = text(&output.stdout);
    assert!(page.starts_with("not_null "), "{page}");
    assert!(page.contains("count(*) - count(COLUMN)"), "{page}");
}

#[test]
fn a_typo_is_wrong_usage_and_answered_with_what_was_meant() {
    let output = explain(&["backup.stlae"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = text(&output.stderr);
    assert!(told.contains("Did you mean \"backup.stale\"?"), "{told}");
}

#[test]
fn the_list_is_in_the_readers_language_and_lines_up() {
    let output = explain(&["--lang", "ja"]);
    let list = text(&output.stdout);
    assert!(list.contains("最新のバックアップが古すぎます"), "{list}");
    let column = |word: &str| {
        let line = list.lines().find(|line| line.contains(word)).unwrap();
        let (before, _) = line.split_once(word).unwrap();
        pgdrill::words::width(before)
    };
    assert_eq!(
        column("最新のバックアップが古すぎます"),
        column("検証を続けられませんでした")
    );
}
