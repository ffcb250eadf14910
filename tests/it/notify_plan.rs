//! `notify` in a plan: what is read, what is refused, and what is never shown.

use std::fs;

use pgdrill::plan::{self, Plan, SmtpTls, When};

const SECRETS: [(&str, &str); 6] = [
    ("SLACK", "https://hooks.slack.com/services/T0/B0/planted"),
    (
        "SMTP",
        "smtp://drill%40example.com:planted@mail.example.com",
    ),
    ("HOOK", "https://example.com/planted"),
    ("KEY", "planted"),
    ("PLAIN", "http://10.0.0.1/planted"),
    ("EMPTY", ""),
];

fn read(notify: &str) -> Result<Plan, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    fs::write(&file, format!("version: 1\n{notify}\n")).unwrap();
    let environment = |name: &str| {
        let found = SECRETS.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let today = jiff::civil::date(2026, 11, 23);
    plan::read(&file, &environment, today)
        .map(|loaded| {
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
            loaded.plan
        })
        .map_err(|mistakes| mistakes.to_string())
}

const WHOLE: &str = "
notify:
  allow_private: false
  slack:
    webhook: ${SLACK}
    on: [failed, passed]
  email:
    to: [ops@example.com, Night <night@example.com>]
    smtp: ${SMTP}
  webhook:
    url: ${HOOK}
    secret: ${KEY}
  heartbeat:
    start: ${HOOK}/start
    success: ${HOOK}
  pagerduty:
    routing_key: ${KEY}
    url: https://events.eu.pagerduty.com/v2/enqueue
runbook: https://wiki.example.com/backups
";

#[test]
fn every_sink_is_read() {
    let plan = read(WHOLE).unwrap();
    let notify = &plan.notify;
    let slack = notify.slack.as_ref().unwrap();
    assert_eq!(slack.on, [When::Failed, When::Passed]);
    let email = notify.email.as_ref().unwrap();
    assert_eq!(email.from, "drill@example.com");
    assert_eq!(email.on, [When::Failed, When::Unverified, When::Warning]);
    assert_eq!((email.smtp.port, email.smtp.tls), (587, SmtpTls::StartTls));
    assert_eq!(notify.webhook.as_ref().unwrap().url.reveal(), SECRETS[2].1);
    let heart = notify.heartbeat.as_ref().unwrap();
    assert!(heart.start.is_some() && heart.success.is_some() && heart.failure.is_none());
    assert_eq!(
        notify.pagerduty.as_ref().unwrap().routing_key.reveal(),
        "planted"
    );
    assert_eq!(
        plan.runbook.as_deref(),
        Some("https://wiki.example.com/backups")
    );
    assert!(!format!("{plan:?}").contains("planted"));
}

#[test]
fn an_empty_address_switches_a_sink_off() {
    let plan = read(
        "notify:\n  slack:\n    webhook: ${NONE:-}\n  email:\n    to: [a@example.com]\n    smtp: ${EMPTY}\n  \
         webhook:\n    url: ${EMPTY:-}\n  heartbeat:\n    success: ${NONE:-}\n  pagerduty:\n    routing_key: ${NONE:-}\n",
    );
    assert_eq!(plan.unwrap().notify, plan::NotifyPlan::default());
    let plan = read("notify:\n  email:\n    to: ${NONE:-}\n    smtp: ${SMTP}\n");
    assert_eq!(plan.unwrap().notify.email, None);
}

#[test]
fn a_secret_that_is_written_in_the_plan_is_refused_and_not_shown() {
    for literal in [
        "notify: { slack: { webhook: https://hooks.slack.com/services/planted } }",
        "notify: { slack: { onn: [failed], webhook: https://hooks.slack.com/services/planted } }",
        "notify: { slack: { webhook: \"https://hooks.slack.com/services/planted\" } }",
        "notify:\n  slack:\n    webhook: ${NONE:-https://hooks.slack.com/planted}",
        "notify:\n  slack:\n    webhook: ${SLACK:-https://hooks.slack.com/planted}",
        "notify: { webhook: { url: https://planted.example.com } }",
        "notify:\n  webhook:\n    url: ${HOOK}\n    secret: planted",
        "notify: { heartbeat: { success: https://hc-ping.com/planted } }",
        "notify: { pagerduty: { routing_key: planted } }",
        "notify: { email: { to: [a@example.com], smtp: \"smtp://me:planted@mail.example.com\" } }",
        "live: { dsn: \"postgres://reader:planted@db.example.com/shop\" }",
        "live:\n  dsn: ${NONE:-host=db user=reader password=planted}",
        "metrics: { pushgateway: \"https://me:planted@push.example.com\" }",
    ] {
        let told = read(literal).unwrap_err();
        assert!(told.contains(", and is written in the plan"), "{told}");
        assert!(told.contains("shop.yaml:"), "{told}");
        assert!(told.contains(":-}"), "{told}");
        assert!(!told.contains("planted"), "{told}");
    }
}

#[test]
fn what_cannot_be_delivered_to_is_refused_without_the_value() {
    for (notify, why) in [
        (
            "notify:\n  slack:\n    webhook: ${KEY}",
            "\"webhook\" is no URL",
        ),
        ("notify:\n  slack:\n    webhook: ${PLAIN}", "without TLS"),
        ("notify: { slack: {} }", "\"slack\" has no \"webhook\""),
        (
            "notify: { slack: { webhok: x } }",
            "did you mean \"webhook\"?",
        ),
        (
            "notify:\n  slack:\n    webhook: ${SLACK}\n    on: [fail]",
            "did you mean \"failed\"?",
        ),
        (
            "notify:\n  slack:\n    webhook: ${SLACK}\n    on: []",
            "the list of \"on\" is empty",
        ),
        ("notify: { heartbeat: {} }", "calls nobody"),
        (
            "notify:\n  email:\n    to: [nobody]\n    smtp: ${SMTP}",
            "no mail address",
        ),
        ("notify:\n  email:\n    smtp: ${SMTP}", "goes to nobody"),
        (
            "notify:\n  email:\n    to: [a@example.com]\n    smtp: ${HOOK}",
            "not the URL of a mail server",
        ),
        (
            "notify: { email: { to: [a@example.com], smtp: \"smtp://mail\" } }",
            "does not say from whom",
        ),
        ("notify: { allow_private: maybe }", "neither true nor false"),
        ("runbook: wiki", "\"runbook\" is no URL"),
    ] {
        let told = read(notify).unwrap_err();
        assert!(told.contains(why), "{why} is not in {told}");
        assert!(!told.contains("planted"), "{told}");
    }
    let private = "notify:\n  allow_private: true\n  slack:\n    webhook: ${PLAIN}";
    assert!(read(private).is_ok());
}

#[test]
fn several_mistakes_are_told_at_once() {
    let told = read("notify:\n  slack:\n    webhook: ${KEY}\n    onn: [failed]\n  pagerduty: {}\n")
        .unwrap_err();
    for why in ["is no URL", "unknown slack key", "has no \"routing_key\""] {
        assert!(told.contains(why), "{why} is not in {told}");
    }
}
