//! What two readings of the same bytes say: damage that both found is the dump's, any other came on the way here.

use crate::{
    error::{Error, sentence},
    finding::Finding,
};

const TWICE: &str = "It was read twice.";

/// Whether two readings found it.
#[must_use]
pub fn is_sure(found: &Finding) -> bool {
    let detail = found.detail.as_deref();
    detail.is_some_and(|detail| detail.ends_with(TWICE))
}

/// What two readings found.
#[must_use]
pub fn sure(mut found: Finding) -> Finding {
    let detail = found.detail.take();
    found.detail(detail.map_or_else(|| TWICE.to_owned(), |detail| format!("{detail} {TWICE}")))
}

/// What one reading of an object found, as a sentence or several, and another did not.
#[must_use]
pub fn on_the_way(key: &str, found: &str) -> Error {
    let message = format!("the bytes of \"{key}\" changed on their way here");
    let hint = "Check this machine's network and memory, then run again.";
    let found = sentence(found);
    Error::new(message, hint).because(format!("{found} A second reading came to something else."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    #[test]
    fn a_finding_says_that_two_readings_found_it() {
        let found = Finding::new(Code::DumpCorrupt, "the dump's data are damaged");
        assert!(!is_sure(&found));
        assert!(is_sure(&sure(found.clone())));
        let found = sure(found.detail("After 7 bytes a number makes no sense."));
        let said = "After 7 bytes a number makes no sense. It was read twice.";
        assert_eq!(found.detail.as_deref(), Some(said));
    }
}
