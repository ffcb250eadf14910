//! Who is told of a run: the sinks under `notify`, and on what each of them is told.

use std::path::PathBuf;

use super::{
    keys::{self, Keys},
    settings::optional,
    smtp,
    walk::{Entry, Fields, File},
    yaml::{Node, Value},
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

/// A sink that is being read.
struct Sink<'f, 'n> {
    file: &'f File<'f>,
    entry: Entry<'n>,
    fields: Fields<'n>,
    private: bool,
}

impl<'f, 'n> Sink<'f, 'n> {
    fn new(file: &'f File<'_>, entry: Entry<'n>, keys: &Keys, private: bool) -> Self {
        Self {
            file,
            entry,
            fields: file.below(entry, keys),
            private,
        }
    }

    /// A text that the sink cannot do without: noted when the key is absent, nothing when it is empty.
    fn needed(&self, key: &str, help: &str) -> Option<String> {
        if self.fields.get(key).is_none() {
            let message = format!("\"{}\" has no \"{key}\"", self.entry.name());
            self.file.error(self.entry.key, message, help);
        }
        optional(self.file, &self.fields, key)
    }

    /// A secret, which must not be written in the plan.
    fn secret(&self, key: &str) -> Option<Secret> {
        let text = optional(self.file, &self.fields, key)?;
        self.is_from_environment(key)
            .then(|| Secret::new(text.trim()))
    }

    fn is_from_environment(&self, key: &str) -> bool {
        let Some(entry) = self.fields.get(key) else {
            return false;
        };
        let outside = from_environment(entry.value);
        if !outside {
            let message = format!("\"{key}\" is a secret, and is written in the plan");
            let name = format!("{}_{key}", self.entry.name()).to_uppercase();
            let help = format!(
                "keep it in an environment variable and write\n  {key}: ${{{name}:-}}\nwith no other text after \":-\""
            );
            self.file.secret(entry.value, message, help);
        }
        outside
    }

    /// The secret URL of something that speaks HTTP.
    fn url(&self, key: &str) -> Option<Secret> {
        let secret = self.secret(key)?;
        self.speaks_http(key, secret.reveal());
        Some(secret)
    }

    /// Whether a URL can be delivered to; the URL itself is not told.
    fn speaks_http(&self, key: &str, url: &str) {
        let parsed = reqwest::Url::parse(url).ok().filter(reqwest::Url::has_host);
        let scheme = parsed.as_ref().map(reqwest::Url::scheme);
        let (message, help) = match scheme {
            Some("https") => return,
            Some("http") if self.private => return,
            Some("http") => (
                format!("\"{key}\" would be reached without TLS"),
                "write https://…; http:// is for private addresses, with allow_private: true",
            ),
            _ => (format!("\"{key}\" is no URL"), "write https://…"),
        };
        if let Some(entry) = self.fields.get(key) {
            self.file.secret(entry.value, message, help);
        }
    }

    fn on(&self) -> Vec<When> {
        let Some(entry) = self.fields.get("on") else {
            return When::USUAL.to_vec();
        };
        let help = "write on: [failed, unverified, warning, passed], or some of them";
        let mut on = Vec::new();
        for item in self.file.items(entry, help) {
            let item = Entry {
                key: entry.key,
                value: item,
            };
            on.extend(self.file.choice(item, &When::NAMED));
        }
        on.sort_unstable();
        on.dedup();
        on
    }
}

/// Whether all that matters of a text comes from the environment: a default for it stands in the plan.
fn from_environment(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(scalar) => scalar.from_environment && !scalar.has_default,
        Value::List(_) | Value::Map(_) => false,
    }
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

fn email(sink: &Sink<'_, '_>) -> Option<EmailPlan> {
    let on = sink.on();
    let to = addressees(sink);
    let ca = optional(sink.file, &sink.fields, "ca").map(PathBuf::from);
    let from = optional(sink.file, &sink.fields, "from");
    if let (Some(from), Some(entry)) = (&from, sink.fields.get("from")) {
        mailbox(sink, from, entry.value);
    }
    let smtp = sink.needed("smtp", "write smtp: ${SMTP_URL:-}")?;
    let entry = sink.fields.get("smtp")?;
    if smtp.contains('@') && !sink.is_from_environment("smtp") {
        return None;
    }
    let smtp = match smtp::read(smtp.trim()) {
        Ok(smtp) => smtp,
        Err((message, help)) => {
            sink.file.secret(entry.value, message, help);
            return None;
        }
    };
    let user = smtp.user.clone().filter(|user| is_mailbox(user));
    let Some(from) = from.or(user) else {
        let help = "write from: pgdrill@example.com";
        let message = "\"email\" does not say from whom, and the user in \"smtp\" is no address";
        sink.file.error(sink.entry.key, message, help);
        return None;
    };
    let plan = EmailPlan {
        to,
        from,
        smtp,
        ca,
        on,
    };
    (!plan.to.is_empty()).then_some(plan)
}

/// `to` is a list, or one text with commas, as a variable holds it.
fn addressees(sink: &Sink<'_, '_>) -> Vec<String> {
    let help = "write to: [ops@example.com]";
    let Some(entry) = sink.fields.get("to") else {
        sink.file
            .error(sink.entry.key, "\"email\" goes to nobody", help);
        return Vec::new();
    };
    let texts: Vec<(&str, &Node)> = match &entry.value.value {
        Value::Scalar(_) => {
            let Some(text) = entry.value.text().filter(|_| !entry.value.is_null()) else {
                sink.file
                    .error(entry.value, "\"email\" goes to nobody", help);
                return Vec::new();
            };
            text.split(',').map(|text| (text, entry.value)).collect()
        }
        Value::List(_) | Value::Map(_) => sink.file.texts(entry, help),
    };
    let texts = texts.iter().map(|(text, node)| (text.trim(), node));
    texts
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, node)| {
            mailbox(sink, text, node);
            text.to_owned()
        })
        .collect()
}

fn mailbox(sink: &Sink<'_, '_>, text: &str, node: &Node) {
    if !is_mailbox(text) {
        let help = "write ops@example.com, or \"Operations <ops@example.com>\"";
        sink.file.error(node, "this is no mail address", help);
    }
}

fn is_mailbox(text: &str) -> bool {
    text.parse::<lettre::message::Mailbox>().is_ok()
}
