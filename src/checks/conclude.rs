//! From answers to results, findings, and what was proved.

use super::{
    Compared, Outcome, against, builtin,
    catalog::Catalog,
    earlier::Earlier,
    inventory::{self, Inventory},
    question::{About, Answered, Judged, Standing},
};
use crate::{
    error::sentence,
    finding::{Code, Finding, Severity},
    plan::Checks,
    report::{CheckResult, CheckStatus, Proof, ProofLevel, figure},
};

/// What is known besides the answers.
pub(super) struct Facts<'a> {
    /// What was restored.
    pub(super) catalog: &'a Catalog,
    /// What else the report lists of it.
    pub(super) inventory: Option<Inventory>,
    /// What earlier runs found.
    pub(super) earlier: &'a Earlier,
}

/// Everything that the answers come to.
pub(super) fn outcome(declared: &Checks, facts: Facts<'_>, answered: Vec<Answered>) -> Outcome {
    let mut findings: Vec<_> = answered.iter().filter_map(finding).collect();
    if declared.is_empty() {
        findings.push(Finding::new(Code::ChecksNone, "no check is declared"));
    }
    let proof = proof(facts.catalog, &answered);
    let rows = answered.iter().find(|a| a.about.id == builtin::ROWS);
    let counts = rows.map_or(&[][..], |rows| &rows.judged.parts);
    Outcome {
        database: inventory::facts(facts.catalog, facts.inventory, counts),
        compared: compared(&answered, facts.earlier),
        results: answered.into_iter().map(result).collect(),
        findings,
        proof,
        notes: Vec::new(),
    }
}

fn compared(answered: &[Answered], earlier: &Earlier) -> Compared {
    let mut compared = Compared::default();
    for about in answered.iter().map(|answered| &answered.about) {
        let Some(table) = &about.comparing.whole else {
            continue;
        };
        let bounds = against::bounds(about, earlier);
        let named = |bound: bool| bound.then(|| table.clone());
        compared.fall.extend(named(bounds.fall));
        compared.growth.extend(named(bounds.growth));
    }
    compared
}

fn status(standing: Standing, severity: Severity) -> CheckStatus {
    match (standing, severity) {
        (Standing::Held, _) => CheckStatus::Passed,
        (Standing::Hard, Severity::Critical) => CheckStatus::Failed,
        (Standing::Hard | Standing::Soft, _) => CheckStatus::Warned,
        (Standing::Unanswered | Standing::Unverified, _) => CheckStatus::Error,
        (Standing::Skipped, _) => CheckStatus::Skipped,
    }
}

fn message(about: &About, judged: &Judged) -> Option<String> {
    let message = judged.message.as_ref()?;
    Some(match judged.standing {
        Standing::Skipped => message.clone(),
        _ => format!("{} {message}", about.called()),
    })
}

fn finding(answered: &Answered) -> Option<Finding> {
    let Answered { about, judged, .. } = answered;
    let severity = judged.severity.unwrap_or(about.severity);
    let (code, severity) = match status(judged.standing, severity) {
        CheckStatus::Passed | CheckStatus::Skipped => return None,
        CheckStatus::Failed => (Code::CheckFailed, severity),
        CheckStatus::Warned => (Code::CheckWarned, severity.min(Severity::Warning)),
        CheckStatus::Error
            if judged.standing == Standing::Unverified && severity == Severity::Critical =>
        {
            (Code::RunStopped, severity)
        }
        CheckStatus::Error => (Code::CheckError, severity),
    };
    let message =
        message(about, judged).unwrap_or_else(|| format!("{} does not hold", about.called()));
    let mut finding = Finding::new(code, message)
        .severity(severity)
        .about(&about.id);
    finding.figures.value = (judged.value.as_deref()).map(|value| figure(about.check, value));
    finding.figures.limit.clone_from(&about.limit);
    if let Some(hint) = judged.hint {
        finding = finding.hint(hint);
    }
    let place =
        (about.place.as_ref()).map(|place| format!("Declared at {}:{}.", place.file, place.line));
    let sentences = [
        judged.detail.clone(),
        place,
        about.description.as_deref().map(sentence),
    ];
    let detail = sentences
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    Some(if detail.is_empty() {
        finding
    } else {
        finding.detail(detail)
    })
}

fn result(answered: Answered) -> CheckResult {
    let Answered {
        about,
        judged,
        seconds,
    } = answered;
    let severity = judged.severity.unwrap_or(about.severity);
    CheckResult {
        status: status(judged.standing, severity),
        message: message(&about, &judged),
        id: about.id,
        table: about.table,
        check: about.check.to_owned(),
        severity,
        value: judged.value.map(|value| *value),
        limit: about.limit,
        asked: about.comparing.asked,
        file: about.place.as_ref().map(|place| place.file.to_string()),
        line: about.place.as_ref().map(|place| place.line),
        seconds,
    }
}

/// Proof needs a restored table, rows that were counted (or that are meant not to be there), and a check that looked
/// at data and got an answer.
fn proof(catalog: &Catalog, answered: &[Answered]) -> Option<Proof> {
    let rows = answered.iter().find(|a| a.about.id == builtin::ROWS)?;
    let rows_found = match rows.judged.standing {
        Standing::Held => rows.judged.value.as_ref()?.as_u64()?,
        _ => return None,
    };
    let tables = catalog.stored_tables().map(|_| 1).sum();
    let looked = |a: &&Answered| a.about.looks_at_data;
    let held = |a: &&Answered| a.judged.standing == Standing::Held;
    Some(Proof {
        level: ProofLevel::Restored,
        objects_expected: None,
        objects_found: None,
        tables,
        rows_expected: None,
        rows_found,
        checks: answered.iter().filter(looked).filter(held).map(|_| 1).sum(),
        run: None,
        ..Proof::default()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::checks::{catalog::tests::table, question::Comparing};

    fn answered(id: &str, severity: Severity, judged: Judged) -> Answered {
        Answered {
            about: About {
                id: id.to_owned(),
                table: None,
                check: "row_count",
                name: None,
                words: Vec::new(),
                severity,
                limit: None,
                place: None,
                description: Some("Because".to_owned()),
                looks_at_data: true,
                comparing: Comparing::default(),
            },
            judged,
            seconds: 0.0,
        }
    }

    fn concluded(judged: Judged, severity: Severity) -> (CheckStatus, Option<(Code, Severity)>) {
        let answers = vec![answered("t.row_count", severity, judged)];
        let facts = Facts {
            catalog: &Catalog::default(),
            inventory: None,
            earlier: &Earlier::default(),
        };
        let outcome = outcome(&Checks::default(), facts, answers);
        let finding = outcome.findings.first().map(|f| (f.code, f.severity));
        let declared_none = finding.is_some_and(|(code, _)| code == Code::ChecksNone);
        (
            outcome.results[0].status,
            finding.filter(|_| !declared_none),
        )
    }

    #[test]
    fn severity_decides_what_a_breach_is_called() {
        use CheckStatus::{Error, Failed, Passed, Skipped, Warned};
        use Code::{CheckError, CheckFailed, CheckWarned, RunStopped};
        use Severity::{Critical, Info, Warning};
        let breach = || Judged::hard("is 5");
        let cases = [
            (breach(), Critical, Failed, Some((CheckFailed, Critical))),
            (breach(), Warning, Warned, Some((CheckWarned, Warning))),
            (breach(), Info, Warned, Some((CheckWarned, Info))),
            (
                Judged::new(Standing::Soft),
                Critical,
                Warned,
                Some((CheckWarned, Warning)),
            ),
            (
                Judged::unanswered("x"),
                Critical,
                Error,
                Some((CheckError, Critical)),
            ),
            (
                Judged::unanswered("x"),
                Info,
                Error,
                Some((CheckError, Info)),
            ),
            // A slow machine says nothing about the backup.
            (
                Judged::late(Duration::from_secs(1)),
                Critical,
                Error,
                Some((RunStopped, Critical)),
            ),
            (
                Judged::too_wide(),
                Critical,
                Error,
                Some((RunStopped, Critical)),
            ),
            (
                Judged::late(Duration::from_secs(1)),
                Warning,
                Error,
                Some((CheckError, Warning)),
            ),
            (Judged::held(), Critical, Passed, None),
            (Judged::skipped("x"), Critical, Skipped, None),
        ];
        for (judged, severity, status, finding) in cases {
            assert_eq!(concluded(judged, severity), (status, finding));
        }
    }

    #[test]
    fn no_rows_counted_is_no_proof() {
        let catalog = Catalog {
            tables: vec![table("public", "users", &[])],
            ..Catalog::default()
        };
        let proved = |judged| {
            let rows = answered(builtin::ROWS, Severity::Critical, judged);
            proof(&catalog, &[rows])
        };
        assert_eq!(proved(Judged::hard("x").value(0.into())), None);
        assert_eq!(proved(Judged::skipped("x")), None);
        assert_eq!(proved(Judged::unanswered("x")), None);
        let proof = proved(Judged::held().value(5.into())).unwrap();
        assert_eq!((proof.tables, proof.rows_found, proof.checks), (1, 5, 1));
    }
}
