//! What a check's answer comes to when it is also compared with the last proven run and with the live database: pure.

mod apart;
mod exact;

use apart::{Outcome, Shown};
use serde_json::Value;

use super::{
    earlier::Earlier,
    judge,
    live::Reply,
    question::{About, Answered, Judged, Standing},
};
use crate::{
    error::sentence,
    finding::Severity,
    plan::{Against, DatabaseKind, Number, TableKind},
};

/// What to do when a figure moved too far.
const MOVED: &str = "Check what changed the data since the last proven run; when it was meant, give the check `severity: warning` for one run: one that passes is the next one's baseline.";

/// What to do when the live database has something else.
const APART: &str = "Check that the backup job dumps this database, and that `where` cuts off what is newer than the dump.";

/// What each comparison of a check says.
struct Said {
    outcome: Outcome,
    severity: Severity,
    hint: &'static str,
}

/// Judges what a check says together with its comparisons; the worst of them is heard first.
pub(super) fn settle(answered: Answered, earlier: &Earlier, live: Option<&Reply>) -> Answered {
    let Answered {
        about,
        judged,
        seconds,
    } = answered;
    let compares = !about.comparing.against.is_empty();
    let answers = !matches!(
        judged.standing,
        Standing::Unanswered | Standing::Unverified | Standing::Skipped
    );
    let judged = if compares && answers {
        together(&about, judged, earlier, live)
    } else {
        judged
    };
    Answered {
        about,
        judged,
        seconds,
    }
}

fn together(about: &About, own: Judged, earlier: &Earlier, live: Option<&Reply>) -> Judged {
    let Some(figure) = own.value.as_deref().and_then(decimal) else {
        return match own.standing {
            Standing::Held => Judged::unanswered("has no figure that could be compared")
                .hint("Cast it to numeric in the query."),
            _ => own,
        };
    };
    let mut said = against_earlier(about, &figure, earlier);
    said.extend(against_live(about, &figure, live));
    let mut notes = Vec::new();
    let mut kept = about.comparing.bounded;
    let mut breaches = Vec::new();
    for Said {
        outcome,
        severity,
        hint,
    } in said
    {
        match outcome {
            Outcome::Kept => kept = true,
            Outcome::Nothing(why) => notes.push(why),
            Outcome::Broken(message) => breaches.push((severity, message, hint)),
            Outcome::Impossible(message) => {
                return Judged {
                    value: own.value,
                    ..Judged::unanswered(message)
                };
            }
        }
    }
    notes.dedup();
    worst(about, own, breaches).unwrap_or_else(|own| without_breach(own, kept, &notes))
}

/// The breach that is heard first, the others behind it; the check's own answer where there is none.
fn worst(
    about: &About,
    own: Judged,
    mut breaches: Vec<(Severity, String, &'static str)>,
) -> Result<Judged, Judged> {
    breaches.sort_by_key(|(severity, ..)| std::cmp::Reverse(*severity));
    let own_severity = match own.standing {
        Standing::Hard => Some(about.severity),
        Standing::Soft => Some(about.severity.min(Severity::Warning)),
        _ => None,
    };
    let Some((severity, ..)) = breaches.first() else {
        return Err(own);
    };
    let others = |messages: &[(Severity, String, &'static str)]| {
        let also = messages
            .iter()
            .map(|(_, message, _)| format!("It also {message}."));
        also.collect::<Vec<_>>()
    };
    if own_severity.is_some_and(|own| own >= *severity) {
        let details = own.detail.clone().into_iter().chain(others(&breaches));
        let detail = details.collect::<Vec<_>>().join(" ");
        return Ok(own.detail(detail));
    }
    let (severity, message, hint) = breaches.remove(0);
    let first = own.message.iter().map(|own| format!("It also {own}."));
    let detail = first.chain(others(&breaches)).collect::<Vec<_>>().join(" ");
    let judged = Judged {
        value: own.value,
        severity: Some(severity),
        ..Judged::hard(message).hint(hint)
    };
    Ok(if detail.is_empty() {
        judged
    } else {
        judged.detail(detail)
    })
}

/// Nothing that was compared is no pass, and is said.
fn without_breach(own: Judged, kept: bool, notes: &[String]) -> Judged {
    let nothing = format!("nothing to compare with: {}", notes.join("; "));
    match own.standing {
        _ if notes.is_empty() => own,
        Standing::Held if kept => own.saying(format!("holds; {nothing}")),
        Standing::Held => Judged {
            value: own.value,
            ..Judged::skipped(nothing)
        },
        _ => {
            let detail = own.detail.clone().into_iter().chain([sentence(&nothing)]);
            let detail = detail.collect::<Vec<_>>().join(" ");
            own.detail(detail)
        }
    }
}

fn against_earlier(about: &About, figure: &str, earlier: &Earlier) -> Vec<Said> {
    let Some(limit) = &about.comparing.against.previous else {
        return Vec::new();
    };
    let shown = if about.check == DatabaseKind::Size.name() {
        Shown::AsSize
    } else {
        Shown::AsNumber
    };
    let outcomes = match earlier.of_check(&about.id, about.comparing.asked.as_deref()) {
        Ok(before) => match decimal(before) {
            Some(before) if are_no_rows(about, figure, &before) => vec![no_rows()],
            Some(before) => apart::previous(figure, &before, limit, shown),
            None => vec![Outcome::Nothing(
                "it was no number in the last proven run".to_owned(),
            )],
        },
        Err(why) => vec![Outcome::Nothing(why.to_owned())],
    };
    let say = |outcome| Said {
        outcome,
        severity: limit.severity.unwrap_or(about.severity),
        hint: MOVED,
    };
    outcomes.into_iter().map(say).collect()
}

fn against_live(about: &About, figure: &str, reply: Option<&Reply>) -> Option<Said> {
    let limit = about.comparing.against.live.as_ref()?;
    let outcome = match reply {
        Some(Reply::Figure(value)) => match decimal(value) {
            Some(live) if are_no_rows(about, figure, &live) => no_rows(),
            Some(live) => apart::live(figure, &live, limit),
            None => Outcome::Nothing("the live database gave no number".to_owned()),
        },
        Some(Reply::Nothing(why)) => Outcome::Nothing(why.clone()),
        None => Outcome::Nothing("the live database was not asked".to_owned()),
    };
    Some(Said {
        outcome,
        severity: limit.severity.min(Severity::Warning),
        hint: APART,
    })
}

/// Whether no rows are compared with no rows, which shows nothing.
fn are_no_rows(about: &About, one: &str, other: &str) -> bool {
    about.check == TableKind::RowCount.name() && one == "0" && other == "0"
}

fn no_rows() -> Outcome {
    Outcome::Nothing("there are no rows on either side".to_owned())
}

/// Which way a check's figure was held against what it was, so that nothing else has to be said about its change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) fall: bool,
    pub(super) growth: bool,
}

pub(super) fn bounds(about: &About, earlier: &Earlier) -> Bounds {
    let Some(previous) = &about.comparing.against.previous else {
        return Bounds::default();
    };
    let known = (earlier.of_check(&about.id, about.comparing.asked.as_deref())).is_ok();
    Bounds {
        fall: known && (previous.equals || previous.max_drop.is_some()),
        growth: known && (previous.equals || previous.max_growth.is_some()),
    }
}

/// A figure of a report as an exact decimal.
pub(super) fn decimal(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(judge::tidy(&number.to_string())),
        Value::String(text) => Some(judge::tidy(text)),
        _ => None,
    }
}

/// What a check is compared with, in the report's words: `previous max_drop 10 %, live tolerance 0.5 %`.
pub(super) fn limits(against: &Against) -> Option<String> {
    let mut words = Vec::new();
    if let Some(previous) = &against.previous {
        let named = |name, limit: &Option<Number>| Some(format!("{name} {}", limit.as_ref()?));
        let own = [
            named("max_drop", &previous.max_drop),
            named("max_growth", &previous.max_growth),
            previous.equals.then(|| "equals".to_owned()),
        ];
        let own: Vec<_> = own.into_iter().flatten().collect();
        words.push(format!("previous {}", own.join(", ")));
    }
    if let Some(live) = &against.live {
        words.push(format!("live tolerance {}", live.tolerance));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests;
