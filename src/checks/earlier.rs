//! What the same checks found in earlier proven runs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::report::{CheckStatus, Report};

/// What the same checks found in earlier proven runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Earlier {
    kept: bool,
    found: BTreeMap<String, Found>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    value: Value,
    asked: Option<String>,
}

impl Earlier {
    /// The figures of proven runs that this one may be compared with, the best of them first: of each check the first
    /// figure counts. The default is a plan that keeps no history.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Report>) -> Self {
        let mut found = BTreeMap::new();
        let checks = runs.into_iter().flat_map(|run| &run.checks);
        for check in checks.filter(|check| check.status != CheckStatus::Error) {
            let Some(value) = &check.value else { continue };
            found.entry(check.id.clone()).or_insert_with(|| Found {
                value: value.clone(),
                asked: check.asked.clone(),
            });
        }
        Self { kept: true, found }
    }

    /// What a check found that asked the same, or why there is nothing to compare with.
    pub(super) fn of_check(&self, id: &str, asked: Option<&str>) -> Result<&Value, &'static str> {
        if !self.kept {
            return Err("the plan keeps no history");
        }
        let found = self
            .found
            .get(id)
            .ok_or("no proven run has this check yet")?;
        match (found.asked.as_deref(), asked) {
            (Some(then), Some(now)) if then != now => {
                Err("this check asked something else in the last proven run")
            }
            _ => Ok(&found.value),
        }
    }
}
