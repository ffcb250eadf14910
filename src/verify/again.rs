//! Damage that one reading found is looked for once more before anybody is told that the backup is bad: a bit may flip on
//! its way here, and so may one in this machine's memory; and the rest of a dump may still be written.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use tokio::task;

use super::{Job, chosen, files::Files, raise::Members, source::Input, still};
use crate::{
    backup::{Backup, Evidence, Store, twice},
    dump::{self, Script},
    error::{Broken, Error, OrStop as _},
    finding::{Code, Finding, Severity},
    plan::RestorePlan,
    report::Report,
    restore, rules,
};

/// Two of so many readings must find the same.
const READINGS: usize = 3;

/// Whether another reading may tell more about what was found.
pub(super) fn is_doubtful(found: &Finding) -> bool {
    let part_of_it = found.code == Code::DumpIncomplete && !twice::is_sure(found);
    part_of_it || is_damage(found)
}

fn is_damage(found: &Finding) -> bool {
    let damage = [Code::DumpUnreadable, Code::DumpTruncated, Code::DumpCorrupt];
    damage.contains(&found.code) && !twice::is_sure(found)
}

/// Reads a drill's backup again, to its end; gives what is known after that.
pub(super) async fn read(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
    found: Finding,
) -> Broken {
    job.progress.stage("reread");
    if let Err(error) = still::must_stand(store, backup).await {
        return error.into();
    }
    let lacks = lacks(&found, &job.plan.restore);
    let read = || async {
        let (_, tables) = whole(job, store, backup).await?;
        match &lacks {
            Some(found) if tables == Some(0) => Err(found.clone().into()),
            _ => Ok(()),
        }
    };
    settle(&backup.key, found, read).await
}

/// What was found, where it is that a script holds the data of no table: that is known only at its end.
fn lacks(found: &Finding, restore: &RestorePlan) -> Option<Finding> {
    rules::data(Some(0), restore).filter(|lacks| lacks == found)
}

/// What reading a backup showed: a table of contents alone, or a file or each member of a directory dump to its end.
pub(super) struct Seen {
    pub(super) head: Option<Bytes>,
    pub(super) file: Option<Evidence>,
    pub(super) members: Members,
}

impl Seen {
    pub(super) fn of(
        head: Option<Bytes>,
        file: Option<&Arc<OnceLock<Evidence>>>,
        files: &Files,
    ) -> Self {
        Self {
            head,
            file: file.and_then(|evidence| evidence.get().cloned()),
            members: files.evidence(),
        }
    }

    /// Whether all that was seen was seen again.
    fn has(&self, seen: &Self) -> bool {
        let mut members = seen.members.iter();
        self.head == seen.head
            && self.file == seen.file
            && members.all(|(name, evidence)| self.members.get(name) == Some(evidence))
    }

    /// The first of these that was found in bytes which may be others than the backup's: no stored checksum speaks for them.
    fn doubt(&self, found: &[Finding]) -> Option<Finding> {
        let is_proven = |evidence: &Evidence| !evidence.checksums.is_empty();
        let is_known = self.file.iter().chain(self.members.values()).all(is_proven);
        if is_known && self.head.is_none() {
            return None;
        }
        found.iter().find(|one| is_of_bytes(one)).cloned()
    }
}

/// Whether other bytes than the backup's can lead to it: damage, what PostgreSQL could not take, and what is not there after
/// that. Checks have their answers from the same bytes, but fail for other reasons day by day: none of them is worth another
/// reading.
fn is_of_bytes(found: &Finding) -> bool {
    let restored = [Code::RestoreFailed, Code::RestoreMissing, Code::RestoreRows];
    let is_loss = restored.contains(&found.code) && !twice::is_sure(found);
    found.severity == Severity::Critical && (is_loss || is_damage(found))
}

/// What was found in a backup whose bytes no stored checksum speaks for stands when they are the same in another reading.
/// Where they are not, the report is as it was before they were restored: whatever was found in them says nothing.
///
/// # Errors
/// When they are not the same, or could not be read again.
pub(super) async fn compare(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
    seen: &Seen,
    before: Report,
    report: &mut Report,
) -> Result<(), Broken> {
    let known = before.findings.len();
    let Some(first) = seen.doubt(report.findings.get(known..).unwrap_or_default()) else {
        return Ok(());
    };
    let found = std::mem::replace(report, before);
    job.progress.stage("reread");
    match whole(job, store, backup).await {
        Ok((again, _)) if again.has(seen) => {
            *report = found;
            sure(report.findings.get_mut(known..).unwrap_or_default());
            Ok(())
        }
        Err(Broken::Run(error)) => Err(error.into()),
        Ok(_) | Err(Broken::Backup(_)) => Err(on_the_way(&backup.key, &first).into()),
    }
}

/// Two readings had the bytes in which these were found.
fn sure(found: &mut [Finding]) {
    for one in found.iter_mut().filter(|one| is_of_bytes(one)) {
        *one = twice::sure(one.clone());
    }
}

/// Reads again until two readings found the same, or nothing is known for sure.
pub(super) async fn settle<F: Future<Output = Result<(), Broken>>>(
    key: &str,
    found: Finding,
    read: impl Fn() -> F,
) -> Broken {
    tracing::warn!(found = found.message, "the dump is read again, to be sure");
    let mut readings = Readings::of(found);
    loop {
        if let Some(known) = readings.and(read().await, key) {
            return known;
        }
    }
}

/// What each reading found so far.
struct Readings {
    first: Finding,
    others: Vec<Finding>,
}

impl Readings {
    const fn of(first: Finding) -> Self {
        let others = Vec::new();
        Self { first, others }
    }

    /// What is known after one more; none when yet another one must tell.
    fn and(&mut self, reading: Result<(), Broken>, key: &str) -> Option<Broken> {
        match reading {
            Err(Broken::Run(error)) => return Some(error.into()),
            Err(Broken::Backup(next)) if twice::is_sure(&next) => return Some(next.into()),
            Err(Broken::Backup(next)) if next == self.first || self.others.contains(&next) => {
                return Some(twice::sure(next).into());
            }
            Err(Broken::Backup(next)) => {
                self.others.push(next);
                if self.others.len() + 1 < READINGS {
                    return None;
                }
            }
            Ok(()) => {}
        }
        Some(on_the_way(key, &self.first).into())
    }
}

/// What one reading found, and another did not.
fn on_the_way(key: &str, found: &Finding) -> Error {
    let mut told = if found.code == Code::RestoreFailed {
        format!("One reading led to an error: {}.", found.message)
    } else {
        format!("One reading found that {}.", found.message)
    };
    if let Some(detail) = &found.detail {
        told = format!("{told} {detail}");
    }
    twice::on_the_way(key, &told)
}

/// Reads a backup as a drill does, to its end unless only its table of contents is wanted, and restores nothing. Of a
/// script it tells how many tables have data.
async fn whole(
    job: &Job<'_>,
    store: &Arc<Store>,
    backup: &Backup,
) -> Result<(Seen, Option<u64>), Broken> {
    job.progress
        .expect_bytes(job.progress.bytes().0 + backup.size);
    let source = chosen::open(job, store, backup).await?;
    if let Some(ahead) = &source.ahead {
        ahead.all_is_wanted();
    }
    let watched: dump::Shown = source.watched.clone();
    let head = source.only_head();
    let tables = task::spawn_blocking(move || to_its_end(source.input, watched))
        .await
        .or_stop(|| "could not read the dump".to_owned(), "Run again.")??;
    let seen = Seen::of(head, source.evidence.as_ref(), &source.files);
    Ok((seen, tables))
}

fn to_its_end(input: Input, watched: dump::Shown) -> Result<Option<u64>, Broken> {
    match input {
        Input::Head(_) => {}
        Input::Archive(bytes) => pass(bytes)?,
        Input::Script(bytes) => return dump::tables(Script::shown(bytes, watched)).map(Some),
        Input::Members(mut members) => {
            for (name, _) in std::mem::take(&mut members.files) {
                pass((members.open)(&name)?.bytes)?;
            }
        }
    }
    Ok(None)
}

fn pass(mut bytes: dump::Bytes) -> Result<(), Broken> {
    io::copy(&mut bytes, &mut io::sink()).map_err(|error| restore::broken(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damage(at: u64) -> Finding {
        Finding::new(Code::DumpCorrupt, "the dump's data are damaged")
            .detail(format!("After {at} bytes a number makes no sense."))
    }

    /// What is known after these readings; all of them are needed for it.
    fn known(first: Finding, others: Vec<Result<(), Broken>>) -> Broken {
        let mut readings = Readings::of(first);
        let mut known = None;
        for reading in others {
            assert_eq!(known, None);
            known = readings.and(reading, "db/shop.dump");
        }
        known.unwrap()
    }

    #[test]
    fn damage_that_two_readings_found_is_the_dumps() {
        let twice = Broken::Backup(twice::sure(damage(7)));
        assert_eq!(known(damage(7), vec![Err(damage(7).into())]), twice);
        let others = vec![Err(damage(9).into()), Err(damage(7).into())];
        assert_eq!(known(damage(7), others), twice);
        let others = vec![Err(damage(7).into()), Err(damage(7).into())];
        assert_eq!(known(damage(9), others), twice);
        assert_eq!(known(damage(9), vec![Err(twice.clone())]), twice);
    }

    #[test]
    fn damage_that_another_reading_does_not_find_says_nothing_of_the_dump() {
        let Broken::Run(error) = known(damage(7), vec![Ok(())]) else {
            panic!("it was called damaged")
        };
        let said = "One reading found that the dump's data are damaged. After 7 bytes a number makes no sense. \
             A second reading came to something else.";
        assert_eq!(Finding::from(error).detail.as_deref(), Some(said));
        let others = vec![Err(damage(8).into()), Err(damage(9).into())];
        assert!(matches!(known(damage(7), others), Broken::Run(_)));
    }

    #[test]
    fn damage_that_could_not_be_looked_for_again_is_not_told() {
        let stopped = Broken::from(Error::new("could not read the dump", "Run again."));
        assert_eq!(known(damage(7), vec![Err(stopped.clone())]), stopped);
    }

    #[test]
    fn a_script_without_data_is_known_by_the_same_finding() {
        let mut plan = RestorePlan::default();
        let found = rules::data(Some(0), &plan).unwrap();
        assert_eq!(lacks(&found, &plan), Some(found.clone()));
        assert_eq!(lacks(&damage(7), &plan), None);
        let reading = to_its_end(script("SET x = 1;"), dump::nobody());
        assert_eq!(reading, Ok(Some(0)));
        let twice = Broken::Backup(twice::sure(found.clone()));
        assert_eq!(known(found.clone(), vec![Err(found.clone().into())]), twice);
        plan.allow_schema_only = true;
        assert_eq!(lacks(&found, &plan), None);
        let reading = to_its_end(script("COPY t FROM stdin;\n1\n\\.\n"), dump::nobody());
        assert_eq!(reading, Ok(Some(1)));
    }

    fn script(text: &'static str) -> Input {
        Input::Script(Box::new(text.as_bytes()))
    }

    #[test]
    fn only_damage_and_what_may_still_be_written_is_looked_for_again() {
        assert!(is_doubtful(&damage(7)));
        assert!(!is_doubtful(&twice::sure(damage(7))));
        let part_of_it = Finding::new(Code::DumpIncomplete, "the dump has no end");
        assert!(is_doubtful(&part_of_it) && !is_doubtful(&twice::sure(part_of_it)));
        assert!(!is_doubtful(&Finding::new(
            Code::DumpUnexpected,
            "another dump"
        )));
    }
}
