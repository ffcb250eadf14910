//! Tells every sink of a plan at the same time: one that fails, hangs or breaks delays none of the others.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{task::JoinHandle, time::Instant};

use super::{
    parcel::{self, Parcel, pack},
    together::{self, Running},
};
use crate::{
    error::{Error, Result},
    plan::{NotifyPlan, Plan},
    report::Report,
    sinks::message::Context,
    words::Lang,
};

/// How long a test may take.
const TEST: Duration = Duration::from_secs(15);

/// How long the beginning of a drill is told.
const START: Duration = Duration::from_secs(20);

/// The end of a delivery comes from within when it can, since that knows the cause better.
const GRACE: Duration = Duration::from_millis(300);

/// The sinks that a plan names, in the order in which they are told.
#[must_use]
pub fn configured(notify: &NotifyPlan) -> Vec<&'static str> {
    let named = [
        ("slack", notify.slack.is_some()),
        ("email", notify.email.is_some()),
        ("webhook", notify.webhook.is_some()),
        ("heartbeat", notify.heartbeat.is_some()),
        ("pagerduty", notify.pagerduty.is_some()),
    ];
    let named = named.into_iter().filter(|(_, named)| *named);
    named.map(|(name, _)| name).collect()
}

/// What one sink is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its name.
    pub sink: &'static str,
    /// The run whose trouble it was told of, when this run ended it.
    pub recovered: Option<String>,
}

/// A run as it is told: its plan, its report, the language of its readers.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The report.
    pub report: &'a Report,
    /// The readers' language.
    pub lang: Lang,
    /// The run whose beginning was told; another one where a search took several.
    pub first_run: &'a str,
}

/// Delivers to all of them at the same time until `end`, and not after `late`, which may come before it; says for each how
/// it went, in their order. A sink with nothing to hear is left out.
pub async fn notify(
    occasion: Occasion<'_>,
    orders: &[Order],
    end: Instant,
    late: impl Future<Output = ()>,
) -> Vec<(&'static str, Result<()>)> {
    let mut running: Vec<Running> = Vec::new();
    for order in orders {
        let context = Context {
            lang: occasion.lang,
            contacts: &occasion.plan.contacts,
            runbook: occasion.plan.runbook.as_deref(),
            recovered: order.recovered.as_deref(),
            first_run: Some(occasion.first_run),
            test: false,
        };
        let packed = || pack(order.sink, occasion.plan, occasion.report, &context);
        match together::guarded(order.sink, packed) {
            // A task of its own: should it break, the others go on.
            Ok(Some(parcel)) => {
                let until = end.checked_sub(GRACE).unwrap_or(end);
                let task = tokio::spawn(parcel.deliver(until));
                running.push((order.sink, Ok(task)));
            }
            Ok(None) => {}
            Err(error) => running.push((order.sink, Err(error))),
        }
    }
    together::ended(running, late).await
}

/// Tells that a drill begins, without waiting for it. `None`: the plan names nobody.
#[must_use]
pub fn start(plan: &Plan, run: &str) -> Option<JoinHandle<Result<()>>> {
    let parcel = parcel::at_the_start(plan, run)?;
    let until = Instant::now() + START;
    Some(tokio::spawn(async move { parcel?.deliver(until).await }))
}

/// Whether the sink with this name can be reached: connects, over TLS where the plan says so, to a mail server also logs
/// in, and sends nothing.
///
/// # Errors
/// When it cannot be reached, or must not be; or the plan does not name it.
pub async fn probe(name: &str, plan: &Plan) -> Result<()> {
    let parcel = match name {
        "heartbeat" => parcel::any_beat(plan).transpose()?,
        _ => trial(name, plan, Lang::En)?,
    };
    parcel.ok_or_else(|| unknown(name))?.connect().await
}

/// Sends a message that says that it is a test. A heartbeat has no such message, since every visit counts as a beat: it
/// is connected to.
///
/// # Errors
/// When the sink does not take it; or the plan does not name it.
pub async fn test(name: &str, plan: &Plan, lang: Lang) -> Result<()> {
    if name == "heartbeat" {
        return probe(name, plan).await;
    }
    let parcel = trial(name, plan, lang)?.ok_or_else(|| unknown(name))?;
    parcel.deliver(Instant::now() + TEST).await
}

fn trial(name: &str, plan: &Plan, lang: Lang) -> Result<Option<Parcel>> {
    let report = Report::new(&plan.name, "test", Timestamp::now());
    let context = Context {
        lang,
        contacts: &plan.contacts,
        runbook: plan.runbook.as_deref(),
        test: true,
        ..Context::default()
    };
    pack(name, plan, &report, &context)
}

fn unknown(name: &str) -> Error {
    Error::new(
        format!("the plan names no sink \"{name}\""),
        "Add it under `notify` in the plan.",
    )
}
