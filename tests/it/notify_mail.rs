//! Mail, through a real server.

use std::{fs, path::Path, time::Duration};

use pgdrill::{
    finding::Finding,
    plan::{self, Plan},
    report::Report,
    sinks::deliver::{self, Occasion, Order},
    words::Lang,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep_until};

use super::support::{
    reports::{ago, truncated},
    smtp::{PASSWORD, Smtp, USER},
};

const PATIENCE: Duration = Duration::from_secs(30);

fn login(scheme: &str, port: u16, password: &str) -> String {
    let encoded = |text: &str| {
        text.replace('@', "%40")
            .replace('/', "%2F")
            .replace(' ', "%20")
    };
    format!(
        "{scheme}://{}:{}@localhost:{port}",
        encoded(USER),
        encoded(password)
    )
}

fn plan(url: &str, ca: Option<&Path>) -> (TempDir, Plan) {
    let folder = tempfile::tempdir().unwrap();
    let ca = ca.map_or_else(String::new, |ca| {
        fs::copy(ca, folder.path().join("ca.pem")).unwrap();
        "    ca: ca.pem\n".to_owned()
    });
    let file = folder.path().join("shop.yaml");
    let text = format!(
        "version: 1\nname: shop\nnotify:\n  allow_private: true\n  email:\n    \
         to: [ops@example.com, Night Shift <night@example.com>]\n    from: pgdrill@example.com\n    smtp: ${{URL}}\n{ca}"
    );
    fs::write(&file, text).unwrap();
    let environment = |_: &str| Some(url.to_owned());
    let loaded = plan::read(&file, &environment, jiff::civil::date(2026, 11, 23));
    (
        folder,
        loaded.unwrap_or_else(|mistakes| panic!("{mistakes}")).plan,
    )
}

async fn tell(plan: &Plan, report: &Report) -> Result<(), String> {
    let occasion = Occasion {
        plan,
        report,
        lang: Lang::En,
        first_run: "",
    };
    let orders = [Order {
        sink: "email",
        recovered: None,
    }];
    let end = Instant::now() + PATIENCE;
    let told = deliver::notify(occasion, &orders, end, sleep_until(end)).await;
    let (_, result) = told.into_iter().next().unwrap();
    result.map_err(|error| {
        let finding = Finding::from(error);
        format!("{} {}", finding.message, finding.detail.unwrap_or_default())
    })
}

#[tokio::test]
async fn mail_arrives_over_starttls_and_over_tls_from_the_first_byte() {
    for (kind, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let Some(server) = Smtp::start(kind) else {
            return;
        };
        let (_folder, plan) = plan(&login(scheme, server.port, PASSWORD), Some(&server.ca()));
        deliver::probe("email", &plan).await.unwrap();
        assert!(server.mail().is_empty());
        let mut report = truncated("shop", ago(0, 1));
        report.plan = "shop\r\nBcc: everybody@example.com\r\n\r\n注文".to_owned();
        assert_eq!(tell(&plan, &report).await, Ok(()), "{kind}");
        let mail = server.mail();
        assert_eq!(mail.len(), 1);
        for part in [
            "TLS: True",
            "USER: drill",
            "TO: ['ops@example.com', 'night@example.com']",
            "Subject: ",
            "multipart/alternative",
            "text/plain",
            "text/html",
        ] {
            assert!(mail[0].contains(part), "{part} is not in {}", mail[0]);
        }
        let head = mail[0].split("\r\n\r\n").next().unwrap();
        assert!(!head.contains("\nBcc"), "{head}");
        deliver::test("email", &plan, Lang::Ja).await.unwrap();
        assert_eq!(server.mail().len(), 2);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_gets_no_mail() {
    for (kind, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let Some(server) = Smtp::start(kind) else {
            return;
        };
        let (_folder, plan) = plan(&login(scheme, server.port, PASSWORD), None);
        let error = tell(&plan, &truncated("shop", ago(0, 1)))
            .await
            .unwrap_err();
        assert!(error.contains("certificate"), "{error}");
        assert!(server.mail().is_empty());
    }
}

#[tokio::test]
async fn a_server_without_starttls_never_sees_a_password() {
    let Some(server) = Smtp::start("plain") else {
        return;
    };
    let (_folder, plan) = plan(&login("smtp", server.port, PASSWORD), Some(&server.ca()));
    assert!(tell(&plan, &truncated("shop", ago(0, 1))).await.is_err());
    assert!(server.mail().is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_refused_for_good_and_not_repeated() {
    let Some(server) = Smtp::start("starttls") else {
        return;
    };
    let (_folder, plan) = plan(&login("smtp", server.port, "hunter2"), Some(&server.ca()));
    let error = tell(&plan, &truncated("shop", ago(0, 1)))
        .await
        .unwrap_err();
    assert!(
        error.contains("refused it for good, with code 535"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_mailbox_that_is_gone_keeps_nobody_else_from_the_mail() {
    let Some(server) = Smtp::start("plain") else {
        return;
    };
    let (_folder, mut plan) = plan(&format!("smtp://localhost:{}?tls=none", server.port), None);
    let all = ["a@example.com", "nobody@example.com", "b@exämple.com"];
    plan.notify.email.as_mut().unwrap().to = all.map(str::to_owned).to_vec();
    let error = tell(&plan, &truncated("shop", ago(0, 1)))
        .await
        .unwrap_err();
    assert!(error.contains("refused number 2"), "{error}");
    let mail = server.mail();
    assert_eq!(mail.len(), 2, "{mail:#?}");
    assert!(mail[0].contains("TO: ['a@example.com']"), "{}", mail[0]);
    assert!(
        mail[1].contains("TO: ['b@xn--exmple-cua.com']"),
        "{}",
        mail[1]
    );
    let gone = ["nobody@example.com", "nobody@example.org"];
    plan.notify.email.as_mut().unwrap().to = gone.map(str::to_owned).to_vec();
    let error = tell(&plan, &truncated("shop", ago(0, 1)))
        .await
        .unwrap_err();
    assert!(error.contains("with code 550"), "{error}");
}

#[tokio::test]
async fn mail_goes_unprotected_only_where_the_plan_says_so() {
    let Some(server) = Smtp::start("plain") else {
        return;
    };
    let (_folder, plan) = plan(&format!("smtp://localhost:{}?tls=none", server.port), None);
    assert_eq!(tell(&plan, &truncated("shop", ago(0, 1))).await, Ok(()));
    assert!(server.mail()[0].contains("TLS: False"));
}
