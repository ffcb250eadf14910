//! Deliveries, each to a receiver that misbehaves in its own way.

use std::{fs, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use pgdrill::{
    finding::{Code, Finding},
    plan::{self, Plan},
    report::Report,
    sinks::deliver::{self, Occasion, Order, configured},
    units::hex,
    words::Lang,
};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, sleep_until};

use super::support::{
    receiver::{Answer, Got, Receiver},
    reports::{ago, drill, truncated},
};

/// Long enough for a machine that is busy; nobody waits for it unless a test says so.
const PATIENCE: Duration = Duration::from_secs(20);

/// A plan whose `notify` is this, with `${URL}` and `${KEY}` in its environment.
fn plan(notify: &str, url: &str) -> (TempDir, Plan) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    fs::write(&file, format!("version: 1\nname: shop\nnotify:\n{notify}")).unwrap();
    let environment = |name: &str| match name {
        "URL" => Some(url.to_owned()),
        "KEY" => Some("planted-key".to_owned()),
        _ => None,
    };
    let loaded = plan::read(&file, &environment, jiff::civil::date(2026, 11, 23));
    (
        folder,
        loaded.unwrap_or_else(|mistakes| panic!("{mistakes}")).plan,
    )
}

const SLACK: &str = "  allow_private: true\n  slack:\n    webhook: ${URL}/services/planted\n";

/// Tells every sink of a plan of a report; what each of them came to.
async fn tell(
    plan: &Plan,
    report: &Report,
    patience: Duration,
) -> Vec<(&'static str, Result<(), String>)> {
    let orders: Vec<_> = configured(&plan.notify)
        .into_iter()
        .map(|sink| Order {
            sink,
            recovered: None,
        })
        .collect();
    let occasion = Occasion {
        plan,
        report,
        lang: Lang::En,
        first_run: &report.run,
    };
    let end = Instant::now() + patience;
    let told = deliver::notify(occasion, &orders, end, sleep_until(end)).await;
    let words = |result: Result<(), pgdrill::error::Error>| {
        result.map_err(|error| {
            let finding = Finding::from(error);
            format!(
                "{} {} {}",
                finding.message,
                finding.detail.unwrap_or_default(),
                finding.hint
            )
        })
    };
    told.into_iter()
        .map(|(name, result)| (name, words(result)))
        .collect()
}

/// Tells Slack, which answers like this; what it came to, and how often it was asked.
async fn slack(answers: Vec<Answer>, patience: Duration) -> (Result<(), String>, usize) {
    let receiver = Receiver::start(answers).await;
    let (_folder, plan) = plan(SLACK, &receiver.url(""));
    let told = tell(&plan, &truncated("shop", ago(0, 1)), patience).await;
    (told[0].1.clone(), receiver.got().len())
}

#[tokio::test]
async fn who_is_busy_or_broken_is_asked_again() {
    let busy = Answer::Status(429, "retry-after: 1\r\n".to_owned(), "");
    let answers = vec![
        busy,
        Answer::status(503),
        Answer::Close,
        Answer::status(200),
    ];
    assert_eq!(slack(answers, PATIENCE).await, (Ok(()), 4));
}

#[tokio::test]
async fn who_asks_for_more_patience_than_there_is_is_not_waited_for() {
    let busy = || Answer::Status(429, "retry-after: 3600\r\n".to_owned(), "");
    let (told, asked) = slack(vec![busy(), busy()], Duration::from_secs(5)).await;
    assert!(told.unwrap_err().contains("It answered 429"));
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn who_refuses_is_not_asked_again_and_is_quoted_by_its_own_word_only() {
    let (told, asked) = slack(
        vec![Answer::Status(404, String::new(), "no_service")],
        PATIENCE,
    )
    .await;
    let told = told.unwrap_err();
    assert!(told.contains("404 Not Found: no_service."), "{told}");
    assert_eq!(asked, 1);
    let echo = Answer::Status(400, String::new(), "POST /services/planted");
    let told = slack(vec![echo], PATIENCE).await.0.unwrap_err();
    assert!(!told.contains("planted"), "{told}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Receiver::start(vec![]).await;
    let to = format!("location: {}\r\n", other.url("/stolen"));
    let (told, asked) = slack(vec![Answer::Status(307, to, "")], PATIENCE).await;
    assert!(told.unwrap_err().contains("It answered 307"));
    assert_eq!((asked, other.got().len()), (1, 0));
}

#[tokio::test]
async fn who_hangs_delays_nobody_else_and_nobody_beyond_the_end() {
    let receiver = Receiver::start(vec![]).await;
    let hangs = Receiver::start(vec![Answer::Hang, Answer::Hang, Answer::Hang]).await;
    let notify = format!(
        "{SLACK}  webhook:\n    url: ${{URL}}/hook\n  pagerduty:\n    routing_key: ${{KEY}}\n    url: {}\n",
        hangs.url("/v2/enqueue")
    );
    let (_folder, plan) = plan(&notify, &receiver.url(""));
    let told = tell(&plan, &truncated("shop", ago(0, 1)), Duration::from_secs(3)).await;
    let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["slack", "webhook", "pagerduty"]);
    assert_eq!((&told[0].1, &told[1].1), (&Ok(()), &Ok(())));
    let error = told[2].1.clone().unwrap_err();
    assert!(
        error.contains("PagerDuty") || error.contains("in time"),
        "{error}"
    );
}

#[tokio::test]
async fn who_hurries_waits_no_longer_than_he_says() {
    let hangs = Receiver::start(vec![Answer::Hang]).await;
    let (_folder, plan) = plan(SLACK, &hangs.url(""));
    let report = truncated("shop", ago(0, 1));
    let occasion = Occasion {
        plan: &plan,
        report: &report,
        lang: Lang::En,
        first_run: "",
    };
    let orders = [Order {
        sink: "slack",
        recovered: None,
    }];
    // Without the hurry this test would take a day.
    let day = Duration::from_hours(24);
    let hurry = sleep(Duration::from_millis(10));
    let told = deliver::notify(occasion, &orders, Instant::now() + day, hurry).await;
    assert!(
        told[0]
            .1
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("in time")
    );
}

#[tokio::test]
async fn private_addresses_are_refused_by_name_and_by_number() {
    let receiver = Receiver::start(vec![]).await;
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "0x7f000001",
        "2130706433",
        "[::ffff:127.0.0.1]",
    ] {
        let url = format!("https://{host}:{}", receiver.port());
        let (_folder, plan) = plan("  webhook:\n    url: ${URL}/planted\n", &url);
        let told = tell(&plan, &drill("shop", ago(0, 1)), PATIENCE).await;
        let error = told[0].1.clone().unwrap_err();
        assert!(error.contains("allow_private"), "{host}: {error}");
        assert!(!error.contains("planted"), "{error}");
        let error = deliver::probe("webhook", &plan)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("allow_private"), "{host}: {error}");
    }
    assert!(receiver.got().is_empty());
}

#[tokio::test]
async fn without_tls_nothing_is_sent_to_a_public_address() {
    let (_folder, plan) = plan(SLACK, "http://192.0.1.1:9");
    let told = tell(&plan, &drill("shop", ago(0, 1)), PATIENCE).await;
    assert!(told[0].1.clone().unwrap_err().contains("public address"));
}

#[tokio::test]
async fn the_webhook_gets_the_report_signed_together_with_the_time() {
    let receiver = Receiver::start(vec![]).await;
    let notify =
        "  allow_private: true\n  webhook:\n    url: ${URL}/hook?token=x\n    secret: ${KEY}\n";
    let (_folder, plan) = plan(notify, &receiver.url(""));
    let report = truncated("shop", ago(0, 1));
    assert_eq!(tell(&plan, &report, PATIENCE).await, [("webhook", Ok(()))]);
    let got = &receiver.got()[0];
    assert_eq!(got.path, "/hook?token=x");
    let read: Report = serde_json::from_str(&got.body).unwrap();
    assert_eq!(read, report);
    // As the README says.
    let time = got.header("x-pgdrill-timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"planted-key").unwrap();
    mac.update(format!("{time}.{}", got.body).as_bytes());
    let signature = format!("sha256={}", hex(&mac.finalize().into_bytes()));
    assert_eq!(got.header("x-pgdrill-signature"), signature);
    let age = jiff::Timestamp::now().as_second() - time.parse::<i64>().unwrap();
    assert!((0..300).contains(&age));
    assert_eq!(got.header("x-pgdrill-run"), report.run);
}

#[tokio::test]
async fn a_heartbeat_is_told_the_report_and_who_takes_no_text_is_visited() {
    let receiver = Receiver::start(vec![Answer::status(200), Answer::status(405)]).await;
    let notify = "  allow_private: true\n  heartbeat:\n    success: ${URL}/good\n    failure: ${URL}/bad\n    rid: true\n";
    let (_folder, plan) = plan(notify, &receiver.url(""));
    let mut report = drill("shop", ago(0, 1));
    report.run = "01KB8R6VJZ3M5S2H1ZK3VQ0D7X".to_owned();
    assert_eq!(
        tell(&plan, &report, PATIENCE).await,
        [("heartbeat", Ok(()))]
    );
    let failed = Report {
        run: report.run.clone(),
        ..truncated("shop", ago(0, 1))
    };
    assert_eq!(
        tell(&plan, &failed, PATIENCE).await,
        [("heartbeat", Ok(()))]
    );
    let got = receiver.got();
    let calls: Vec<_> = got
        .iter()
        .map(|got| (got.method.as_str(), got.path.split('?').next().unwrap()))
        .collect();
    assert_eq!(
        calls,
        [("POST", "/good"), ("POST", "/bad"), ("GET", "/bad")]
    );
    assert!(got[0].body.contains("PASSED") && got[1].body.contains("FAILED"));
    assert!(
        got.iter()
            .all(|got| got.path.contains("?rid=019ad183-6e5f-")),
        "{got:?}"
    );
}

#[tokio::test]
async fn an_incident_is_opened_with_a_key_and_closed_with_the_same() {
    let receiver = Receiver::start(vec![Answer::status(202), Answer::status(202)]).await;
    let notify = format!(
        "  allow_private: true\n  pagerduty:\n    routing_key: ${{KEY}}\n    url: {}\n",
        receiver.url("/v2/enqueue")
    );
    let (_folder, plan) = plan(&notify, "");
    for report in [truncated("shop", ago(0, 2)), drill("shop", ago(0, 1))] {
        assert_eq!(
            tell(&plan, &report, PATIENCE).await,
            [("pagerduty", Ok(()))]
        );
    }
    let events: Vec<_> = receiver.got().iter().map(Got::json).collect();
    let actions: Vec<_> = events
        .iter()
        .map(|event| event["event_action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    assert!(
        events
            .iter()
            .all(|event| event["dedup_key"] == "pgdrill:shop"
                && event["routing_key"] == "planted-key")
    );
    assert_eq!(events[0]["payload"]["class"], Code::DumpTruncated.name());
}

#[tokio::test]
async fn a_probe_connects_and_says_nothing_and_a_test_says_that_it_is_one() {
    let receiver = Receiver::start(vec![]).await;
    let notify = format!(
        "{SLACK}  heartbeat:\n    success: ${{URL}}/beat\n  webhook:\n    url: ${{URL}}/hook\n"
    );
    let (_folder, plan) = plan(&notify, &receiver.url(""));
    for name in configured(&plan.notify) {
        deliver::probe(name, &plan).await.unwrap();
    }
    assert!(receiver.got().is_empty());
    for name in configured(&plan.notify) {
        deliver::test(name, &plan, Lang::En).await.unwrap();
    }
    let got = receiver.got();
    let paths: Vec<_> = got.iter().map(|got| got.path.as_str()).collect();
    assert_eq!(
        paths,
        ["/services/planted", "/hook"],
        "a heartbeat cannot be tried"
    );
    assert!(got[0].body.contains("TEST"));
    assert_eq!(got[1].header("x-pgdrill-test"), "true");
    assert!(deliver::test("pagerduty", &plan, Lang::En).await.is_err());
}
