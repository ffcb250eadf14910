//! How a script writes large objects, and the other SELECTs that `pg_dump` writes.

use super::words::{Word, words};

/// One call of a script that writes large objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum LargeCall {
    /// `lo_create`, and what else changes no contents.
    Create,
    /// `lo_open('16403', 131072)`.
    Open(u32),
    /// `lowrite(0, '\x…')`.
    Write(Vec<u8>),
    /// `lo_close(0)`.
    Close,
}

/// What a `SELECT` does to large objects; none where it does not name them.
pub(in super::super) fn large_call(text: &str) -> Option<LargeCall> {
    let words: Vec<_> = words(text).take(16).collect();
    let called = |name: &str| words.iter().position(|word| word.is(name));
    if let Some(at) = called("lo_open") {
        let oid = words[at..].iter().find_map(|word| match word {
            Word::Text(oid) => oid.parse().ok(),
            _ => None,
        });
        return oid.map(LargeCall::Open);
    }
    if let Some(at) = called("lowrite") {
        let bytes = words[at..].iter().find_map(|word| match word {
            Word::Text(text) => unhex(text.strip_prefix("\\x")?),
            _ => None,
        });
        return bytes.map(LargeCall::Write);
    }
    if called("lo_close").is_some() {
        return Some(LargeCall::Close);
    }
    (called("lo_create").or(called("lo_unlink"))).map(|_| LargeCall::Create)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// `SELECT pg_catalog.set_config(…)`, and the planner's statistics of PostgreSQL 18.
pub(in super::super) fn is_harmless_select(text: &str) -> bool {
    const CALLS: [&str; 4] = [
        "set_config",
        "pg_restore_relation_stats",
        "pg_restore_attribute_stats",
        "pg_extension_config_dump",
    ];
    let words: Vec<_> = words(text).take(6).collect();
    CALLS
        .iter()
        .any(|call| words.iter().any(|word| word.is(call)))
        || words
            .iter()
            .any(|word| word.is("binary_upgrade_set_next_pg_type_oid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_objects_are_opened_written_and_closed() {
        assert_eq!(
            large_call("SELECT pg_catalog.lo_open('16403', 131072);"),
            Some(LargeCall::Open(16403))
        );
        assert_eq!(
            large_call("SELECT pg_catalog.lowrite(0, '\\x00ff41');"),
            Some(LargeCall::Write(vec![0, 255, 65]))
        );
        assert_eq!(
            large_call("SELECT pg_catalog.lo_close(0);"),
            Some(LargeCall::Close)
        );
        assert_eq!(large_call("SELECT 1;"), None);
        assert!(is_harmless_select(
            "SELECT pg_catalog.set_config('search_path', '', false);"
        ));
        assert!(!is_harmless_select("SELECT evil();"));
    }
}
