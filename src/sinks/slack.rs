//! A message for Slack, in Block Kit. Slack refuses what is longer than its limits, so everything is cut before.

use serde_json::{Value, json};

use super::message::{Context, Message, Point};
use crate::{
    report::{Report, Verdict},
    words::Lang,
};

/// How many findings are shown; a message has at most 50 blocks, and nobody reads so many.
const POINTS: usize = 8;

/// A header's text: 150 letters (Slack's header block).
const HEADER: usize = 150;

/// A section has at most 10 fields, of 2000 letters; a key in S3 alone may have 1024.
const FIELD: usize = 300;

/// What one finding takes at most: a section's text may have 3000 letters.
const MESSAGE: usize = 300;
const FIGURES: usize = 250;
const NEXT: usize = 300;

/// Lines below the findings.
const LINE: usize = 600;

/// The whole message: Slack refuses some above 13,000 letters, which it documents nowhere.
const LONGEST: usize = 10_000;

/// The message, as JSON for an incoming webhook.
#[must_use]
pub fn body(report: &Report, context: &Context<'_>) -> Value {
    let message = Message::of(report, context);
    let mut shown = POINTS.min(message.points.len());
    loop {
        let body = with_points(report, &message, shown);
        if shown == 0 || length(&body.to_string()) < LONGEST {
            return body;
        }
        shown -= 1;
    }
}

fn with_points(report: &Report, message: &Message, shown: usize) -> Value {
    let title = format!("{} {}", sign(report.verdict), message.title);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&title, HEADER), "emoji": true } }),
        section(&cut(&message.meaning, LINE)),
        fields(message),
    ];
    blocks.extend(
        message
            .points
            .iter()
            .take(shown)
            .map(|point| section(&told(point, message.lang))),
    );
    if let Some(more) = message.more(shown) {
        blocks.push(section(&cut(&more, LINE)));
    }
    if let Some(foot) = foot(message) {
        blocks.push(section(&foot));
    }
    // Apps that hand out invisible notifications read this alone.
    json!({ "text": cut(&message.line(), MESSAGE), "blocks": blocks })
}

const fn sign(verdict: Verdict) -> char {
    match verdict {
        Verdict::Healthy | Verdict::Passed => '✅',
        Verdict::Failed => '❌',
        Verdict::Unverified => '❔',
    }
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": marked(text) })
}

/// Text with marks. Slack makes no links and no mentions of what it holds, but where we write `<…>`.
fn marked(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn fields(message: &Message) -> Value {
    let fields: Vec<_> = (message.facts.iter())
        .map(|(name, value)| marked(&format!("*{name}*\n{}", cut(value, FIELD))))
        .collect();
    json!({ "type": "section", "fields": fields })
}

fn told(point: &Point, lang: Lang) -> String {
    let severity = point.severity.word(lang);
    let mut text = format!(
        "*{severity}* {}  `{}`",
        cut(&point.message, MESSAGE),
        point.code
    );
    let figures = point.figures.iter();
    let figures: Vec<_> = figures
        .map(|(name, figure)| format!("{name}: {figure}"))
        .collect();
    if !figures.is_empty() {
        text = format!("{text}\n{}", cut(&figures.join(" · "), FIGURES));
    }
    let next = lang.say("next", "次にすること");
    format!("{text}\n_{next}:_ {}", cut(&point.hint, NEXT))
}

/// Whom to call, and where it is written what to do.
fn foot(message: &Message) -> Option<String> {
    let lang = message.lang;
    let runbook = message.runbook.as_ref().map(|url| {
        // A bar would end the URL, and begin what is shown in its place.
        let name = lang.say("runbook", "手順書");
        format!("*{name}* <{}>", cut(&url.replace('|', "%7C"), LINE))
    });
    let people = message.contacts.iter().enumerate();
    let people: Vec<_> = people
        .map(|(at, (role, name))| format!("{}. {role}: {name}", at + 1))
        .collect();
    let people = (!people.is_empty()).then(|| {
        let name = lang.say("contacts", "連絡先");
        format!("*{name}* {}", cut(&people.join(" · "), LINE))
    });
    let lines: Vec<_> = runbook.into_iter().chain(people).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The text with `&`, `<` and `>` escaped, which would begin links and calls for attention, and not longer than so many
/// letters; no escape is cut in two.
fn cut(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut left = most;
    for letter in text.chars() {
        let mut own = [0; 4];
        let escaped: &str = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => letter.encode_utf8(&mut own),
        };
        let size = length(escaped);
        if size >= left {
            out.push('…');
            break;
        }
        left -= size;
        out.push_str(escaped);
    }
    out
}

/// How many letters Slack counts: JavaScript's.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        finding::{Code, Finding},
        plan::Contact,
        report::BackupFacts,
    };

    #[test]
    fn what_is_cut_ends_with_dots_and_keeps_its_escapes_whole() {
        assert_eq!(cut("a<b>&c", 20), "a&lt;b&gt;&amp;c");
        assert_eq!(cut("<<<<", 9), "&lt;&lt;…");
        assert_eq!(cut("abc", 3), "ab…");
        assert_eq!(cut("", 3), "");
    }

    #[test]
    fn slack_makes_no_link_of_a_name() {
        let body = body(&hostile("evil.example", 2), &Context::default());
        let blocks = body["blocks"].as_array().unwrap();
        let fields = |block: &Value| block["fields"].as_array().cloned().unwrap_or_default();
        let texts = blocks.iter().flat_map(|block| {
            let text = block["text"].clone();
            std::iter::once(text).chain(fields(block))
        });
        for text in texts.filter(|text| text["type"] == "mrkdwn") {
            assert_eq!(text["verbatim"], true, "{text}");
        }
    }

    /// A report in which every name is this text.
    fn hostile(text: &str, findings: usize) -> Report {
        let mut report = Report::new(text, text, Timestamp::UNIX_EPOCH);
        report.backup = Some(BackupFacts {
            key: text.to_owned(),
            ..BackupFacts::default()
        });
        let finding = Finding::new(Code::CheckFailed, text)
            .about(text)
            .value(text)
            .limit(text);
        let finding = finding.previous(text).hint(text).detail(text);
        report.findings = vec![finding; findings];
        report.verdict = report.verdict();
        report
    }

    fn assert_taken(body: &Value) {
        let blocks = body["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        assert!(length(&body.to_string()) < LONGEST);
        for block in blocks {
            let text = block["text"]["text"].as_str().unwrap_or_default();
            let longest = if block["type"] == "header" {
                150
            } else {
                3_000
            };
            assert!(length(text) <= longest, "{text}");
            let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
            assert!(fields.len() <= 10);
            for field in fields {
                assert!(length(field["text"].as_str().unwrap()) <= 2_000);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn no_name_makes_a_message_that_slack_refuses(
            text in "(<!channel>|[&<>]|\u{1F600}|注|[ -~]|\n|\u{1b}){0,700}",
            findings in 0_usize..40,
        ) {
            let report = hostile(&text, findings);
            let contacts = [Contact { role: text.clone(), name: text.clone() }];
            for lang in Lang::ALL {
                let context = Context { lang, contacts: &contacts, runbook: Some(&text), ..Context::default() };
                let body = body(&report, &context);
                assert_taken(&body);
                let told = body.to_string();
                prop_assert!(!told.contains("<!channel"));
            }
        }
    }
}
