//! Where runs are kept: a folder, or a prefix in a bucket.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Past;
use crate::{
    error::{Error, OrStop as _, Result},
    plan::HistoryPlan,
    report::Report,
};

/// A place where runs are kept.
#[derive(Debug)]
pub(super) enum Place {
    Folder(PathBuf),
}

impl Place {
    #[expect(clippy::unused_async, reason = "a bucket's credentials are asked for")]
    pub(super) async fn open(plan: &HistoryPlan, folder_of_plan: &Path) -> Result<Self> {
        if plan.url.contains("://") {
            return Err(Error::new(
                "history in a bucket is not built yet",
                "Use a folder.",
            ));
        }
        Ok(Self::Folder(folder_of_plan.join(&plan.url)))
    }

    #[expect(clippy::unused_async, reason = "a bucket is written to")]
    pub(super) async fn write(&self, report: &Report) -> Result<()> {
        let Self::Folder(folder) = self;
        let folder = folder.join(&report.plan);
        let doing = || format!("could not keep the run in \"{}\"", folder.display());
        let hint = "Check `history` in the plan.";
        std::fs::create_dir_all(&folder).or_stop(doing, hint)?;
        let text = serde_json::to_vec(report).or_stop(doing, hint)?;
        std::fs::write(folder.join(format!("{}.json", report.run)), text).or_stop(doing, hint)
    }

    #[expect(clippy::unused_async, reason = "a bucket is read from")]
    pub(super) async fn read(&self, plan: &str, since: Option<Timestamp>) -> Result<Past> {
        let Self::Folder(folder) = self;
        let mut past = Past::default();
        let Ok(entries) = std::fs::read_dir(folder.join(plan)) else {
            return Ok(past);
        };
        for entry in entries.flatten() {
            let text = std::fs::read(entry.path()).unwrap_or_default();
            if let Ok(run) = serde_json::from_slice::<Report>(&text)
                && since.is_none_or(|since| run.started >= since)
            {
                past.runs.push(run);
            }
        }
        past.runs.sort_by(|a, b| b.run.cmp(&a.run));
        Ok(past)
    }
}
