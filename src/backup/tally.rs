//! Sums up objects one by one, and forgets those that nobody will ask for.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
};

use jiff::Timestamp;

use super::{Asked, Backup, KEPT, Listing, NAMED, Reason, Rejected};

/// What becomes of a listing's objects, as far as it depends on which of them are backups.
#[derive(Debug)]
pub(super) struct Tally {
    newest: Newest<Backup>,
    count: u64,
    oldest: Option<Backup>,
    sample: Option<(u64, Backup)>,
    rejected: Vec<Rejected>,
    rejected_count: u64,
    empty: Newest<Rejected>,
    asked: Option<Asked>,
}

impl Tally {
    /// Of nothing. `asked` is the name that the user gave, with no match yet.
    pub(super) fn new(asked: Option<&Asked>) -> Self {
        Self {
            newest: Newest::of(KEPT),
            count: 0,
            oldest: None,
            sample: None,
            rejected: Vec::new(),
            rejected_count: 0,
            empty: Newest::of(NAMED),
            asked: asked.cloned(),
        }
    }

    /// Counts a backup. The one with the highest lot is the sample: lots are a keyed hash of the keys, so each backup
    /// is as likely as every other, and parts of a listing can be put together.
    pub(super) fn backup(&mut self, backup: Backup, lots: &RandomState) {
        if let Some(asked) = &mut self.asked {
            asked.see(&backup);
        }
        self.count += 1;
        let lot = lots.hash_one(&backup.key);
        if self.sample.as_ref().is_none_or(|(best, _)| lot > *best) {
            self.sample = Some((lot, backup.clone()));
        }
        if is_older(&backup, self.oldest.as_ref()) {
            self.oldest = Some(backup.clone());
        }
        self.newest.add(backup);
    }

    /// Counts what is no backup.
    pub(super) fn reject(&mut self, backup: &Backup, reason: Reason) {
        if reason != Reason::FolderMarker
            && let Some(asked) = &mut self.asked
        {
            asked.see(backup);
        }
        self.rejected_count += 1;
        let object = backup.object();
        let rejected = Rejected { object, reason };
        if reason == Reason::Empty {
            self.empty.add(rejected.clone());
        }
        if self.rejected.len() < NAMED {
            self.rejected.push(rejected);
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn absorb(&mut self, other: Self) {
        self.newest.absorb(other.newest);
        self.empty.absorb(other.empty);
        self.count += other.count;
        self.rejected_count += other.rejected_count;
        let room = NAMED - self.rejected.len();
        self.rejected.extend(other.rejected.into_iter().take(room));
        if let Some(oldest) = other.oldest
            && is_older(&oldest, self.oldest.as_ref())
        {
            self.oldest = Some(oldest);
        }
        let lot = |sample: &Option<(u64, Backup)>| sample.as_ref().map(|(lot, _)| *lot);
        if lot(&other.sample) > lot(&self.sample) {
            self.sample = other.sample;
        }
        if let (Some(asked), Some(other)) = (&mut self.asked, other.asked) {
            asked.absorb(other);
        }
    }

    /// Writes it into the listing.
    pub(super) fn finish(self, listing: &mut Listing) {
        listing.backups = self.newest.into_newest_first();
        listing.count = self.count;
        listing.oldest = self.oldest;
        listing.sample = self.sample.map(|(_, backup)| backup);
        listing.rejected = self.rejected;
        listing.rejected_count = self.rejected_count;
        listing.asked = self.asked;
        let newest = listing.backups.first();
        let mut late = self.empty.into_newest_first();
        late.retain(|empty| newest.is_none_or(|newest| empty.order() > newest.order()));
        late.retain(|empty| !listing.rejected.contains(empty));
        listing.rejected.extend(late);
    }
}

fn is_older(backup: &Backup, than: Option<&Backup>) -> bool {
    than.is_none_or(|than| backup.order() < than.order())
}

/// What has a place in time.
trait InTime {
    /// What the newest is told by: time, then key.
    fn order(&self) -> (Timestamp, &str);
}

impl InTime for Backup {
    fn order(&self) -> (Timestamp, &str) {
        Backup::order(self)
    }
}

impl InTime for Rejected {
    fn order(&self) -> (Timestamp, &str) {
        (self.object.last_modified, &self.object.key)
    }
}

/// The newest few of any number.
#[derive(Debug)]
struct Newest<T> {
    most: usize,
    kept: BTreeMap<(Timestamp, String), T>,
}

impl<T: InTime> Newest<T> {
    const fn of(most: usize) -> Self {
        Self {
            most,
            kept: BTreeMap::new(),
        }
    }

    fn add(&mut self, one: T) {
        let (time, key) = one.order();
        if self.kept.len() == self.most {
            let first = self.kept.first_key_value();
            if first.is_some_and(|((at, name), _)| (time, key) <= (*at, name.as_str())) {
                return;
            }
            self.kept.pop_first();
        }
        self.kept.insert((time, key.to_owned()), one);
    }

    fn absorb(&mut self, other: Self) {
        for one in other.kept.into_values() {
            self.add(one);
        }
    }

    fn into_newest_first(self) -> Vec<T> {
        self.kept.into_values().rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(number: i64) -> Backup {
        Backup {
            key: format!("{number:06}"),
            size: 1,
            last_modified: Timestamp::from_second(number).unwrap(),
            etag: None,
            members: Vec::new(),
        }
    }

    fn sampled(rounds: i64, parts: i64) -> BTreeMap<String, u32> {
        let mut drawn = BTreeMap::new();
        for _ in 0..rounds {
            let lots = RandomState::new();
            let mut all = Tally::new(None);
            for part in 0..parts {
                let mut tally = Tally::new(None);
                for number in 0..4 {
                    tally.backup(backup(part * 4 + number), &lots);
                }
                all.absorb(tally);
            }
            let (_, sample) = all.sample.unwrap();
            *drawn.entry(sample.key).or_default() += 1;
        }
        drawn
    }

    #[test]
    fn a_sample_may_be_any_of_them_however_they_were_put_together() {
        // Each of 8 is missed 400 times in a row once in 10^23 tries.
        assert_eq!(sampled(400, 2).len(), 8);
    }

    #[test]
    fn parts_put_together_are_the_same_as_the_whole() {
        let lots = RandomState::new();
        let (mut whole, mut one, mut other) =
            (Tally::new(None), Tally::new(None), Tally::new(None));
        for number in 0..3_000 {
            whole.backup(backup(number), &lots);
            let part = if number % 3 == 0 {
                &mut one
            } else {
                &mut other
            };
            part.backup(backup(number), &lots);
        }
        one.absorb(other);
        let (mut from_whole, mut from_parts) = (Listing::default(), Listing::default());
        whole.finish(&mut from_whole);
        one.finish(&mut from_parts);
        assert_eq!(from_whole, from_parts);
        assert_eq!((from_whole.count, from_whole.backups.len()), (3_000, KEPT));
        assert_eq!(from_whole.backups[KEPT - 1].key, "002000");
        assert_eq!(from_whole.oldest.unwrap().key, "000000");
    }
}
