//! The monthly review as its readers get it.

use std::{fs, path::Path};

use pgdrill::report::Report;
use tempfile::TempDir;

use super::support::{
    browser::{Driver, Screen, ask, picture},
    program::{pgdrill, run},
    reports::{at, drill, look, stopped, truncated},
};

const PLAN: &str = "version: 1\nname: shop\nbackup:\n  url: ./backups\nhistory: ./history\nprices: { storage_gb_month: 0.015 }\nlimits: { rto: 5m }\nschedule: \"0 6 * * 1\"\n";

/// A plan whose history holds these runs.
fn place(plan: &str, runs: &[Report]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("backups")).unwrap();
    fs::write(folder.path().join("plan.yaml"), plan).unwrap();
    let kept = folder.path().join("history/shop");
    fs::create_dir_all(&kept).unwrap();
    for run in runs {
        let text = serde_json::to_vec(run).unwrap();
        fs::write(kept.join(format!("{}.json", run.run)), text).unwrap();
    }
    folder
}

/// October 2026: drilled on Mondays the 5th, 19th and 26th (the 12th is missed), looked at every day but in one week.
fn october() -> Vec<Report> {
    let mut runs = Vec::new();
    for day in (1..=31).filter(|day| !(20..=24).contains(day)) {
        runs.push(look("shop", at(&format!("2026-10-{day:02}T09:00:00Z"))));
    }
    runs.push(drill("shop", at("2026-10-05T06:01:00Z")));
    runs.push(truncated("shop", at("2026-10-19T06:01:00Z")));
    runs.push(stopped("shop", at("2026-10-26T06:01:00Z")));
    for month in ["05", "06", "07", "09"] {
        runs.push(drill("shop", at(&format!("2026-{month}-07T06:01:00Z"))));
    }
    runs
}

async fn review(place: &Path, more: &[&str]) -> (i32, String, String) {
    let plan = place.join("plan.yaml").display().to_string();
    let mut arguments = vec!["review", &plan];
    arguments.extend(more);
    let output = run(pgdrill(&arguments)).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn assert_says(text: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(
            text.contains(sentence),
            "it does not say {sentence:?}:\n{text}"
        );
    }
}

#[tokio::test]
async fn the_review_of_a_month_answers_every_question_of_the_guide() {
    let place = place(PLAN, &october());
    let (code, text, _) = review(place.path(), &["--month", "2026-10"]).await;
    assert_eq!(code, 0, "{text}");
    assert_says(
        &text,
        &[
            "**33.3 %**: 1 of 3 drills passed, 1 failed, 1 proved nothing.",
            "3 of 4 due drills ran; **1 missed**.",
            "Missed: 2026-10-12 06:00 UTC.",
            "| 12 ○ ▪ |",
            "pgdrill itself did not run on 5 days.",
            "### Storage",
            "| 2026-10-05 06:01 UTC | passed | db-backups/shop-20261005T030000Z.dump | 3 h 1 min |",
            "| 2026-08 | no drill | not known |",
            "| dump.truncated | critical | 1 | 0 |",
            "| run.stopped | critical | 1 | 0 |",
            "Questions of the quarter (2026 Q4)",
            "Retention: do we keep enough",
            "31 backups",
            "| 30 | ",
            "at the quarter's end (2026-12-31)",
            "The plan allows 10.00 USD a month and 50.0 GB.",
            "1 of 3 drills of the quarter passed.",
            "5 min 0 s are allowed: **too slow**",
            "- [ ] Retention still fits",
        ],
    );
}

#[tokio::test]
async fn a_month_without_any_run_says_so_and_invents_no_figure() {
    let place = place(PLAN, &[]);
    let (code, text, _) = review(place.path(), &["--month", "2026-08"]).await;
    assert_eq!(code, 0, "{text}");
    assert_says(
        &text,
        &[
            "**Nothing ran in 2026-08**",
            "No drill ran: there is no success rate.",
            "0 of 5 due drills ran; **5 missed**",
            "Not known: nobody looked at the storage in this month.",
            "Whether backups were written is not known.",
            "**No restore was tested.**",
            "Not known: nothing ran.",
        ],
    );
    for invented in ["100 %", " 0 %", " 0 B", " 0.00 USD", "NaN"] {
        assert!(!text.contains(invented), "{invented}:\n{text}");
    }
}

#[tokio::test]
async fn files_are_written_in_both_formats_and_nothing_is_printed() {
    let place = place(PLAN, &october());
    let file = |name: &str| place.path().join(name).display().to_string();
    let (html, markdown) = (
        format!("html={}", file("r.html")),
        format!("markdown={}", file("r.md")),
    );
    let (code, printed, told) = review(
        place.path(),
        &[
            "--month", "2026-10", "--output", &html, "--output", &markdown,
        ],
    )
    .await;
    assert_eq!((code, printed.as_str()), (0, ""), "{told}");
    assert!(
        fs::read_to_string(file("r.md"))
            .unwrap()
            .starts_with("# Backup review 2026-10\n")
    );
    let page = fs::read_to_string(file("r.html")).unwrap();
    assert_says(
        &page,
        &[
            "<title>Backup review 2026-10</title>",
            "1 of 3 drills passed",
            "class=\"plot\"",
        ],
    );
    assert!(!page.contains("<script") && !page.contains("could not be made"));
}

#[tokio::test]
async fn wrong_usage_is_told_before_anything_is_read() {
    let place = place(PLAN, &[]);
    for month in ["2026-13", "october", "9999-01"] {
        let (code, _, told) = review(place.path(), &["--month", month]).await;
        assert_eq!(code, 2, "{month}: {told}");
    }
    let (code, _, told) = review(place.path(), &["--output", "pdf=x"]).await;
    assert_eq!(code, 2);
    assert!(told.contains("markdown, html"), "{told}");
    fs::write(
        place.path().join("plan.yaml"),
        "version: 1\nbackup: { url: ./backups }\n",
    )
    .unwrap();
    let (code, _, told) = review(place.path(), &[]).await;
    assert_eq!(code, 2);
    assert!(
        told.contains("keeps no history") && told.contains("Add `history"),
        "{told}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told() {
    let place = place(PLAN, &[]);
    let (code, _, told) = review(
        place.path(),
        &["--month", "2026-10", "--output", "html=/nonexistent/r.html"],
    )
    .await;
    assert_eq!(code, 3);
    assert!(
        told.contains("could not write \"/nonexistent/r.html\""),
        "{told}"
    );
}

#[tokio::test]
async fn names_in_a_history_cannot_write_markdown_or_html() {
    let mut run = drill("shop", at("2026-10-05T06:01:00Z"));
    run.backup.as_mut().unwrap().key = "a|b <script>alert(1)</script> `x` [y](z)\n# h".to_owned();
    let place = place(PLAN, &[run]);
    let (_, text, _) = review(place.path(), &["--month", "2026-10"]).await;
    assert_says(
        &text,
        &[r"a\|b \<script\>alert(1)\</script\> \`x\` \[y\](z)\\n\# h"],
    );
    let (_, page, _) = review(place.path(), &["--month", "2026-10", "--format", "html"]).await;
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_html_review_fits_a_desk_and_a_phone() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let place = place(PLAN, &october());
    let file = place.path().join("review.html").display().to_string();
    let (code, _, told) = review(
        place.path(),
        &["--month", "2026-10", "--output", &format!("html={file}")],
    )
    .await;
    assert_eq!(code, 0, "{told}");
    for screen in [Screen::Desktop, Screen::Phone] {
        let client = driver.open(screen).await;
        client.goto(&format!("file://{file}")).await.unwrap();
        picture(&client, &format!("{screen:?}-review")).await;
        let wide = ask(
            &client,
            "return [document.documentElement.scrollWidth, innerWidth]",
        )
        .await;
        assert!(
            wide[0].as_u64() <= wide[1].as_u64(),
            "{screen:?} scrolls sideways: {wide}"
        );
        client.close().await.unwrap();
    }
}
