//! Every format over the same reports: read back by a parser of its own kind, and fed with names that try to break out.

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
};

use insta::assert_snapshot;
use pgdrill::{
    finding::{Code, Finding},
    report::Report,
    sinks::{self, Paint, Style},
    words::{Lang, width},
};
use pulldown_cmark::{Event, Options, Parser, Tag};
use quick_junit::{NonSuccessKind, TestCaseStatus};
use scraper::{Html, Selector};

use super::support::{
    prometheus::installed,
    reports::{HOSTILE, ago, canonical, drill, hostile, stopped, with},
};

const ENGLISH: Style = Style {
    paint: Paint::Plain,
    lang: Lang::En,
};
const JAPANESE: Style = Style {
    paint: Paint::Plain,
    lang: Lang::Ja,
};

fn render(format: &str, report: &Report, style: Style) -> String {
    (sinks::format(format).unwrap().render)(report, style)
}

fn several(format: &str, reports: &[Report]) -> String {
    (sinks::format(format).unwrap().several)(reports, ENGLISH)
}

/// Two plans that ask the same, one that failed and one that could not look.
fn many() -> Vec<Report> {
    let mut reports: Vec<_> = canonical().map(|(_, report)| report).into();
    "billing".clone_into(&mut reports[1].plan);
    reports
}

#[test]
fn every_format_tells_every_report_as_it_was_agreed() {
    insta::with_settings!({ filters => vec![(env!("CARGO_PKG_VERSION"), "VERSION"), ("pgdrill-[0-9a-f]{64}", "TOKEN")] }, {
        for format in sinks::FORMATS {
            for (name, report) in canonical() {
                let text = (format.render)(&report, ENGLISH);
                assert!(text.ends_with('\n'), "{} of {name}", format.name);
                assert_snapshot!(format!("{}_{name}", format.name), text);
            }
        }
    });
}

#[test]
fn people_are_told_in_japanese_machines_in_english() {
    insta::with_settings!({ filters => vec![(env!("CARGO_PKG_VERSION"), "VERSION"), ("pgdrill-[0-9a-f]{64}", "TOKEN")] }, {
        for format in ["human", "markdown", "html"] {
            for (name, report) in canonical() {
                let text = render(format, &report, JAPANESE);
                assert_snapshot!(format!("{format}_{name}_ja"), text);
            }
        }
    });
    for format in ["json", "junit", "github", "nagios", "prometheus"] {
        for (name, report) in canonical() {
            let english = render(format, &report, ENGLISH);
            assert_eq!(
                render(format, &report, JAPANESE),
                english,
                "{format} of {name}"
            );
        }
    }
}

// --- human ---

/// The column at which the second word of a line begins.
fn column(line: &str) -> usize {
    let indented = line.len() - line.trim_start().len();
    let (first, rest) = line.trim_start().split_once(' ').unwrap();
    let gap = rest.len() - rest.trim_start().len();
    indented + width(first) + 1 + gap
}

#[test]
fn columns_stand_under_each_other_with_wide_letters_too() {
    for style in [ENGLISH, JAPANESE] {
        let mut report = canonical()[2].1.clone();
        report.checks[0].id = "注文.件数".to_owned();
        let text = render("human", &report, style);
        let mut blocks = text.split("\n\n");
        let facts: Vec<_> = blocks.next().unwrap().lines().skip(1).collect();
        let columns: BTreeSet<_> = facts.iter().map(|line| column(line)).collect();
        assert_eq!(columns.len(), 1, "{text}");
        let checks: Vec<_> = blocks.next().unwrap().lines().collect();
        let columns: BTreeSet<_> = checks.iter().map(|line| column(line)).collect();
        assert_eq!(columns.len(), 1, "{text}");
        let answer = |line: &&str| width(line.rsplit_once("  ").unwrap().0);
        let columns: BTreeSet<_> = checks.iter().map(answer).collect();
        assert_eq!(columns.len(), 1, "{text}");
    }
}

#[test]
fn no_name_moves_the_cursor_or_turns_the_text() {
    for style in [ENGLISH, JAPANESE] {
        for format in ["human", "markdown", "nagios", "github", "junit"] {
            let text = render(format, &hostile(), style);
            let moves = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(moves), "{format}: {text}");
        }
    }
    let painted = Style {
        paint: Paint::Colour,
        lang: Lang::En,
    };
    let text = render("human", &hostile(), painted);
    assert!(!text.contains("\u{1b}[31m\u{202e}"), "{text}");
}

// --- json ---

#[test]
fn json_is_read_back_as_the_same_report() {
    for report in canonical()
        .map(|(_, report)| report)
        .into_iter()
        .chain([hostile()])
    {
        let text = render("json", &report, ENGLISH);
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
    let list: Vec<Report> = serde_json::from_str(&several("json", &many())).unwrap();
    assert_eq!(list, many());
}

// --- junit ---

fn junit(text: &str) -> quick_junit::Report {
    quick_junit::Report::deserialize_from_str(text).unwrap()
}

/// The class and the name of each case, with how it went.
fn cases(text: &str) -> Vec<(String, String, &'static str)> {
    let document = junit(text);
    let cases = document
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases);
    cases
        .map(|case| {
            let went = match &case.status {
                TestCaseStatus::Success { .. } => "passed",
                TestCaseStatus::Skipped { .. } => "skipped",
                TestCaseStatus::NonSuccess { kind, .. } if *kind == NonSuccessKind::Error => {
                    "error"
                }
                TestCaseStatus::NonSuccess { .. } => "failure",
            };
            let class = case.classname.as_ref().unwrap().as_str().to_owned();
            (class, case.name.as_str().to_owned(), went)
        })
        .collect()
}

fn went(text: &str, class: &str, name: &str) -> &'static str {
    let cases = cases(text);
    let found = cases.iter().find(|case| case.0 == class && case.1 == name);
    found
        .unwrap_or_else(|| panic!("no {class} {name} in {cases:?}"))
        .2
}

#[test]
fn junit_tells_failures_errors_and_what_passes_apart() {
    let [passed, warned, failed, unverified] =
        canonical().map(|(_, report)| render("junit", &report, ENGLISH));
    assert!(cases(&passed).iter().all(|case| case.2 == "passed"));
    assert!(cases(&warned).iter().all(|case| case.2 == "passed"));
    assert!(warned.contains("newest backup is 43 % of the one before"));
    assert_eq!(went(&failed, "users", "users.row_count"), "failure");
    // It got no answer, and the verdict is "failed" for it.
    assert_eq!(went(&failed, "orders", "orders.total.sum"), "failure");
    assert_eq!(went(&failed, "database", "orders.live"), "skipped");
    assert_eq!(went(&failed, "backup", "backup.stale"), "failure");
    assert!(failed.contains("<failure type=\"critical\"") || failed.contains("type=\"critical\""));
    assert_eq!(went(&unverified, "run", "run.stopped"), "error");
    assert_eq!(went(&unverified, "pgdrill", "verdict"), "error");
    assert!(cases(&unverified).iter().all(|case| case.2 == "error"));
}

#[test]
fn a_run_that_proved_nothing_is_never_green_in_junit() {
    let report = Report::new("shop", "run", ago(0, 0));
    let text = render("junit", &report, ENGLISH);
    assert_eq!(junit(&text).errors, 1, "{text}");
}

#[test]
fn several_plans_are_one_junit_document_without_a_name_twice() {
    let text = several("junit", &many());
    assert_eq!(text.matches("<?xml").count(), 1);
    assert_eq!(junit(&text).test_suites.len(), 4);
    let cases = cases(&text);
    let names: BTreeSet<_> = cases.iter().map(|(class, name, _)| (class, name)).collect();
    assert_eq!(names.len(), cases.len(), "{cases:?}");
}

#[test]
fn a_hostile_name_adds_nothing_to_junit() {
    let text = render("junit", &hostile(), ENGLISH);
    let document = junit(&text);
    assert_eq!(document.test_suites.len(), 1);
    assert_eq!(
        cases(&text).len(),
        cases(&render("junit", &canonical()[2].1, ENGLISH)).len()
    );
    assert!(!text.contains("<!channel>"), "{text}");
}

// --- markdown ---

/// The text, and every tag and every piece of HTML.
fn markdown(text: &str) -> (String, Vec<String>) {
    let mut shown = String::new();
    let mut marks = Vec::new();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Text(text) | Event::Code(text) => shown.push_str(&text),
            Event::Html(html) | Event::InlineHtml(html) => marks.push(html.into_string()),
            Event::Start(Tag::Table(columns)) => marks.push(format!("table of {}", columns.len())),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                marks.push(format!("link to {dest_url}"));
            }
            Event::Start(Tag::Heading { level, .. }) => marks.push(level.to_string()),
            Event::Start(Tag::CodeBlock(_)) => marks.push("code".to_owned()),
            _ => {}
        }
    }
    (shown, marks)
}

#[test]
fn markdown_shows_a_heading_tables_and_what_was_found() {
    for (name, report) in canonical() {
        let (shown, marks) = markdown(&render("markdown", &report, ENGLISH));
        assert_eq!(marks[0], "h3", "{name}");
        assert!(shown.contains(&report.run), "{name}");
        for finding in &report.findings {
            assert!(shown.contains(&finding.message), "{name}: {shown}");
        }
        let folded = marks
            .iter()
            .filter(|mark| mark.contains("<details>"))
            .count();
        let closed = marks
            .iter()
            .filter(|mark| mark.contains("</details>"))
            .count();
        assert_eq!(folded, closed, "{name}");
    }
}

#[test]
fn a_hostile_name_writes_no_markdown_and_no_html() {
    for style in [ENGLISH, JAPANESE] {
        let (_, plain) = markdown(&render("markdown", &canonical()[2].1, style));
        let text = render("markdown", &hostile(), style);
        let (shown, marks) = markdown(&text);
        assert_eq!(marks, plain, "{text}");
        assert!(shown.contains("<!channel>"), "it shows as it is: {shown}");
    }
}

#[test]
fn several_reports_are_one_markdown_after_another() {
    let (_, marks) = markdown(&several("markdown", &many()));
    assert_eq!(marks.iter().filter(|mark| *mark == "h3").count(), 4);
}

// --- github ---

/// A command as GitHub's runner reads it: `::name property=value,…::data`, after spaces, or `##[name]data` anywhere.
#[derive(Debug, PartialEq)]
struct Workflow {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

fn command(line: &str) -> Option<Workflow> {
    let unescape = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    };
    let (head, data) = match line.trim_start().strip_prefix("::") {
        Some(rest) => rest.split_once("::")?,
        None => line.split_once("##[")?.1.split_once(']')?,
    };
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties.split(',').filter_map(|property| {
        let (name, value) = property.split_once('=')?;
        Some((name.to_owned(), unescape(value)))
    });
    Some(Workflow {
        name: name.to_owned(),
        properties: properties.collect(),
        data: unescape(data),
    })
}

/// What the runner obeys: nothing between `stop-commands` and its token.
fn obeyed(text: &str) -> Vec<Workflow> {
    let mut stopped: Option<String> = None;
    let mut obeyed = Vec::new();
    for line in text.lines() {
        let Some(command) = command(line) else {
            assert!(stopped.is_some(), "outside of the stop: {line}");
            continue;
        };
        match &stopped {
            Some(token) if command.name == *token => stopped = None,
            Some(_) => {}
            None if command.name == "stop-commands" => stopped = Some(command.data),
            None => obeyed.push(command),
        }
    }
    assert_eq!(stopped, None, "commands stay stopped");
    obeyed
}

fn property<'a>(command: &'a Workflow, name: &str) -> Option<&'a str> {
    let found = command.properties.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn github_annotates_the_line_of_the_check() {
    let commands = obeyed(&render("github", &canonical()[2].1, ENGLISH));
    let failed = commands
        .iter()
        .find(|command| command.data.starts_with("users.row_count is 0"));
    let failed = failed.unwrap();
    assert_eq!(failed.name, "error");
    assert_eq!(property(failed, "file"), Some("checks/shop.yaml"));
    assert_eq!(property(failed, "line"), Some("12"));
    assert_eq!(property(failed, "title"), Some("shop: check.failed"));
    let passed = obeyed(&render("github", &canonical()[0].1, ENGLISH));
    assert!(
        passed.iter().all(|command| command.name == "notice"),
        "{passed:?}"
    );
}

#[test]
fn a_hostile_name_commands_nothing() {
    let commands = obeyed(&render("github", &hostile(), ENGLISH));
    let plain = obeyed(&render("github", &canonical()[2].1, ENGLISH));
    assert_eq!(commands.len(), plain.len());
    for (command, plain) in commands.iter().zip(&plain) {
        assert_eq!(command.name, plain.name);
        let names = |command: &Workflow| -> Vec<String> {
            command
                .properties
                .iter()
                .map(|(name, _)| name.clone())
                .collect()
        };
        assert!(
            names(command)
                .iter()
                .all(|name| ["file", "line", "title"].contains(&name.as_str()))
        );
    }
}

#[test]
fn a_text_cannot_know_the_token_that_ends_the_stop() {
    let token = |report: &Report| {
        let text = render("github", report, ENGLISH);
        let line = text.lines().next().unwrap();
        line.strip_prefix("::stop-commands::").unwrap().to_owned()
    };
    let one = drill("shop", ago(0, 3));
    let mut other = one.clone();
    "01K0000000000000000000000".clone_into(&mut other.run);
    assert_ne!(token(&one), token(&other), "it depends on the run");
    let guessed = token(&one);
    let finding = Finding::new(Code::CheckFailed, format!("::{guessed}::"));
    let told = with(one, finding);
    assert_ne!(token(&told), guessed, "it depends on the text");
}

#[test]
fn github_keeps_to_nine_of_a_kind_over_all_reports() {
    let mut report = drill("shop", ago(0, 3));
    for number in 0..30 {
        let warning = Finding::new(Code::RowsDropped, format!("table {number} lost rows"));
        report.findings.push(warning);
    }
    let commands = obeyed(&several("github", &[report.clone(), report]));
    let warnings: Vec<_> = commands
        .iter()
        .filter(|one| one.name == "warning")
        .collect();
    assert_eq!(warnings.len(), 10);
    assert_eq!(warnings[9].data, "and 51 more");
}

// --- nagios ---

/// The state, and the performance data as label, value and unit; strict as the plugin guidelines are.
fn nagios(text: &str) -> (String, Vec<(String, f64, String)>) {
    let (first, long) = text.split_once('\n').unwrap();
    assert!(!long.contains('|'), "no second performance data: {long}");
    let (told, data) = first.split_once('|').unwrap();
    assert!(!data.contains('|'), "{data}");
    let state = told
        .strip_prefix("BACKUP ")
        .unwrap()
        .split(" - ")
        .next()
        .unwrap();
    assert!(
        ["OK", "WARNING", "CRITICAL", "UNKNOWN"].contains(&state),
        "{told}"
    );
    let mut rest = data;
    let mut figures = Vec::new();
    while !rest.is_empty() {
        let (label, after) = rest.strip_prefix('\'').unwrap().split_once('\'').unwrap();
        assert!(!label.contains(['=', '\'']), "{label}");
        let (value, next) = after
            .strip_prefix('=')
            .unwrap()
            .split_once(' ')
            .unwrap_or((&after[1..], ""));
        let fields: Vec<_> = value.split(';').collect();
        assert_eq!(fields.len(), 5, "{value}");
        let end = fields[0]
            .find(|c: char| c.is_alphabetic())
            .unwrap_or(fields[0].len());
        let (number, unit) = fields[0].split_at(end);
        assert!(["", "s", "B"].contains(&unit), "{value}");
        figures.push((label.to_owned(), number.parse().unwrap(), unit.to_owned()));
        rest = next;
    }
    (state.to_owned(), figures)
}

#[test]
fn nagios_reads_state_and_figures() {
    let states = canonical().map(|(_, report)| nagios(&render("nagios", &report, ENGLISH)).0);
    assert_eq!(states, ["OK", "WARNING", "CRITICAL", "UNKNOWN"]);
    let (_, figures) = nagios(&render("nagios", &canonical()[0].1, ENGLISH));
    let figure = |name: &str| {
        figures
            .iter()
            .find(|(label, ..)| label == name)
            .map(|f| f.1)
    };
    let report = &canonical()[0].1;
    let restore = report.restore.as_ref().unwrap().seconds;
    assert!((figure("restore").unwrap() - restore).abs() < 0.001);
    assert!(figure("age").is_some() && figure("size").is_some());
    let (_, figures) = nagios(&render("nagios", &stopped("shop", ago(0, 0)), ENGLISH));
    assert!(
        figures.iter().all(|(label, ..)| label != "age"),
        "what is not known is left out"
    );
}

#[test]
fn several_plans_have_the_worst_state_and_all_figures() {
    let (state, figures) = nagios(&several("nagios", &many()));
    assert_eq!(state, "CRITICAL");
    assert!(figures.iter().any(|(label, ..)| label == "billing_age"));
    let reports = [canonical()[0].1.clone(), canonical()[3].1.clone()];
    assert_eq!(nagios(&several("nagios", &reports)).0, "UNKNOWN");
}

#[test]
fn a_hostile_name_begins_no_performance_data() {
    let (state, figures) = nagios(&render("nagios", &hostile(), ENGLISH));
    let (_, plain) = nagios(&render("nagios", &canonical()[2].1, ENGLISH));
    assert_eq!(state, "CRITICAL");
    assert_eq!(figures.len(), plain.len());
    let text = several("nagios", &[hostile(), hostile()]);
    nagios(&text);
    assert!(!text.contains("<!channel>"), "{text}");
}

// --- prometheus ---

#[test]
fn promtool_accepts_every_report() {
    if !installed("promtool") {
        return;
    }
    let mut texts: Vec<_> = canonical()
        .iter()
        .map(|(_, report)| render("prometheus", report, ENGLISH))
        .collect();
    texts.push(render("prometheus", &hostile(), ENGLISH));
    texts.push(several("prometheus", &many()));
    for text in texts {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let parsed = !said.contains("error while linting") && !said.contains("parsing error");
        assert!(parsed, "{said}\n{text}");
    }
}

// --- html ---

/// The names of all elements, in their order.
fn elements(text: &str) -> Vec<String> {
    let page = Html::parse_document(text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    let all = Selector::parse("*").unwrap();
    page.select(&all)
        .map(|element| element.value().name().to_owned())
        .collect()
}

fn shown(text: &str, css: &str) -> String {
    let page = Html::parse_document(text);
    let css = Selector::parse(css).unwrap();
    let found = page.select(&css);
    found
        .flat_map(|element| element.text())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_page_shows_the_verdict_and_every_finding() {
    for (name, report) in canonical() {
        let text = render("html", &report, ENGLISH);
        let names = elements(&text);
        assert!(names.iter().any(|element| element == "main"), "{name}");
        assert!(
            shown(&text, ".chip").contains(report.verdict.name()),
            "{name}"
        );
        for finding in &report.findings {
            assert!(
                shown(&text, ".finding").contains(&finding.message),
                "{name}"
            );
        }
        let charts = names.iter().filter(|element| *element == "svg").count();
        assert_eq!(charts, usize::from(!report.stages.is_empty()), "{name}");
    }
}

#[test]
fn a_page_needs_nothing_but_itself() {
    let mut pages: Vec<_> = canonical()
        .map(|(_, report)| render("html", &report, ENGLISH))
        .into();
    pages.push(several("html", &many()));
    pages.push(render("html", &hostile(), JAPANESE));
    for page in pages {
        for forbidden in [
            "<script", " src=", "url(", "@import", "http://", "https://", "<a ",
        ] {
            assert!(!page.contains(forbidden), "{forbidden} in {page}");
        }
        assert!(page.contains("@media print") && page.contains("prefers-color-scheme: dark"));
        assert!(!page.contains("could not be made"));
    }
}

#[test]
fn a_hostile_name_adds_no_element() {
    for style in [ENGLISH, JAPANESE] {
        let plain = elements(&render("html", &canonical()[2].1, style));
        let text = render("html", &hostile(), style);
        let names = elements(&text);
        let kinds: BTreeSet<_> = names.iter().collect();
        let known: BTreeSet<_> = plain.iter().collect();
        assert!(kinds.is_subset(&known), "{:?}", kinds.difference(&known));
        assert!(
            shown(&text, "main").contains("<!channel>"),
            "it shows as it is"
        );
    }
}

#[test]
fn several_reports_are_one_page_without_an_id_twice() {
    let text = several("html", &many());
    assert_eq!(text.matches("<html").count(), 1);
    let page = Html::parse_document(&text);
    let ids: Vec<_> = page
        .select(&Selector::parse("[id]").unwrap())
        .filter_map(|element| element.value().id().map(str::to_owned))
        .collect();
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "{ids:?}"
    );
    assert_eq!(
        page.select(&Selector::parse("article.run").unwrap())
            .count(),
        4
    );
}

#[test]
fn the_hostile_name_is_what_it_says() {
    assert!(HOSTILE.contains('\u{1b}') && HOSTILE.contains("\n::error::"));
}
