//! Chooses one backup of a listing, and finds its neighbours.

use super::{Asked, Backup, Listing, Reason, Rejected, asked::Found};
use crate::{
    error::{Error, Result},
    plan::Select,
};

/// How like a key must be to be suggested for a mistyped one, from 0 to 1.
const LIKE: f64 = 0.7;

impl Listing {
    /// The backup that `select` means, or the one that the user named: by its full key, its key below the URL, or
    /// its last part when only one has it. A named object may be one that was rejected. `None`: there is none. In a listing
    /// that was made without this name, only what it names is looked at.
    ///
    /// # Errors
    /// When no object, or more than one, has the name.
    pub fn pick(&self, select: Select, key: Option<&str>) -> Result<Option<Backup>> {
        if let Some(key) = key {
            return self.named(key).map(Some);
        }
        let chosen = match select {
            Select::Newest | Select::NewestGood => self.backups.first(),
            Select::Oldest => self.oldest.as_ref().or(self.backups.last()),
            Select::Random => self.sample.as_ref().or(self.backups.first()),
        };
        Ok(chosen.cloned())
    }

    /// The next older backup. `None`: there is none, or it is not among those that the listing names.
    #[must_use]
    pub fn previous_of(&self, backup: &Backup) -> Option<&Backup> {
        self.backups
            .iter()
            .find(|other| other.order() < backup.order())
    }

    /// Empty objects, dumps by name, that are newer than this backup; all of them when there is no backup.
    #[must_use]
    pub fn empty_newer_than(&self, backup: Option<&Backup>) -> Vec<&Rejected> {
        let newer = |rejected: &&Rejected| {
            let order = (rejected.object.last_modified, rejected.object.key.as_str());
            rejected.reason == Reason::Empty && backup.is_none_or(|backup| order > backup.order())
        };
        self.rejected.iter().filter(newer).collect()
    }

    fn named(&self, key: &str) -> Result<Backup> {
        let seen = self.asked.as_ref().filter(|asked| asked.name == key);
        let asked = seen.cloned().unwrap_or_else(|| self.among_the_kept(key));
        match asked.found() {
            Found { first, count: 1 } if !first.is_empty() => Ok(first[0].clone()),
            Found { count: 0, .. } => Err(self.unknown(key, asked.wanted())),
            several => Err(ambiguous(key, several)),
        }
    }

    /// A name that was not asked for when the listing was made.
    fn among_the_kept(&self, key: &str) -> Asked {
        let mut asked = Asked::new(key, &self.url, &self.prefix);
        for backup in &self.backups {
            asked.see(backup);
        }
        for rejected in self.nameable() {
            asked.see(&rejected.object.clone().into());
        }
        asked
    }

    fn nameable(&self) -> impl Iterator<Item = &Rejected> {
        let named = |rejected: &&Rejected| rejected.reason != Reason::FolderMarker;
        self.rejected.iter().filter(named)
    }

    fn unknown(&self, key: &str, wanted: &str) -> Error {
        let likeness = |name: &str| {
            let below = name.strip_prefix(&self.prefix).unwrap_or(name);
            let last = name.rsplit('/').next().unwrap_or(name);
            let to = |text| strsim::jaro_winkler(text, wanted);
            to(below).max(to(last)).max(to(name))
        };
        let backups = self.backups.iter().map(|backup| &backup.key);
        let rejected = self.nameable().map(|rejected| &rejected.object.key);
        let known = backups
            .chain(rejected)
            .map(|key| key.trim_end_matches('/'))
            .map(|name| (likeness(name), name));
        let closest = known
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(like, _)| *like >= LIKE);
        let hint = match closest {
            Some((_, name)) => {
                format!("Did you mean \"{name}\"? `pgdrill list` shows every backup.")
            }
            None => "`pgdrill list` shows every backup.".to_owned(),
        };
        Error::new(format!("no backup \"{key}\" under \"{}\"", self.url), hint)
    }
}

fn ambiguous(key: &str, several: &Found) -> Error {
    let names: Vec<_> = several
        .first
        .iter()
        .map(|backup| format!("\"{}\"", backup.key.trim_end_matches('/')))
        .collect();
    Error::new(
        format!("{} backups are named \"{key}\"", several.count),
        "Name it by its whole key.",
    )
    .because(format!("Among them are {}.", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    fn backup(key: &str, second: i64) -> Backup {
        Backup {
            key: key.to_owned(),
            size: 1,
            last_modified: jiff::Timestamp::from_second(second).unwrap(),
            etag: None,
            members: Vec::new(),
        }
    }

    fn listing() -> Listing {
        let empty = Rejected {
            object: backup("p/late.dump", 50).object(),
            reason: Reason::Empty,
        };
        Listing {
            url: "s3://b/p/".to_owned(),
            prefix: "p/".to_owned(),
            backups: vec![
                backup("p/wed.dump", 30),
                backup("p/tue.dump", 20),
                backup("p/old/tue.dump", 15),
                backup("p/old/mon.dump", 10),
                backup("p/older/mon.dump", 5),
            ],
            rejected: vec![empty],
            ..Listing::default()
        }
    }

    fn picked(key: &str) -> Result<String> {
        Ok(listing().pick(Select::Newest, Some(key))?.unwrap().key)
    }

    #[test]
    fn newest_and_oldest_are_the_ends_of_the_list() {
        let key = |select| listing().pick(select, None).unwrap().unwrap().key;
        assert_eq!(key(Select::Newest), "p/wed.dump");
        assert_eq!(key(Select::Oldest), "p/older/mon.dump");
        assert!(key(Select::Random).starts_with("p/"));
        assert_eq!(Listing::default().pick(Select::Random, None), Ok(None));
    }

    #[test]
    fn a_backup_is_named_by_its_key_its_path_or_its_last_part() {
        for name in ["p/wed.dump", "wed.dump", "s3://b/p/wed.dump"] {
            assert_eq!(picked(name).unwrap(), "p/wed.dump");
        }
        assert_eq!(picked("old/mon.dump").unwrap(), "p/old/mon.dump");
        assert_eq!(picked("tue.dump").unwrap(), "p/tue.dump");
    }

    #[test]
    fn a_last_part_that_two_backups_have_names_none() {
        let error = picked("mon.dump").unwrap_err().to_string();
        assert!(
            error.starts_with("2 backups are named \"mon.dump\""),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_one() {
        let finding = Finding::from(picked("wedd.dump").unwrap_err());
        assert!(
            finding.hint.contains("Did you mean \"p/wed.dump\"?"),
            "{}",
            finding.hint
        );
    }

    #[test]
    fn what_was_rejected_can_be_named() {
        assert_eq!(picked("late.dump").unwrap(), "p/late.dump");
    }

    #[test]
    fn the_previous_backup_is_the_next_older_one() {
        let listing = listing();
        let previous = |backup: &Backup| listing.previous_of(backup).map(|b| b.key.clone());
        assert_eq!(previous(&listing.backups[0]).as_deref(), Some("p/tue.dump"));
        assert_eq!(previous(&listing.backups[4]), None);
        assert_eq!(
            previous(&backup("x", 12)).as_deref(),
            Some("p/old/mon.dump")
        );
    }

    #[test]
    fn empty_dumps_count_when_they_are_newer() {
        let listing = listing();
        assert_eq!(listing.empty_newer_than(listing.backups.first()).len(), 1);
        assert_eq!(listing.empty_newer_than(Some(&backup("x", 51))).len(), 0);
    }
}
