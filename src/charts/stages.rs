//! Where the time of a run went, as inline SVG: a bar a stage, with its name and its figure beside it.

use std::{fmt::Write as _, time::Duration};

use super::svg::{escape, head};
use crate::{
    units::Age,
    words::{Lang, duration, visible},
};

/// The room of a bar, in the chart's own units.
const LEFT: f64 = 96.0;
const RIGHT: f64 = 274.0;
const ROW: f64 = 22.0;
/// A stage that took no time still shows.
const LEAST: f64 = 1.0;

/// A figure element: a bar a stage, from the first to the last. Nothing where no stage took any time.
#[must_use]
pub fn bars(stages: &[(&str, f64)], lang: Lang) -> String {
    let known: Vec<_> = stages
        .iter()
        .map(|(name, seconds)| (*name, known(*seconds)))
        .collect();
    let longest = known
        .iter()
        .map(|(_, seconds)| *seconds)
        .fold(0.0, f64::max);
    if longest <= 0.0 {
        return String::new();
    }
    let told: Vec<_> = known
        .iter()
        .map(|(name, seconds)| format!("{} {}", visible(name), shown(*seconds, lang)))
        .collect();
    let mut text = "<figure class=\"chart timeline\">".to_owned();
    let mut top = 0.0;
    let height: f64 = known.iter().map(|_| ROW).sum();
    let title = lang.say("Stages", "段階");
    head(&mut text, title, &told.join(lang.say(", ", "、")), height);
    for (name, seconds) in &known {
        let width = (seconds / longest * (RIGHT - LEFT)).max(LEAST);
        bar(&mut text, top, name, width, &shown(*seconds, lang));
        top += ROW;
    }
    text.push_str("</svg></figure>");
    text
}

fn bar(text: &mut String, top: f64, name: &str, width: f64, took: &str) {
    let (base, end) = (top + 15.0, LEFT + width + 6.0);
    let (name, took) = (escape(&short(&visible(name))), escape(took));
    // Writing into a text cannot fail.
    let _ = write!(
        text,
        "<text class=\"tick\" x=\"{:.1}\" y=\"{base:.1}\" text-anchor=\"end\">{name}</text><rect class=\"dot\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" rx=\"2\"/><text class=\"tick\" x=\"{end:.1}\" y=\"{base:.1}\">{took}</text>",
        LEFT - 8.0,
        top + 4.0
    );
}

/// As much of a name as has room.
fn short(name: &str) -> String {
    const ROOM: usize = 14;
    if name.chars().count() <= ROOM {
        return name.to_owned();
    }
    let start: String = name.chars().take(ROOM - 1).collect();
    format!("{start}…")
}

/// A figure that can be drawn: ten thousand years are more than any stage takes.
fn known(seconds: f64) -> f64 {
    if seconds.is_finite() {
        seconds.clamp(0.0, 3e11)
    } else {
        0.0
    }
}

fn shown(seconds: f64, lang: Lang) -> String {
    duration(&Age(Duration::from_secs_f64(seconds)).to_string(), lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_stage_fills_the_room_and_a_short_one_still_shows() {
        let text = bars(&[("list", 0.001), ("restore", 100.0)], Lang::En);
        assert!(text.contains("width=\"178.0\""), "{text}");
        assert!(text.contains("width=\"1.0\""), "{text}");
        assert!(
            text.contains("aria-label=\"Stages: list 1 ms, restore 1 min 40 s\""),
            "{text}"
        );
    }

    #[test]
    fn nothing_that_took_no_time_is_drawn() {
        assert_eq!(bars(&[], Lang::En), "");
        assert_eq!(bars(&[("list", 0.0), ("x", f64::NAN)], Lang::En), "");
    }

    #[test]
    fn a_stage_cannot_write_markup() {
        let text = bars(&[("<script>", 1.0)], Lang::En);
        assert!(!text.contains("<script>"), "{text}");
    }

    #[test]
    fn a_stage_cannot_turn_the_text_for_those_who_hear_it() {
        let text = bars(&[("a\u{1b}[31m\u{202e}b", 1.0)], Lang::En);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}
