//! Whether the entries of a table of contents can be true together: one bit of it decides whether a table is loaded at all.

use std::collections::HashMap;

use super::toc::{Data, Entry};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// Judges the entries that data belong to.
///
/// # Errors
/// `dump.corrupt` when one of them has no data, which `pg_dump` always writes, or when two of them share theirs.
pub(super) fn sound(entries: &[Entry]) -> Result<(), Broken> {
    let mut numbers = HashMap::new();
    let mut places = HashMap::new();
    for entry in entries {
        if !entry.has_data() {
            if entry.is_table_data() || entry.is_large_data() {
                return Err(nowhere(entry));
            }
            continue;
        }
        let same_number = numbers.insert(entry.id, entry);
        let same_place = match &entry.data {
            Data::At(_) | Data::Member(_) => places.insert(&entry.data, entry),
            Data::Nowhere | Data::Somewhere => None,
        };
        if let Some(other) = same_number.or(same_place) {
            return Err(shared(other, entry));
        }
    }
    Ok(())
}

fn nowhere(entry: &Entry) -> Broken {
    let name = entry.name();
    let detail = format!("It lists the data of \"{name}\", and says that there are none.");
    damaged(detail).about(name).into()
}

fn shared(one: &Entry, other: &Entry) -> Broken {
    let (one, other) = (one.name(), other.name());
    let detail = format!("It says that \"{one}\" and \"{other}\" have the same data.");
    damaged(detail).about(other).into()
}

fn damaged(detail: String) -> Finding {
    Finding::new(Code::DumpCorrupt, "the dump's table of contents is damaged").detail(detail)
}
