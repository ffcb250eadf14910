//! Has a backup been proven to restore lately?

use jiff::Timestamp;

use super::is_proven;
use crate::{
    finding::{Code, Finding},
    plan::Limits,
    report::{Command, Report},
    units::Age,
};

/// What there is to say when the runs of the past are known: that no drill passed for too long, or that none ever did.
#[must_use]
pub fn unproven(past: &[Report], now: Timestamp, limits: &Limits) -> Option<Finding> {
    let Some(last) = past.iter().find(|run| is_proven(run) && run.answers()) else {
        return Some(never(past));
    };
    let seconds = now.as_second() - last.started.as_second();
    let ago = Age::from_secs(u64::try_from(seconds).unwrap_or(0));
    if ago <= limits.max_unproven {
        return None;
    }
    let key = last.backup.as_ref().map_or("", |backup| &backup.key);
    let message = format!("no drill passed for {ago}");
    let detail = format!(
        "The last that passed began at {} and proved \"{key}\"; `limits.max_unproven` is {}.",
        last.started, limits.max_unproven
    );
    let finding = Finding::new(Code::BackupUnproven, message).detail(detail);
    let allowed = limits.max_unproven.to_string();
    Some(finding.value(ago.to_string()).limit(allowed))
}

fn never(past: &[Report]) -> Finding {
    let drills = past
        .iter()
        .filter(|run| run.command == Command::Verify && run.answers());
    let detail = match drills.count() {
        0 => "The history holds no drill.".to_owned(),
        1 => "The history holds 1 drill, and it did not pass.".to_owned(),
        count => format!("The history holds {count} drills, and none of them passed."),
    };
    Finding::new(Code::BackupUnproven, "no drill has passed yet").detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::Verdict,
        rules::tests::{at, proven},
    };

    const DAY: i64 = 86_400;

    fn after(seconds: i64) -> Option<Finding> {
        let mut run = proven("a", 1, seconds);
        run.started = at(seconds);
        unproven(&[run], at(0), &Limits::default())
    }

    #[test]
    fn exactly_35_days_are_allowed_and_a_second_more_is_not() {
        assert_eq!(after(35 * DAY), None);
        let finding = after(35 * DAY + 1).unwrap();
        assert_eq!(
            (finding.code, finding.message.as_str()),
            (Code::BackupUnproven, "no drill passed for 35 days")
        );
    }

    #[test]
    fn a_history_without_a_proof_is_told_as_such() {
        let mut failed = proven("a", 1, 60);
        failed.verdict = Verdict::Failed;
        let mut healthy = proven("a", 1, 60);
        healthy.command = Command::Health;
        let finding = unproven(&[healthy, failed], at(0), &Limits::default()).unwrap();
        assert_eq!(finding.message, "no drill has passed yet");
        assert!(finding.detail.unwrap().contains("1 drill"));
    }
}
