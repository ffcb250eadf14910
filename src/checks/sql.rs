//! Questions in SQL: the first column of the one row against what was expected, or no row at all.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::{
    ask::MOST_ROWS,
    cut_off,
    judge::{self, Figure},
    question::{Answer, Ask, Fetch, Judged, Standing, Statement},
    scalar::Scalar,
};
use crate::plan::{Bounds, Expected, SqlCheck, compare};

const CAST: &str = "Cast it to text or numeric in the query.";

pub(super) fn ask(check: &SqlCheck, backup_time: Option<Timestamp>) -> Ask {
    let query = match cut_off::fill(&check.query, backup_time) {
        Ok(query) => query,
        Err(judged) => return Ask::Known(judged),
    };
    let expected = expected(check);
    let fetch = match &expected {
        Expected::NoRows => Fetch::Count,
        Expected::Matches(pattern) => Fetch::Match(pattern.clone()),
        _ => Fetch::Scalar,
    };
    let statement = Statement {
        sql: query,
        timeout: check.timeout,
        fetch,
        secret: check.secret || check.filled,
        scan: None,
        joins: true,
    };
    let (soft, secret) = (check.warn.clone(), check.secret);
    let judge = move |answers: Vec<Answer>| {
        let answer = answers.into_iter().next().unwrap_or(Answer::NoRow);
        let judged = judge(answer, &expected, &soft);
        if secret { hide(judged) } else { judged }
    };
    Ask::Statements(vec![statement], Box::new(judge))
}

/// A check with soft bounds alone compares the first column, too.
fn expected(check: &SqlCheck) -> Expected {
    match &check.expected {
        Expected::NoRows if !check.warn.is_empty() => Expected::Bounds(Bounds::default()),
        expected => expected.clone(),
    }
}

/// What was asked for, in the report's words; texts of a secret check and of the environment stay out of it.
pub(super) fn limit(check: &SqlCheck) -> Option<String> {
    match expected(check) {
        Expected::NoRows => Some("no rows".to_owned()),
        Expected::Bounds(_) if check.secret => Some("bounds ***".to_owned()),
        Expected::Bounds(bounds) => judge::limits(&bounds, &check.warn),
        Expected::Text(_) | Expected::NumberOrText(_) => Some("equals ***".to_owned()),
        Expected::Truth(_) if check.secret => Some("equals ***".to_owned()),
        Expected::Truth(truth) => Some(format!("equals {truth}")),
        Expected::Null => Some("equals NULL".to_owned()),
        Expected::Matches(_) if check.secret || check.filled => Some("matches ***".to_owned()),
        Expected::Matches(pattern) => Some(format!("matches {}", super::names::shown(&pattern))),
    }
}

fn judge(answer: Answer, expected: &Expected, soft: &Bounds) -> Judged {
    match answer {
        Answer::Rows(0) => Judged::held().value(0.into()),
        Answer::Rows(count) if count > MOST_ROWS => Judged::hard(format!(
            "found more than {MOST_ROWS} rows, none was asked for"
        )),
        Answer::Rows(1) => Judged::hard("found 1 row, none was asked for").value(1.into()),
        Answer::Rows(count) => {
            Judged::hard(format!("found {count} rows, none was asked for")).value(count.into())
        }
        Answer::NoRow => Judged::unanswered("compared nothing: the query returned no row"),
        Answer::ManyRows => Judged::unanswered("returned more than one row, one was asked for")
            .hint("Let the query return one row, or give no limit where it must return none."),
        Answer::Matched(Some(true)) => Judged::held(),
        Answer::Matched(Some(false)) => Judged::hard("does not match"),
        Answer::Matched(None) | Answer::Scalar(Scalar::Null) if *expected != Expected::Null => {
            Judged::unanswered("compared nothing: the query returned NULL")
        }
        Answer::Scalar(scalar) => scalar_against(&scalar, expected, soft),
        Answer::Matched(None) | Answer::Row(_) => {
            Judged::unanswered("has an answer that could not be read")
        }
    }
}

fn scalar_against(scalar: &Scalar, expected: &Expected, soft: &Bounds) -> Judged {
    match (expected, scalar) {
        (Expected::Null, Scalar::Null) => Judged::held(),
        (Expected::Null, _) => Judged::hard("is not NULL"),
        (_, Scalar::Other(name)) => {
            Judged::unverified(format!("cannot compare a value of type {name}")).hint(CAST)
        }
        (_, Scalar::TooLarge) => Judged::unverified("is too large to be compared").hint(
            "Let the query return less than 1 MiB: a part of the text, its length or its md5.",
        ),
        (Expected::Bounds(hard), Scalar::Number(number) | Scalar::Seconds(number)) => {
            judge::figure(&Figure::new(number.clone()), hard, soft)
        }
        (Expected::Bounds(hard), Scalar::Text(text)) if compare(text, "0").is_some() => {
            without_value(judge::figure(&Figure::new(text.clone()), hard, soft).standing)
        }
        (Expected::Bounds(_), _) => {
            Judged::unverified("returned no number, and a number was asked for").hint(CAST)
        }
        (Expected::Truth(wanted), Scalar::Truth(found)) => equal(wanted == found, || {
            format!("is {found}, {wanted} was asked for")
        })
        .value((*found).into()),
        (Expected::Truth(_), _) => {
            Judged::unverified("returned no truth value, and one was asked for")
                .hint("Let the query compare, so that it returns true or false.")
        }
        (Expected::NumberOrText(wanted), Scalar::Number(number)) => {
            let order = compare(&judge::tidy(number), wanted);
            // The value comes from the environment: it is not shown.
            equal(order == Some(Ordering::Equal), || {
                "does not match".to_owned()
            })
        }
        (Expected::Text(wanted) | Expected::NumberOrText(wanted), scalar) => {
            text_against(scalar, wanted)
        }
        (Expected::NoRows | Expected::Matches(_), _) => {
            Judged::unanswered("has an answer that could not be read")
        }
    }
}

fn text_against(scalar: &Scalar, wanted: &str) -> Judged {
    let Some(found) = text_of(scalar) else {
        return Judged::unverified("returned no text, and a text was asked for").hint(CAST);
    };
    equal(found == wanted, || {
        format!(
            "does not match: {} characters came back, the expected text has {}",
            found.chars().count(),
            wanted.chars().count()
        )
    })
}

/// What PostgreSQL would print, where that is known.
pub(super) fn text_of(scalar: &Scalar) -> Option<&str> {
    match scalar {
        Scalar::Number(text) | Scalar::Text(text) => Some(text),
        Scalar::Truth(truth) => Some(if *truth { "true" } else { "false" }),
        Scalar::Null | Scalar::Seconds(_) | Scalar::TooLarge | Scalar::Other(_) => None,
    }
}

fn equal(holds: bool, message: impl FnOnce() -> String) -> Judged {
    if holds {
        Judged::held()
    } else {
        Judged::hard(message())
    }
}

/// A figure that came as text is a row's text: it is compared and not shown.
fn without_value(standing: Standing) -> Judged {
    match standing {
        Standing::Soft | Standing::Hard => Judged::new(standing).saying("is outside its bounds"),
        Standing::Unanswered => Judged::unanswered("cannot be compared with its bounds"),
        _ => Judged::new(standing),
    }
}

/// Nothing of the value, not even its length.
fn hide(judged: Judged) -> Judged {
    match judged.standing {
        Standing::Soft | Standing::Hard => Judged::new(judged.standing).saying("does not match"),
        Standing::Held => Judged::held(),
        Standing::Unanswered | Standing::Unverified | Standing::Skipped => Judged {
            value: None,
            ..judged
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::judge::tests::bounds;

    fn stands(scalar: Scalar, expected: &Expected) -> Judged {
        judge(Answer::Scalar(scalar), expected, &Bounds::default())
    }

    #[test]
    fn no_row_many_rows_and_null_are_never_a_pass() {
        let zero = Expected::Bounds(bounds("", "", "0"));
        for answer in [
            Answer::NoRow,
            Answer::ManyRows,
            Answer::Scalar(Scalar::Null),
            Answer::Matched(None),
        ] {
            let judged = judge(answer, &zero, &Bounds::default());
            assert_eq!(judged.standing, Standing::Unanswered);
        }
        let null = stands(Scalar::Null, &Expected::Null);
        assert_eq!(null.standing, Standing::Held);
    }

    #[test]
    fn a_wrong_type_is_a_mistake_of_the_question() {
        let zero = Expected::Bounds(bounds("", "", "0"));
        for scalar in [Scalar::Truth(true), Scalar::Text("zero".into())] {
            assert_eq!(stands(scalar, &zero).standing, Standing::Unverified);
        }
        for scalar in [Scalar::Other("bytea".into()), Scalar::TooLarge] {
            assert_eq!(stands(scalar, &zero).standing, Standing::Unverified);
        }
        let truth = Expected::Truth(true);
        let number = Scalar::Number("1".into());
        assert_eq!(stands(number, &truth).standing, Standing::Unverified);
    }

    #[test]
    fn a_text_of_a_row_is_compared_and_never_shown() {
        let wanted = Expected::Text("canary".into());
        assert_eq!(
            stands(Scalar::Text("canary".into()), &wanted),
            Judged::held()
        );
        let other = stands(Scalar::Text("hunter2".into()), &wanted);
        assert_eq!(other.standing, Standing::Hard);
        assert!(!format!("{other:?}").contains("hunter2"));
        let hidden = format!("{:?}", hide(other));
        assert!(hidden.contains("does not match") && !hidden.contains("characters"));
        let bounds = Expected::Bounds(bounds("", "9", ""));
        let number = stands(Scalar::Text("4711".into()), &bounds);
        assert_eq!(number.standing, Standing::Hard);
        assert!(!format!("{number:?}").contains("4711"));
    }

    #[test]
    fn a_number_of_the_environment_is_compared_as_one_and_never_shown() {
        let five = Expected::NumberOrText("5".into());
        let number = |text: &str| stands(Scalar::Number(text.into()), &five);
        assert_eq!(number("5.00").standing, Standing::Held);
        assert_eq!(number("5").standing, Standing::Held);
        let other = number("6");
        assert_eq!(other, Judged::hard("does not match"));
        assert_eq!(number("NaN").standing, Standing::Hard);
        let large = Expected::NumberOrText("100000000000000000000".into());
        let float = stands(Scalar::Number("1e+20".into()), &large);
        assert_eq!(float.standing, Standing::Held);
        assert_eq!(stands(Scalar::Text("5".into()), &five), Judged::held());
        assert_eq!(
            stands(Scalar::Text("5.00".into()), &five).standing,
            Standing::Hard
        );
        let quoted = Expected::Text("5".into());
        assert_eq!(
            stands(Scalar::Number("5.00".into()), &quoted).standing,
            Standing::Hard
        );
    }

    #[test]
    fn a_duration_is_compared_in_seconds() {
        let two_days = Expected::Bounds(bounds("", "48h", ""));
        let at = |seconds: &str| stands(Scalar::Seconds(seconds.into()), &two_days).standing;
        assert_eq!(at("172800.000000"), Standing::Held);
        assert_eq!(at("172800.000001"), Standing::Hard);
    }
}
