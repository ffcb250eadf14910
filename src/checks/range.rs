//! Do the smallest and the largest value keep their bounds? The values themselves are rows' values: they are compared
//! here and never shown.

use std::cmp::Ordering;

use super::{
    catalog::Column,
    judge, names,
    question::{Ask, Judged, Standing},
    subject::Subject,
};
use crate::plan::{Bounds, Limit, Number, compare};

pub(super) fn ask(subject: &Subject<'_>, column: &str, limit: &Limit) -> Result<Ask, Judged> {
    let number = as_number(subject.column(column)?)?;
    let figures = [
        format!("count({})", names::identifier(column)),
        format!("min({number})"),
        format!("max({number})"),
    ];
    let (hard, soft) = (limit.bounds.clone(), limit.warn.clone());
    let column = names::shown(column);
    Ok(subject.ask(subject.figures(limit, figures), move |row| {
        let text = |index| judge::tidy(row.text(index).unwrap_or_default());
        extremes(&column, [&text(2), &text(3)], &hard, &soft)
    }))
}

/// A column as something that has a decimal text: numbers, durations in seconds, and texts that hold numbers.
pub(super) fn as_number(column: &Column) -> Result<String, Judged> {
    let quoted = names::identifier(&column.name);
    match (column.category, column.type_name.as_str()) {
        (_, "money") | ('S', _) => Ok(format!("{quoted}::numeric")),
        ('N', _) => Ok(quoted),
        ('T', _) => Ok(format!("extract(epoch from {quoted})")),
        (_, other) => Err(Judged::unanswered(format!(
            "cannot compare \"{}\" with a number: its type is {other}",
            names::shown(&column.name)
        ))
        .hint("Use `freshness` for times, or ask in SQL.")),
    }
}

fn extremes(column: &str, [least, most]: [&str; 2], hard: &Bounds, soft: &Bounds) -> Judged {
    for (bounds, standing) in [(hard, Standing::Hard), (soft, Standing::Soft)] {
        let breaches = [
            (&bounds.min, least, Ordering::Less, "below"),
            (&bounds.max, most, Ordering::Greater, "above"),
            (&bounds.equals, least, Ordering::Less, "below"),
            (&bounds.equals, most, Ordering::Greater, "above"),
        ];
        for (limit, value, breach, side) in breaches {
            let Some(limit) = limit else { continue };
            match against(value, limit) {
                None => return not_comparable(column, limit),
                Some(order) if order == breach => {
                    return Judged::new(standing)
                        .saying(format!("holds a value {side} {limit} in \"{column}\""));
                }
                Some(_) => {}
            }
        }
    }
    Judged::held()
}

fn against(value: &str, limit: &Number) -> Option<Ordering> {
    match (value, limit) {
        (_, Number::Percent(_)) => None,
        ("Infinity", _) => Some(Ordering::Greater),
        ("-Infinity", _) => Some(Ordering::Less),
        _ => compare(value, &limit.decimal()),
    }
}

fn not_comparable(column: &str, limit: &Number) -> Judged {
    Judged::unanswered(format!("cannot compare \"{column}\" with {limit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::judge::tests::bounds;

    #[test]
    fn extremes_on_the_bounds_hold_and_are_never_shown() {
        let none = Bounds::default();
        let stands = |least, most, hard: &Bounds| {
            let judged = extremes("total", [least, most], hard, &none);
            assert_eq!(judged.value, None);
            (judged.standing, judged.message.unwrap_or_default())
        };
        assert_eq!(stands("0", "9", &bounds("0", "9", "")).0, Standing::Held);
        assert_eq!(
            stands("-0.5", "9", &bounds("0", "", "")),
            (
                Standing::Hard,
                "holds a value below 0 in \"total\"".to_owned()
            )
        );
        assert_eq!(stands("0", "10", &bounds("", "9", "")).0, Standing::Hard);
        assert_eq!(stands("1", "2", &bounds("", "", "1")).0, Standing::Hard);
        assert_eq!(
            stands("1", "Infinity", &bounds("", "9", "")).0,
            Standing::Hard
        );
        assert_eq!(
            stands("1", "NaN", &bounds("", "9", "")).0,
            Standing::Unanswered
        );
    }
}
