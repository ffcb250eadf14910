//! Every secret that a plan holds, for those who must keep them out of what is shown.

use super::{NotifyPlan, Plan};
use crate::units::Secret;

impl Plan {
    /// Every secret in this plan, in no order that matters.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let own = [
            self.sandbox.service_url.as_ref(),
            self.metrics.pushgateway.as_ref(),
            self.live.as_ref().map(|live| &live.dsn),
        ];
        let own = own.into_iter().flatten();
        own.chain(notified(&self.notify)).collect()
    }
}

/// Taken apart field by field: a sink that is added does not compile before its secrets are named here.
fn notified(notify: &NotifyPlan) -> impl Iterator<Item = &Secret> {
    let NotifyPlan {
        allow_private: _,
        slack,
        email,
        webhook,
        heartbeat,
        pagerduty,
    } = notify;
    let heartbeat = heartbeat.as_ref();
    [
        slack.as_ref().map(|slack| &slack.webhook),
        email.as_ref().map(|email| &email.smtp.password),
        webhook.as_ref().map(|webhook| &webhook.url),
        webhook.as_ref().and_then(|webhook| webhook.secret.as_ref()),
        heartbeat.and_then(|heartbeat| heartbeat.start.as_ref()),
        heartbeat.and_then(|heartbeat| heartbeat.success.as_ref()),
        heartbeat.and_then(|heartbeat| heartbeat.failure.as_ref()),
        pagerduty.as_ref().map(|pagerduty| &pagerduty.routing_key),
    ]
    .into_iter()
    .flatten()
}

/// What to do about a secret that is written in the plan.
pub(super) fn kept_outside(key: &str, variable: &str) -> String {
    format!(
        "keep it in an environment variable and write\n  {key}: ${{{variable}:-}}\nwith no other text after \":-\""
    )
}
