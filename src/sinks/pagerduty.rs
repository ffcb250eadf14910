//! An event for PagerDuty (Events API v2): a drill that did not pass opens an incident, the next that passes closes it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::message::{Context, Message};
use crate::{
    finding::Severity,
    report::{Command, Report, Verdict},
    units::hex,
};

/// Where events go unless the plan says otherwise.
pub const URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// The longest summary, in letters.
const SUMMARY: usize = 1_024;

/// The longest key that joins events, in letters.
const KEY: usize = 255;

/// How many findings are told: an event may have 512 kB.
const POINTS: usize = 50;

/// The event, without the key of the integration. `None`: there is nothing to open or to close.
#[must_use]
pub fn event(report: &Report, context: &Context<'_>) -> Value {
    let message = Message::of(report, context);
    let key = dedup_key(report, context.test);
    let passed = report.verdict.exit_code() == 0;
    if passed && !context.test {
        return json!({ "event_action": "resolve", "dedup_key": key });
    }
    let links: Vec<_> = (message.runbook.iter())
        .map(|url| json!({ "href": url, "text": context.lang.say("runbook", "手順書") }))
        .collect();
    json!({
        "event_action": "trigger",
        "dedup_key": key,
        "client": "pgdrill",
        "payload": {
            "summary": cut(&message.line(), SUMMARY),
            "source": if report.plan.is_empty() { "pgdrill" } else { report.plan.as_str() },
            "severity": severity(report, context.test),
            "timestamp": report.started.to_string(),
            "component": "backup",
            "class": class(report),
            "custom_details": details(&message),
        },
        "links": links,
    })
}

/// Events with the same key are about the same incident. What shows from outside is another one than what a drill finds.
fn dedup_key(report: &Report, test: bool) -> String {
    let kind = match report.command {
        _ if test => ":test",
        Command::Verify => "",
        Command::Health => ":health",
    };
    let key = format!("pgdrill:{}{kind}", report.plan);
    if key.chars().count() <= KEY {
        return key;
    }
    let digest = hex(&Sha256::digest(report.plan.as_bytes()));
    format!("pgdrill:{digest}{kind}")
}

fn severity(report: &Report, test: bool) -> &'static str {
    match report.verdict {
        _ if test => "info",
        Verdict::Failed => "critical",
        Verdict::Unverified => "error",
        Verdict::Healthy | Verdict::Passed => "warning",
    }
}

fn class(report: &Report) -> &'static str {
    let worst = report
        .findings
        .iter()
        .max_by_key(|finding| finding.severity);
    worst
        .filter(|finding| finding.severity > Severity::Info)
        .map_or(report.verdict.name(), |finding| finding.code.name())
}

fn details(message: &Message) -> Value {
    let facts: serde_json::Map<_, _> = (message.facts.iter())
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect();
    let points: Vec<_> = (message.points.iter().take(POINTS))
        .map(|point| {
            let mut told = serde_json::Map::new();
            told.insert("code".to_owned(), point.code.into());
            told.insert("message".to_owned(), cut(&point.message, SUMMARY).into());
            for (name, figure) in &point.figures {
                told.insert((*name).to_owned(), cut(figure, SUMMARY).into());
            }
            told.insert("hint".to_owned(), cut(&point.hint, SUMMARY).into());
            Value::from(told)
        })
        .collect();
    let people: Vec<_> = (message.contacts.iter())
        .map(|(role, name)| format!("{role}: {name}"))
        .collect();
    json!({ "meaning": message.meaning, "facts": facts, "findings": points, "contacts": people })
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn long_names_keep_a_key_of_their_own_within_the_limits() {
        let event = |name: &str| {
            let report = Report::new(name, "run", Timestamp::UNIX_EPOCH);
            event(&report, &Context::default())
        };
        let (one, other) = ("注".repeat(300), format!("{}x", "注".repeat(300)));
        let key = |event: &Value| event["dedup_key"].as_str().unwrap().to_owned();
        let (one, other) = (event(&one), event(&other));
        assert_ne!(key(&one), key(&other));
        assert!(key(&one).chars().count() <= KEY);
        let summary = one["payload"]["summary"].as_str().unwrap();
        assert!(summary.chars().count() <= SUMMARY);
        assert_eq!(key(&event("shop")), "pgdrill:shop");
    }
}
