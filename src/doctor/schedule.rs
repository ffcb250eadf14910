//! Does anybody notice when drills stop?

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Line, Said, What};
use crate::plan::Plan;

/// Looks for a workflow with a schedule in the repository that the plan lies in. No line where there is none.
pub(super) fn examine(plan: &Plan) -> Option<Line> {
    let workflow = scheduled(&plan.file)?;
    Some(judge(&workflow, has_heartbeat(plan)))
}

/// Whether somebody outside waits for a sign of life after each run.
fn has_heartbeat(plan: &Plan) -> bool {
    let heartbeat = plan.notify.heartbeat.as_ref();
    heartbeat.is_some_and(|heartbeat| heartbeat.success.is_some())
}

fn judge(workflow: &Path, heartbeat: bool) -> Line {
    let workflow = workflow.display();
    if heartbeat {
        return Line::ok(
            What::Schedule,
            Said::new(
                format!("\"{workflow}\"; whoever watches from outside notices when it stops"),
                format!("「{workflow}」。止まれば外からの監視が気づきます"),
            ),
        );
    }
    Line::warn(
        What::Schedule,
        Said::new(
            format!(
                "\"{workflow}\": GitHub switches schedules of a public repository off after 60 days without activity, and nobody would notice"
            ),
            format!(
                "「{workflow}」: 公開リポジトリの定期実行は、60 日間活動がないと GitHub が止めます。誰も気づけません"
            ),
        ),
        Said::new(
            "add notify.heartbeat.success to the plan, or set the secret HEARTBEAT_URL of the workflow",
            "プランに notify.heartbeat.success を加えるか、ワークフローのシークレット HEARTBEAT_URL を設定してください",
        ),
    )
}

/// A workflow that runs pgdrill on a schedule, in the repository around a file.
fn scheduled(file: &Path) -> Option<PathBuf> {
    let file = file.canonicalize().ok()?;
    let root = file
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let mut workflows: Vec<_> = fs::read_dir(root.join(".github/workflows"))
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "yml" || e == "yaml"))
        .collect();
    workflows.sort();
    workflows.into_iter().find(|path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let has = |start: &str| {
            text.lines()
                .any(|line| line.trim_start().starts_with(start))
        };
        has("schedule:") && text.contains("pgdrill")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Outcome;

    #[test]
    fn a_scheduled_workflow_is_found_from_a_plan_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let workflows = folder.path().join(".github/workflows");
        let checks = folder.path().join("checks");
        for path in [&workflows, &checks, &folder.path().join(".git")] {
            fs::create_dir_all(path).unwrap();
        }
        let plan = checks.join("shop.yaml");
        fs::write(&plan, "").unwrap();
        fs::write(workflows.join("ci.yml"), "on:\n  push:\n# pgdrill\n").unwrap();
        assert_eq!(scheduled(&plan), None);
        let text = "on:\n  schedule:\n    - cron: '0 0 1 * *'\n# pgdrill verify\n";
        fs::write(workflows.join("verify.yml"), text).unwrap();
        let found = scheduled(&plan).unwrap();
        assert!(found.ends_with("verify.yml"));
        assert_eq!(judge(&found, false).outcome, Outcome::Warn);
        assert_eq!(judge(&found, true).outcome, Outcome::Ok);
    }
}
