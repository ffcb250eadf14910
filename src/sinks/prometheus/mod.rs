//! The state of backups as metrics: the classic text format that Prometheus, Pushgateway and `node_exporter` read.

mod families;
mod page;

use jiff::Timestamp;

use self::page::Page;
use super::Style;
use crate::report::{Command, Report, Verdict};

/// Alerting rules for these metrics, for Prometheus' `rule_files`.
pub const ALERTS: &str = include_str!("alerts.yml");

/// A Grafana board for these metrics, in the classic JSON model.
pub const DASHBOARD: &str = include_str!("grafana.json");

/// How far the storage's clock may lie behind a backup's own time, in seconds, before that time is not believed: a
/// third of what S3 itself tolerates.
const CLOCKS: i64 = 300;

/// How one plan's backups stand: what is not known is left out of the metrics, never written as 0.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The plan's name: the label `backup`.
    pub backup: &'a str,
    /// The latest look at the storage: a drill, or the health rules.
    pub look: Option<&'a Report>,
    /// Whether that look was at the newest backup. Size and age of another one would look like a change.
    pub newest: bool,
    /// The time at which age is told; without it, the age that the look saw.
    pub now: Option<Timestamp>,
    /// The latest drill.
    pub drill: Option<&'a Report>,
    /// The latest of [`success`].
    pub last_success: Option<Timestamp>,
    /// When the last drill that passed began.
    pub last_pass: Option<Timestamp>,
    /// How many drills did not pass, over the whole history. A count that begins anew in each process is none.
    pub failures: Option<u64>,
}

impl<'a> Standing<'a> {
    /// What one report tells by itself, without any past.
    #[must_use]
    pub fn of(report: &'a Report) -> Self {
        let drill = (report.command == Command::Verify).then_some(report);
        let passed = report.verdict == Verdict::Passed;
        Self {
            backup: &report.plan,
            look: Some(report),
            newest: true,
            now: None,
            drill,
            last_success: success(report),
            last_pass: passed.then_some(report.started),
            failures: None,
        }
    }
}

/// When the backup was written that a run found good; nothing unless the run exits with 0, nor when that time lies in
/// the future: such a backup would look fresh for as long as its clock was wrong.
#[must_use]
pub fn success(report: &Report) -> Option<Timestamp> {
    let backup = report.backup.as_ref()?;
    let believed = backup.age_seconds.is_some_and(|age| age >= -CLOCKS);
    (report.verdict.exit_code() == 0 && believed)
        .then_some(backup.last_modified)
        .flatten()
}

/// The metrics of all plans in one text, each family once, plans by name. Of two plans with one name the first is told.
#[must_use]
pub fn exposition(standings: &[Standing<'_>]) -> String {
    Page::of(standings).text()
}

/// The metrics of one plan, with what an older text told of it and this run did not see: the same that a Pushgateway
/// does when metrics are posted to it.
#[must_use]
pub fn exposition_over(standing: &Standing<'_>, old: &str) -> String {
    let mut page = Page::of(std::slice::from_ref(standing));
    page.keep(standing.backup, old);
    page.text()
}

/// The metrics of reports alone.
#[must_use]
pub fn of_reports(reports: &[Report]) -> String {
    exposition(&reports.iter().map(Standing::of).collect::<Vec<_>>())
}

pub(super) fn render(report: &Report, _style: Style) -> String {
    of_reports(std::slice::from_ref(report))
}

/// The format allows each metric once in a text.
pub(super) fn several(reports: &[Report], _style: Style) -> String {
    of_reports(reports)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        finding::{Code, Finding},
        report::{BackupFacts, RestoreFacts},
    };

    /// 2026-11-24, some hour.
    const NOW: i64 = 1_795_478_400;

    fn at(seconds_ago: i64) -> Timestamp {
        Timestamp::from_second(NOW - seconds_ago).unwrap()
    }

    /// A drill of a backup that is an hour old.
    pub(in crate::sinks) fn drill(name: &str, verdict: Verdict) -> Report {
        let mut report = Report::new(name, "run", at(0));
        report.verdict = verdict;
        report.backup = Some(BackupFacts {
            size_bytes: 100,
            storage_bytes: 18_446_744_073_709_551_615,
            last_modified: Some(at(3_600)),
            age_seconds: Some(3_600),
            duration_seconds: Some(12.5),
            cost_usd_per_month: Some(0.1),
            ..BackupFacts::default()
        });
        report.restore = Some(RestoreFacts {
            seconds: 30.25,
            ..RestoreFacts::default()
        });
        report
    }

    fn has(text: &str, line: &str) {
        assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
    }

    #[test]
    fn a_pass_tells_everything_that_one_report_knows() {
        let text = of_reports(&[drill("shop", Verdict::Passed)]);
        for line in [
            "# TYPE backup_last_success_timestamp gauge",
            "backup_last_success_timestamp{backup=\"shop\"} 1795474800",
            "backup_size_bytes{backup=\"shop\"} 100",
            "backup_storage_bytes{backup=\"shop\"} 18446744073709551615",
            "backup_age_seconds{backup=\"shop\"} 3600",
            "backup_duration_seconds{backup=\"shop\"} 12.5",
            "backup_restore_duration_seconds{backup=\"shop\"} 30.25",
            "backup_cost_usd_per_month{backup=\"shop\"} 0.1",
            "backup_verify_last_run_timestamp_seconds{backup=\"shop\"} 1795478400",
            "backup_verify_last_pass_timestamp_seconds{backup=\"shop\"} 1795478400",
            "backup_verify_verdict{backup=\"shop\",verdict=\"passed\"} 1",
            "backup_verify_verdict{backup=\"shop\",verdict=\"failed\"} 0",
            "backup_verify_findings{backup=\"shop\",severity=\"critical\"} 0",
        ] {
            has(&text, line);
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn a_counter_without_a_history_is_left_out() {
        let report = drill("shop", Verdict::Failed);
        assert!(!of_reports(std::slice::from_ref(&report)).contains("backup_failure_total"));
        let counted = Standing {
            failures: Some(3),
            ..Standing::of(&report)
        };
        let text = exposition(&[counted]);
        has(&text, "# TYPE backup_failure_total counter");
        has(&text, "backup_failure_total{backup=\"shop\"} 3");
    }

    #[test]
    fn only_an_exit_code_of_0_moves_the_last_success() {
        for verdict in [Verdict::Failed, Verdict::Unverified] {
            let text = of_reports(&[drill("shop", verdict)]);
            assert!(!text.contains("backup_last_success_timestamp"), "{text}");
            assert!(!text.contains("last_pass"), "{text}");
        }
        let mut report = drill("shop", Verdict::Healthy);
        assert_eq!(success(&report), Some(at(3_600)));
        report.backup = None;
        assert_eq!(success(&report), None);
    }

    #[test]
    fn a_backup_from_the_future_is_no_success() {
        let mut report = drill("shop", Verdict::Passed);
        let mut aged = |age| {
            if let Some(backup) = &mut report.backup {
                backup.age_seconds = age;
            }
            success(&report).is_some()
        };
        assert!(aged(Some(-300)));
        assert!(!aged(Some(-301)));
        assert!(!aged(None));
    }

    #[test]
    fn health_leaves_the_series_of_the_drill_alone() {
        let mut report = drill("shop", Verdict::Healthy);
        report.command = Command::Health;
        let text = of_reports(&[report]);
        assert!(!text.contains("backup_verify"), "{text}");
        assert!(text.contains("backup_age_seconds"), "{text}");
    }

    #[test]
    fn nothing_found_is_nothing_told() {
        let mut report = drill("shop", Verdict::Unverified);
        report.backup = Some(BackupFacts::default());
        report.restore = None;
        let text = of_reports(&[report]);
        has(&text, "backup_storage_bytes{backup=\"shop\"} 0");
        for family in ["backup_size", "backup_age", "backup_duration", "restore"] {
            assert!(!text.contains(family), "{family} in\n{text}");
        }
    }

    #[test]
    fn size_and_age_are_those_of_the_newest_backup_only() {
        let report = drill("shop", Verdict::Passed);
        let random = Standing {
            newest: false,
            ..Standing::of(&report)
        };
        let text = exposition(&[random]);
        assert!(!text.contains("backup_size_bytes"), "{text}");
        assert!(!text.contains("backup_age_seconds"), "{text}");
        assert!(text.contains("backup_storage_bytes"), "{text}");
    }

    #[test]
    fn a_restore_that_went_wrong_tells_no_duration() {
        let mut report = drill("shop", Verdict::Failed);
        assert!(!of_reports(std::slice::from_ref(&report)).contains("restore_duration"));
        report.verdict = Verdict::Passed;
        assert!(of_reports(&[report]).contains("restore_duration"));
    }

    #[test]
    fn age_goes_on_between_two_looks() {
        let report = drill("shop", Verdict::Passed);
        let later = Standing {
            now: Some(at(-60)),
            ..Standing::of(&report)
        };
        has(
            &exposition(&[later]),
            "backup_age_seconds{backup=\"shop\"} 3660",
        );
    }

    #[test]
    fn each_family_is_told_once_with_every_plan_under_it_by_name() {
        let reports = ["b", "a", "b"].map(|name| drill(name, Verdict::Passed));
        let text = of_reports(&reports);
        assert_eq!(text.matches("# TYPE backup_size_bytes gauge").count(), 1);
        let sizes: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("backup_size_bytes{"))
            .collect();
        assert_eq!(
            sizes,
            [
                "backup_size_bytes{backup=\"a\"} 100",
                "backup_size_bytes{backup=\"b\"} 100"
            ]
        );
    }

    #[test]
    fn a_name_cannot_break_out_of_its_label() {
        let text = of_reports(&[drill("x'\"<&>|{}\n\\", Verdict::Passed)]);
        has(&text, r#"backup_size_bytes{backup="x'\"<&>|{}\n\\"} 100"#);
    }

    #[test]
    fn findings_are_counted_by_severity() {
        let mut report = drill("shop", Verdict::Failed);
        report.findings = vec![
            Finding::new(Code::BackupStale, "x"),
            Finding::new(Code::BackupShrunk, "x"),
            Finding::new(Code::BackupFrozen, "x").severity(crate::finding::Severity::Warning),
        ];
        let text = of_reports(&[report]);
        has(
            &text,
            "backup_verify_findings{backup=\"shop\",severity=\"critical\"} 1",
        );
        has(
            &text,
            "backup_verify_findings{backup=\"shop\",severity=\"warning\"} 2",
        );
    }
}
