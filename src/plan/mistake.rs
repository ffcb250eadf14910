//! What is wrong with a plan, where, and what to write instead.

use std::{cmp::Ordering, error, fmt, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level as Style, Origin, Renderer, Snippet};

use super::Place;

/// How much a mistake matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The plan cannot be used.
    Error,
    /// The plan can be used, but it does not do what its author may think.
    Warning,
}

/// The text of one file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// How many files were read before it.
    pub order: usize,
    /// All of it.
    pub text: String,
}

/// Where something is in a file: for people by line and column, for the snippet by bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub line: u64,
    pub column: u64,
    pub bytes: Range<usize>,
}

/// One thing that is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// How much it matters.
    pub level: Level,
    /// Where it is; `None` when it is about a whole file.
    pub place: Option<Place>,
    /// What is wrong: one line, lower case, names in double quotes, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    shown: Option<(Arc<Source>, Range<usize>)>,
    /// Whether a secret is written here: the line must not be shown.
    secret: bool,
}

impl Mistake {
    /// A mistake about a whole file, or about none.
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            place: None,
            message: message.into(),
            help: Some(help.into()),
            shown: None,
            secret: false,
        }
    }

    /// A mistake at a place in a file.
    pub(super) fn at(source: &Arc<Source>, span: &Span, message: impl Into<String>) -> Self {
        let place = Place {
            file: Arc::clone(&source.file),
            line: span.line,
            column: span.column,
        };
        Self {
            level: Level::Error,
            place: Some(place),
            message: message.into(),
            help: None,
            shown: Some((Arc::clone(source), span.bytes.clone())),
            secret: false,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Names the place without showing the line: a secret is written in it.
    pub(super) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The order of reading: what is about no place first, then file by file from the top.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let key = |mistake: &Self| {
            let shown = mistake.shown.as_ref();
            shown.map(|(source, bytes)| (source.order, bytes.start))
        };
        key(self).cmp(&key(other))
    }

    /// As the Rust compiler prints its own: message, place, snippet, help. Ends without a line end.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let style = match self.level {
            Level::Error => Style::ERROR,
            Level::Warning => Style::WARNING,
        };
        let title = style.primary_title(self.message.as_str());
        let mut group = match &self.shown {
            Some(_) if self.secret => match &self.place {
                Some(place) => title.element(origin(place)),
                None => Group::with_title(title),
            },
            Some((source, bytes)) => title.element(snippet(source, bytes)),
            None => Group::with_title(title),
        };
        if let Some(help) = &self.help {
            group = group.element(Style::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

fn origin(place: &Place) -> Origin<'_> {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Origin::path(&*place.file)
        .line(number(place.line))
        .char_column(number(place.column))
}

fn snippet<'a>(
    source: &'a Source,
    bytes: &Range<usize>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(source.text.as_str())
        .path(&*source.file)
        .annotation(AnnotationKind::Primary.span(visible(&source.text, bytes)))
}

/// The first line of a span, and at least one character of it where there is one.
fn visible(text: &str, bytes: &Range<usize>) -> Range<usize> {
    let start = (0..=bytes.start.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.find(['\r', '\n']).unwrap_or(rest.len());
    let wanted = bytes.end.saturating_sub(start).min(line);
    let length = (wanted..=line).find(|at| *at > 0 && rest.is_char_boundary(*at));
    start..start + length.unwrap_or(0)
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.render(false))
    }
}

/// Everything that is wrong with a plan, in the order of its files; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// All of these; `None` when there is none.
    pub(super) fn some(mut all: Vec<Mistake>) -> Option<Self> {
        hide(&mut all);
        all.sort_by(Mistake::order);
        (!all.is_empty()).then_some(Self(all))
    }

    /// Each of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.0.iter()
    }

    /// All of them, an empty line between each. Ends without a line end.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let each: Vec<String> = self.iter().map(|mistake| mistake.render(colour)).collect();
        each.join("\n\n")
    }
}

/// Where one mistake must not show its line, the others on the same line must not either.
fn hide(all: &mut [Mistake]) {
    let line = |mistake: &Mistake| mistake.place.clone().map(|place| (place.file, place.line));
    let secret: Vec<_> = (all.iter().filter(|mistake| mistake.secret))
        .map(line)
        .collect();
    for mistake in all {
        mistake.secret |= secret.contains(&line(mistake));
    }
}

impl From<Mistake> for Mistakes {
    fn from(only: Mistake) -> Self {
        Self(vec![only])
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Mistake;
    type IntoIter = std::slice::Iter<'a, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.render(false))
    }
}

impl error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source {
            file: "shop.yaml".into(),
            order: 0,
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_snippet_never_leaves_the_line_of_its_start() {
        assert_eq!(visible("a: 日本\r\nb", &(3..11)), 3..9);
        assert_eq!(visible("a: 日本", &(3..3)), 3..6);
        assert_eq!(visible("a: 日本", &(4..5)), 3..6);
        assert_eq!(visible("a:\nb", &(2..2)), 2..2);
        assert_eq!(visible("", &(7..9)), 0..0);
    }

    #[test]
    fn a_mistake_reads_like_one_of_the_compiler() {
        let source = source("tables:\r\n  利用者: { 数: 1 }\r\n");
        let span = Span {
            line: 2,
            column: 10,
            bytes: 24..27,
        };
        let mistake =
            Mistake::at(&source, &span, "unknown check \"数\"").help("did you mean \"row_count\"?");
        let text = mistake.render(false);
        assert!(text.starts_with("error: unknown check"), "{text}");
        assert!(text.contains("--> shop.yaml:2:10"), "{text}");
        assert!(text.contains("= help: did you mean"), "{text}");
        assert!(mistake.render(true).contains("\u{1b}["));
    }
}
