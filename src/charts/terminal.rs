//! Charts for a terminal: one line each.

/// What a chart is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// Unicode blocks of eight heights.
    #[default]
    Blocks,
    /// Characters that every terminal has.
    Ascii,
}

/// From low to high.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', '-', '~', '=', '+', '*', '#'];

impl Marks {
    /// Blocks where the locale is in UTF-8, as its variables say; the first one that is set decides, as for C programs.
    #[must_use]
    pub fn for_locale(variables: [Option<&str>; 3]) -> Self {
        let decides = variables
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty());
        let charset = decides.unwrap_or("C").to_ascii_lowercase();
        if charset.contains("utf-8") || charset.contains("utf8") {
            Self::Blocks
        } else {
            Self::Ascii
        }
    }

    const fn heights(self) -> [char; 8] {
        match self {
            Self::Blocks => BLOCKS,
            Self::Ascii => ASCII,
        }
    }
}

/// A line of values in their order, at most `width` columns long: the lowest is the lowest mark and the highest the
/// highest; when all are the same, the line runs in the middle. Of more values than columns, neighbours share a column
/// and their mean is drawn. Values that are no numbers are blanks.
#[must_use]
pub fn sparkline(values: &[f64], width: usize, marks: Marks) -> String {
    let columns = fit(values, width);
    let finite = || columns.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let heights = marks.heights();
    let draw = |value: f64| {
        if value.is_finite() {
            heights[height(value, low, high, heights.len())]
        } else {
            ' '
        }
    };
    columns.iter().map(|&value| draw(value)).collect()
}

/// Which of `count` marks a value gets.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 times a small count"
)]
fn height(value: f64, low: f64, high: f64, count: usize) -> usize {
    let top = count - 1;
    if high <= low {
        return top / 2;
    }
    // Halved, so that the difference of the largest numbers is still one.
    let share = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    ((share * top as f64).round() as usize).min(top)
}

/// At most `width` values, each the mean of neighbours.
#[expect(
    clippy::cast_precision_loss,
    reason = "a count of runs, far below 2^53"
)]
fn fit(values: &[f64], width: usize) -> Vec<f64> {
    if values.len() <= width {
        return values.to_vec();
    }
    (0..width)
        .map(|column| {
            let from = column * values.len() / width;
            let to = (column + 1) * values.len() / width;
            let share = (to - from) as f64;
            values[from..to].iter().map(|value| value / share).sum()
        })
        .collect()
}

/// How a run ended, for [`strip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Good,
    /// It says nothing.
    Unknown,
    /// Badly.
    Bad,
}

/// The newest `width` ends in their order, one mark each.
#[must_use]
pub fn strip(ends: &[End], width: usize, marks: Marks) -> String {
    let newest = &ends[ends.len().saturating_sub(width)..];
    let mark = |end: &End| match (end, marks) {
        (End::Good, Marks::Blocks) => '✓',
        (End::Good, Marks::Ascii) => '+',
        (End::Unknown, _) => '?',
        (End::Bad, Marks::Blocks) => '✗',
        (End::Bad, Marks::Ascii) => 'x',
    };
    newest.iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lowest_is_low_and_the_highest_is_high() {
        assert_eq!(sparkline(&[1.0, 8.0, 4.0, 2.0], 9, Marks::Blocks), "▁█▄▂");
        assert_eq!(sparkline(&[1.0, 8.0, 4.0, 2.0], 9, Marks::Ascii), "_#~.");
        let steps: Vec<_> = (0..8).map(f64::from).collect();
        assert_eq!(sparkline(&steps, 8, Marks::Blocks), "▁▂▃▄▅▆▇█");
    }

    #[test]
    fn what_never_changes_runs_in_the_middle() {
        assert_eq!(sparkline(&[5.0; 3], 9, Marks::Blocks), "▄▄▄");
        assert_eq!(sparkline(&[0.0], 9, Marks::Ascii), "~");
    }

    #[test]
    fn nothing_is_drawn_as_nothing() {
        assert_eq!(sparkline(&[], 9, Marks::Blocks), "");
        assert_eq!(sparkline(&[1.0], 0, Marks::Blocks), "");
        assert_eq!(sparkline(&[f64::NAN, 1.0], 9, Marks::Ascii), " ~");
        assert_eq!(strip(&[], 5, Marks::Ascii), "");
    }

    #[test]
    fn neighbours_share_a_column_when_there_are_many() {
        let values: Vec<_> = (0..90).map(f64::from).collect();
        assert_eq!(sparkline(&values, 8, Marks::Blocks), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[0.0, 0.0, 9.0, 9.0], 2, Marks::Ascii), "_#");
    }

    #[test]
    fn the_newest_ends_are_shown() {
        let ends = [End::Bad, End::Good, End::Unknown, End::Bad];
        assert_eq!(strip(&ends, 3, Marks::Blocks), "✓?✗");
        assert_eq!(strip(&ends, 9, Marks::Ascii), "x+?x");
    }

    #[test]
    fn the_locale_decides_over_the_marks_as_it_does_for_c_programs() {
        let marks = |all, ctype, lang| Marks::for_locale([all, ctype, lang]);
        assert_eq!(marks(None, None, Some("ja_JP.UTF-8")), Marks::Blocks);
        assert_eq!(marks(Some("C.utf8"), None, None), Marks::Blocks);
        assert_eq!(marks(Some("C"), None, Some("ja_JP.UTF-8")), Marks::Ascii);
        assert_eq!(marks(Some(""), Some("de_DE.UTF-8"), None), Marks::Blocks);
        assert_eq!(marks(None, None, Some("ja_JP.eucJP")), Marks::Ascii);
        assert_eq!(marks(None, None, None), Marks::Ascii);
    }

    proptest! {
        #[test]
        fn a_line_is_as_long_as_it_may_be(values in prop::collection::vec(any::<f64>(), 0..200), width in 0..80_usize) {
            for marks in [Marks::Blocks, Marks::Ascii] {
                let line = sparkline(&values, width, marks);
                prop_assert_eq!(line.chars().count(), values.len().min(width));
            }
        }
    }
}
