//! Whatever a report can say is said in Japanese, too: what has no phrase does not compile.

use std::{fs, path::Path, process::Command};

use pgdrill::words::{Lang, check_message, sentences};

#[path = "../../src/words/said.rs"]
mod said;

use said::{Phrases, untold, untold_in};

/// The phrases as the program has them.
struct Japanese;

impl Phrases for Japanese {
    fn sentence(&self, text: &str) -> bool {
        sentences(text, Lang::Ja) != text
    }

    fn answer(&self, text: &str) -> bool {
        check_message(text, Lang::Ja) != text
    }
}

/// What the build script says about sources with this text in them.
fn built_with(source: &str) -> String {
    let room = tempfile::tempdir().unwrap();
    let script = room.path().join("script");
    let compiled = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"))
        .args(["--edition", "2024", "--crate-name", "build", "-o"])
        .args([script.as_os_str(), "src/words/build.rs".as_ref()])
        .status();
    assert!(compiled.unwrap().success());
    for place in said::PLACES {
        let place = room.path().join(place);
        if place.extension().is_some() {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, "").unwrap();
        } else {
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join("mod.rs"), "").unwrap();
        }
    }
    fs::write(room.path().join("src/verify/planted.rs"), source).unwrap();
    let run = Command::new(script)
        .current_dir(room.path())
        .output()
        .unwrap();
    assert!(run.status.success());
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn a_sentence_without_a_phrase_does_not_compile() {
    let told = built_with(r#"Finding::new(Code::RunStopped, "nobody ever said this")"#);
    assert!(
        told.contains(
            "cargo::error=src/verify/planted.rs: \"nobody ever said this\" has no phrase"
        ),
        "{told}"
    );
    let told = built_with(r#"error.hint("Run again.")"#);
    assert!(!told.contains("cargo::error"), "{told}");
}

#[test]
fn every_sentence_of_a_report_has_a_phrase_in_japanese() {
    let missing = untold(Path::new(""), &Japanese).unwrap();
    assert_eq!(missing, []);
}

#[test]
fn sources_that_are_not_where_they_were_are_no_success() {
    let room = tempfile::tempdir().unwrap();
    let error = untold(room.path(), &Japanese).unwrap_err();
    assert!(error.to_string().contains(said::PLACES[0]), "{error}");
}

#[test]
fn the_walk_finds_what_is_said() {
    let source = r#"
        // Comments are "not said."
        Finding::new(Code::RunStopped, "it broke twice")
            .detail(format!("{written}, {age} days behind.")).hint(
                "Mend it by\
                 hand.")
        const QUOTE: char = '"';
        Judged::hard(format!("is odd \"{}\"", x))
        match one { A => "Sentences stand anywhere.", B => "no sentence" }
        format!("`x: {{ y: {} }}` has braces.")
        let run = "Run again.";
    "#;
    let found = untold_in(source, &Japanese);
    let expected = [
        "Mend it byhand.",
        "Sentences stand anywhere.",
        "`x: {{ y: {} }}` has braces.",
        "is odd \"{}\"",
        "it broke twice",
        "{written}, {age} days behind.",
    ];
    assert_eq!(
        found.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}
