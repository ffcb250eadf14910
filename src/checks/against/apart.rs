//! A figure against what it was, and against what the live database has: pure.

use std::cmp::Ordering;

use super::exact;
use crate::{
    plan::{Live, Number, Previous, compare},
    units::{Bytes, Percent},
};

/// How one comparison came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Near enough.
    Kept,
    /// Too far away, and the words for it.
    Broken(String),
    /// There was nothing to compare with, and why.
    Nothing(String),
    /// The figure is no number.
    Impossible(String),
}

/// How figures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    AsNumber,
    AsSize,
}

impl Shown {
    fn figure(self, decimal: &str) -> String {
        match (self, decimal.parse()) {
            (Self::AsSize, Ok(size)) => Bytes(size).to_string(),
            _ => decimal.to_owned(),
        }
    }
}

/// A figure against what it was: one outcome a limit. A change in percent of nothing is not judged.
pub(super) fn previous(now: &str, before: &str, limit: &Previous, shown: Shown) -> Vec<Outcome> {
    let Some(order) = compare(now, before) else {
        return vec![if compare(before, "0").is_none() {
            Outcome::Nothing("it was no finite number in the last proven run".to_owned())
        } else {
            Outcome::Impossible("is not a finite number, so it cannot be compared".to_owned())
        }];
    };
    let figures = Figures { now, before, shown };
    if limit.equals {
        return vec![if order == Ordering::Equal {
            Outcome::Kept
        } else {
            Outcome::Broken(format!("{}, the same was asked for", figures.told()))
        }];
    }
    let limits = [
        (&limit.max_drop, Ordering::Less, "a drop"),
        (&limit.max_growth, Ordering::Greater, "a growth"),
    ];
    (limits.into_iter())
        .filter_map(|(allowed, side, noun)| {
            let allowed = allowed.as_ref()?;
            Some(if order == side {
                figures.moved(allowed, noun)
            } else {
                Outcome::Kept
            })
        })
        .collect()
}

struct Figures<'a> {
    now: &'a str,
    before: &'a str,
    shown: Shown,
}

impl Figures<'_> {
    fn told(&self) -> String {
        let (now, before) = (self.shown.figure(self.now), self.shown.figure(self.before));
        format!("is {now}, was {before} in the last proven run")
    }

    fn moved(&self, allowed: &Number, noun: &str) -> Outcome {
        let from_nothing = compare(self.before, "0") == Some(Ordering::Equal);
        if matches!(allowed, Number::Percent(_)) && from_nothing {
            return Outcome::Nothing(
                "it was 0 in the last proven run, and a change in percent of nothing says nothing"
                    .to_owned(),
            );
        }
        match exact::within(self.now, self.before, allowed, self.before) {
            Some(true) => Outcome::Kept,
            Some(false) => {
                let by = by(self.now, self.before, allowed, self.before, self.shown);
                Outcome::Broken(format!(
                    "{}: {noun} of {by}, at most {allowed} was asked for",
                    self.told()
                ))
            }
            None => Outcome::Impossible("is too large to be compared".to_owned()),
        }
    }
}

/// A figure against what the live database answered: a share is one of the live figure.
pub(super) fn live(restored: &str, live: &str, limit: &Live) -> Outcome {
    let allowed = &limit.tolerance;
    match exact::within(restored, live, allowed, live) {
        Some(true) => Outcome::Kept,
        Some(false) => {
            let by = by(restored, live, allowed, live, Shown::AsNumber);
            Outcome::Broken(format!(
                "is {restored}, the live database has {live}: {by} apart, at most {allowed} was asked for"
            ))
        }
        None => Outcome::Nothing("one of the figures is no finite number".to_owned()),
    }
}

/// A distance in the unit of its limit; told more exactly where it would read like the limit itself.
fn by(one: &str, other: &str, allowed: &Number, whole: &str, shown: Shown) -> String {
    let share = exact::share(one, other, whole);
    match (allowed, share) {
        (Number::Percent(_), Some(share)) => {
            let rough = Percent((share * 100.0).round() / 100.0).to_string();
            if rough == allowed.to_string() {
                Percent(share).to_string()
            } else {
                rough
            }
        }
        (Number::Bytes(_), _) => Shown::AsSize.figure(&exact::apart(one, other)),
        _ => shown.figure(&exact::apart(one, other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn limit(max_drop: &str, max_growth: &str) -> Previous {
        Previous {
            max_drop: max_drop.parse().ok(),
            max_growth: max_growth.parse().ok(),
            ..Previous::default()
        }
    }

    fn only(now: &str, before: &str, limit: &Previous) -> Outcome {
        let outcomes = previous(now, before, limit, Shown::AsNumber);
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
        outcomes.into_iter().next().unwrap()
    }

    fn broken(words: &str) -> Outcome {
        Outcome::Broken(words.to_owned())
    }

    #[test]
    fn exactly_ten_percent_less_is_allowed_and_one_row_more_is_not() {
        let ten = limit("10%", "");
        assert_eq!(only("900", "1000", &ten), Outcome::Kept);
        assert_eq!(
            only("899", "1000", &ten),
            broken(
                "is 899, was 1000 in the last proven run: a drop of 10.1 %, at most 10 % was asked for"
            )
        );
        assert_eq!(only("5000", "1000", &ten), Outcome::Kept);
    }

    #[test]
    fn exactly_three_times_more_is_allowed() {
        let growth = limit("", "300%");
        assert_eq!(only("4000", "1000", &growth), Outcome::Kept);
        assert!(matches!(only("4001", "1000", &growth), Outcome::Broken(_)));
        assert_eq!(only("10", "1000", &growth), Outcome::Kept);
    }

    #[test]
    fn a_drop_may_be_a_number() {
        assert_eq!(only("40", "40", &limit("0", "")), Outcome::Kept);
        assert_eq!(
            only("39", "40", &limit("0", "")),
            broken("is 39, was 40 in the last proven run: a drop of 1, at most 0 was asked for")
        );
    }

    #[test]
    fn a_change_in_percent_of_nothing_is_not_judged() {
        let outcomes = previous("5", "0", &limit("10%", "10%"), Shown::AsNumber);
        assert_eq!(outcomes[0], Outcome::Kept);
        assert!(matches!(outcomes[1], Outcome::Nothing(_)));
        assert!(matches!(
            only("5", "0", &limit("", "3")),
            Outcome::Broken(_)
        ));
    }

    #[test]
    fn the_same_means_the_same() {
        let same = Previous {
            equals: true,
            ..Previous::default()
        };
        assert_eq!(only("7.0", "7", &same), Outcome::Kept);
        assert_eq!(
            only("8", "7", &same),
            broken("is 8, was 7 in the last proven run, the same was asked for")
        );
    }

    #[test]
    fn what_is_no_number_is_no_answer() {
        let ten = limit("10%", "");
        assert!(matches!(only("NaN", "1", &ten), Outcome::Impossible(_)));
        assert!(matches!(only("1", "NaN", &ten), Outcome::Nothing(_)));
    }

    #[test]
    fn sizes_read_as_sizes() {
        let outcomes = previous("1000000", "4000000", &limit("50%", ""), Shown::AsSize);
        assert_eq!(
            outcomes[0],
            broken(
                "is 1.0 MB, was 4.0 MB in the last proven run: a drop of 75 %, at most 50 % was asked for"
            )
        );
    }

    #[test]
    fn a_tolerance_is_a_share_of_the_live_figure() {
        let within = |restored: &str, figure: &str, tolerance: &str| {
            let limit = Live {
                tolerance: tolerance.parse().unwrap(),
                severity: Severity::Warning,
            };
            live(restored, figure, &limit)
        };
        assert_eq!(within("995", "1000", "0.5%"), Outcome::Kept);
        assert_eq!(within("1005", "1000", "0.5%"), Outcome::Kept);
        assert_eq!(
            within("994", "1000", "0.5%"),
            broken("is 994, the live database has 1000: 0.6 % apart, at most 0.5 % was asked for")
        );
        assert_eq!(within("0", "0", "0.5%"), Outcome::Kept);
        assert_eq!(
            within("1", "0", "0.5%"),
            broken("is 1, the live database has 0: 1 apart, at most 0.5 % was asked for")
        );
        assert_eq!(within("7", "7", "0"), Outcome::Kept);
    }
}
