//! What a dead man's switch is told: the report as a text, and the run's name where it takes one.

use reqwest::Url;

use super::{Style, human};
use crate::{report::Report, words::Lang};

/// So much of a text healthchecks.io keeps, in bytes.
const LONGEST: usize = 100_000;

/// The host of healthchecks.io, which takes the name of a run.
const HEALTHCHECKS: &str = "hc-ping.com";

/// The report as a text, not longer than what is kept.
#[must_use]
pub fn body(report: &Report, lang: Lang) -> String {
    let style = Style {
        lang,
        ..Style::default()
    };
    let mut text = human::render(report, style);
    // The verdict stands at the end.
    let cut = text.len().saturating_sub(LONGEST);
    let start = (cut..=text.len()).find(|at| text.is_char_boundary(*at));
    text.split_off(start.unwrap_or_default())
}

/// The URL with the run's name, as a UUID, so that a beginning and its end are known to belong together.
#[must_use]
pub fn with_run(mut url: Url, run: &str, wanted: Option<bool>) -> Url {
    let theirs = url.host_str() == Some(HEALTHCHECKS);
    let uuid = run.parse::<ulid::Ulid>().map(|run| uuid(run.into()));
    if let Ok(uuid) = uuid
        && wanted.unwrap_or(theirs)
    {
        url.query_pairs_mut().append_pair("rid", &uuid);
    }
    url
}

fn uuid(number: u128) -> String {
    let text = format!("{number:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts
        .map(|part| text.get(part).unwrap_or_default())
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_where_it_is_understood_or_asked_for() {
        let run = "01KB8R6VJZ3M5S2H1ZK3VQ0D7X";
        let named = |url: &str, wanted| {
            let url = with_run(Url::parse(url).unwrap(), run, wanted);
            url.query().unwrap_or_default().to_owned()
        };
        let theirs = named("https://hc-ping.com/x/start", None);
        assert_eq!(theirs.len(), "rid=".len() + 36, "{theirs}");
        assert_eq!(named("https://heartbeat.uptimerobot.com/m1", None), "");
        assert_eq!(named("https://hc-ping.com/x", Some(false)), "");
        let more = named("https://hc.example.com/x?create=1", Some(true));
        assert_eq!(more, format!("create=1&{theirs}"));
    }

    #[test]
    fn a_long_text_keeps_its_end() {
        let mut report = Report::new("shop", "run", jiff::Timestamp::UNIX_EPOCH);
        let finding =
            crate::finding::Finding::new(crate::finding::Code::CheckFailed, "注".repeat(900));
        report.findings = vec![finding; 100];
        let text = body(&report, Lang::En);
        assert!(text.len() <= LONGEST && text.len() > LONGEST - 4);
        assert!(text.lines().last().unwrap().starts_with("UNVERIFIED"));
    }
}
