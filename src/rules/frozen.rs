//! Is the backup the same, byte for byte, as the one before it?

use super::Facts;
use crate::{
    finding::{Code, Finding},
    plan::{Limits, Prices},
};

pub(super) fn judge(facts: &Facts, _: &Limits, _: &Prices) -> Option<Finding> {
    let (chosen, previous) = (facts.chosen?, facts.previous()?);
    let tag = chosen.etag.as_ref()?;
    if chosen.size != previous.size || previous.etag.as_ref() != Some(tag) {
        return None;
    }
    let message = format!("\"{}\" is the same as the one before it", chosen.key);
    let detail = format!(
        "\"{}\" has the same {} bytes and the same ETag {tag}.",
        previous.key, chosen.size
    );
    Some(
        Finding::new(Code::BackupFrozen, message)
            .detail(detail)
            .about(&chosen.key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{backup, listing, with};

    #[test]
    fn the_same_size_and_the_same_tag_are_the_same_bytes() {
        let mut listing = listing(vec![backup("b", 7, 60), backup("a", 7, 90_000)]);
        assert_eq!(with(judge, &listing).unwrap().code, Code::BackupFrozen);
        listing.backups[0].etag = Some("another".to_owned());
        assert_eq!(with(judge, &listing), None);
    }

    #[test]
    fn without_tags_nothing_is_said() {
        let mut listing = listing(vec![backup("b", 7, 60), backup("a", 7, 90_000)]);
        for backup in &mut listing.backups {
            backup.etag = None;
        }
        assert_eq!(with(judge, &listing), None);
    }
}
