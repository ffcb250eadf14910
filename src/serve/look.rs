//! Looks at the storage and the history in the background, so that a question never waits for either.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::known::{Known, Watch, Watched};
use crate::{
    finding::Finding,
    history::Past,
    report::Report,
    sinks::prometheus,
    units::Age,
    verify::{self, Memory},
};

/// A look may take this long even when the next one is due: a bucket of a million keys takes its time.
const AT_LEAST: Duration = Duration::from_mins(1);

/// The history is read again at every so many looks, also when nothing seems to have been added: one hour when they come
/// every five minutes. A run is one request to the storage, and requests cost money.
const RECALL: u32 = 12;

/// What other programs add to the history is seen by its name, which tells when a run began: this is longer than any drill.
const RECENT: SignedDuration = SignedDuration::from_hours(48);

/// Looks again and again; never ends. A look that breaks off is a fault of pgdrill, and none of the looks after it.
pub(super) async fn run(watch: Arc<Watch>, position: usize) {
    let Some(watched) = watch.plans.get(position) else {
        return;
    };
    let begin = || looks(Arc::clone(&watch), position);
    let broke = || {
        let why = "a look at the storage broke off: this is a fault of pgdrill";
        tracing::error!("{}: {why}", watched.plan.name);
        watch.learn(watched, |known| known.problem = Some(why.to_owned()));
    };
    keep_on(begin, broke, watch.refresh).await;
}

/// Begins it again after a pause whenever it breaks off, until it ends by itself.
async fn keep_on<F>(begin: impl Fn() -> F, broke: impl Fn(), pause: Duration)
where
    F: Future<Output = ()> + Send + 'static,
{
    // A task of its own takes a panic; it ends with the one that waits for it.
    while AbortOnDropHandle::new(tokio::spawn(begin())).await.is_err() {
        broke();
        sleep(pause).await;
    }
}

async fn looks(watch: Arc<Watch>, position: usize) {
    let Some(watched) = watch.plans.get(position) else {
        return;
    };
    let patience = watch.refresh.max(AT_LEAST);
    let mut memory = Memory::default();
    let (mut looks, mut drilled) = (0, 0);
    let mut keys = None;
    loop {
        let began = Instant::now();
        let known = watched.known();
        let listed = recent(watched, &memory, patience).await;
        let added = listed.is_some() && listed != keys;
        keys = listed.or(keys);
        if looks % RECALL == 0 || added || known.drilled != drilled || known.forgotten.is_some() {
            drilled = known.drilled;
            recall(&watch, watched, &mut memory, patience).await;
        }
        looks = looks.wrapping_add(1);
        let health = timeout(patience, verify::glance(&watched.plan, &memory)).await;
        let now = Timestamp::now();
        watch.learn(watched, |known| match health {
            Ok(report) => see(known, report, now),
            Err(_) => known.problem = Some(silent("storage", patience)),
        });
        sleep(watch.refresh.saturating_sub(began.elapsed())).await;
    }
}

/// The names of the runs of the last days.
async fn recent(watched: &Watched, memory: &Memory, patience: Duration) -> Option<Vec<String>> {
    let keys = memory.keys(&watched.plan, Timestamp::now() - RECENT);
    timeout(patience, keys).await.ok().flatten()
}

/// Reads the history. When it cannot be read, what was known of it stays.
async fn recall(watch: &Watch, watched: &Watched, memory: &mut Memory, patience: Duration) {
    let read = timeout(patience, Memory::of(&watched.plan)).await;
    let read = read.map_err(|_| silent("history", patience));
    let read = read.and_then(|read| match unreadable(&read) {
        Some(why) => Err(why),
        None => Ok(read),
    });
    watch.learn(watched, |known| match read {
        Ok(read) => {
            known.recall(read.past.clone());
            *memory = read;
            memory.past = Past::clone(&known.past);
        }
        Err(why) => known.forgotten = Some(why),
    });
}

/// Why nothing of the history could be read. Single damaged records leave the others.
fn unreadable(memory: &Memory) -> Option<String> {
    let past = &memory.past;
    let nothing = past.runs.is_empty() && past.damaged.is_empty();
    memory.findings.first().filter(|_| nothing).map(in_words)
}

/// Takes in a look. One that saw nothing leaves what the last one saw.
fn see(known: &mut Known, report: Report, now: Timestamp) {
    let stopped = report.findings.iter().find(|f| f.code.stops_the_run());
    known.problem = stopped.map(in_words);
    let good = prometheus::success(&report).filter(|_| !is_disproved(&known.past, &report));
    known.good = known.good.max(good);
    if report.backup.is_some() {
        known.health = Some(Arc::new(report));
        known.looked = Some(now);
    }
}

/// Whether the last drill found the backup bad that a look saw: it does not count as good because it looks so from outside.
pub(super) fn is_disproved(past: &Past, look: &Report) -> bool {
    let backup = look.backup.as_ref();
    backup.is_some_and(|backup| past.disproved(backup).is_some())
}

fn in_words(finding: &Finding) -> String {
    match &finding.detail {
        Some(detail) => format!("{}: {detail}", finding.message),
        None => finding.message.clone(),
    }
}

fn silent(what: &str, patience: Duration) -> String {
    format!("the {what} did not answer within {}", Age(patience))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::{
        finding::Code,
        report::{BackupFacts, Verdict},
    };

    fn report(backup: bool, codes: &[Code]) -> Report {
        let mut report = Report::new("shop", "run", Timestamp::UNIX_EPOCH);
        report.backup = backup.then(BackupFacts::default);
        report.findings = codes.iter().map(|&c| Finding::new(c, "broken")).collect();
        report
    }

    #[test]
    fn a_look_that_saw_nothing_leaves_what_the_last_one_saw() {
        let mut known = Known::default();
        let then = Timestamp::UNIX_EPOCH;
        see(&mut known, report(true, &[]), then);
        see(
            &mut known,
            report(false, &[Code::RunStopped]),
            Timestamp::MAX,
        );
        assert_eq!(known.looked, Some(then));
        assert!(known.health.is_some());
        assert_eq!(known.problem.as_deref(), Some("broken"));
    }

    #[test]
    fn what_a_look_found_good_stays_good_when_the_next_one_does_not() {
        let mut known = Known::default();
        let mut good = report(true, &[]);
        good.verdict = Verdict::Healthy;
        good.backup = Some(BackupFacts {
            last_modified: Some(Timestamp::UNIX_EPOCH),
            age_seconds: Some(60),
            ..BackupFacts::default()
        });
        see(&mut known, good, Timestamp::UNIX_EPOCH);
        let stale = report(true, &[Code::BackupStale]);
        see(&mut known, stale, Timestamp::UNIX_EPOCH);
        assert_eq!(known.good, Some(Timestamp::UNIX_EPOCH));
    }

    #[tokio::test]
    async fn a_look_that_broke_off_is_begun_again() {
        let (times, broken) = (Arc::new(AtomicU32::new(0)), AtomicU32::new(0));
        let begin = || {
            let first = times.fetch_add(1, Ordering::Relaxed) == 0;
            async move { assert!(!first, "this look breaks off") }
        };
        let broke = || {
            broken.fetch_add(1, Ordering::Relaxed);
        };
        keep_on(begin, broke, Duration::ZERO).await;
        assert_eq!(times.load(Ordering::Relaxed), 2);
        assert_eq!(broken.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_look_that_works_ends_the_problem() {
        let mut known = Known::default();
        see(
            &mut known,
            report(false, &[Code::RunStopped]),
            Timestamp::UNIX_EPOCH,
        );
        see(
            &mut known,
            report(true, &[Code::BackupStale]),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(known.problem, None);
    }
}
