//! How long something took or how old it is, in the reader's words.

use super::Lang;

/// The units in which an age of ours is printed, shortly or in words.
const UNITS: [(&str, &str); 8] = [
    ("ms", "ミリ秒"),
    ("s", "秒"),
    ("min", "分"),
    ("h", "時間"),
    ("hour", "時間"),
    ("hours", "時間"),
    ("day", "日"),
    ("days", "日"),
];

/// A duration as it was printed, such as `5 min 26 s` or `3 days`, in the reader's language. What is no duration stays
/// as it is.
#[must_use]
pub fn duration(printed: &str, lang: Lang) -> String {
    let told = match lang {
        Lang::En => None,
        Lang::Ja => japanese(printed),
    };
    told.unwrap_or_else(|| printed.to_owned())
}

fn japanese(printed: &str) -> Option<String> {
    let mut told = Vec::new();
    let mut words = printed.split(' ');
    while let Some(number) = words.next() {
        let figure = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '−' | '-');
        if number.is_empty() || !number.chars().all(figure) {
            return None;
        }
        let unit = words.next()?;
        let (_, word) = UNITS.iter().find(|(name, _)| *name == unit)?;
        told.push(format!("{number} {word}"));
    }
    Some(told.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Age;

    #[test]
    fn every_age_that_is_printed_is_told_in_japanese() {
        for (seconds, told) in [
            (41, "41 秒"),
            (61, "1 分 1 秒"),
            (3 * 3_600, "3 時間 0 分"),
            (49 * 3_600, "49 時間"),
            (73 * 3_600, "3 日"),
            (0, "0 ミリ秒"),
        ] {
            let printed = Age::from_secs(seconds).to_string();
            assert_eq!(duration(&printed, Lang::Ja), told);
            assert_eq!(duration(&printed, Lang::En), printed);
        }
    }

    #[test]
    fn what_is_no_duration_stays_as_it_is() {
        for text in ["missing", "", "3 apples", "h 3", "3"] {
            assert_eq!(duration(text, Lang::Ja), text);
        }
    }
}
