//! How a command answers: the format on standard output, files beside it, and the exit code.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    github,
    output::{self, Output},
    plans,
};
use crate::{
    finding::{Code, Finding, Severity},
    plan::Plan,
    report::Report,
};

/// Flags of every command that ends in reports.
#[derive(Clone, Debug, Args)]
pub(super) struct Answer {
    /// Exit with 1 when there is a finding about the backup this bad
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    fail_on: FailOn,
    /// The format on standard output: human, json, junit, markdown, github, nagios, prometheus or html
    #[arg(long, value_parser = output::known, default_value = "human")]
    format: String,
    /// Write the report into a file, too; repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    output: Vec<Output>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FailOn {
    #[default]
    Critical,
    Warning,
}

impl Answer {
    /// Checks before a long run that the files can be written. `Err` holds the exit code; the cause was told.
    pub(super) fn prepare(&self, plans: &[Plan]) -> Result<(), u8> {
        github::mask(&self.format, plans);
        output::prepare(&self.output).map_err(|error| {
            output::tell_error(&error);
            2
        })
    }

    /// Shows one report as soon as it is there, if a person reads it.
    pub(super) fn show(&self, report: &Report) {
        if self.format == "human" {
            print("human", std::slice::from_ref(report));
        }
    }

    /// Shows all reports to machines, and writes the files. Returns the exit code, given that of the verdicts.
    pub(super) fn finish(&self, reports: &[Report], code: u8) -> u8 {
        if self.format != "human" {
            print(&self.format, reports);
        }
        let written = output::write(&self.output, reports);
        match written.and(github::tell(&self.format, &self.output, reports, code)) {
            Ok(()) => code,
            Err(error) => {
                // The verdict is told and stands; whoever waits for the file must notice.
                output::tell_error(&error);
                if code == 0 { 3 } else { code }
            }
        }
    }

    /// With `--fail-on warning` a warning about the backup is as bad as a failure; one about this machine, or about
    /// somebody who could not be told, says nothing against it.
    pub(super) fn lifted(&self, report: &Report, code: u8) -> u8 {
        let warns = |finding: &Finding| {
            let of_us = finding.code.is_of_this_machine() || finding.code == Code::NotifyFailed;
            finding.severity == Severity::Warning && !of_us
        };
        let warned = self.fail_on == FailOn::Warning && report.findings.iter().any(warns);
        if warned && code == 0 { 1 } else { code }
    }
}

fn print(format: &str, reports: &[Report]) {
    output::print(&output::render(format, reports, output::style()));
}

/// Reads the plans, and drops files that only hold checks for others. `Err` holds the exit code when no plan is left; the cause was told.
pub(super) fn runnable(paths: &[PathBuf]) -> Result<Vec<Plan>, u8> {
    let mut plans = plans::read(paths)?;
    if let [only] = plans.as_slice()
        && only.backup.is_none()
    {
        let file = only.file.display();
        output::tell(&format!(
            "error  \"{file}\" does not say where the backups are\n    hint  Add `backup: {{ url: … }}` to it.\n"
        ));
        return Err(2);
    }
    plans.retain(|plan| plan.backup.is_some());
    if plans.is_empty() {
        output::tell(
            "error  no plan says where backups are\n    hint  Add `backup: { url: … }` to a plan.\n",
        );
        return Err(2);
    }
    Ok(plans)
}

/// A failed backup outranks an interrupted run, that an unverified one, and that a passed one.
pub(super) fn worse(one: u8, other: u8) -> u8 {
    let rank = |code| match code {
        0 => 0,
        3 => 1,
        129 | 130 | 143 => 2,
        _ => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_this_machine_is_no_failure_of_a_backup() {
        let answer = Answer {
            fail_on: FailOn::Warning,
            format: "human".to_owned(),
            output: Vec::new(),
        };
        let code = |found: &[Code]| {
            let mut report = Report::new("shop", "01A", jiff::Timestamp::UNIX_EPOCH);
            let warning = |&code: &Code| Finding::new(code, "x").severity(Severity::Warning);
            report.findings = found.iter().map(warning).collect();
            answer.lifted(&report, 0)
        };
        let of_us = [
            Code::NotifyFailed,
            Code::HistoryUnreadable,
            Code::ClockSkewed,
        ];
        assert_eq!(code(&of_us), 0);
        assert_eq!(code(&[Code::NotifyFailed, Code::BackupStale]), 1);
    }

    #[test]
    fn a_failed_backup_outranks_everything() {
        assert_eq!(worse(3, 1), 1);
        assert_eq!(worse(1, 3), 1);
        assert_eq!(worse(0, 3), 3);
        assert_eq!(worse(3, 143), 143);
        assert_eq!(worse(3, 129), 129);
        assert_eq!(worse(1, 130), 1);
    }
}
