//! `--from-dump`: restores a dump as a drill does, and turns what the data look like into checks.

use std::path::Path;

use super::answers::Answers;
use crate::{
    cli::{output, signals, watch::Watch},
    finding::{Finding, Severity},
    plan::{Plan, Select},
    progress::Progress,
    report::{CheckStatus, Report},
    sinks, starter,
    verify::{self, Options},
};

/// The part of the plan that holds the checks. `Err` holds the exit code; the cause was told.
pub(super) async fn checks(
    answers: &Answers,
    plan: &Plan,
    dump: &str,
    quiet: bool,
) -> Result<String, u8> {
    let (plan, options) = drill_of(plan, dump);
    let progress = Progress::default();
    let (outcome, learned) = {
        let _watch = Watch::start(&progress, quiet);
        verify::learn(&plan, &options, &progress, signals::first()).await
    };
    if let Some(signal) = outcome.interrupted {
        return Err(signal.exit_code());
    }
    let report = &outcome.report;
    match learned {
        Some(Ok(learned)) if !report.findings.iter().any(is_about_the_dump) => {
            tell_findings(report);
            let hold = sequences_hold(report);
            tracing::debug!(plan = %answers.name, "checks are written from the restored data");
            Ok(starter::checks(&learned.facts, learned.taken, hold))
        }
        Some(Err(error)) => {
            output::tell_error(&error);
            Err(3)
        }
        _ => {
            tell_report(report);
            let why = if report.findings.iter().any(is_about_the_dump) {
                ": they would be made from data that are not whole"
            } else {
                ""
            };
            output::tell(&format!("no check was written{why}\n"));
            Err(report.verdict.exit_code().max(1))
        }
    }
}

/// The same plan, looking at the dump that was asked for; the run is told to nobody and kept nowhere.
fn drill_of(plan: &Plan, dump: &str) -> (Plan, Options) {
    let mut plan = plan.clone();
    plan.history = None;
    let mut options = Options {
        no_notify: true,
        reprove: true,
        ..Options::default()
    };
    let file = Path::new(dump)
        .canonicalize()
        .ok()
        .filter(|path| path.exists());
    if let Some(backup) = plan.backup.as_mut() {
        backup.select = Select::Newest;
        match file {
            Some(file) if !dump.is_empty() => {
                backup.url = file.display().to_string();
                backup.endpoint = None;
                backup.pattern = None;
            }
            _ if dump.is_empty() => {}
            _ => options.backup = Some(dump.to_owned()),
        }
    }
    (plan, options)
}

/// Whether what was restored is not what was dumped.
fn is_about_the_dump(finding: &Finding) -> bool {
    let area = finding.code.name().split('.').next();
    finding.severity == Severity::Critical && matches!(area, Some("dump" | "restore"))
}

fn sequences_hold(report: &Report) -> bool {
    let asked = report
        .checks
        .iter()
        .find(|check| check.check == "sequences_behind");
    asked.is_some_and(|check| check.status == CheckStatus::Passed)
}

/// What the drill found besides: it is why the first `pgdrill verify` may not pass.
fn tell_findings(report: &Report) {
    for finding in &report.findings {
        let expected = finding.code == crate::finding::Code::ChecksNone;
        if finding.severity > Severity::Info && !expected {
            let message = sinks::visible(&finding.message);
            output::tell(&format!(
                "{}  {message} [{}]\n",
                finding.severity, finding.code
            ));
        }
    }
}

fn tell_report(report: &Report) {
    if let Some(human) = sinks::format("human") {
        output::tell(&(human.render)(report, output::style()));
    }
}
