//! The words in which templates write figures. What is not known is said to be so.

use minijinja::{AutoEscape, Environment, State, Value};

use super::segment;
use crate::{
    charts::{Unit, shown},
    words::{Lang, duration},
};

/// Adds the filters.
pub(super) fn words(environment: &mut Environment, lang: Lang) {
    let known = move |unit| move |figure: Option<f64>| known(unit, figure, lang);
    environment.add_filter("bytes", known(Unit::Bytes));
    environment.add_filter("took", known(Unit::Seconds));
    environment.add_filter("usd", known(Unit::Usd));
    environment.add_filter("count", known(Unit::Count));
    environment.add_filter("change", move |figure: Option<f64>| change(figure, lang));
    environment.add_filter("share", move |figure: Option<f64>| share(figure, lang));
    environment.add_filter("old", move |figure: Option<f64>| old(figure, lang));
    environment.add_filter("path", |text: &str| segment(text));
    environment.add_filter("day", |text: &str| {
        text.chars().take(10).collect::<String>()
    });
    environment.add_filter("time", move |state: &State, at: Option<String>| {
        time(state, at, lang)
    });
}

/// The word for what was not measured.
fn unknown(lang: Lang) -> String {
    lang.say("not known", "不明").to_owned()
}

fn known(unit: Unit, figure: Option<f64>, lang: Lang) -> String {
    match figure {
        None => unknown(lang),
        Some(figure) if unit == Unit::Seconds => duration(&shown(unit, figure), lang),
        Some(figure) => shown(unit, figure),
    }
}

/// How much more or less, in bytes.
fn change(figure: Option<f64>, lang: Lang) -> String {
    match figure {
        Some(more) if more > 0.0 => format!("+{}", shown(Unit::Bytes, more)),
        _ => known(Unit::Bytes, figure, lang),
    }
}

/// A share in percent; rounded down, so that only all is 100 %.
fn share(figure: Option<f64>, lang: Lang) -> String {
    let Some(figure) = figure.filter(|figure| figure.is_finite()) else {
        return unknown(lang);
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
fn old(figure: Option<f64>, lang: Lang) -> String {
    match figure {
        Some(seconds) if seconds < 0.0 => lang.say("in the future", "未来の時刻").to_owned(),
        _ => known(Unit::Seconds, figure, lang),
    }
}

/// An instant to the minute, in UTC; a machine reads it to the second.
fn time(state: &State, at: Option<String>, lang: Lang) -> Value {
    let at: Option<jiff::Timestamp> = at.and_then(|at| at.parse().ok());
    let Some(at) = at else {
        return Value::from(unknown(lang));
    };
    let read = at.strftime("%Y-%m-%d %H:%M UTC");
    if *state.auto_escape() != AutoEscape::Html {
        return Value::from_safe_string(read.to_string());
    }
    let iso = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    Value::from_safe_string(format!("<time datetime=\"{iso}\">{read}</time>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_is_a_hundred_percent() {
        assert_eq!(share(Some(99.99), Lang::En), "99.9 %");
        assert_eq!(share(Some(100.0), Lang::En), "100 %");
        assert_eq!(share(Some(-12.5), Lang::En), "−12.5 %");
        assert_eq!(share(None, Lang::En), "not known");
    }
}
