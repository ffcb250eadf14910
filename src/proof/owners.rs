//! Owners whose names look like another's with a flipped bit: a table of contents has no checksum, and the role of a
//! damaged name is made like any other.

use std::collections::BTreeMap;

use crate::{
    dump::{Contents, Entry},
    finding::{Code, Finding, Severity},
};

/// Short names differ by a bit without any damage: `a` and `c`.
const SHORTEST: usize = 4;

/// A name that so many entries have is the right one.
const MANY: usize = 3;

/// What may be damage: the only entry of an owner whose name is one bit away from that of many others.
#[must_use]
pub fn misspelt(contents: &Contents) -> Vec<Finding> {
    let mut owned: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &contents.toc {
        if let Some(owner) = entry.owner.as_deref() {
            owned.entry(owner).or_default().push(entry);
        }
    }
    let many = owned.iter().filter(|(_, entries)| entries.len() >= MANY);
    let many: Vec<_> = many.map(|(name, entries)| (*name, entries.len())).collect();
    let single = owned
        .iter()
        .filter_map(|(name, entries)| match entries[..] {
            [entry] => Some((*name, entry)),
            _ => None,
        });
    let found = single.filter_map(|(name, entry)| {
        let near = many.iter().find(|(right, _)| one_bit_apart(name, right))?;
        Some(finding(name, entry, *near))
    });
    found.collect()
}

fn finding(name: &str, entry: &Entry, (right, count): (&str, usize)) -> Finding {
    let message = format!("the owner \"{name}\" is one bit away from \"{right}\"");
    Finding::new(Code::DumpCorrupt, message)
        .severity(Severity::Warning)
        .detail(format!(
            "Only the {} \"{}\" belongs to \"{name}\", and {count} entries of the table of contents to \"{right}\". It has \
             no checksum: a damaged byte in it looks like this.",
            entry.desc.to_lowercase(),
            entry.tag
        ))
        .hint("Look who owns it at the source. A .sha256 file beside the dump, or `pgdrill manifest`, settles it for the next ones.")
        .about(name)
}

/// Whether one bit of one letter tells the names apart. Digits are counted with: `app1` and `app3` are both meant.
fn one_bit_apart(one: &str, other: &str) -> bool {
    if one.len() != other.len() || one.len() < SHORTEST {
        return false;
    }
    let mut apart = (one.bytes().zip(other.bytes())).filter(|(one, other)| one != other);
    let (Some((one, other)), None) = (apart.next(), apart.next()) else {
        return false;
    };
    let digits = one.is_ascii_digit() && other.is_ascii_digit();
    (one ^ other).is_power_of_two() && !digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::{Data, Detail, Section};

    fn owned_by(names: &[&str]) -> Vec<String> {
        let mut contents = Contents::empty();
        contents.toc = names
            .iter()
            .map(|name| Entry {
                id: 1,
                oid: 0,
                tag: "orders".into(),
                desc: "TABLE".into(),
                namespace: None,
                owner: Some((*name).into()),
                section: Section::PreData,
                copy: None,
                depends: Box::default(),
                data: Data::Nowhere,
                detail: Detail::default(),
            })
            .collect();
        let found = misspelt(&contents).into_iter();
        found.map(|finding| finding.message).collect()
    }

    #[test]
    fn a_single_owner_one_bit_from_many_is_told() {
        let told = owned_by(&["shop", "shop", "shkp", "shop"]);
        assert_eq!(told, ["the owner \"shkp\" is one bit away from \"shop\""]);
    }

    #[test]
    fn owners_that_may_well_be_meant_are_not_told() {
        for names in [
            // One of two owners; nobody knows which name is right.
            &["shop", "shkp"][..],
            // It has a second entry: damage hits one.
            &["shop", "shop", "shop", "shkp", "shkp"],
            // Numbered, and short.
            &["app1", "app1", "app1", "app3"],
            &["a", "a", "a", "c"],
            // More than one bit, and more than one letter.
            &["shop", "shop", "shop", "shxp"],
            &["shop", "shop", "shop", "shops"],
            &["shop", "shop", "shop", "chkp"],
        ] {
            assert_eq!(owned_by(names), [""; 0], "{names:?}");
        }
    }
}
