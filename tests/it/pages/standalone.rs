//! The report as a file: opened from a disk, with no server behind it.

use pgdrill::{
    report::Report,
    sinks::{self, Paint, Style},
    words::Lang,
};

use super::{assert_readable, text};
use crate::support::{
    browser::{Driver, Screen, ask},
    reports::{canonical, hostile},
};

/// The files that a reader may get: every verdict, every language, and a name that tries to break out.
fn files() -> Vec<(&'static str, String)> {
    let format = sinks::format("html").unwrap();
    let render = |report: &Report, lang| {
        let paint = Paint::Plain;
        (format.render)(report, Style { paint, lang })
    };
    let mut files = Vec::new();
    for (name, report) in canonical() {
        files.push((name, render(&report, Lang::En)));
    }
    files.push(("japanese", render(&canonical()[2].1, Lang::Ja)));
    files.push(("hostile", render(&hostile(), Lang::En)));
    let all = canonical().map(|(_, report)| report);
    let style = Style {
        paint: Paint::Plain,
        lang: Lang::En,
    };
    files.push(("several", (format.several)(&all, style)));
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_in_a_file_is_readable_on_a_desk_on_a_phone_and_by_night() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = files()
        .into_iter()
        .map(|(name, page)| {
            let path = folder.path().join(format!("{name}.html"));
            std::fs::write(&path, page).unwrap();
            (name, format!("file://{}", path.display()))
        })
        .collect();
    for screen in [Screen::Desktop, Screen::Phone, Screen::Dark] {
        let client = driver.open(screen).await;
        for (name, url) in &paths {
            client.goto(url).await.unwrap();
            assert_readable(&client, &format!("{screen:?}-file-{name}")).await;
            assert!(!text(&client, ".state").await.is_empty(), "{name}");
            let asked = "return performance.getEntriesByType('resource').length";
            assert_eq!(ask(&client, asked).await, 0, "{name} asks for more files");
        }
        client.close().await.unwrap();
    }
}
