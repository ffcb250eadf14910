//! A mail: one text, and the same as HTML.

use std::fmt::Write as _;

use super::message::{Context, Message, Point};
use crate::{report::Report, words::Lang};

/// How many findings are told; the report holds the rest.
const POINTS: usize = 50;

/// How long a subject may be, in letters.
const SUBJECT: usize = 200;

/// A mail without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line without control characters.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML, without anything that would have to be fetched.
    pub html: String,
}

/// The mail about a run.
#[must_use]
pub fn mail(report: &Report, context: &Context<'_>) -> Mail {
    let message = Message::of(report, context);
    let subject: String = format!("[pgdrill] {}", message.title)
        .chars()
        .take(SUBJECT)
        .collect();
    Mail {
        subject,
        text: text(&message),
        html: html(&message),
    }
}

fn text(message: &Message) -> String {
    let mut text = format!("{}\n{}\n\n", message.title, message.meaning);
    for (name, value) in &message.facts {
        line(&mut text, &format!("{name}: {value}"));
    }
    for point in message.points.iter().take(POINTS) {
        let severity = point.severity.word(message.lang);
        line(&mut text, "");
        line(
            &mut text,
            &format!("{severity}: {} [{}]", point.message, point.code),
        );
        for (name, value) in below(point, message.lang) {
            line(&mut text, &format!("  {name}: {value}"));
        }
    }
    text.extend(message.more(POINTS).map(|more| format!("\n{more}\n")));
    let foot = foot(message);
    if !foot.is_empty() {
        line(&mut text, "");
    }
    for (name, value) in foot {
        line(&mut text, &format!("{name}: {value}"));
    }
    text
}

/// Adds a line. Writing into a text cannot fail.
fn line(text: &mut String, content: &str) {
    let _ = writeln!(text, "{content}");
}

/// What is told of a finding below its first line.
fn below(point: &Point, lang: Lang) -> Vec<(&'static str, &str)> {
    let figures = (point.figures.iter()).map(|(name, value)| (*name, value.as_str()));
    let detail = point.detail.as_deref();
    let detail = detail.map(|detail| (lang.say("detail", "詳細"), detail));
    let next = (lang.say("next", "次にすること"), point.hint.as_str());
    figures.chain(detail).chain([next]).collect()
}

fn foot(message: &Message) -> Vec<(String, String)> {
    let lang = message.lang;
    let runbook = message.runbook.iter();
    let runbook = runbook.map(|url| (lang.say("runbook", "手順書").to_owned(), url.clone()));
    let people = message.contacts.iter().enumerate();
    let people = people.map(|(at, (role, name))| {
        let contact = lang.say("contact", "連絡先");
        (format!("{contact} {}, {role}", at + 1), name.clone())
    });
    runbook.chain(people).collect()
}

fn html(message: &Message) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body style=\"font-family: sans-serif; max-width: 46em\">\n<h1 style=\"font-size: 1.3em\">{title}</h1>\n<p>{}</p>\n",
        message.lang.name(),
        escape(&message.meaning),
        title = escape(&message.title),
    );
    table(
        &mut html,
        message
            .facts
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    for point in message.points.iter().take(POINTS) {
        let severity = escape(point.severity.word(message.lang));
        let told = escape(&point.message);
        line(
            &mut html,
            &format!(
                "<h2 style=\"font-size: 1.1em\">{severity}: {told} <code>{}</code></h2>",
                point.code
            ),
        );
        table(&mut html, below(point, message.lang));
    }
    html.extend(
        message
            .more(POINTS)
            .map(|more| format!("<p>{}</p>\n", escape(&more))),
    );
    let foot = foot(message);
    if !foot.is_empty() {
        line(&mut html, "<hr>");
        table(
            &mut html,
            foot.iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
    }
    line(&mut html, "</body></html>");
    html
}

fn table<'a>(html: &mut String, rows: impl IntoIterator<Item = (&'a str, &'a str)>) {
    line(html, "<table>");
    for (name, value) in rows {
        let (name, shown) = (escape(name), escape(value));
        let is_page = value.starts_with("https://") || value.starts_with("http://");
        let shown = if is_page {
            format!("<a href=\"{shown}\">{shown}</a>")
        } else {
            shown
        };
        line(
            html,
            &format!("<tr><th align=\"left\" valign=\"top\">{name}</th><td>{shown}</td></tr>"),
        );
    }
    line(html, "</table>");
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn no_name_adds_a_header_or_an_element() {
        let name = "x\r\nBcc: everybody@example.com\r\n\r\n<script>alert('&')</script>\"";
        let report = Report::new(name, "run", Timestamp::UNIX_EPOCH);
        let mail = mail(&report, &Context::default());
        assert!(
            !mail.subject.chars().any(char::is_control),
            "{}",
            mail.subject
        );
        assert!(!mail.html.contains("<script"), "{}", mail.html);
        assert!(!mail.text.contains("\nBcc"), "{}", mail.text);
    }
}
