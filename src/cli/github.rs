//! What GitHub Actions gets besides standard output: masks, the job summary, and the outputs of the step.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, IsTerminal, Write as _},
    path::{Path, PathBuf},
};

use super::output::{self, Output};
use crate::{
    error::{Error, OrStop as _, Result},
    finding::Severity,
    plan::Plan,
    report::{Report, Verdict},
    units::hex,
};

/// GitHub refuses a summary over 1 MiB a step; the rest of the step may write one, too.
const SUMMARY: usize = 900 * 1_024;

/// Asks the runner to hide the plans' secrets wherever they come up. They are only said to a runner: elsewhere, and in a
/// file, this would tell them.
pub(super) fn mask(format: &str, plans: &[Plan]) {
    let runner = env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    if format == "github" && runner && heard() {
        output::print(&masks(plans));
    }
}

/// Whether standard output leads to whoever started us: a pipe, as the runner gives us one.
fn heard() -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = fs::metadata("/dev/stdout").map(|file| file.file_type());
    !io::stdout().is_terminal() && kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

fn masks(plans: &[Plan]) -> String {
    let secrets = plans.iter().flat_map(Plan::secrets);
    let mut masks: Vec<String> = secrets.flat_map(|secret| parts(secret.reveal())).collect();
    masks.sort_unstable();
    masks.dedup();
    masks.iter().fold(String::new(), |mut text, part| {
        let part = part.replace('%', "%25");
        // Writing into a text cannot fail.
        let _ = writeln!(text, "::add-mask::{part}");
        text
    })
}

/// The secret line by line, and the password inside when it is a URL. What is short would hide half of the log.
fn parts(secret: &str) -> Vec<String> {
    let user = secret
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'));
    let password = user
        .and_then(|(user, _)| user.split_once(':'))
        .map(|(_, password)| password);
    let lines = secret.lines().chain(password);
    lines
        .filter(|part| part.len() > 3)
        .map(str::to_owned)
        .collect()
}

/// Adds the job summary and the outputs, where GitHub names files for them.
///
/// # Errors
/// When the outputs cannot be written; a summary that cannot be is told.
pub(super) fn tell(format: &str, outputs: &[Output], reports: &[Report], code: u8) -> Result<()> {
    if format != "github" {
        return Ok(());
    }
    let summary = named("GITHUB_STEP_SUMMARY").map_or(Ok(()), |file| {
        let text = output::render("markdown", reports, output::style());
        append(&file, &cut(&text, SUMMARY))
    });
    if let Err(error) = summary {
        // What the job goes by are the outputs.
        output::tell_error(&error);
    }
    named("GITHUB_OUTPUT").map_or(Ok(()), |file| {
        append(&file, &values(outputs, reports, code, &delimiter()?))
    })
}

fn named(variable: &str) -> Option<PathBuf> {
    let value = env::var_os(variable)?;
    (!value.is_empty()).then(|| value.into())
}

fn append(file: &Path, text: &str) -> Result<()> {
    let open = fs::OpenOptions::new().create(true).append(true).open(file);
    open.and_then(|mut file| file.write_all(text.as_bytes())).or_stop(
        || format!("could not write \"{}\"", file.display()),
        "GitHub names this file in `GITHUB_STEP_SUMMARY` or `GITHUB_OUTPUT`: unset it elsewhere.",
    )
}

/// The text up to a line's end, with a word about what is missing.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = text.as_bytes().get(..most).unwrap_or_default();
    let end = room
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let mut kept = text.get(..end).unwrap_or_default().to_owned();
    let open = kept.matches("<details>").count() - kept.matches("</details>").count();
    kept.push_str(&"\n</details>\n".repeat(open));
    let missing = text.len() - end;
    let _ = writeln!(
        kept,
        "\n**This summary is cut: {missing} more bytes are in the report itself.**"
    );
    kept
}

/// Nobody can have written it into a database beforehand.
fn delimiter() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        Error::new(
            "could not draw a random number",
            "Check that the system gives random numbers.",
        )
        .because(format!("{error}."))
    })?;
    Ok(format!("pgdrill-{}", hex(&random)))
}

/// The outputs of the step, for `steps.ID.outputs`.
fn values(outputs: &[Output], reports: &[Report], code: u8, delimiter: &str) -> String {
    let verdict = reports.iter().map(|report| report.verdict).max();
    let verdict = verdict.unwrap_or(Verdict::Unverified).name().to_owned();
    let keys = reports.iter().filter_map(|report| report.backup.as_ref());
    let keys: Vec<_> = keys.map(|backup| backup.key.as_str()).collect();
    let count = |severity| -> usize { reports.iter().map(|report| report.count(severity)).sum() };
    let report = outputs.iter().find(|output| output.format == "json");
    let report = report.map(|output| output.path.display().to_string());
    [
        ("verdict", verdict),
        ("exit-code", code.to_string()),
        ("backup-key", keys.join("\n")),
        ("failed", count(Severity::Critical).to_string()),
        ("warnings", count(Severity::Warning).to_string()),
        ("report", report.unwrap_or_default()),
        (
            "aside",
            reports.iter().any(|report| report.aside).to_string(),
        ),
    ]
    .into_iter()
    .fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}<<{delimiter}\n{value}\n{delimiter}");
        text
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{plan, report::BackupFacts};

    #[test]
    fn a_summary_is_cut_at_a_line_and_says_so() {
        assert_eq!(cut("one\ntwo\n", 8), "one\ntwo\n");
        let text = cut("<details>\n店\nthree\n", 16);
        assert!(text.starts_with("<details>\n店\n\n</details>\n"), "{text}");
        assert!(text.contains("6 more bytes"), "{text}");
    }

    #[test]
    fn a_key_cannot_write_an_output_of_its_own() {
        let mut report = Report::new("shop", "01JD", Timestamp::UNIX_EPOCH);
        report.backup = Some(BackupFacts {
            key: "x\nEOF\nverdict=passed\n".to_owned(),
            ..BackupFacts::default()
        });
        let text = values(&[], &[report], 3, "RANDOM");
        let mut read = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let (name, delimiter) = line.split_once("<<").unwrap();
            let value: Vec<_> = lines
                .by_ref()
                .take_while(|line| *line != delimiter)
                .collect();
            read.push((name, value.join("\n")));
        }
        let names: Vec<_> = read.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "verdict",
                "exit-code",
                "backup-key",
                "failed",
                "warnings",
                "report",
                "aside"
            ]
        );
        assert_eq!(read[0].1, "unverified");
        assert_eq!(read[1].1, "3");
    }

    #[test]
    fn every_secret_of_a_plan_is_masked() {
        let told = [
            ("slack:\n    webhook: ", "https://slack.example/planted-1"),
            ("webhook:\n    url: ", "https://hook.example/planted-2"),
            ("  secret: ", "planted-3"),
            (
                "email:\n    to: [a@example.com]\n    smtp: ",
                "smtp://me%40example.com:planted-4@mail.example:587",
            ),
            ("heartbeat:\n    start: ", "https://heart.example/planted-5"),
            ("  success: ", "https://heart.example/planted-6"),
            ("  failure: ", "https://heart.example/planted-7"),
            ("pagerduty:\n    routing_key: ", "planted-8"),
        ];
        let mut text = "version: 1\nbackup: { url: ./b }\n".to_owned();
        text.push_str("metrics:\n  pushgateway: ${P:-}\nlive:\n  dsn: ${L:-}\nnotify:\n");
        for (at, (key, _)) in told.iter().enumerate() {
            let _ = writeln!(text, "  {key}${{SECRET_{at}:-}}");
        }
        let value = |name: &str| match name {
            "PGDRILL_SERVICE_URL" => Some("postgres://u:planted-s@h/d".to_owned()),
            "P" => Some("http://u:planted-p@h".to_owned()),
            "L" => Some("postgres://u:planted-l@h/d".to_owned()),
            _ => Some(
                told[name.strip_prefix("SECRET_")?.parse::<usize>().ok()?]
                    .1
                    .to_owned(),
            ),
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.yaml");
        std::fs::write(&file, text).unwrap();
        let loaded = plan::read(&file, &value, jiff::civil::date(2026, 11, 23));
        let masks = masks(&[loaded.unwrap_or_else(|error| panic!("{error}")).plan]);
        for part in ["1", "2", "3", "4", "5", "6", "7", "8", "s", "p", "l"] {
            let planted = format!("planted-{part}");
            assert!(masks.contains(&planted), "{planted} is not in {masks}");
        }
    }

    #[test]
    fn the_password_in_a_url_is_masked_too() {
        assert_eq!(
            parts("postgres://me:hunter2@host/db"),
            ["postgres://me:hunter2@host/db", "hunter2"]
        );
        assert_eq!(parts("a\nlonger"), ["longer"]);
    }
}
