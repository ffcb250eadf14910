//! How templates become pages and Markdown, in the reader's language. What comes from outside is escaped.

mod figures;

use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter,
    syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize;

use crate::{
    charts::svg,
    words::{Lang, visible},
};

/// What stands at the head of templates that show states and findings: `chip`, `finding`, `counted`.
macro_rules! macros {
    () => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/templates/macros.html"
        ))
    };
}
pub(crate) use macros;

/// Templates, one set for each language: `say(english, japanese)` in a template is the text for the reader.
pub struct Templates {
    english: Environment<'static>,
    japanese: Environment<'static>,
}

/// What surrounds a page.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The title of the window.
    pub title: &'a str,
    /// Whether it is served, so that it can lead to the other pages.
    pub home: bool,
    /// The reader's language.
    pub lang: Lang,
}

#[derive(Serialize)]
struct Layout<'a> {
    title: &'a str,
    style: Value,
    body: Value,
    home: bool,
    version: &'a str,
}

impl Templates {
    /// Templates by name. Those that end in `.md` write Markdown, all others HTML.
    #[must_use]
    pub fn of(sources: &[(&'static str, &'static str)]) -> Self {
        Self {
            english: environment(sources, Lang::En),
            japanese: environment(sources, Lang::Ja),
        }
    }

    /// A whole page. It needs nothing but itself.
    #[must_use]
    pub fn page(&self, template: &str, frame: Frame<'_>, context: &impl Serialize) -> String {
        let style = format!("{}{}", include_str!("style.css"), svg::STYLE);
        let layout = Layout {
            title: frame.title,
            style: Value::from_safe_string(style),
            body: Value::from_safe_string(self.text(template, frame.lang, context)),
            home: frame.home,
            version: env!("CARGO_PKG_VERSION"),
        };
        self.text(LAYOUT.0, frame.lang, &layout)
    }

    /// A template with its figures. A template that cannot be filled is a mistake of ours, which tests find; a reader is
    /// told rather than shown an empty page.
    #[must_use]
    pub fn text(&self, template: &str, lang: Lang, context: &impl Serialize) -> String {
        let page = lang
            .say(&self.english, &self.japanese)
            .get_template(template);
        let text = page.and_then(|page| page.render(Serde(context)));
        text.unwrap_or_else(|_| "<p>This page could not be made. Please report it.</p>".to_owned())
    }
}

const LAYOUT: (&str, &str) = ("layout.html", include_str!("layout.html"));

fn environment(sources: &[(&'static str, &'static str)], lang: Lang) -> Environment<'static> {
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
    environment.add_global("lang", lang.name());
    environment.add_function("say", move |english: Value, japanese: Value| {
        lang.say(english, japanese)
    });
    figures::words(&mut environment, lang);
    for (name, source) in sources.iter().chain([&LAYOUT]) {
        // A template that does not parse is found by the first test; the page then says so.
        let _ = environment.add_template(name, source);
    }
    environment
}

const MARKDOWN: &str = "markdown";

/// Escapes whatever no template and no filter of ours wrote.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return escape_formatter(out, state, value);
    }
    if *state.auto_escape() == AutoEscape::Custom(MARKDOWN.into()) {
        let text = markdown(&visible(&value.to_string()));
        return out.write_str(&text).map_err(Error::from);
    }
    match value.as_str() {
        Some(text) => escape_formatter(out, state, &Value::from(visible(text))),
        None => escape_formatter(out, state, value),
    }
}

/// Text that Markdown shows as it is, also inside a table and at the head of a line, and that neither links nor calls
/// anybody.
fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let head = head(text);
    for (at, letter) in text.char_indices() {
        let rest = &text[at..];
        if letter == '.' && text[..at].to_ascii_lowercase().ends_with("www") {
            safe.push_str("&#46;");
            continue;
        }
        let links = rest.starts_with("://");
        if links || head == Some(at) || r"\`*_{}[]<>|#&~!$@".contains(letter) {
            safe.push('\\');
        }
        safe.push(letter);
        // GitHub looks for names and addresses around an @ after all escapes are gone.
        if letter == '@' {
            safe.push_str("&#8203;");
        }
    }
    safe
}

/// Where a text has the sign that would make a list, a heading or a rule of it at the head of a line.
fn head(text: &str) -> Option<usize> {
    let start = text.len() - text.trim_start_matches(' ').len();
    let text = &text[start..];
    let number = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let (sign, signs) = if number.len() < text.len() {
        (number, ['.', ')', ')'])
    } else {
        (text, ['-', '+', '='])
    };
    let rest = sign.strip_prefix(signs)?;
    // A figure such as -5 or 1.5 is none.
    let figure = rest.starts_with(|letter: char| letter.is_ascii_digit());
    (!figure).then_some(start + text.len() - sign.len())
}

/// A name as one part of a path, whatever it holds.
#[must_use]
pub fn segment(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path_whatever_it_holds() {
        assert_eq!(segment("shop-1.eu_~"), "shop-1.eu_~");
        assert_eq!(segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(segment("店"), "%E5%BA%97");
    }

    #[test]
    fn names_cannot_write_markdown() {
        assert_eq!(markdown("a|b [x](y) <i>"), r"a\|b \[x\](y) \<i\>");
    }

    #[test]
    fn names_of_hosts_and_addresses_of_mail_are_no_links() {
        assert_eq!(markdown("www.a.example"), "www&#46;a.example");
        assert_eq!(markdown("(WWW.a.example"), "(WWW&#46;a.example");
        assert_eq!(markdown("a@b.example"), r"a\@&#8203;b.example");
    }

    #[test]
    fn no_text_begins_a_list_or_a_heading() {
        for (text, safe) in [
            ("- one", r"\- one"),
            ("  + one", r"  \+ one"),
            ("-", r"\-"),
            ("---", r"\---"),
            ("===", r"\==="),
            ("1. one", r"1\. one"),
            ("12) one", r"12\) one"),
            ("-5 %", "-5 %"),
            ("+1.5 MB", "+1.5 MB"),
            ("1.5 MB", "1.5 MB"),
            ("a - b = 1. c", "a - b = 1. c"),
        ] {
            assert_eq!(markdown(text), safe);
        }
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
