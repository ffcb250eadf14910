//! The history for machines: one object a plan, a list of them for several.

use serde_json::{Map, Value, json};

use super::View;
use crate::history::{Measure, series, summary};

/// One plan as it is, several as a list.
pub(super) fn render(views: &[View<'_>]) -> String {
    let mut plans: Vec<_> = views.iter().map(plan).collect();
    let whole = match plans.len() {
        1 => plans.swap_remove(0),
        _ => Value::Array(plans),
    };
    format!("{whole:#}\n")
}

fn plan(view: &View<'_>) -> Value {
    let past = view.past;
    let damaged = past.damaged.iter();
    let damaged: Vec<_> = damaged
        .map(|damaged| json!({ "key": damaged.key, "why": damaged.why }))
        .collect();
    let runs: Vec<_> = past.runs.iter().take(view.most).collect();
    json!({
        "plan": view.plan,
        "since": view.since,
        "count": past.runs.len(),
        "last_pass": past.last_pass(),
        "failures": past.failures(),
        "runs": runs,
        "trends": trends(view),
        "damaged": damaged,
    })
}

/// Every measure that a run measured, oldest first.
fn trends(view: &View<'_>) -> Value {
    let mut trends = Map::new();
    for what in Measure::ALL {
        let points = series(view.past, what);
        let Some(five) = summary(&points) else {
            continue;
        };
        let points: Vec<_> = points
            .iter()
            .map(|(started, value)| json!({ "started": started, "value": number(*value) }))
            .collect();
        let trend = json!({
            "count": five.count,
            "first": number(five.first),
            "last": number(five.last),
            "min": number(five.min),
            "median": number(five.median),
            "max": number(five.max),
            "points": points,
        });
        trends.insert(what.name().to_owned(), trend);
    }
    Value::Object(trends)
}

/// A whole number without `.0`: rows and bytes are counted.
fn number(value: f64) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_numbers() {
        assert_eq!(number(8780.0).to_string(), "8780");
        assert_eq!(number(1.5).to_string(), "1.5");
    }
}
