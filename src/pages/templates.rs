//! The templates of the pages of `serve` and of the reviews.

use std::sync::LazyLock;

use minijinja::Value;
use serde::Serialize;

use crate::{
    charts::{self, svg},
    templates::{Frame, Templates, macros},
    words::Lang,
};

/// The body of every page, by the name under which it is asked for. A new page is one file and one row.
const PAGES: [(&str, &str); 4] = [
    (
        "dashboard.html",
        concat!(
            macros!(),
            include_str!("macros.html"),
            include_str!("dashboard.html")
        ),
    ),
    (
        "plan.html",
        concat!(
            macros!(),
            include_str!("macros.html"),
            include_str!("plan.html")
        ),
    ),
    (
        "review.html",
        concat!(
            macros!(),
            include_str!("macros.html"),
            include_str!("review.html")
        ),
    ),
    ("review.md", include_str!("review.md")),
];

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::of(&PAGES));

/// A whole page. `home`: it is served, so that it can lead to the other pages.
pub(super) fn page(template: &str, title: &str, home: bool, context: &impl Serialize) -> String {
    let frame = Frame {
        title,
        home,
        lang: Lang::En,
    };
    TEMPLATES.page(template, frame, context)
}

/// A template with its figures.
pub(super) fn text(template: &str, context: &impl Serialize) -> String {
    TEMPLATES.text(template, Lang::En, context)
}

/// A chart, which is safe by its own making.
pub(super) fn chart(text: String) -> Value {
    Value::from_safe_string(text)
}

/// A line over time.
pub(super) fn line(series: &[(jiff::Timestamp, f64)], look: &svg::Look) -> Value {
    chart(charts::svg::line(series, look))
}
