//! A backup that is no dump, and whose name says what it is instead: nothing speaks against it, and nobody can prove it here.

use crate::{
    backup::{Backup, Listing},
    error::{Broken, Error, sentence},
    finding::Code,
};

/// What a backup seems to be when it cannot be read as a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Other {
    is_part: bool,
    is_physical: bool,
}

impl Other {
    /// As far as the names in a listing tell.
    pub(super) fn of(listing: &Listing, backup: &Backup) -> Self {
        Self {
            is_part: listing.is_part(backup),
            is_physical: listing.is_physical(&backup.key),
        }
    }

    /// What is told in place of damage that two readings found.
    pub(super) fn instead_of(self, known: Broken) -> Broken {
        let Broken::Backup(found) = &known else {
            return known;
        };
        let no_dump = found.code == Code::DumpUnreadable;
        let cut = [Code::DumpTruncated, Code::DumpIncomplete, Code::DumpCorrupt];
        let error = if self.is_physical && no_dump {
            Error::new(
                "could not look into the backup: it looks like a physical backup",
                "Name a dump of pg_dump: pgdrill restores logical backups.",
            )
        } else if self.is_part && (no_dump || cut.contains(&found.code)) {
            Error::new(
                "could not look into the backup: it looks like parts of a split file",
                "Store each dump in one piece: S3 takes objects of up to 5 TiB.",
            )
        } else {
            return known;
        };
        error.because(sentence(&found.message)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    fn told(other: Other, code: Code) -> String {
        match other.instead_of(Finding::new(code, "x").into()) {
            Broken::Run(error) => error.to_string(),
            Broken::Backup(found) => format!("{:?}", found.code),
        }
    }

    #[test]
    fn a_name_speaks_only_for_what_cannot_be_read_as_a_dump() {
        let physical = Other {
            is_physical: true,
            ..Other::default()
        };
        assert!(told(physical, Code::DumpUnreadable).contains("physical backup"));
        assert_eq!(told(physical, Code::DumpTruncated), "DumpTruncated");
        let part = Other {
            is_part: true,
            ..Other::default()
        };
        assert!(told(part, Code::DumpTruncated).contains("split file"));
        assert!(told(part, Code::DumpUnreadable).contains("split file"));
        assert_eq!(told(part, Code::DumpUnexpected), "DumpUnexpected");
        assert_eq!(
            told(Other::default(), Code::DumpUnreadable),
            "DumpUnreadable"
        );
    }
}
