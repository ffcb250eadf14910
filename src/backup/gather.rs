//! Turns the objects under a URL into a listing while they arrive: directory dumps put together, the rest told by name.
//!
//! Memory does not grow with the number of objects. It rests on one property: what lies in a folder arrives in one
//! piece. S3 lists by key, so that keys which begin alike are neighbours; a folder is walked folder by folder. That a
//! folder is a directory dump is known only when its `toc.dat` was met, so what lies in an open folder is summed up both
//! ways until then.

use std::{collections::BTreeMap, hash::RandomState};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Asked, Backup, DAYS, Day, Listing, Object, Reason, names, names::Pattern, tally::Tally,
};

/// The file that every directory dump has, and that `pg_dump` writes last.
pub(super) const CONTENTS: &str = "toc.dat";

/// Takes objects page by page; a page can be dropped once it was added.
pub(super) struct Gather<'a> {
    listing: Listing,
    judge: Judge<'a>,
    /// From the outermost to the innermost; each one's path begins with the one before it.
    open: Vec<Folder>,
    root: Folder,
    is_empty: bool,
}

impl<'a> Gather<'a> {
    /// Of a URL whose keys all begin with `prefix`. `named` is the one that the user asked for.
    pub(super) fn new(url: &str, prefix: &str, pattern: &'a Pattern, named: Option<&str>) -> Self {
        let listing = Listing {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
            ..Listing::default()
        };
        let judge = Judge {
            pattern,
            prefix: prefix.to_owned(),
            asked: named.map(|name| Asked::new(name, url, prefix)),
            lots: RandomState::new(),
        };
        let root = judge.folder("");
        Self {
            listing,
            judge,
            open: Vec::new(),
            root,
            is_empty: true,
        }
    }

    /// Adds one object.
    pub(super) fn add(&mut self, object: Object) {
        self.is_empty = false;
        self.listing.note_physical(&object.key);
        // The records of runs are kept by us, not by whoever makes backups.
        if !names::is_record(object.key.rsplit('/').next().unwrap_or_default()) {
            self.listing.storage = self.listing.storage.saturating_add(object.size);
            count_day(&mut self.listing.days, &object);
        }
        while let Some(folder) = self
            .open
            .pop_if(|folder| !object.key.starts_with(&folder.path))
        {
            self.close(folder);
        }
        let path = self.open.last().map_or(0, |folder| folder.path.len());
        for (at, _) in object.key[path..].match_indices('/') {
            self.open.push(self.judge.folder(&object.key[..=path + at]));
        }
        let folder = self.open.last_mut().unwrap_or(&mut self.root);
        folder.dump.add(&object, folder.path.len());
        self.judge.count(object.into(), false, &mut folder.loose);
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The listing of a URL that names one object: it is the only candidate, whatever its name.
    pub(super) fn only(mut self, object: Object) -> Listing {
        self.listing.storage = object.size;
        count_day(&mut self.listing.days, &object);
        let mut tally = Tally::new(self.judge.asked.as_ref());
        if object.size == 0 {
            tally.reject(&object.into(), Reason::Empty);
        } else {
            tally.backup(object.into(), &self.judge.lots);
        }
        tally.finish(&mut self.listing);
        self.listing
    }

    /// The listing.
    pub(super) fn finish(mut self) -> Listing {
        while let Some(folder) = self.open.pop() {
            self.close(folder);
        }
        let mut outermost = self.judge.folder("");
        outermost.take(self.root, &self.judge);
        let mut all = outermost.loose;
        all.absorb(outermost.dumps);
        all.finish(&mut self.listing);
        self.listing
    }

    fn close(&mut self, folder: Folder) {
        let outer = self.open.last_mut().unwrap_or(&mut self.root);
        outer.take(folder, &self.judge);
    }
}

/// A folder that objects still arrive in.
struct Folder {
    /// With a `/` at its end; empty for the root.
    path: String,
    /// What it comes to when it is a directory dump.
    dump: Together,
    /// What it comes to when it is none.
    loose: Tally,
    /// The directory dumps inside, which are dumps either way.
    dumps: Tally,
}

impl Folder {
    /// Takes over a folder inside that is complete.
    fn take(&mut self, inner: Self, judge: &Judge<'_>) {
        self.dumps.absorb(inner.dumps);
        if inner.dump.has_contents {
            if let Some(backup) = inner.dump.backup(inner.path) {
                judge.count(backup, true, &mut self.dumps);
            }
        } else {
            self.loose.absorb(inner.loose);
            self.dump.absorb(&inner.dump);
        }
    }
}

/// The members of a folder as one backup.
#[derive(Default)]
struct Together {
    has_contents: bool,
    size: u64,
    last_modified: Option<Timestamp>,
}

impl Together {
    /// Adds an object whose name starts at `at`; a folder's own marker is no member.
    fn add(&mut self, object: &Object, at: usize) {
        if object.key.ends_with('/') {
            return;
        }
        self.has_contents |= &object.key[at..] == CONTENTS;
        self.size = self.size.saturating_add(object.size);
        self.last_modified = self.last_modified.max(Some(object.last_modified));
    }

    fn absorb(&mut self, other: &Self) {
        self.size = self.size.saturating_add(other.size);
        self.last_modified = self.last_modified.max(other.last_modified);
    }

    fn backup(&self, folder: String) -> Option<Backup> {
        let key = if folder.is_empty() {
            "/".to_owned()
        } else {
            folder
        };
        Some(Backup {
            key,
            size: self.size,
            last_modified: self.last_modified?,
            etag: None,
            members: Vec::new(),
        })
    }
}

/// Tells backups from the rest.
struct Judge<'a> {
    pattern: &'a Pattern,
    prefix: String,
    asked: Option<Asked>,
    lots: RandomState,
}

impl Judge<'_> {
    fn folder(&self, path: &str) -> Folder {
        Folder {
            path: path.to_owned(),
            dump: Together::default(),
            loose: Tally::new(self.asked.as_ref()),
            dumps: Tally::new(self.asked.as_ref()),
        }
    }

    fn count(&self, backup: Backup, is_directory: bool, tally: &mut Tally) {
        match self.reason(&backup, is_directory) {
            Some(reason) => tally.reject(&backup, reason),
            None => tally.backup(backup, &self.lots),
        }
    }

    /// Why it is no backup.
    fn reason(&self, backup: &Backup, is_directory: bool) -> Option<Reason> {
        let below = backup.key.strip_prefix(&self.prefix).unwrap_or("");
        let path = if is_directory {
            below.trim_end_matches('/')
        } else {
            below
        };
        // Empty: the URL itself is a directory dump, and was named by the user.
        let reason = if path.is_empty() && is_directory {
            None
        } else if path.is_empty() {
            Some(Reason::FolderMarker)
        } else {
            names::reason(path, self.pattern)
        };
        reason.or_else(|| (backup.size == 0).then_some(Reason::Empty))
    }
}

/// Adds to what was stored on a day; forgets the oldest day when there are too many.
fn count_day(days: &mut BTreeMap<Date, Day>, object: &Object) {
    let date = TimeZone::UTC.to_datetime(object.last_modified).date();
    let day = days.entry(date).or_default();
    day.bytes = day.bytes.saturating_add(object.size);
    day.objects += 1;
    if days.len() > DAYS {
        days.pop_first();
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

    /// Whether it is a directory dump, whose members are objects of their own.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.key.ends_with('/')
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::{KEPT, NAMED},
        plan::Select,
    };

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
        let mut gather = Gather::new("s3://b/p/", "p/", &pattern, None);
        for object in objects {
            gather.add(object);
        }
        gather.finish()
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
    fn the_records_of_runs_take_no_room_among_the_backups() {
        let record = "p/runs/shop/01JD3Q5V9H4W8K2M6N7P0R1S2T.json";
        let listing = listing(
            vec![object(record, 5, 1), object("p/shop.dump", 3, 2)],
            None,
        );
        let on_days: u64 = listing.days.values().map(|day| day.bytes).sum();
        assert_eq!((listing.storage, on_days), (3, 3));
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
        assert_eq!((listing.backups[0].size, listing.count), (16, 2));
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

    #[test]
    fn a_directory_dump_inside_another_stays_one_of_its_own() {
        let objects = vec![
            object("p/a.dump", 1, 1),
            object("p/mon/1.dat", 1, 2),
            object("p/mon/toc.dat", 1, 2),
            object("p/notes/x", 1, 9),
            object("p/toc.dat", 1, 3),
        ];
        let listing = listing(objects, None);
        assert_eq!(keys(&listing), ["p/", "p/mon/"]);
        assert_eq!((listing.backups[0].size, listing.backups[1].size), (3, 2));
    }

    #[test]
    fn names_that_sort_between_a_folder_and_its_content_do_not_split_it() {
        // `-` and `.` come before `/`.
        let objects = vec![
            object("p/mon-old.dump", 1, 1),
            object("p/mon.dump", 1, 2),
            object("p/mon/1.dat", 1, 3),
            object("p/mon/toc.dat", 1, 3),
            object("p/mon0.dump", 1, 4),
        ];
        let listing = listing(objects, None);
        assert_eq!(
            keys(&listing),
            ["p/mon0.dump", "p/mon/", "p/mon.dump", "p/mon-old.dump"]
        );
    }

    #[test]
    fn a_hundred_thousand_objects_leave_exact_sums_and_short_lists() {
        let pattern = Pattern::new(None).unwrap();
        let mut gather = Gather::new("s3://b/p/", "p/", &pattern, Some("d042.dump"));
        for number in 0..100_000_i64 {
            let ending = if number % 2 == 0 { "dump" } else { "log" };
            let key = format!("p/{:03}/d{:03}.{ending}", number / 1_000, number % 1_000);
            gather.add(object(&key, 3, number * 100));
        }
        let listing = gather.finish();
        assert_eq!((listing.count, listing.rejected_count), (50_000, 50_000));
        assert_eq!(listing.storage, 300_000);
        assert_eq!(
            (listing.backups.len(), listing.rejected.len()),
            (KEPT, NAMED)
        );
        assert_eq!(listing.backups[0].key, "p/099/d998.dump");
        assert_eq!(listing.backups[KEPT - 1].key, "p/098/d000.dump");
        assert_eq!(listing.oldest.as_ref().unwrap().key, "p/000/d000.dump");
        assert!(listing.sample.is_some());
        assert_eq!(listing.days.len(), DAYS);
        let day = listing.days.values().next().unwrap();
        assert_eq!((day.objects, day.bytes), (864, 2_592));
        let several = listing.pick(Select::Newest, Some("d042.dump")).unwrap_err();
        assert!(several.to_string().starts_with("100 backups"), "{several}");
    }

    #[test]
    fn a_backup_far_from_the_newest_is_found_by_its_name() {
        let pattern = Pattern::new(None).unwrap();
        let mut gather = Gather::new("s3://b/p/", "p/", &pattern, Some("d00007.dump"));
        for number in 0..5_000_i64 {
            gather.add(object(&format!("p/d{number:05}.dump"), 3, number));
        }
        let listing = gather.finish();
        let found = listing.pick(Select::Newest, Some("d00007.dump")).unwrap();
        let found = found.unwrap();
        assert_eq!(found.key, "p/d00007.dump");
        assert_eq!(listing.previous_of(&found), None, "it is not known");
        let oldest = listing.pick(Select::Oldest, None).unwrap().unwrap();
        assert_eq!(oldest.key, "p/d00000.dump");
    }
}
