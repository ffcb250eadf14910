//! The monthly review as Markdown and as one HTML file that needs nothing else.

use jiff::Timestamp;
use minijinja::Value;
use serde::Serialize;

use super::{
    templates::{page, text},
    trends::over_time,
};
use crate::{charts::Unit, review::Review};

/// One plan of a review: its figures, or why there are none.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// The plan's name.
    pub plan: String,
    /// What its history says, or why it could not be read: a sentence.
    pub review: std::result::Result<Box<Review>, String>,
}

#[derive(Serialize)]
struct Document<'a> {
    month: &'a str,
    now: Timestamp,
    chapters: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    plan: &'a str,
    review: Option<&'a Review>,
    unreadable: Option<&'a str>,
    charts: Vec<Value>,
}

/// The review as Markdown, for an issue or a wiki.
#[must_use]
pub fn markdown(month: &str, chapters: &[Chapter], now: Timestamp) -> String {
    text("review.md", &document(month, chapters, now, false))
}

/// The review as one HTML file.
#[must_use]
pub fn html(month: &str, chapters: &[Chapter], now: Timestamp) -> String {
    let title = format!("Backup review {month}");
    let document = document(month, chapters, now, true);
    page("review.html", &title, false, &document)
}

fn document<'a>(
    month: &'a str,
    chapters: &'a [Chapter],
    now: Timestamp,
    charts: bool,
) -> Document<'a> {
    let chapters = chapters.iter().map(|chapter| Shown {
        plan: &chapter.plan,
        review: chapter.review.as_deref().ok(),
        unreadable: chapter.review.as_ref().err().map(String::as_str),
        charts: match &chapter.review {
            Ok(review) if charts => vec![
                over_time("Storage in all", Unit::Bytes, &review.storage_series),
                over_time("Restore duration", Unit::Seconds, &review.restore_series),
            ],
            _ => Vec::new(),
        },
    });
    Document {
        month,
        now,
        chapters: chapters.collect(),
    }
}
