//! Turns the objects under a URL into a listing: directory dumps put together, the rest told by name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Backup, Listing, Object, Reason, Rejected, names, names::Pattern};

/// The file that every directory dump has, and that `pg_dump` writes last.
const CONTENTS: &str = "toc.dat";

/// Takes objects page by page; a page can be dropped once it was added.
pub(super) struct Gather<'a> {
    listing: Listing,
    pattern: &'a Pattern,
    objects: Vec<Object>,
    directories: BTreeSet<String>,
}

impl<'a> Gather<'a> {
    /// Of a URL whose keys all begin with `prefix`.
    pub(super) fn new(url: &str, prefix: &str, pattern: &'a Pattern) -> Self {
        let listing = Listing {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
            ..Listing::default()
        };
        Self {
            listing,
            pattern,
            objects: Vec::new(),
            directories: BTreeSet::new(),
        }
    }

    /// Adds one object.
    pub(super) fn add(&mut self, object: Object) {
        self.listing.storage += object.size;
        if let Some(directory) = object.key.strip_suffix(CONTENTS)
            && (directory.is_empty() || directory.ends_with('/'))
        {
            self.directories.insert(directory.to_owned());
        }
        self.objects.push(object);
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The listing of a URL that names one object: it is the only candidate, whatever its name.
    pub(super) fn only(mut self, object: Object) -> Listing {
        self.listing.storage = object.size;
        if object.size == 0 {
            self.reject(object.into(), Reason::Empty);
        } else {
            self.listing.backups.push(object.into());
        }
        self.listing
    }

    /// The listing.
    pub(super) fn finish(mut self, server_time: Option<Timestamp>) -> Listing {
        let mut members: BTreeMap<String, Vec<Object>> = BTreeMap::new();
        for object in std::mem::take(&mut self.objects) {
            match self.directory_of(&object.key) {
                Some(directory) => members.entry(directory).or_default().push(object),
                None => self.judge(object.into()),
            }
        }
        for (directory, members) in members {
            if let Some(backup) = together(directory, members) {
                self.judge(backup);
            }
        }
        let newest_first = |a: &Backup, b: &Backup| b.order().cmp(&a.order());
        self.listing.backups.sort_unstable_by(newest_first);
        self.listing.server_time = server_time;
        self.listing
    }

    /// The innermost directory dump that holds this key.
    fn directory_of(&self, key: &str) -> Option<String> {
        if self.directories.is_empty() {
            return None;
        }
        let ends = key.char_indices().rev().filter(|(_, c)| *c == '/');
        let mut parents = ends.map(|(at, _)| &key[..=at]).chain([""]);
        parents
            .find(|parent| self.directories.contains(*parent))
            .map(str::to_owned)
    }

    fn judge(&mut self, backup: Backup) {
        let below = backup.key.strip_prefix(&self.listing.prefix).unwrap_or("");
        let path = if backup.members.is_empty() {
            below
        } else {
            below.trim_end_matches('/')
        };
        // Empty: the URL itself is a directory dump, and was named by the user.
        let reason = if path.is_empty() && !backup.members.is_empty() {
            None
        } else if path.is_empty() {
            Some(Reason::FolderMarker)
        } else {
            names::reason(path, self.pattern)
        };
        match reason.or_else(|| (backup.size == 0).then_some(Reason::Empty)) {
            Some(reason) => self.reject(backup, reason),
            None => self.listing.backups.push(backup),
        }
    }

    fn reject(&mut self, backup: Backup, reason: Reason) {
        let object = backup.object();
        self.listing.rejected.push(Rejected {
            object,
            members: backup.members,
            reason,
        });
    }
}

impl Backup {
    /// The single object that it is.
    #[must_use]
    pub fn object(&self) -> Object {
        Object {
            key: self.key.clone(),
            size: self.size,
            last_modified: self.last_modified,
            etag: self.etag.clone(),
        }
    }

    /// What the newest is told by: time, then key.
    pub(super) fn order(&self) -> (Timestamp, &str) {
        (self.last_modified, &self.key)
    }
}

impl From<Object> for Backup {
    fn from(object: Object) -> Self {
        Self {
            key: object.key,
            size: object.size,
            last_modified: object.last_modified,
            etag: object.etag,
            members: Vec::new(),
        }
    }
}

/// The members of a directory dump as one backup; the folder's own marker is none of them.
fn together(directory: String, mut members: Vec<Object>) -> Option<Backup> {
    members.retain(|member| !member.key.ends_with('/'));
    let last_modified = members.iter().map(|member| member.last_modified).max()?;
    Some(Backup {
        key: if directory.is_empty() {
            "/".to_owned()
        } else {
            directory
        },
        size: members.iter().map(|member| member.size).sum(),
        last_modified,
        etag: None,
        members,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, size: u64, second: i64) -> Object {
        Object {
            key: key.to_owned(),
            size,
            last_modified: Timestamp::from_second(second).unwrap(),
            etag: None,
        }
    }

    fn listing(objects: Vec<Object>, pattern: Option<&str>) -> Listing {
        let pattern = Pattern::new(pattern).unwrap();
        let mut gather = Gather::new("s3://b/p/", "p/", &pattern);
        for object in objects {
            gather.add(object);
        }
        gather.finish(None)
    }

    fn keys(listing: &Listing) -> Vec<&str> {
        listing.backups.iter().map(|b| b.key.as_str()).collect()
    }

    #[test]
    fn newest_is_by_time_and_ties_go_to_the_greatest_key() {
        let objects = vec![
            object("p/a", 1, 5),
            object("p/c", 1, 9),
            object("p/d", 1, 9),
            object("p/b", 1, 7),
        ];
        assert_eq!(keys(&listing(objects, None)), ["p/d", "p/c", "p/b", "p/a"]);
    }

    #[test]
    fn a_directory_dump_is_one_backup_and_its_members_are_none() {
        let objects = vec![
            object("p/mon/", 0, 1),
            object("p/mon/3456.dat.gz", 10, 8),
            object("p/mon/sha256sums.txt", 1, 9),
            object("p/mon/toc.dat", 5, 7),
            object("p/shop.dump", 3, 2),
        ];
        let listing = listing(objects, None);
        assert_eq!(keys(&listing), ["p/mon/", "p/shop.dump"]);
        assert_eq!(
            (listing.backups[0].size, listing.backups[0].members.len()),
            (16, 3)
        );
        assert_eq!(listing.backups[0].last_modified.as_second(), 9);
        assert_eq!((listing.storage, listing.rejected.len()), (19, 0));
    }

    #[test]
    fn a_glob_is_matched_on_the_name_of_a_directory_dump() {
        let objects = vec![object("p/mon/toc.dat", 5, 7), object("p/tue/toc.dat", 5, 8)];
        let listing = listing(objects, Some("mon"));
        assert_eq!(keys(&listing), ["p/mon/"]);
        assert_eq!(listing.rejected[0].object.key, "p/tue/");
        assert_eq!(listing.rejected[0].reason, Reason::NotMatched);
    }

    #[test]
    fn a_url_that_is_a_directory_dump_holds_one_backup() {
        let objects = vec![object("p/toc.dat", 5, 7), object("p/1.dat.gz", 5, 8)];
        assert_eq!(keys(&listing(objects, Some("*.dump"))), ["p/"]);
    }

    #[test]
    fn members_without_their_table_of_contents_are_an_unfinished_upload() {
        let listing = listing(vec![object("p/mon/3456.dat.gz", 10, 8)], None);
        assert!(listing.backups.is_empty());
        assert_eq!(listing.rejected[0].reason, Reason::Partial);
    }

    #[test]
    fn an_empty_object_is_rejected_only_for_that_when_it_is_a_dump_by_name() {
        let listing = listing(
            vec![
                object("p/a.dump", 0, 1),
                object("p/a.log", 0, 1),
                object("p/", 0, 1),
            ],
            None,
        );
        let reasons: Vec<_> = listing.rejected.iter().map(|r| r.reason).collect();
        assert_eq!(
            reasons,
            [Reason::Empty, Reason::Sidecar, Reason::FolderMarker]
        );
    }
}
