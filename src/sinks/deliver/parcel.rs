//! What each sink is sent: pure, from a report and a plan to a message with its address.

use std::path::Path;

use jiff::Timestamp;
use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::Instant;

use super::{
    http::{Failure, Request},
    reach::Reach,
    smtp,
};
use crate::{
    error::{Error, Result},
    plan::{HeartbeatPlan, NotifyPlan, Plan, WebhookPlan},
    report::{Command, Report},
    sinks::{Style, heartbeat, json, mail, message::Context, pagerduty, slack, visible, webhook},
    units::Secret,
};

/// A message with its address.
pub(super) enum Parcel {
    /// By HTTP.
    Http(Request),
    /// By HTTP to somebody who may take no text, but a visit.
    Visit(Request),
    /// By SMTP.
    Mail(Box<smtp::Parcel>),
}

impl Parcel {
    /// Delivers it; tries again until `until`.
    pub(super) async fn deliver(self, until: Instant) -> Result<()> {
        match self {
            Self::Http(request) => request
                .deliver(until)
                .await
                .map_err(|failure| failure.error),
            Self::Visit(request) => visit(request, until).await,
            Self::Mail(parcel) => parcel.deliver(until).await,
        }
    }

    /// Connects to where it would go, and says nothing.
    pub(super) async fn connect(&self) -> Result<()> {
        match self {
            Self::Http(request) | Self::Visit(request) => request.connect().await,
            Self::Mail(parcel) => parcel.connect().await,
        }
    }
}

/// Posts the text; who takes none is visited without.
async fn visit(mut request: Request, until: Instant) -> Result<()> {
    let takes_no_text = |failure: &Failure| {
        matches!(
            failure.status,
            Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        )
    };
    match request.deliver(until).await {
        Err(failure) if takes_no_text(&failure) => {
            request.method = Method::GET;
            request.body.clear();
            request.headers.clear();
            request
                .deliver(until)
                .await
                .map_err(|failure| failure.error)
        }
        told => told.map_err(|failure| failure.error),
    }
}

/// What is sent to the sink with this name. `None`: it has nothing to hear of this report, or is not in the plan.
///
/// # Errors
/// When the plan's address cannot be used.
pub(super) fn pack(
    name: &str,
    plan: &Plan,
    report: &Report,
    context: &Context<'_>,
) -> Result<Option<Parcel>> {
    let notify = &plan.notify;
    match name {
        "slack" => (notify.slack.as_ref())
            .map(|slack| to_slack(&slack.webhook, notify, report, context))
            .transpose(),
        "email" => Ok(notify.email.as_ref().map(|email| {
            let folder = plan.file.parent().unwrap_or(Path::new("."));
            Parcel::Mail(Box::new(smtp::Parcel {
                plan: email.clone(),
                folder: folder.to_owned(),
                reach: if notify.allow_private {
                    Reach::Any
                } else {
                    Reach::Public
                },
                mail: mail::mail(report, context),
            }))
        })),
        "webhook" => (notify.webhook.as_ref())
            .map(|webhook| to_webhook(webhook, notify, report, context.test))
            .transpose(),
        "heartbeat" => (notify.heartbeat.as_ref())
            .and_then(|heart| at_the_end(heart, notify, report, context))
            .transpose(),
        "pagerduty" => (notify.pagerduty.as_ref())
            .map(|duty| {
                let url = duty.url.as_deref().unwrap_or(pagerduty::URL);
                let mut event = pagerduty::event(report, context);
                event["routing_key"] = duty.routing_key.reveal().into();
                let mut request = request(url, notify, event.to_string())?;
                request.headers = typed("application/json");
                request.doing = "tell PagerDuty";
                request.hint = "Check `notify.pagerduty.routing_key` in the plan.";
                Ok(Parcel::Http(request))
            })
            .transpose(),
        _ => Ok(None),
    }
}

fn request(url: &str, notify: &NotifyPlan, body: impl Into<Vec<u8>>) -> Result<Request> {
    // The parser's own error is not told: it could repeat a secret.
    let url = Url::parse(url).map_err(|_| {
        Error::new(
            "the URL of a sink cannot be read",
            "Check the URLs under `notify` in the plan.",
        )
    })?;
    let reach = match (url.scheme(), notify.allow_private) {
        (_, false) => Reach::Public,
        ("https", true) => Reach::Any,
        (_, true) => Reach::Private,
    };
    Ok(Request::post(url, reach, body))
}

fn typed(kind: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))])
}

fn to_slack(
    url: &Secret,
    notify: &NotifyPlan,
    report: &Report,
    context: &Context<'_>,
) -> Result<Parcel> {
    let body = slack::body(report, context).to_string();
    Ok(Parcel::Http(Request {
        doing: "tell Slack",
        hint: "Check `notify.slack.webhook` in the plan, and that the webhook still exists in Slack.",
        headers: typed("application/json; charset=utf-8"),
        explain: slacks_word,
        ..request(url.reveal(), notify, body)?
    }))
}

/// Slack answers with one word, such as `no_service`. Anything else may come from a proxy, and repeat the URL, whose
/// secret part has capitals.
fn slacks_word(_: &Url, _: StatusCode, said: &str) -> Option<String> {
    let word = !said.is_empty() && said.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (word && said.len() <= 40).then(|| said.to_owned())
}

fn to_webhook(
    plan: &WebhookPlan,
    notify: &NotifyPlan,
    report: &Report,
    test: bool,
) -> Result<Parcel> {
    let body = json::render(report, Style::default()).into_bytes();
    let mut headers = typed("application/json");
    let time = Timestamp::now().as_second();
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add(webhook::TIMESTAMP, &time.to_string());
    add(webhook::RUN, &visible(&report.run));
    if test {
        add(webhook::TEST, "true");
    }
    if let Some(secret) = &plan.secret {
        add(webhook::SIGNATURE, &webhook::signature(secret, time, &body));
    }
    Ok(Parcel::Http(Request {
        doing: "deliver the report",
        hint: "Check `notify.webhook.url` in the plan, and the log of the program that listens there.",
        headers,
        ..request(plan.url.reveal(), notify, body)?
    }))
}

/// A drill begins.
pub(super) fn at_the_start(plan: &Plan, run: &str) -> Option<Result<Parcel>> {
    let heart = plan.notify.heartbeat.as_ref()?;
    Some(beat(
        heart.start.as_ref()?,
        heart,
        &plan.notify,
        run,
        String::new(),
    ))
}

/// A drill ended. What shows from outside is no drill, and keeps no heart beating; nor does a test.
fn at_the_end(
    heart: &HeartbeatPlan,
    notify: &NotifyPlan,
    report: &Report,
    context: &Context<'_>,
) -> Option<Result<Parcel>> {
    let passed = report.verdict.exit_code() == 0;
    let url = if passed {
        &heart.success
    } else {
        &heart.failure
    };
    if report.command != Command::Verify || context.test {
        return None;
    }
    let body = heartbeat::body(report, context.lang);
    let run = context.first_run.unwrap_or(&report.run);
    Some(beat(url.as_ref()?, heart, notify, run, body))
}

fn beat(
    url: &Secret,
    heart: &HeartbeatPlan,
    notify: &NotifyPlan,
    run: &str,
    body: String,
) -> Result<Parcel> {
    let mut request = request(url.reveal(), notify, body)?;
    request.url = heartbeat::with_run(request.url, run, heart.rid);
    request.doing = "call the heartbeat";
    request.hint = "Check the URLs under `notify.heartbeat` in the plan.";
    request.headers = typed("text/plain; charset=utf-8");
    Ok(Parcel::Visit(request))
}

/// Something that goes where the heartbeat goes, for one who only wants to connect.
pub(super) fn any_beat(plan: &Plan) -> Option<Result<Parcel>> {
    let heart = plan.notify.heartbeat.as_ref()?;
    let url = heart.success.as_ref().or(heart.failure.as_ref());
    let url = url.or(heart.start.as_ref())?;
    Some(beat(url, heart, &plan.notify, "", String::new()))
}
