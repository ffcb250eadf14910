//! Verdicts over time as inline SVG: told by height and sign, not by colour alone.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{
    axis::{self, Unit},
    svg::{Paper, RIGHT, escape, head, minute},
};

/// How one run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A high bar.
    Good,
    /// A half bar with a question mark.
    Careful,
    /// A high bar with a cross.
    Bad,
}

/// The room of the chart, in its own units.
const HEIGHT: f64 = 84.0;
const GROUND: f64 = 60.0;
/// More bars than this overlap.
const MOST: usize = 90;

/// A figure element: a bar a run, from old to new, with the word for each. Where nothing ran, nothing stands.
#[must_use]
pub fn bars(series: &[(Timestamp, Mark, &str)], title: &str) -> String {
    let mut text = format!(
        "<figure class=\"chart wide\"><figcaption>{}</figcaption>",
        escape(title)
    );
    let newest = &series[series.len().saturating_sub(MOST)..];
    if let (Some((from, ..)), Some((until, ..))) = (newest.first(), newest.last()) {
        let nothing = axis::scale(Unit::Count, std::iter::empty());
        let paper = Paper::new(*from, *until, nothing);
        head(&mut text, title, &describe(newest), HEIGHT);
        let _ = write!(text, "<path class=\"grid\" d=\"M56 {GROUND}H{RIGHT}\"/>");
        paper.times(&mut text, 78.0);
        for (at, mark, word) in newest {
            bar(&mut text, paper.x(at.as_second()), *mark, *at, word);
        }
        text.push_str("</svg>");
        table(&mut text, newest);
    } else {
        text.push_str("<p class=\"empty\">No drill yet.</p>");
    }
    text.push_str("</figure>");
    text
}

fn bar(text: &mut String, x: f64, mark: Mark, at: Timestamp, word: &str) {
    let (class, height, sign) = match mark {
        Mark::Good => ("good", 34.0, ""),
        Mark::Careful => ("careful", 17.0, "?"),
        Mark::Bad => ("bad", 34.0, "✗"),
    };
    let (top, sign_at) = (GROUND - height, GROUND - height - 5.0);
    let told = escape(&format!("{}: {word}", at.strftime("%Y-%m-%d %H:%M")));
    let _ = write!(
        text,
        "<g class=\"{class}\"><title>{told}</title><rect x=\"{:.1}\" y=\"{top}\" width=\"4\" height=\"{height}\"/><text class=\"sign\" x=\"{x:.1}\" y=\"{sign_at}\" text-anchor=\"middle\">{sign}</text></g>",
        x - 2.0
    );
}

fn describe(series: &[(Timestamp, Mark, &str)]) -> String {
    let count = |wanted: Mark| series.iter().filter(|(_, mark, _)| *mark == wanted).count();
    format!(
        "{} drills: {} passed, {} failed, {} unverified",
        series.len(),
        count(Mark::Good),
        count(Mark::Bad),
        count(Mark::Careful)
    )
}

fn table(text: &mut String, series: &[(Timestamp, Mark, &str)]) {
    text.push_str("<details><summary>Figures</summary><table class=\"figures\"><thead><tr><th scope=\"col\">Time (UTC)</th><th scope=\"col\">Verdict</th></tr></thead><tbody>");
    for (at, _, word) in series.iter().rev() {
        let _ = write!(
            text,
            "<tr><td>{}</td><td>{}</td></tr>",
            minute(*at),
            escape(word)
        );
    }
    text.push_str("</tbody></table></details>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_without_colour() {
        let at = Timestamp::UNIX_EPOCH;
        let text = bars(
            &[(at, Mark::Bad, "failed"), (at, Mark::Good, "passed")],
            "Drills",
        );
        assert!(text.contains(">✗</text>"));
        assert!(text.contains("2 drills: 1 passed, 1 failed, 0 unverified"));
    }

    #[test]
    fn no_drill_is_said_in_words() {
        assert!(bars(&[], "Drills").contains("No drill yet."));
    }
}
