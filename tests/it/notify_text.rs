//! What people are told, of the four reports that there are: one that passed, one with warnings, one that failed, and one
//! that could not look.

use pgdrill::{
    finding::{Code, Finding},
    plan::Contact,
    report::Report,
    sinks::{heartbeat, mail::mail, message::Context, pagerduty, slack},
    words::Lang,
};

use super::support::reports::{ago, drill, stopped, truncated, with};

fn warned() -> Report {
    let stale = Finding::new(
        Code::BackupShrunk,
        "\"b.dump\" is 43 % of the size of the one before it",
    )
    .detail("It holds 430.0 MB.")
    .value("430.0 MB")
    .limit("more than 50 % of the previous one")
    .previous("1.0 GB")
    .about("b.dump");
    let slow = Finding::new(
        Code::RestoreSlow,
        "restoring took 20 min 0 s, 4.0 times the usual",
    )
    .value("20 min 0 s")
    .limit("less than 3 times the usual")
    .previous("usually 5 min 0 s");
    with(with(drill("shop", ago(0, 6)), stale), slow)
}

fn failed() -> Report {
    let stale = Finding::new(Code::BackupStale, "newest backup is 73 hours old")
        .value("73 hours")
        .limit("48 hours");
    with(truncated("shop", ago(0, 6)), stale)
}

fn reports() -> [(&'static str, Report); 4] {
    [
        ("passed", drill("shop", ago(0, 6))),
        ("warned", warned()),
        ("failed", failed()),
        ("unverified", stopped("shop", ago(0, 6))),
    ]
}

fn contacts() -> Vec<Contact> {
    let contact = |role: &str, name: &str| Contact {
        role: role.to_owned(),
        name: name.to_owned(),
    };
    vec![
        contact("primary", "System administrator"),
        contact("secondary", "Development lead"),
        contact("escalation", "CTO"),
    ]
}

fn context(contacts: &[Contact], lang: Lang) -> Context<'_> {
    Context {
        lang,
        contacts,
        runbook: Some("https://wiki.example.com/backups"),
        ..Context::default()
    }
}

#[test]
fn slack_reads_like_this() {
    let contacts = contacts();
    for (name, report) in reports() {
        let body = slack::body(&report, &context(&contacts, Lang::En));
        insta::assert_json_snapshot!(format!("slack_{name}"), body);
    }
}

#[test]
fn mail_reads_like_this() {
    let contacts = contacts();
    for (name, report) in reports() {
        let mail = mail(&report, &context(&contacts, Lang::En));
        let whole = format!("Subject: {}\n\n{}\n{}", mail.subject, mail.text, mail.html);
        insta::assert_snapshot!(format!("mail_{name}"), whole);
    }
}

#[test]
fn pagerduty_reads_like_this() {
    let contacts = contacts();
    for (name, report) in reports() {
        let event = pagerduty::event(&report, &context(&contacts, Lang::En));
        insta::assert_json_snapshot!(format!("pagerduty_{name}"), event);
    }
}

#[test]
fn people_who_read_japanese_are_told_in_japanese() {
    let contacts = contacts();
    let context = context(&contacts, Lang::Ja);
    insta::assert_json_snapshot!("slack_failed_ja", slack::body(&failed(), &context));
    let mail = mail(&failed(), &context);
    insta::assert_snapshot!(
        "mail_failed_ja",
        format!("{}\n\n{}", mail.subject, mail.text)
    );
}

#[test]
fn a_recovery_and_a_test_say_what_they_are() {
    let contacts = contacts();
    let usual = context(&contacts, Lang::En);
    let recovered = Context {
        recovered: Some("01JD"),
        ..usual
    };
    let passed = drill("shop", ago(0, 6));
    let mail_of = |context: &Context<'_>| mail(&passed, context);
    let told = mail_of(&recovered);
    assert_eq!(told.subject, "[pgdrill] RECOVERED · PASSED · shop");
    assert!(
        told.text
            .contains("The trouble that run 01JD told of is over."),
        "{}",
        told.text
    );
    let test = Context {
        test: true,
        ..usual
    };
    let told = mail_of(&test);
    assert_eq!(told.subject, "[pgdrill] TEST · shop");
    assert!(told.text.contains("nothing is wrong"), "{}", told.text);
    let event = pagerduty::event(&passed, &test);
    assert_eq!(event["dedup_key"], "pgdrill:shop:test");
    assert_eq!(event["payload"]["severity"], "info");
}

#[test]
fn every_message_of_trouble_names_what_people_need() {
    let contacts = contacts();
    let context = context(&contacts, Lang::En);
    let report = warned();
    let told = [
        slack::body(&report, &context).to_string(),
        mail(&report, &context).text,
        mail(&report, &context).html,
    ];
    for told in told {
        for needed in [
            "shop",
            "430.0 MB",
            "more than 50 %",
            "1.0 GB",
            Code::BackupShrunk.hint(),
            "https://wiki.example.com/backups",
        ] {
            assert!(told.contains(needed), "{needed} is not in {told}");
        }
        let place = |name: &str| told.find(name).unwrap();
        assert!(place("System administrator") < place("Development lead"));
        assert!(place("Development lead") < place("CTO"));
    }
}

#[test]
fn a_pass_says_size_change_and_duration() {
    let report = drill("shop", ago(0, 6));
    let told = slack::body(&report, &Context::default()).to_string();
    for needed in ["against the previous", " %", "the restore"] {
        assert!(told.contains(needed), "{needed} is not in {told}");
    }
    assert!(heartbeat::body(&report, Lang::En).contains("PASSED"));
}
