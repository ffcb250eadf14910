//! What lies among backups and is none that we restore, told by the names around it: parts of a split file, and physical
//! backups. A name alone proves nothing: it is asked only where a backup could not be read as a dump.

use super::{Backup, Listing, NAMED};

/// Files that are in the folder of every physical backup, or of an archive of WAL, of the tools that make them.
const MARKS: [&str; 6] = [
    "PG_VERSION",
    "backup_manifest",
    "backup.info",
    "archive.info",
    "backup_label",
    "xlog.db",
];

/// Folders of WAL-G.
const FOLDERS: [&str; 2] = ["basebackups_005", "wal_005"];

impl Listing {
    /// Notes the folder of a physical backup. Those inside of it need no place.
    pub(super) fn note_physical(&mut self, key: &str) {
        let name = key.rsplit('/').next().unwrap_or(key);
        if MARKS.contains(&name) && self.physical.len() < NAMED && !self.is_physical(key) {
            let folder = key[..key.len() - name.len()].to_owned();
            self.physical.push(folder);
        }
    }

    /// Whether what has this key lies in a physical backup.
    #[must_use]
    pub fn is_physical(&self, key: &str) -> bool {
        let mut folders = self.physical.iter();
        folders.any(|folder| key.starts_with(folder.as_str()))
            || is_wal(key)
            || key
                .split('/')
                .rev()
                .skip(1)
                .any(|part| FOLDERS.contains(&part))
    }

    /// Whether a backup looks like one of the parts that `split` makes of a file: they follow one another from the first.
    /// Backups may be numbered like parts, but nobody letters them: of numbers, all but the last have one size, too.
    #[must_use]
    pub fn is_part(&self, backup: &Backup) -> bool {
        let Some(part) = Part::of(&backup.key) else {
            return false;
        };
        let parts = self.backups.iter().filter_map(|other| {
            let of = Part::of(&other.key)?;
            let same = of.stem == part.stem && of.lettered == part.lettered;
            same.then_some((of.number, other.size))
        });
        let mut parts: Vec<_> = parts.collect();
        parts.sort_unstable();
        let first = if part.lettered { 0..1 } else { 0..2 };
        let follow = parts.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1);
        let begins = parts
            .first()
            .is_some_and(|(number, _)| first.contains(number));
        parts.len() > 1 && begins && follow && (part.lettered || are_alike(&parts))
    }
}

/// Whether all parts but the last have one size, and that one is no longer but for what `split -n` has left over.
fn are_alike(parts: &[(u32, u64)]) -> bool {
    let Some(((_, last), rest)) = parts.split_last() else {
        return false;
    };
    let size = rest.first().map_or(0, |(_, size)| *size);
    rest.iter().all(|(_, other)| *other == size) && *last <= size + parts.len() as u64
}

/// The name of one of several parts.
struct Part<'a> {
    stem: &'a str,
    number: u32,
    lettered: bool,
}

impl<'a> Part<'a> {
    /// `shop.dump.` and 1 of `shop.dump.ab` and of `shop.dump.001`.
    fn of(key: &'a str) -> Option<Self> {
        let (stem, ending) = key.split_at_checked(key.len().checked_sub(3)?)?;
        if stem.ends_with('.') && ending.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self {
                stem,
                number: ending.parse().ok()?,
                lettered: false,
            });
        }
        let (stem, ending) = key.split_at_checked(key.len().checked_sub(2)?)?;
        let letters = ending.as_bytes();
        let is_part = stem.ends_with(['.', '-', '_']) && letters.iter().all(u8::is_ascii_lowercase);
        let at = |letter: u8| u32::from(letter - b'a');
        is_part.then(|| Self {
            stem,
            number: at(letters[0]) * 26 + at(letters[1]),
            lettered: true,
        })
    }
}

/// Whether a file is called like a segment of WAL, packed or not.
fn is_wal(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    let digits = name
        .bytes()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    let digits = digits.count();
    digits == 24 && (name.len() == digits || name[digits..].starts_with(['.', '-']))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn listing(parts: &[(&str, u64)]) -> Listing {
        let backup = |&(key, size): &(&str, u64)| Backup {
            key: key.to_owned(),
            size,
            last_modified: Timestamp::UNIX_EPOCH,
            etag: None,
            members: Vec::new(),
        };
        Listing {
            backups: parts.iter().map(backup).collect(),
            ..Listing::default()
        }
    }

    fn are_parts(parts: &[(&str, u64)]) -> bool {
        let listing = listing(parts);
        listing.is_part(&listing.backups[0])
    }

    #[test]
    fn parts_of_a_split_file_follow_one_another_and_have_one_size() {
        assert!(are_parts(&[("b/x.dump.ab", 3), ("b/x.dump.aa", 9)]));
        assert!(are_parts(&[
            ("x.sql.001", 9),
            ("x.sql.003", 1),
            ("x.sql.002", 9),
            ("y", 2)
        ]));
        assert!(are_parts(&[("x.dump.aa", 9), ("x.dump.ab", 11)]));
        assert!(are_parts(&[("x.sql.002", 10), ("x.sql.001", 9)]));
        for parts in [
            &[("x.dump.aa", 9)][..],
            &[("x.dump.aa", 9), ("y.dump.ab", 3)],
            &[("x.dump.002", 18), ("x.dump.001", 7)],
            &[("x.dump.ab", 9), ("x.dump.ac", 9)],
            &[("x.dump.007", 7), ("x.dump.008", 7)],
            &[("x.dump.aa", 9), ("x.dump.ac", 9)],
            &[("x.dump", 9), ("x.dump.aa", 9)],
            &[("x-00", 9), ("x-01", 9)],
            &[("x.dump.gz", 9), ("x.dump.xz", 9)],
        ] {
            assert!(!are_parts(parts), "{parts:?}");
        }
    }

    #[test]
    fn what_lies_in_the_folder_of_a_physical_backup_is_part_of_it() {
        let mut listing = Listing::default();
        for key in [
            "p/main/PG_VERSION",
            "p/main/base/1/PG_VERSION",
            "q/shop.dump",
        ] {
            listing.note_physical(key);
        }
        assert_eq!(listing.physical, ["p/main/"]);
        assert!(listing.is_physical("p/main/base/5/2619"));
        assert!(!listing.is_physical("q/shop.dump") && !listing.is_physical("p/shop.dump"));
        assert!(listing.is_physical("w/basebackups_005/base_000/tar_partitions/part_1.tar.lz4"));
        assert!(!listing.is_physical("w/basebackups_005"));
        for wal in ["w/0000000100000000000000A2", "0000000100000000000000A2.gz"] {
            assert!(listing.is_physical(wal), "{wal}");
        }
        for other in [
            "202611280000000000000000x",
            "20261128",
            "0000000100000000000000A2B",
        ] {
            assert!(!listing.is_physical(other), "{other}");
        }
    }
}
