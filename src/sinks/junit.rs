//! The report in the XML of `JUnit`, in the dialect that Jenkins, GitLab and GitHub's reporters read: a suite a plan, a test case a
//! check, a test case for everything else that was found, and one for the verdict.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Style, verdict};
use crate::{
    finding::{Finding, Severity},
    report::{CheckResult, CheckStatus, Report, Verdict},
    words::{Lang, visible},
};

pub(super) fn render(report: &Report, _style: Style) -> String {
    document(std::slice::from_ref(report))
}

pub(super) fn several(reports: &[Report], _style: Style) -> String {
    document(reports)
}

fn document(reports: &[Report]) -> String {
    let mut document = quick_junit::Report::new("pgdrill");
    let mut names = Names {
        prefixed: reports.len() > 1,
        taken: BTreeMap::new(),
    };
    let seconds = reports.iter().map(|report| report.seconds).sum();
    document.set_time(duration(seconds));
    document.add_test_suites(reports.iter().map(|report| suite(report, &mut names)));
    // Writing into a text cannot fail.
    document.to_string().unwrap_or_default()
}

/// The names of all test cases: GitLab keeps only the first of those with the same class name and name.
struct Names {
    /// Two plans may ask the same of tables with the same name.
    prefixed: bool,
    /// The names given so far, each with the number that the next of its name tries first.
    taken: BTreeMap<(String, String), u32>,
}

impl Names {
    fn unique(&mut self, plan: &str, class: &str, name: &str) -> (String, String) {
        let class = if self.prefixed {
            xml(&format!("{plan}.{class}"))
        } else {
            xml(class)
        };
        let first = (class, xml(name));
        let Some(mut number) = self.taken.get(&first).copied() else {
            self.taken.insert(first.clone(), 2);
            return first;
        };
        loop {
            let other = (first.0.clone(), format!("{} ({number})", first.1));
            number += 1;
            if !self.taken.contains_key(&other) {
                self.taken.insert(other.clone(), 2);
                self.taken.insert(first, number);
                return other;
            }
        }
    }
}

/// Text that XML can hold: control characters are written out, and the two that Unicode never assigns are left out.
fn xml(text: &str) -> String {
    visible(text).replace(['\u{fffe}', '\u{ffff}'], "")
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn suite(report: &Report, names: &mut Names) -> TestSuite {
    let mut suite = TestSuite::new(xml(&report.plan));
    suite.set_time(duration(report.seconds));
    suite.timestamp = report.started.to_string().parse().ok();
    let key = report.backup.as_ref().map(|backup| backup.key.as_str());
    for (name, value) in [
        ("run", report.run.as_str()),
        ("verdict", report.verdict.name()),
        ("backup", key.unwrap_or_default()),
        ("pgdrill", &report.pgdrill),
    ] {
        suite.add_property((name, xml(value).as_str()));
    }
    let mut add = |class: &str, name: &str, status, out: Option<String>| {
        let (class, name) = names.unique(&report.plan, class, name);
        let mut case = TestCase::new(name, status);
        case.set_classname(class);
        if let Some(out) = out {
            case.set_system_out(out);
        }
        case
    };
    let (answers, others) = sorted(report);
    for check in &report.checks {
        let class = check.table.as_deref().unwrap_or("database");
        let answer = answers.get(check.id.as_str()).copied().flatten();
        let (status, out) = answer.map_or_else(|| checked(check), found);
        let mut case = add(class, &check.id, status, out);
        placed(&mut case, check);
        suite.add_test_case(case);
    }
    for finding in others {
        let (class, _) = finding.code.name().split_once('.').unwrap_or_default();
        let name = match &finding.subject {
            Some(subject) => format!("{} {subject}", finding.code),
            None => finding.code.to_string(),
        };
        let (status, out) = found(finding);
        suite.add_test_case(add(class, &name, status, out));
    }
    let (status, out) = concluded(report);
    suite.add_test_case(add("pgdrill", "verdict", status, out));
    suite
}

/// The first finding about each check by the check's id, and the findings that are about none.
fn sorted(report: &Report) -> (HashMap<&str, Option<&Finding>>, Vec<&Finding>) {
    let checks = report.checks.iter();
    let mut answers: HashMap<_, _> = checks.map(|check| (check.id.as_str(), None)).collect();
    let mut others = Vec::new();
    for finding in &report.findings {
        let subject = finding.subject.as_deref();
        let subject = subject.filter(|_| finding.code.name().starts_with("check."));
        match subject.and_then(|subject| answers.get_mut(subject)) {
            Some(answer) => {
                answer.get_or_insert(finding);
            }
            None => others.push(finding),
        }
    }
    (answers, others)
}

/// Where the check is declared, as GitLab and others link it.
fn placed(case: &mut TestCase, check: &CheckResult) {
    case.set_time(duration(check.seconds));
    if let Some(file) = &check.file {
        case.extra.insert("file".into(), xml(file).into());
    }
    if let Some(line) = check.line {
        case.extra.insert("line".into(), line.to_string().into());
    }
}

/// How the case of a check without a finding went, and what it says when it passed all the same.
fn checked(check: &CheckResult) -> (TestCaseStatus, Option<String>) {
    let message = check.message.as_deref().map(xml);
    match check.status {
        CheckStatus::Passed | CheckStatus::Warned => (TestCaseStatus::success(), message),
        CheckStatus::Failed => (failure(check.severity, message), None),
        CheckStatus::Error => (error(message), None),
        CheckStatus::Skipped => {
            let mut status = TestCaseStatus::skipped();
            if let Some(message) = message {
                status.set_message(message);
            }
            (status, None)
        }
    }
}

/// How the case of a finding went: what is not critical passes and says so.
fn found(finding: &Finding) -> (TestCaseStatus, Option<String>) {
    let message = xml(&finding.message);
    let mut status = match finding.severity {
        _ if finding.code.stops_the_run() => error(Some(message)),
        // One that got no answer (`check.error`) fails the drill, too.
        Severity::Critical => failure(finding.severity, Some(message)),
        _ => {
            let text = format!("{}: {message}\n{}", finding.severity, story(finding));
            return (TestCaseStatus::success(), Some(text));
        }
    };
    status.set_description(story(finding));
    (status, None)
}

fn concluded(report: &Report) -> (TestCaseStatus, Option<String>) {
    let text = xml(&verdict::because(report, Lang::En));
    match report.verdict {
        Verdict::Healthy | Verdict::Passed => (TestCaseStatus::success(), Some(text)),
        Verdict::Failed => (failure(Severity::Critical, Some(text)), None),
        Verdict::Unverified => (error(Some(text)), None),
    }
}

/// The figures and what to do.
fn story(finding: &Finding) -> String {
    let detail = finding.detail.as_deref().map(|detail| xml(detail) + "\n");
    format!("{}hint: {}", detail.unwrap_or_default(), xml(&finding.hint))
}

/// Something is wrong with the backup.
fn failure(severity: Severity, message: Option<String>) -> TestCaseStatus {
    told(NonSuccessKind::Failure, severity.name(), message)
}

/// Could not look: says nothing about the backup.
fn error(message: Option<String>) -> TestCaseStatus {
    told(NonSuccessKind::Error, "unverified", message)
}

fn told(kind: NonSuccessKind, name: &str, message: Option<String>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(name);
    if let Some(message) = message {
        status.set_message(message);
    }
    status
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{finding::Code, report::failed_check};

    #[test]
    fn no_name_is_given_twice() {
        let mut names = Names {
            prefixed: false,
            taken: BTreeMap::new(),
        };
        let mut name = |name| names.unique("shop", "users", name).1;
        assert_eq!(name("users.row_count"), "users.row_count");
        assert_eq!(name("users.row_count (3)"), "users.row_count (3)");
        assert_eq!(name("users.row_count"), "users.row_count (2)");
        assert_eq!(name("users.row_count"), "users.row_count (4)");
        assert_eq!(name("users.row_count (3)"), "users.row_count (3) (2)");
    }

    #[test]
    fn what_fails_the_drill_is_a_failure_and_what_stopped_it_an_error() {
        let kind = |code| {
            let (status, _) = found(&Finding::new(code, "x"));
            match status {
                TestCaseStatus::NonSuccess { kind, ty, .. } => ty.map(|ty| (kind, ty.to_string())),
                _ => None,
            }
        };
        let failure = Some((NonSuccessKind::Failure, "critical".to_owned()));
        assert_eq!(kind(Code::CheckFailed), failure);
        assert_eq!(kind(Code::CheckError), failure);
        let error = Some((NonSuccessKind::Error, "unverified".to_owned()));
        assert_eq!(kind(Code::RunStopped), error);
    }

    #[test]
    fn a_check_tells_its_first_finding_and_what_is_about_none_stands_alone() {
        let mut report = Report::new("shop", "run", jiff::Timestamp::UNIX_EPOCH);
        report.checks = vec![failed_check("users.row_count")];
        let finding = |code, text: &str, about: &str| Finding::new(code, text).about(about);
        report.findings = vec![
            finding(Code::BackupShrunk, "first", "users.row_count"),
            finding(Code::CheckFailed, "second", "orders.row_count"),
            finding(Code::CheckFailed, "third", "users.row_count"),
            finding(Code::CheckError, "fourth", "users.row_count"),
        ];
        let (answers, others) = sorted(&report);
        let told: Vec<_> = others.iter().map(|finding| &finding.message).collect();
        assert_eq!(told, ["first", "second"]);
        let answer = answers["users.row_count"].unwrap();
        assert_eq!(answer.message, "third");
    }

    #[test]
    fn thousands_of_checks_and_findings_of_one_name_take_no_minutes() {
        let mut report = Report::new("shop", "run", jiff::Timestamp::UNIX_EPOCH);
        for number in 0..5_000 {
            let check = failed_check(&format!("users.{number}"));
            let about = Finding::new(Code::CheckFailed, format!("it has {number}"));
            let about = about.about(&check.id);
            let other = Finding::new(Code::BackupShrunk, "it shrank");
            report.findings.extend([about, other]);
            report.checks.push(check);
        }
        let start = Instant::now();
        let text = render(&report, Style::default());
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(text.matches("<testcase ").count(), 10_001);
        for number in [0, 4_999] {
            assert!(text.contains(&format!("message=\"it has {number}\"")));
        }
    }
}
