//! How many values are not among those that are accepted, or do not match? NULL is no breach.

use super::{
    catalog::Column,
    names::{self, literal},
    question::{Ask, Judged},
    subject::Subject,
};
use crate::plan::{Limit, compare};

/// Only these values.
pub(super) fn accepted(
    subject: &Subject<'_>,
    column: &str,
    values: &[String],
    limit: &Limit,
) -> Result<Ask, Judged> {
    let found = subject.column(column)?;
    if values.is_empty() {
        return Err(Judged::unanswered("compared nothing: no value is accepted"));
    }
    let condition = not_among(found, values);
    let what = format!(
        "hold another value in \"{}\" than the accepted ones",
        names::shown(column)
    );
    Ok(subject.ask_breaches(
        limit,
        subject.figures(limit, figures(found, &condition)),
        what,
    ))
}

/// Only values that match this PostgreSQL regular expression.
pub(super) fn matching(
    subject: &Subject<'_>,
    column: &str,
    pattern: &str,
    limit: &Limit,
) -> Result<Ask, Judged> {
    let found = subject.column(column)?;
    let condition = format!(
        "{}::text !~ {}",
        names::identifier(&found.name),
        literal(pattern)
    );
    let what = format!(
        "hold a value in \"{}\" that does not match",
        names::shown(column)
    );
    Ok(subject.ask_breaches(
        limit,
        subject.figures(limit, figures(found, &condition)),
        what,
    ))
}

fn figures(column: &Column, condition: &str) -> [String; 2] {
    let quoted = names::identifier(&column.name);
    let breaches = format!("count(*) filter (where {quoted} is not null and {condition})");
    [format!("count({quoted})"), breaches]
}

/// Numbers are compared as numbers, so that 1 is 1.00, and truth values as such; everything else as the text that
/// PostgreSQL prints.
fn not_among(column: &Column, values: &[String]) -> String {
    let quoted = names::identifier(&column.name);
    if column.category == 'B' && values.iter().all(|value| is_truth(value)) {
        return format!("{quoted}::boolean <> all ({})", array(values, "boolean"));
    }
    let (numbers, others) = match column.category {
        'N' => apart(values),
        _ => (Vec::new(), values.to_vec()),
    };
    let as_text = array(&others, "text");
    let as_numbers = array(&numbers, "numeric");
    match (numbers.is_empty(), others.is_empty()) {
        (true, _) => format!("{quoted}::text <> all ({as_text})"),
        (false, true) => format!("{quoted}::numeric <> all ({as_numbers})"),
        // What is no finite number may have no numeric: before PostgreSQL 14 there is none for infinity.
        (false, false) => format!(
            "case when {quoted}::text = any ({as_text}) then false else {quoted}::numeric <> all ({as_numbers}) end"
        ),
    }
}

/// Numbers, and what else is accepted among them: `NaN`, `Infinity`.
fn apart(values: &[String]) -> (Vec<String>, Vec<String>) {
    let plain = values.iter().map(|value| value.replace('_', ""));
    let (numbers, _): (Vec<_>, Vec<_>) = plain.partition(|value| compare(value, "0").is_some());
    let is_other = |value: &&String| compare(&value.replace('_', ""), "0").is_none();
    (numbers, values.iter().filter(is_other).cloned().collect())
}

/// Whether PostgreSQL reads this as a truth value, as it does in `'yes'::boolean`.
fn is_truth(value: &str) -> bool {
    let words = [
        "true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0",
    ];
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn array(values: &[String], kind: &str) -> String {
    let literals: Vec<_> = values.iter().map(|value| literal(value)).collect();
    format!("array[{}]::{kind}[]", literals.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(category: char, values: &[&str]) -> String {
        let column = Column {
            name: "a".to_owned(),
            type_name: String::new(),
            category,
        };
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        not_among(&column, &values)
    }

    #[test]
    fn numbers_stay_numbers_beside_what_is_none() {
        assert_eq!(
            condition('N', &["1", "5_000"]),
            r#""a"::numeric <> all (array['1', '5000']::numeric[])"#
        );
        assert_eq!(
            condition('N', &["1", "NaN"]),
            r#"case when "a"::text = any (array['NaN']::text[]) then false else "a"::numeric <> all (array['1']::numeric[]) end"#
        );
        assert_eq!(
            condition('N', &["NaN"]),
            r#""a"::text <> all (array['NaN']::text[])"#
        );
        assert_eq!(
            condition('S', &["1", "5_000"]),
            r#""a"::text <> all (array['1', '5_000']::text[])"#
        );
    }

    #[test]
    fn truth_values_are_compared_as_such() {
        assert_eq!(
            condition('B', &["True", "no"]),
            r#""a"::boolean <> all (array['True', 'no']::boolean[])"#
        );
        assert_eq!(
            condition('B', &["perhaps"]),
            r#""a"::text <> all (array['perhaps']::text[])"#
        );
    }
}
