//! Does a sequence stand before where it stood? Then this database is an older one, or somebody set it back.

use std::collections::BTreeMap;

use super::{NAMED, count};
use crate::{
    finding::{Code, Finding},
    report::SequenceFacts,
};

/// One finding for all of them.
pub(super) fn judge(now: &[SequenceFacts], before: &[SequenceFacts]) -> Option<Finding> {
    let old: BTreeMap<&str, &SequenceFacts> = before.iter().map(|s| (s.name.as_str(), s)).collect();
    let back: Vec<_> = now
        .iter()
        .filter_map(|sequence| {
            let before = old.get(sequence.name.as_str())?;
            goes_back(sequence, before).then_some((sequence, *before))
        })
        .collect();
    let message = match back.as_slice() {
        [] => return None,
        [(one, _)] => format!("the sequence \"{}\" went backwards", one.name),
        many => format!("{} sequences went backwards", many.len()),
    };
    let told: Vec<_> = back.iter().take(NAMED).map(told).collect();
    let more = match back.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {} more", count(more, "sequence", "sequences")),
    };
    let detail = format!("Since the last proven backup {}{more}.", told.join(", "));
    let finding = Finding::new(Code::SequenceBackwards, message).detail(detail);
    Some(match back.as_slice() {
        [(one, _)] => finding.about(&one.name),
        _ => finding,
    })
}

/// Against its own direction; one that turned round is another sequence.
fn goes_back(now: &SequenceFacts, before: &SequenceFacts) -> bool {
    if (now.increment < 0) != (before.increment < 0) {
        return false;
    }
    match (now.last_value, before.last_value) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(now_at), Some(stood)) if now.increment < 0 => now_at > stood,
        (Some(now_at), Some(stood)) => now_at < stood,
    }
}

fn told((now, before): &(&SequenceFacts, &SequenceFacts)) -> String {
    let place =
        |value: Option<i64>| value.map_or_else(|| "its start".to_owned(), |v| v.to_string());
    format!(
        "\"{}\" went from {} to {}",
        now.name,
        place(before.last_value),
        place(now.last_value)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(last_value: Option<i64>, increment: i64) -> [SequenceFacts; 1] {
        [SequenceFacts {
            name: "public.orders_id_seq".to_owned(),
            last_value,
            increment,
        }]
    }

    fn back(before: Option<i64>, now: Option<i64>, increment: i64) -> bool {
        judge(&sequence(now, increment), &sequence(before, increment)).is_some()
    }

    #[test]
    fn standing_still_is_not_going_backwards() {
        assert!(!back(Some(5), Some(5), 1));
        assert!(!back(Some(5), Some(6), 1));
        assert!(back(Some(5), Some(4), 1));
    }

    #[test]
    fn one_that_counts_down_goes_backwards_upwards() {
        assert!(!back(Some(-5), Some(-6), -1));
        assert!(back(Some(-5), Some(-4), -1));
    }

    #[test]
    fn one_that_starts_over_went_backwards() {
        let finding = judge(&sequence(None, 1), &sequence(Some(5), 1)).unwrap();
        assert_eq!(
            finding.detail.as_deref(),
            Some("Since the last proven backup \"public.orders_id_seq\" went from 5 to its start.")
        );
        assert!(!back(None, None, 1));
        assert!(!back(None, Some(1), 1));
    }

    #[test]
    fn one_that_turned_round_is_not_compared() {
        assert_eq!(judge(&sequence(Some(1), -1), &sequence(Some(5), 1)), None);
    }
}
