//! The templates of all pages, and the words in which they write figures. What comes from outside is escaped.

use std::sync::LazyLock;

use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter,
    syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize;

use crate::{
    charts::{self, Unit, shown, svg},
    sinks::visible,
};

/// The body of every page, by the name under which it is asked for. A new page is one file and one row.
const PAGES: [(&str, &str); 6] = [
    ("layout.html", include_str!("layout.html")),
    (
        "dashboard.html",
        concat!(include_str!("macros.html"), include_str!("dashboard.html")),
    ),
    (
        "plan.html",
        concat!(include_str!("macros.html"), include_str!("plan.html")),
    ),
    (
        "run.html",
        concat!(include_str!("macros.html"), include_str!("run.html")),
    ),
    (
        "review.html",
        concat!(include_str!("macros.html"), include_str!("review.html")),
    ),
    ("review.md", include_str!("review.md")),
];

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// What surrounds a page.
#[derive(Serialize)]
struct Frame<'a> {
    title: &'a str,
    style: Value,
    body: Value,
    home: bool,
    version: &'a str,
}

/// A whole page. `home`: it is served, so that it can lead to the other pages.
pub(super) fn page(template: &str, title: &str, home: bool, context: &impl Serialize) -> String {
    let style = format!("{}{}", include_str!("style.css"), svg::STYLE);
    let frame = Frame {
        title,
        style: Value::from_safe_string(style),
        body: Value::from_safe_string(text(template, context)),
        home,
        version: env!("CARGO_PKG_VERSION"),
    };
    text("layout.html", &frame)
}

/// A template with its figures. A template that cannot be filled is a mistake of ours, which tests find; a reader is
/// told rather than shown an empty page.
pub(super) fn text(template: &str, context: &impl Serialize) -> String {
    let page = TEMPLATES.get_template(template);
    let text = page.and_then(|page| page.render(Serde(context)));
    text.unwrap_or_else(|_| "<p>This page could not be made. Please report it.</p>".to_owned())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "md")) => AutoEscape::Custom(MARKDOWN.into()),
        _ => AutoEscape::Html,
    });
    environment.set_formatter(format);
    words(&mut environment);
    for (name, source) in PAGES {
        // A template that does not parse is found by the first test; the page then says so.
        let _ = environment.add_template(name, source);
    }
    environment
}

const MARKDOWN: &str = "markdown";

/// Escapes whatever no template and no filter of ours wrote.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return out.write_str(&value.to_string()).map_err(Error::from);
    }
    // Figures too: the engine does not know how to write any value in a format of ours.
    if *state.auto_escape() == AutoEscape::Custom(MARKDOWN.into()) {
        let text = markdown(&visible(&value.to_string()));
        return out.write_str(&text).map_err(Error::from);
    }
    match value.as_str() {
        Some(text) => escape_formatter(out, state, &Value::from(visible(text))),
        None => escape_formatter(out, state, value),
    }
}

/// Text that Markdown shows as it is, also inside a table.
fn markdown(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, letter| {
        if r"\`*_{}[]<>|#&~!$@".contains(letter) {
            safe.push('\\');
        }
        safe.push(letter);
        safe
    })
}

/// The words for figures. What is not known is said to be so.
fn words(environment: &mut Environment) {
    environment.add_filter("bytes", |figure: Option<f64>| known(Unit::Bytes, figure));
    environment.add_filter("took", |figure: Option<f64>| known(Unit::Seconds, figure));
    environment.add_filter("usd", |figure: Option<f64>| known(Unit::Usd, figure));
    environment.add_filter("count", |figure: Option<f64>| known(Unit::Count, figure));
    environment.add_filter("change", |figure: Option<f64>| change(figure));
    environment.add_filter("share", |figure: Option<f64>| share(figure));
    environment.add_filter("old", |figure: Option<f64>| old(figure));
    environment.add_filter("path", |text: &str| segment(text));
    environment.add_filter("day", |text: &str| {
        text.chars().take(10).collect::<String>()
    });
    environment.add_filter("time", time);
}

/// The word for what was not measured.
const UNKNOWN: &str = "not known";

fn known(unit: Unit, figure: Option<f64>) -> String {
    figure.map_or_else(|| UNKNOWN.to_owned(), |figure| shown(unit, figure))
}

/// How much more or less, in bytes.
fn change(figure: Option<f64>) -> String {
    match figure {
        Some(more) if more > 0.0 => format!("+{}", shown(Unit::Bytes, more)),
        _ => known(Unit::Bytes, figure),
    }
}

/// A share in percent; rounded down, so that only all is 100 %.
fn share(figure: Option<f64>) -> String {
    let Some(figure) = figure.filter(|figure| figure.is_finite()) else {
        return UNKNOWN.to_owned();
    };
    let figure = (figure * 10.0).floor() / 10.0;
    let text = if figure.fract() == 0.0 {
        format!("{figure:.0} %")
    } else {
        format!("{figure:.1} %")
    };
    text.replace('-', "−")
}

/// How long ago, in seconds; what comes from the future has no age.
fn old(figure: Option<f64>) -> String {
    match figure {
        Some(seconds) if seconds < 0.0 => "in the future".to_owned(),
        _ => known(Unit::Seconds, figure),
    }
}

/// An instant to the minute, in UTC; a machine reads it to the second.
fn time(state: &State, at: Option<String>) -> Value {
    let at: Option<jiff::Timestamp> = at.and_then(|at| at.parse().ok());
    let Some(at) = at else {
        return Value::from(UNKNOWN);
    };
    let read = at.strftime("%Y-%m-%d %H:%M UTC");
    if *state.auto_escape() != AutoEscape::Html {
        return Value::from_safe_string(read.to_string());
    }
    let iso = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    Value::from_safe_string(format!("<time datetime=\"{iso}\">{read}</time>"))
}

/// A name as one part of a path, whatever it holds.
pub(super) fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push_str(&crate::units::hex(&[byte]).to_ascii_uppercase());
        }
        path
    })
}

/// A chart, which is safe by its own making.
pub(super) fn chart(text: String) -> Value {
    Value::from_safe_string(text)
}

/// A line over time.
pub(super) fn line(series: &[(jiff::Timestamp, f64)], look: &svg::Look) -> Value {
    chart(charts::svg::line(series, look))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        for (name, source) in PAGES {
            let mut environment = Environment::new();
            let parsed = environment.add_template(name, source);
            assert!(parsed.is_ok(), "{name}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_name_is_one_part_of_a_path_whatever_it_holds() {
        assert_eq!(segment("shop-1.eu_~"), "shop-1.eu_~");
        assert_eq!(segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(segment("店"), "%E5%BA%97");
    }

    #[test]
    fn only_all_is_a_hundred_percent() {
        assert_eq!(share(Some(99.99)), "99.9 %");
        assert_eq!(share(Some(100.0)), "100 %");
        assert_eq!(share(Some(-12.5)), "−12.5 %");
        assert_eq!(share(None), "not known");
    }

    #[test]
    fn names_cannot_write_markdown() {
        assert_eq!(markdown("a|b [x](y) <i>"), r"a\|b \[x\](y) \<i\>");
    }

    #[test]
    fn text_can_be_read_on_its_ground_in_the_light_and_in_the_dark() {
        let style = include_str!("style.css");
        let (light, dark) = style.split_once("prefers-color-scheme: dark").unwrap();
        for half in [light, dark] {
            let colour = |name: &str| {
                let (_, rest) = half.split_once(&format!("--{name}: #")).unwrap();
                luminance(&rest[..6])
            };
            for text in ["ink", "muted", "good", "careful", "bad", "link"] {
                for ground in ["ground", "card", "inset"] {
                    let (a, b) = (colour(text), colour(ground));
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(contrast >= 4.5, "{text} on {ground}: {contrast}");
                }
            }
        }
    }

    /// The relative luminance of WCAG 2.
    fn luminance(hex: &str) -> f64 {
        let part = |from: usize| {
            let value = u8::from_str_radix(&hex[from..from + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    }
}
