//! Chooses one backup of a listing, and finds its neighbours.

use super::{Backup, Listing, Reason, Rejected};
use crate::{
    error::{Error, OrStop, Result},
    plan::Select,
};

/// How like a key must be to be suggested for a mistyped one, from 0 to 1.
const LIKE: f64 = 0.7;

impl Listing {
    /// The backup that `select` means, or the one that the user named: by its full key, its key below the URL, or
    /// its last part when only one has it. A named object may be one that was rejected. `None`: there is none.
    ///
    /// # Errors
    /// When no object, or more than one, has the name.
    pub fn pick(&self, select: Select, key: Option<&str>) -> Result<Option<Backup>> {
        if let Some(key) = key {
            return self.named(key).map(Some);
        }
        let chosen = match select {
            Select::Newest | Select::NewestGood => self.backups.first(),
            Select::Oldest => self.backups.last(),
            Select::Random => self.any()?,
        };
        Ok(chosen.cloned())
    }

    /// The next older backup.
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

    fn any(&self) -> Result<Option<&Backup>> {
        let number = getrandom::u64().or_stop(
            || "the system gave no random number".to_owned(),
            "Choose another `backup.select`.",
        )?;
        let count = self.backups.len().max(1) as u64;
        // Smaller than a length, so it is an index.
        Ok(self
            .backups
            .get(usize::try_from(number % count).unwrap_or(0)))
    }

    fn named(&self, key: &str) -> Result<Backup> {
        let wanted = key
            .strip_prefix(&self.url)
            .unwrap_or(key)
            .trim_end_matches('/');
        let relative = format!("{}{wanted}", self.prefix);
        let end = format!("/{wanted}");
        let exact = |name: &str| name == wanted || name == relative;
        for same in [&exact as &dyn Fn(&str) -> bool, &|name| {
            name.ends_with(&end)
        }] {
            let found: Vec<_> = self.candidates().filter(|(name, _)| same(name)).collect();
            match found.as_slice() {
                [] => {}
                [(_, candidate)] => return Ok(candidate.backup()),
                several => return Err(ambiguous(key, several)),
            }
        }
        Err(self.unknown(key, wanted))
    }

    /// Everything that can be named, by its key without a `/` at the end.
    fn candidates(&self) -> impl Iterator<Item = (&str, Candidate<'_>)> {
        let backups = self.backups.iter().map(Candidate::Backup);
        let rejected = self
            .rejected
            .iter()
            .filter(|r| r.reason != Reason::FolderMarker);
        let candidates = backups.chain(rejected.map(Candidate::Rejected));
        candidates.map(|candidate| (candidate.key().trim_end_matches('/'), candidate))
    }

    fn unknown(&self, key: &str, wanted: &str) -> Error {
        let likeness = |name: &str| {
            let below = name.strip_prefix(&self.prefix).unwrap_or(name);
            let last = name.rsplit('/').next().unwrap_or(name);
            let to = |text| strsim::jaro_winkler(text, wanted);
            to(below).max(to(last)).max(to(name))
        };
        let known = self.candidates().map(|(name, _)| (likeness(name), name));
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

enum Candidate<'a> {
    Backup(&'a Backup),
    Rejected(&'a Rejected),
}

impl<'a> Candidate<'a> {
    fn key(&self) -> &'a str {
        match self {
            Self::Backup(backup) => &backup.key,
            Self::Rejected(rejected) => &rejected.object.key,
        }
    }

    fn backup(&self) -> Backup {
        match self {
            Self::Backup(backup) => (*backup).clone(),
            Self::Rejected(rejected) => Backup {
                members: rejected.members.clone(),
                ..rejected.object.clone().into()
            },
        }
    }
}

fn ambiguous(key: &str, several: &[(&str, Candidate)]) -> Error {
    let names: Vec<_> = several
        .iter()
        .take(3)
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let count = several.len();
    Error::new(
        format!("{count} backups are named \"{key}\""),
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
            members: Vec::new(),
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
