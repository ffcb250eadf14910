//! Who is told, and in which words: pure text from a report; `deliver` alone takes it somewhere.

pub mod deliver;
pub mod heartbeat;
mod human;
mod json;
pub mod mail;
pub mod message;
pub mod pagerduty;
mod paint;
pub mod prometheus;
pub mod slack;
pub mod webhook;

pub use paint::{Paint, visible};

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
}

/// Every format. A new one is one file and one row.
pub const FORMATS: &[Format] = &[
    Format {
        name: "human",
        about: "for a terminal",
        render: human::render,
    },
    Format {
        name: "json",
        about: "for machines: the promised schema",
        render: json::render,
    },
    Format {
        name: "prometheus",
        about: "for Prometheus: what one run knows, without its past",
        render: prometheus::render,
    },
];

/// The format with this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
