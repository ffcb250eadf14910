//! Line charts and sparklines as inline SVG, readable on a phone, in the dark, and by a screen reader.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::axis::{self, Scale, Unit, shown};

/// The style of every chart, for the page's own `<style>`; the page sets the colours `--ink`, `--muted`, `--line`,
/// `--good`, `--careful`, `--bad` and `--accent`.
pub const STYLE: &str = include_str!("charts.css");

/// The room of a chart, in its own units: about as wide as a phone, so that its letters stay readable there.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 180.0;
pub(super) const LEFT: f64 = 62.0;
pub(super) const RIGHT: f64 = 348.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 154.0;
/// A limit so many times above the largest figure would press the figures to the ground.
const LIMIT_IN_SIGHT: f64 = 2.5;
/// More rows than this are no longer read.
const ROWS: usize = 60;
/// More points than this become one line.
const DOTS: usize = 60;

/// How a chart reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// What it shows.
    pub title: String,
    /// What its figures count.
    pub unit: Unit,
    /// What the figures should not exceed, and what it is called.
    pub limit: Option<(f64, String)>,
    /// When two figures are farther apart than so many seconds, something is missing between them.
    pub gap: Option<i64>,
}

impl Look {
    /// A chart without a limit and without gaps.
    pub fn new(title: impl Into<String>, unit: Unit) -> Self {
        Self {
            title: title.into(),
            unit,
            limit: None,
            gap: None,
        }
    }

    /// With a line that should not be exceeded.
    #[must_use]
    pub fn limit(mut self, value: f64, name: impl Into<String>) -> Self {
        self.limit = Some((value, name.into()));
        self
    }

    /// With a gap wherever two figures are farther apart than so many seconds.
    #[must_use]
    pub fn gap(mut self, seconds: i64) -> Self {
        self.gap = Some(seconds);
        self
    }
}

/// A figure element: the chart, and the figures behind it as a table. The series goes from old to new; a figure that
/// is not finite is a gap.
#[must_use]
pub fn line(series: &[(Timestamp, f64)], look: &Look) -> String {
    let title = escape(&look.title);
    let mut text = format!("<figure class=\"chart\"><figcaption>{title}</figcaption>");
    if series.iter().any(|(_, value)| value.is_finite()) {
        draw(&mut text, series, look);
        table(&mut text, series, look.unit);
    } else {
        text.push_str("<p class=\"empty\">No figures yet.</p>");
    }
    text.push_str("</figure>");
    text
}

/// Where things lie on the paper.
pub(super) struct Paper {
    from: i64,
    until: i64,
    scale: Scale,
}

impl Paper {
    pub(super) fn new(from: Timestamp, until: Timestamp, scale: Scale) -> Self {
        let (mut from, mut until) = (from.as_second(), until.as_second());
        if from >= until {
            // One figure stands in the middle of a day.
            (from, until) = (from - 43_200, from + 43_200);
        }
        Self { from, until, scale }
    }

    #[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
    pub(super) fn x(&self, at: i64) -> f64 {
        let share = (at - self.from) as f64 / (self.until - self.from) as f64;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.scale.low) / (self.scale.high - self.scale.low);
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    /// The ticks of time and their labels, `below` the chart; labels at the edges stay on the paper.
    pub(super) fn times(&self, text: &mut String, below: f64) {
        for (at, label) in axis::times(self.from, self.until) {
            let x = self.x(at);
            let anchor = if x > RIGHT - 20.0 { "end" } else { "middle" };
            let _ = write!(
                text,
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{below}\" text-anchor=\"{anchor}\">{label}</text>"
            );
        }
    }
}

fn draw(text: &mut String, series: &[(Timestamp, f64)], look: &Look) {
    let (Some((from, _)), Some((until, _))) = (series.first(), series.last()) else {
        return;
    };
    let limit = look
        .limit
        .as_ref()
        .filter(|(limit, _)| in_sight(*limit, series, look));
    let values = series.iter().map(|(_, value)| *value);
    let scale = axis::scale(look.unit, values.chain(limit.map(|(limit, _)| *limit)));
    let paper = Paper::new(*from, *until, scale);
    head(text, &look.title, &describe(series, look), HEIGHT);
    for (value, label) in &paper.scale.ticks {
        let y = paper.y(*value);
        let (at, label) = (y + 4.0, escape(label));
        let _ = write!(
            text,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6.0
        );
    }
    paper.times(text, 172.0);
    if let Some((limit, name)) = limit {
        let (y, name) = (paper.y(*limit), escape(name));
        let _ = write!(
            text,
            "<path class=\"limit\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"tick limit-name\" x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
            if y < TOP + 14.0 { y + 13.0 } else { y - 4.0 }
        );
    }
    strokes(text, series, look, &paper);
    text.push_str("</svg>");
}

/// Opens the drawing; a screen reader reads title and description.
pub(super) fn head(text: &mut String, title: &str, description: &str, height: f64) {
    let (title, description) = (escape(title), escape(description));
    let _ = write!(
        text,
        "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" aria-label=\"{title}: {description}\"><title>{title}</title><desc>{description}</desc>"
    );
}

/// The lines between neighbours, and a dot at each figure.
fn strokes(text: &mut String, series: &[(Timestamp, f64)], look: &Look, paper: &Paper) {
    let mut path = String::new();
    let mut dots = String::new();
    for run in unbroken(series, look) {
        for (place, (at, value)) in run.iter().enumerate() {
            let (x, y) = (paper.x(at.as_second()), paper.y(*value));
            let _ = write!(path, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
            // A figure between two gaps has no line to be seen by.
            if series.len() <= DOTS || run.len() == 1 {
                let told = escape(&format!("{}: {}", day(*at), shown(look.unit, *value)));
                let _ = write!(
                    dots,
                    "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"><title>{told}</title></circle>"
                );
            }
        }
    }
    let _ = write!(text, "<path class=\"stroke\" d=\"{path}\"/>{dots}");
}

/// The parts of a series between its gaps.
fn unbroken(series: &[(Timestamp, f64)], look: &Look) -> Vec<Vec<(Timestamp, f64)>> {
    let mut parts: Vec<Vec<(Timestamp, f64)>> = vec![Vec::new()];
    for (at, value) in series {
        let Some(value) = axis::drawable(look.unit, *value) else {
            parts.push(Vec::new());
            continue;
        };
        let far = |(last, _): &(Timestamp, f64)| {
            look.gap
                .is_some_and(|gap| at.as_second() - last.as_second() > gap)
        };
        if parts.last().and_then(|part| part.last()).is_some_and(far) {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push((*at, value));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn in_sight(limit: f64, series: &[(Timestamp, f64)], look: &Look) -> bool {
    let drawable = |(_, value): &(Timestamp, f64)| axis::drawable(look.unit, *value);
    let largest = series.iter().filter_map(drawable);
    let largest = largest.fold(0.0, f64::max);
    limit.is_finite() && limit > 0.0 && limit <= largest * LIMIT_IN_SIGHT
}

/// What the chart shows, in a sentence.
fn describe(series: &[(Timestamp, f64)], look: &Look) -> String {
    let known: Vec<_> = series
        .iter()
        .filter(|(_, value)| value.is_finite())
        .collect();
    let (Some((first_at, first)), Some((last_at, last))) = (known.first(), known.last()) else {
        return "no figures".to_owned();
    };
    let show = |value: f64| shown(look.unit, value);
    let lowest = known.iter().map(|(_, value)| *value).fold(*first, f64::min);
    let highest = known.iter().map(|(_, value)| *value).fold(*first, f64::max);
    let mut text = format!(
        "{} on {}, {} on {}; lowest {}, highest {}",
        show(*first),
        day(*first_at),
        show(*last),
        day(*last_at),
        show(lowest),
        show(highest)
    );
    let missing = series.len() - known.len();
    if missing > 0 {
        let _ = write!(text, "; {missing} missing");
    }
    if let Some((_, name)) = &look.limit {
        let _ = write!(text, "; {name}");
    }
    text
}

/// The figures behind the chart, newest first.
fn table(text: &mut String, series: &[(Timestamp, f64)], unit: Unit) {
    text.push_str("<details><summary>Figures</summary><table class=\"figures\"><thead><tr><th scope=\"col\">Time (UTC)</th><th scope=\"col\" class=\"num\">Figure</th></tr></thead><tbody>");
    for (at, value) in series.iter().rev().take(ROWS) {
        let _ = write!(
            text,
            "<tr><td>{}</td><td class=\"num\">{}</td></tr>",
            minute(*at),
            escape(&shown(unit, *value))
        );
    }
    text.push_str("</tbody></table>");
    if let Some(more) = series.len().checked_sub(ROWS + 1) {
        let _ = write!(text, "<p class=\"quiet\">… and {} older.</p>", more + 1);
    }
    text.push_str("</details>");
}

/// A small line without axes, beside its figure in words.
#[must_use]
pub fn spark(series: &[(Timestamp, f64)], look: &Look) -> String {
    let drawable = |(_, value): &(Timestamp, f64)| axis::drawable(look.unit, *value);
    let known: Vec<f64> = series.iter().filter_map(drawable).collect();
    if known.len() < 2 {
        return String::new();
    }
    let scale = axis::scale(look.unit, known.iter().copied());
    let mut text = format!(
        "<svg class=\"spark\" role=\"img\" viewBox=\"0 0 120 28\" preserveAspectRatio=\"none\" aria-label=\"{}: {}\"><path d=\"",
        escape(&look.title),
        escape(&describe(series, look))
    );
    let mut place = 0.0;
    let mut pen = 'M';
    for figure in series {
        let x = 2.0 + 116.0 * place / (count(series.len()) - 1.0).max(1.0);
        place += 1.0;
        let Some(value) = drawable(figure) else {
            pen = 'M';
            continue;
        };
        let y = 26.0 - 24.0 * (value - scale.low) / (scale.high - scale.low);
        let _ = write!(text, "{pen}{x:.1} {y:.1}");
        pen = 'L';
    }
    text.push_str("\"/></svg>");
    text
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
const fn count(length: usize) -> f64 {
    length as f64
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

pub(super) fn minute(at: Timestamp) -> String {
    let (iso, read) = (
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        at.strftime("%Y-%m-%d %H:%M"),
    );
    format!("<time datetime=\"{iso}\">{read}</time>")
}

/// Text for a place between tags or quotes.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, letter| {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
        safe
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_795_478_400 + day * 86_400).unwrap()
    }

    fn series(values: &[f64]) -> Vec<(Timestamp, f64)> {
        (0..).map(at).zip(values.iter().copied()).collect()
    }

    fn look() -> Look {
        Look::new("Backup size", Unit::Bytes)
    }

    /// The numbers after `cx="` or `d="` and the like.
    fn stroke(text: &str) -> &str {
        let (_, rest) = text.split_once("class=\"stroke\" d=\"").unwrap();
        rest.split_once('"').unwrap().0
    }

    #[test]
    fn no_figures_are_said_in_words() {
        assert!(line(&[], &look()).contains("No figures yet."));
        assert!(line(&series(&[f64::NAN]), &look()).contains("No figures yet."));
    }

    #[test]
    fn one_figure_is_a_dot_in_the_middle() {
        let text = line(&series(&[1e9]), &look());
        assert!(text.contains("cx=\"205.0\""), "{text}");
        assert!(text.contains("1.0 GB on 2026-11-24"), "{text}");
    }

    #[test]
    fn a_missing_figure_breaks_the_line_and_is_said() {
        let text = line(&series(&[1e9, 2e9, f64::NAN, 3e9, 4e9]), &look());
        assert_eq!(stroke(&text).matches('M').count(), 2, "{text}");
        assert!(text.contains("1 missing"));
        assert!(text.contains(">missing<"));
    }

    #[test]
    fn figures_too_far_apart_are_not_joined() {
        let apart = [(at(0), 1e9), (at(1), 1e9), (at(9), 1e9)];
        let joined = line(&apart, &look());
        assert_eq!(stroke(&joined).matches('M').count(), 1);
        let broken = line(&apart, &look().gap(2 * 86_400));
        assert_eq!(stroke(&broken).matches('M').count(), 2);
    }

    #[test]
    fn a_limit_is_drawn_when_it_is_near_and_told_when_it_is_not() {
        let near = line(&series(&[30e9, 40e9]), &look().limit(50e9, "limit 50 GB"));
        assert!(near.contains("class=\"limit\""));
        let far = line(&series(&[1e9, 2e9]), &look().limit(50e9, "limit 50 GB"));
        assert!(!far.contains("class=\"limit\""));
        assert!(far.contains("; limit 50 GB"));
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let look = Look::new("x'\"<&>|{}<script>", Unit::Count).limit(2.0, "<b>");
        let text = line(&series(&[1.0]), &look);
        assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
        assert!(text.contains("x&#39;&quot;&lt;&amp;&gt;|{}"));
    }

    #[test]
    fn the_figures_are_there_as_a_table() {
        let text = line(&series(&[1e9, 2e9]), &look());
        let rows = text.matches("<tr><td>").count();
        assert_eq!(rows, 2);
        assert!(text.contains("<time datetime=\"2026-11-25T00:00:00Z\">"));
    }

    proptest! {
        #[test]
        fn whatever_the_figures_everything_lies_on_the_paper(
            values in prop::collection::vec((0_i64..100_000, prop::num::f64::ANY), 0..30),
        ) {
            let mut series: Vec<_> = values.into_iter().map(|(day, value)| (at(day), value)).collect();
            series.sort_by_key(|(at, _)| *at);
            let text = line(&series, &look().limit(5e9, "limit").gap(90_000)) + &spark(&series, &look());
            prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
            for attribute in [" x=\"", " cx=\"", " y=\"", " cy=\""] {
                for rest in text.split(attribute).skip(1) {
                    let number: f64 = rest.split('"').next().unwrap().parse().unwrap();
                    prop_assert!((0.0..=WIDTH).contains(&number), "{}{}", attribute, number);
                }
            }
        }
    }
}
