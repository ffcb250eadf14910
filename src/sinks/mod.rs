//! Who is told, and in which words: pure text from a report; `deliver` alone takes it somewhere.

mod asked;
pub mod deliver;
mod facts;
mod github;
pub mod heartbeat;
pub mod html;
mod human;
mod json;
mod junit;
pub mod mail;
mod markdown;
pub mod message;
mod nagios;
pub mod pagerduty;
mod paint;
pub mod prometheus;
pub mod slack;
mod verdict;
pub mod webhook;

pub use paint::Paint;

pub use crate::words::visible;
use crate::{report::Report, words::Lang};

/// How a format is written where it leaves a choice. Formats for machines leave none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colour.
    pub paint: Paint,
    /// The reader's language.
    pub lang: Lang,
}

/// A format that a report can be written in.
pub struct Format {
    /// The word for `--format` and `--output`.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Writes the report; ends with a newline.
    pub render: fn(&Report, Style) -> String,
    /// Writes several reports as one valid text of this format.
    pub several: fn(&[Report], Style) -> String,
}

/// Every format. A new one is one file and one row.
pub const FORMATS: &[Format] = &[
    Format {
        name: "human",
        about: "for a terminal",
        render: human::render,
        several: human::several,
    },
    Format {
        name: "json",
        about: "for machines: the promised schema",
        render: json::render,
        several: json::several,
    },
    Format {
        name: "junit",
        about: "for CI systems: a test case a check",
        render: junit::render,
        several: junit::several,
    },
    Format {
        name: "markdown",
        about: "for issues, wikis and job summaries",
        render: markdown::render,
        several: markdown::several,
    },
    Format {
        name: "github",
        about: "for GitHub Actions: annotations on the lines of the plan",
        render: github::render,
        several: github::several,
    },
    Format {
        name: "nagios",
        about: "for Nagios and its kin: one line, performance data, long text",
        render: nagios::render,
        several: nagios::several,
    },
    Format {
        name: "prometheus",
        about: "for Prometheus: what one run knows, without its past",
        render: prometheus::render,
        several: prometheus::several,
    },
    Format {
        name: "html",
        about: "for browsers and mail: one file that needs nothing else",
        render: html::render,
        several: html::several,
    },
];

/// The format with this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
