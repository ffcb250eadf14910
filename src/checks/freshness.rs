//! How old is the newest value, against the time of the dump or against now?

use jiff::Timestamp;

use super::{
    Context,
    judge::{self, Figure},
    names,
    question::{Ask, Judged, Standing},
    subject::Subject,
};
use crate::{
    plan::{Bounds, Freshness, Limit, Number, RelativeTo},
    units::Age,
};

pub(super) fn ask(
    subject: &Subject<'_>,
    freshness: &Freshness,
    limit: &Limit,
) -> Result<Ask, Judged> {
    let column = subject.column(&freshness.column)?;
    let holds_time = [
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
    ];
    if !holds_time.contains(&column.type_name.as_str()) {
        return Err(Judged::unanswered(format!(
            "finds no time in \"{}\": its type is {}",
            names::shown(&column.name),
            column.type_name
        ))
        .hint("Name a column of type date or timestamp, or ask in SQL."));
    }
    let quoted = names::identifier(&column.name);
    let finite = format!("filter (where isfinite({quoted}))");
    let figures = [
        format!("count({quoted}) {finite}"),
        // 64 bits hold microseconds to the year 294246, and a date may be later: that one is told as of some year 287000.
        format!(
            "least(extract(epoch from max({quoted}) {finite}) * 1000000, 9000000000000000000)::bigint"
        ),
    ];
    let reference = Reference::of(freshness.relative_to, subject.context);
    let hard = at_most(Some(freshness.max_age));
    let soft = at_most(freshness.warn);
    Ok(subject.ask(subject.figures(limit, figures), move |row| {
        let newest = row.text(2).and_then(|micros| micros.parse().ok());
        newest.map_or_else(
            || Judged::unanswered("has an answer that could not be read"),
            |micros| reference.judge(micros, &hard, &soft),
        )
    }))
}

/// The limits of a freshness check as bounds.
pub(super) fn at_most(age: Option<Age>) -> Bounds {
    Bounds {
        max: age.map(Number::Age),
        ..Bounds::default()
    }
}

const STORED: &str = "the time at which the dump was stored";

/// From when the age is measured.
#[derive(Clone, Copy)]
struct Reference {
    time: Timestamp,
    words: &'static str,
}

impl Reference {
    fn of(relative_to: RelativeTo, context: &Context) -> Self {
        match (relative_to, context.backup_time) {
            (RelativeTo::Backup, Some(time)) => Self {
                time,
                words: if context.is_stored {
                    STORED
                } else {
                    "the time of the dump"
                },
            },
            (RelativeTo::Backup, None) => Self {
                time: context.now,
                words: "now, as the time of the dump is not known",
            },
            (RelativeTo::Now, _) => Self {
                time: context.now,
                words: "now",
            },
        }
    }

    fn judge(self, newest_micros: i64, hard: &Bounds, soft: &Bounds) -> Judged {
        /// Clocks and time zones differ by less than a day.
        const AHEAD: i128 = 86_400 * 1_000_000;
        let age = i128::from(self.time.as_microsecond()) - i128::from(newest_micros);
        let measured = format!("Measured from {}.", self.words);
        if age < -AHEAD {
            let ahead = Age::from_secs(u64::try_from(-age / 1_000_000).unwrap_or(u64::MAX));
            let message =
                format!("is {ahead} ahead of its time, so it does not tell how fresh the rows are");
            return Judged::new(Standing::Soft)
                .saying(message)
                .value(seconds(age))
                .detail(measured)
                .hint("Add a `where` that leaves planned rows out, or name a column that says when a row was written.");
        }
        // Seconds are shown, microseconds are judged.
        let exact = format!("{}.{:06}", age.max(0) / 1_000_000, age.max(0) % 1_000_000);
        let judged = judge::figure(&Figure::new(exact), hard, soft).value(seconds(age));
        match judged.standing {
            Standing::Held if self.words.contains("not known") => {
                judged.saying("is fresh, measured from now: the time of the dump is not known")
            }
            Standing::Held => judged,
            _ if self.words == STORED => judged.detail(measured).hint(
                "Where a dump is stored long after it was begun, name the time zone of the backup job in `backup.timezone`: then it is measured from the dump's own time.",
            ),
            _ => judged.detail(measured),
        }
    }
}

fn seconds(micros: i128) -> serde_json::Value {
    judge::json(&(micros / 1_000_000).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: Reference = Reference {
        time: Timestamp::UNIX_EPOCH,
        words: "the time of the dump",
    };

    fn stands(age_micros: i64) -> Standing {
        let hard = at_most(Some(Age::from_secs(48 * 3_600)));
        let soft = at_most(Some(Age::from_secs(6 * 3_600)));
        REFERENCE.judge(-age_micros, &hard, &soft).standing
    }

    #[test]
    fn exactly_48_hours_is_still_fresh() {
        const HOURS_48: i64 = 48 * 3_600 * 1_000_000;
        assert_eq!(stands(HOURS_48), Standing::Soft);
        assert_eq!(stands(HOURS_48 + 1), Standing::Hard);
        assert_eq!(stands(6 * 3_600 * 1_000_000), Standing::Held);
        assert_eq!(stands(6 * 3_600 * 1_000_000 + 1), Standing::Soft);
    }

    #[test]
    fn rows_from_the_future_do_not_prove_freshness() {
        const DAY: i64 = 86_400 * 1_000_000;
        assert_eq!(stands(-DAY), Standing::Held);
        assert_eq!(stands(-DAY - 1), Standing::Soft);
    }

    #[test]
    fn an_age_from_when_the_dump_was_stored_is_told_as_such() {
        let stored = Reference {
            words: STORED,
            ..REFERENCE
        };
        let at_most = at_most(Some(Age::from_secs(1)));
        let judged =
            |reference: Reference| reference.judge(-2_000_000, &at_most, &Bounds::default());
        assert!(
            judged(stored)
                .detail
                .is_some_and(|detail| detail.contains("was stored"))
        );
        assert!(
            judged(stored)
                .hint
                .is_some_and(|hint| hint.contains("backup.timezone"))
        );
        assert!(
            judged(REFERENCE)
                .hint
                .is_none_or(|hint| !hint.contains("timezone"))
        );
    }
}
