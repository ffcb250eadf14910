//! The members of a directory dump: everything in its folder, but what belongs to another dump inside. And whether a backup is
//! still what was listed.

use super::{Backup, Object, Store, file, gather::CONTENTS};
use crate::{
    error::{Error, Result},
    finding::Code,
};

impl Store {
    /// Whether somebody who looks early may meet a part of this backup: a bucket's object is there whole, or not at all.
    #[must_use]
    pub fn may_grow(&self, backup: &Backup) -> bool {
        self.is_folder() || backup.is_directory()
    }

    /// Whether files are there as soon as somebody begins to write them.
    #[must_use]
    pub const fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// Looks whether a backup that [may grow](Store::may_grow) is still what was listed.
    ///
    /// # Errors
    /// `backup.changed` when it is not; also when the place cannot be reached.
    pub async fn same(&self, backup: &Backup) -> Result<()> {
        if backup.is_directory() {
            let listed = Backup {
                members: Vec::new(),
                ..backup.clone()
            };
            let again = self.whole(listed).await?;
            let known = backup.members.is_empty() || again.members == backup.members;
            return if known {
                Ok(())
            } else {
                Err(changed(&backup.key))
            };
        }
        match self {
            Self::Folder(folder) => {
                let object = backup.object();
                file::same(&folder.path(&object), &object).await
            }
            Self::S3(_) => Ok(()),
        }
    }
}

/// Gives a directory dump its members, of the objects in its folder.
///
/// # Errors
/// When they are no longer those that the listing summed up.
pub(super) fn complete(backup: Backup, objects: Vec<Object>) -> Result<Backup> {
    let inner: Vec<String> = objects
        .iter()
        .filter_map(|object| object.key.strip_suffix(CONTENTS))
        .filter(|folder| folder.ends_with('/') && *folder != backup.key)
        .map(str::to_owned)
        .collect();
    let belongs = |object: &Object| {
        let elsewhere = inner.iter().any(|folder| object.key.starts_with(folder));
        !elsewhere && !object.key.ends_with('/')
    };
    let members: Vec<Object> = objects.into_iter().filter(belongs).collect();
    let size: u64 = members.iter().map(|member| member.size).sum();
    let last_modified = members.iter().map(|member| member.last_modified).max();
    if size != backup.size || last_modified != Some(backup.last_modified) {
        return Err(changed(&backup.key));
    }
    Ok(Backup { members, ..backup })
}

fn changed(key: &str) -> Error {
    Error::new(
        format!("\"{key}\" was changed while it was looked at"),
        Code::BackupChanged.hint(),
    )
    .because("Its members are others than when they were listed.")
    .coded(Code::BackupChanged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    fn object(key: &str, second: i64) -> Object {
        Object {
            key: key.to_owned(),
            size: 2,
            last_modified: jiff::Timestamp::from_second(second).unwrap(),
            etag: None,
        }
    }

    fn dump(size: u64) -> Backup {
        Backup {
            size,
            ..object("mon/", 9).into()
        }
    }

    fn objects() -> Vec<Object> {
        vec![
            object("mon/", 1),
            object("mon/1.dat", 9),
            object("mon/in/2.dat", 99),
            object("mon/in/toc.dat", 99),
            object("mon/toc.dat", 8),
        ]
    }

    #[test]
    fn members_are_what_is_in_the_folder_and_in_no_dump_inside() {
        let whole = complete(dump(4), objects()).unwrap();
        let keys: Vec<_> = whole.members.iter().map(|m| m.key.as_str()).collect();
        assert_eq!(keys, ["mon/1.dat", "mon/toc.dat"]);
    }

    #[test]
    fn members_that_arrived_since_stop_the_run() {
        let finding = Finding::from(complete(dump(2), objects()).unwrap_err());
        assert_eq!(finding.code, Code::BackupChanged);
    }
}
