//! One JSON object a run, kept where the plan says; what the runs of the past tell about this one.

mod names;
mod past;
mod record;
mod store;
mod trends;
mod usual;

use std::path::Path;

use jiff::Timestamp;

pub use past::{Damaged, Past};
pub use record::reports;
pub use trends::{Measure, Summary, median, series, summary};
pub use usual::usual_stages;

use crate::{
    backup::{Keys, Patience, Records},
    error::Result,
    plan::{HistoryPlan, Plan},
    report::Report,
};
use store::Wanted;

/// Where the runs of a plan are kept.
#[derive(Debug)]
pub struct History {
    records: Records,
}

impl History {
    /// Opens the place that a plan names, without looking into it. `None`: the plan keeps no history.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn of(plan: &Plan) -> Result<Option<Self>> {
        let folder = plan.file.parent().unwrap_or(Path::new("."));
        match &plan.history {
            Some(history) => Self::open(history, folder).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens a place, without looking into it.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn open(plan: &HistoryPlan, folder_of_plan: &Path) -> Result<Self> {
        Self::open_with(plan, folder_of_plan, None, Patience::default()).await
    }

    /// Opens a place with these keys in the place of the usual AWS credential chain.
    ///
    /// # Errors
    /// When the URL's scheme is unknown, or the credentials cannot be found.
    pub async fn open_with(
        plan: &HistoryPlan,
        folder_of_plan: &Path,
        keys: Option<Keys>,
        patience: Patience,
    ) -> Result<Self> {
        let records = Box::pin(Records::open(plan, folder_of_plan, keys, patience)).await?;
        Ok(Self { records })
    }

    /// Keeps a run. What is there already is never changed; any number of runs may write at the same time.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn append(&self, report: &Report) -> Result<()> {
        Box::pin(store::write(&self.records, report)).await
    }

    /// The runs of a plan, newest first; only those that began at `since` or later, where it is given. A record that
    /// cannot be read is told of in [`Past::damaged`] and is no error.
    ///
    /// # Errors
    /// When the place cannot be listed or read.
    pub async fn read(&self, plan: &str, since: Option<Timestamp>) -> Result<Past> {
        Box::pin(store::read(&self.records, plan, since, Wanted::All)).await
    }

    /// The keys of the records of a plan whose runs began at `since` or later, without reading any: one request to a bucket.
    ///
    /// # Errors
    /// When the place cannot be listed.
    pub async fn keys(&self, plan: &str, since: Timestamp) -> Result<Vec<String>> {
        Box::pin(store::keys(&self.records, plan, since)).await
    }

    /// As [`History::read`], but the drills alone: runs of `pgdrill health` are not even fetched.
    ///
    /// # Errors
    /// When the place cannot be listed or read.
    pub async fn drills(&self, plan: &str, since: Option<Timestamp>) -> Result<Past> {
        Box::pin(store::read(&self.records, plan, since, Wanted::Drills)).await
    }
}
