//! Who is told of a run: the sinks under `notify`, and on what each of them is told.

mod email;
mod sink;

use std::path::PathBuf;

use self::{email::email, sink::Sink};
use super::{
    keys::{self, Keys},
    settings::optional,
    walk::{Entry, Fields, File},
};
use crate::units::Secret;

pub use super::smtp::{SmtpPlan, SmtpTls};

/// Who is told of a run. A sink whose address is empty is switched off, and absent here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotifyPlan {
    /// Whether addresses of this machine and of private networks may be delivered to.
    pub allow_private: bool,
    /// A channel in Slack.
    pub slack: Option<SlackPlan>,
    /// Mail.
    pub email: Option<EmailPlan>,
    /// A program that takes the report as JSON.
    pub webhook: Option<WebhookPlan>,
    /// A dead man's switch.
    pub heartbeat: Option<HeartbeatPlan>,
    /// Incidents in PagerDuty.
    pub pagerduty: Option<PagerDutyPlan>,
}

/// A channel in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackPlan {
    /// The URL of an incoming webhook: whoever knows it may write into the channel.
    pub webhook: Secret,
    /// What is told.
    pub on: Vec<When>,
}

/// Mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailPlan {
    /// Whom to.
    pub to: Vec<String>,
    /// From whom.
    pub from: String,
    /// The server that takes it.
    pub smtp: SmtpPlan,
    /// The certificates of the authorities to trust, in PEM, relative to the plan; otherwise the system's.
    pub ca: Option<PathBuf>,
    /// What is told.
    pub on: Vec<When>,
}

/// A program that takes the report as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookPlan {
    /// Its URL, which may hold a token.
    pub url: Secret,
    /// What the report is signed with.
    pub secret: Option<Secret>,
    /// What is told.
    pub on: Vec<When>,
}

/// A dead man's switch: URLs that are called at the beginning and at the end of every drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatPlan {
    /// Called when a drill begins.
    pub start: Option<Secret>,
    /// Called when it passed.
    pub success: Option<Secret>,
    /// Called when it did not.
    pub failure: Option<Secret>,
    /// Whether the run is named by `?rid=`, as healthchecks.io does. `None`: where the host is theirs.
    pub rid: Option<bool>,
}

/// Incidents in PagerDuty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagerDutyPlan {
    /// The integration's key.
    pub routing_key: Secret,
    /// Where events go, when it is not the service in the United States.
    pub url: Option<String>,
}

/// What a sink is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// A critical finding about the backup.
    Failed,
    /// Nothing was proven.
    Unverified,
    /// It passed, with warnings.
    Warning,
    /// It passed.
    Passed,
}

impl When {
    /// What is told unless the plan says otherwise: a pass is no news.
    const USUAL: [Self; 3] = [Self::Failed, Self::Unverified, Self::Warning];

    const NAMED: [(&'static str, Self); 4] = [
        ("failed", Self::Failed),
        ("unverified", Self::Unverified),
        ("warning", Self::Warning),
        ("passed", Self::Passed),
    ];
}

/// Reads `notify`.
pub(super) fn read(file: &File<'_>, entry: Entry<'_>) -> NotifyPlan {
    let fields = file.below(entry, &keys::NOTIFY);
    let private = fields.get("allow_private").and_then(|e| file.truth(e));
    let private = private.unwrap_or_default();
    let sink = |name: &str, keys: &Keys| Some(Sink::new(file, fields.get(name)?, keys, private));
    NotifyPlan {
        allow_private: private,
        slack: sink("slack", &keys::SLACK).and_then(|sink| slack(&sink)),
        email: sink("email", &keys::EMAIL).and_then(|sink| email(&sink)),
        webhook: sink("webhook", &keys::WEBHOOK).and_then(|sink| webhook(&sink)),
        heartbeat: sink("heartbeat", &keys::HEARTBEAT).and_then(|sink| heartbeat(&sink)),
        pagerduty: sink("pagerduty", &keys::PAGERDUTY).and_then(|sink| pagerduty(&sink)),
    }
}

/// Reads `runbook`: a page for people.
pub(super) fn runbook(file: &File<'_>, fields: &Fields<'_>) -> Option<String> {
    let url = optional(file, fields, "runbook")?;
    let entry = fields.get("runbook")?;
    let parsed = reqwest::Url::parse(&url).ok();
    if parsed.is_none_or(|url| !matches!(url.scheme(), "http" | "https")) {
        file.error(
            entry.value,
            "\"runbook\" is no URL",
            "write runbook: https://…",
        );
    }
    Some(url)
}

fn slack(sink: &Sink<'_, '_>) -> Option<SlackPlan> {
    let on = sink.on();
    sink.needed("webhook", "write webhook: ${SLACK_WEBHOOK_URL:-}")?;
    let webhook = sink.url("webhook")?;
    Some(SlackPlan { webhook, on })
}

fn webhook(sink: &Sink<'_, '_>) -> Option<WebhookPlan> {
    let (on, secret) = (sink.on(), sink.secret("secret"));
    sink.needed("url", "write url: ${WEBHOOK_URL:-}")?;
    let url = sink.url("url")?;
    Some(WebhookPlan { url, secret, on })
}

fn heartbeat(sink: &Sink<'_, '_>) -> Option<HeartbeatPlan> {
    let [start, success, failure] = ["start", "success", "failure"];
    if [start, success, failure]
        .iter()
        .all(|key| sink.fields.get(key).is_none())
    {
        let help = "write start:, success: and failure:, or some of them";
        sink.file
            .error(sink.entry.key, "\"heartbeat\" calls nobody", help);
    }
    let rid = sink.fields.get("rid");
    let plan = HeartbeatPlan {
        start: sink.url(start),
        success: sink.url(success),
        failure: sink.url(failure),
        rid: rid.and_then(|entry| sink.file.truth(entry)),
    };
    let any = plan.start.is_some() || plan.success.is_some() || plan.failure.is_some();
    any.then_some(plan)
}

fn pagerduty(sink: &Sink<'_, '_>) -> Option<PagerDutyPlan> {
    let url = optional(sink.file, &sink.fields, "url");
    if let Some(url) = &url {
        sink.speaks_http("url", url);
    }
    sink.needed(
        "routing_key",
        "write routing_key: ${PAGERDUTY_ROUTING_KEY:-}",
    )?;
    let routing_key = sink.secret("routing_key")?;
    Some(PagerDutyPlan { routing_key, url })
}
