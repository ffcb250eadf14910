//! One JSON object a run, kept where the plan says; what the runs of the past tell about this one.

mod past;
mod store;
mod trends;

use std::path::Path;

use jiff::Timestamp;

pub use past::{Damaged, Past};
pub use trends::{Measure, Summary, series, summary};

use crate::{
    error::Result,
    plan::{HistoryPlan, Plan},
    report::Report,
};

/// Where the runs of a plan are kept.
#[derive(Debug)]
pub struct History {
    place: store::Place,
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
        let place = store::Place::open(plan, folder_of_plan).await?;
        Ok(Self { place })
    }

    /// Keeps a run. What is there already is never changed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn append(&self, report: &Report) -> Result<()> {
        self.place.write(report).await
    }

    /// The runs of a plan, newest first; only those that began at `since` or later, where it is given. A record that
    /// cannot be read is told of in [`Past::damaged`] and is no error.
    ///
    /// # Errors
    /// When the place cannot be listed.
    pub async fn read(&self, plan: &str, since: Option<Timestamp>) -> Result<Past> {
        self.place.read(plan, since).await
    }
}
