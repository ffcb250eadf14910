//! The run, top to bottom: find the newest dump, judge it, restore it, ask it, and always clean up.

mod again;
mod ahead;
mod beside;
mod change;
mod chosen;
mod clocks;
mod collate;
mod compare;
mod cpu;
mod crossing;
mod early;
mod facts;
mod files;
mod haste;
mod health;
mod in_order;
mod inspect;
mod learn;
mod load;
mod memory;
mod newest_good;
mod options;
mod other;
mod prove;
mod raise;
mod remember;
mod severities;
mod source;
mod spare;
mod still;
mod stop;
mod tell;
mod trial;
mod unpack;
mod watched;

use std::{
    path::Path,
    pin::{Pin, pin},
    sync::Arc,
    time::Instant,
};

use jiff::Timestamp;
use ulid::Ulid;

pub use health::{glance, health};
pub use inspect::{Inspected, inspect, place_of};
pub use learn::{Learned, learn};
pub use memory::Memory;
pub use options::{Options, Signal, Tier};
use other::Other;
use stop::Stop;
pub use stop::was_interrupted;
use tell::Telling;
pub use tell::tell;

use crate::{
    backup::{Backup, Store},
    checks,
    error::{Broken, Error},
    finding::{Finding, Severity},
    history::usual_stages,
    machine,
    plan::{Plan, Select},
    progress::{Progress, Spent},
    report::{Floor, Report, Stage, Verdict},
    rules,
    sandbox::Kept,
};

/// A finished run.
#[derive(Debug)]
pub struct Outcome {
    /// What it found.
    pub report: Report,
    /// How to get into the sandbox, when it was kept.
    pub kept: Option<Kept>,
    /// What interrupted it, if anything did.
    pub interrupted: Option<Signal>,
}

/// What a run works on.
struct Job<'a> {
    run: String,
    plan: &'a Plan,
    options: &'a Options,
    progress: &'a Progress,
    memory: &'a Memory,
    step: &'a Attempt,
    early: early::Slot,
    left: stop::Left,
}

/// One backup of those that a run looks at, one after another.
#[derive(Clone, Debug, Default)]
struct Attempt {
    /// The backup, where it is not the one that the plan selects.
    key: Option<String>,
    /// Why newer ones were passed over.
    passed_over: Vec<Finding>,
    /// The run that began the search.
    first_run: Option<String>,
    /// Where to put what the restored data look like, if somebody asks.
    learned: Option<learn::Slot>,
}

/// Verifies a backup. Never fails: what went wrong is in the report.
pub async fn verify(
    plan: &Plan,
    options: &Options,
    progress: &Progress,
    interrupt: impl Future<Output = Signal>,
) -> Outcome {
    let select = options.select(plan);
    if select == Some(Select::NewestGood) && options.backup.is_none() && !options.dry_run {
        return newest_good::search(plan, options, progress, interrupt).await;
    }
    attempt(plan, options, &Attempt::default(), progress, interrupt).await
}

/// Verifies one backup.
async fn attempt(
    plan: &Plan,
    options: &Options,
    step: &Attempt,
    progress: &Progress,
    interrupt: impl Future<Output = Signal>,
) -> Outcome {
    let began = Instant::now();
    let run = Ulid::generate().to_string();
    let mut report = Report::new(&plan.name, &run, Timestamp::now());
    let first = step.first_run.is_none();
    let start = first.then(|| tell::start(plan, options, &run)).flatten();
    let memory = Memory::of(plan).await;
    progress.measure(cpu::own());
    progress.expect_stages(usual_stages(&memory.past));
    report.aside = options.is_aside(plan);
    report.plan_digest = Some(plan.digest_of_part(&options.part()));
    report.findings.clone_from(&memory.findings);
    let job = Job {
        run,
        plan,
        options,
        progress,
        memory: &memory,
        step,
        early: early::Slot::default(),
        left: stop::Left::default(),
    };
    let mut interrupt = pin!(interrupt);
    let mut kept = None;
    let looked = Box::pin(look(&job, &mut report, interrupt.as_mut(), &mut kept)).await;
    let noted = stop::note(looked, &job.left, &mut report, interrupt.as_mut());
    let mut interrupted = noted.await;
    finish(&mut report, &job, began);
    if options.is_drill() {
        let told = tell_and_keep(&job, start, &mut report, &mut interrupted, interrupt);
        Box::pin(told).await;
    }
    Outcome {
        report,
        kept,
        interrupted,
    }
}

/// Tells of a drill, and keeps it.
async fn tell_and_keep(
    job: &Job<'_>,
    start: tell::Start,
    report: &mut Report,
    interrupted: &mut Option<Signal>,
    interrupt: Pin<&mut impl Future<Output = Signal>>,
) {
    if job.passes_over(report, *interrupted) {
        let first = job.step.first_run.as_ref();
        report.search = Some(first.unwrap_or(&report.run).clone());
    }
    if !job.options.no_notify {
        let mut telling = Telling::of(job, start);
        if interrupted.is_some() {
            telling.patience = haste::HURRY;
        }
        telling.quiet = report.search.is_some();
        let over = interrupted.is_some();
        let hurry = async {
            if over {
                return std::future::pending().await;
            }
            *interrupted = Some(interrupt.await);
        };
        telling.run(report, hurry).await;
    }
    // Interrupted just now: the search ends here, and this is what it came to.
    if !job.passes_over(report, *interrupted) {
        report.search = None;
    }
    job.memory.keep(report).await;
}

impl Job<'_> {
    /// Whether the search for a good backup goes on after this run.
    fn passes_over(&self, report: &Report, interrupted: Option<Signal>) -> bool {
        self.seeks_good() && newest_good::goes_on(report, interrupted)
    }

    /// The backup that the user or the search named.
    fn named(&self) -> Option<&str> {
        let named = self.options.backup.as_deref();
        named.or(self.step.key.as_deref())
    }

    /// Which backup is looked at, where none is named.
    fn select(&self) -> Option<Select> {
        self.options.select(self.plan)
    }

    /// Whether the newest backup is looked for that passes.
    fn seeks_good(&self) -> bool {
        self.options.backup.is_none() && self.select() == Some(Select::NewestGood)
    }
}

/// Looks for the backup and proves it, while the sandbox may start already.
async fn look(
    job: &Job<'_>,
    report: &mut Report,
    interrupt: Pin<&mut impl Future<Output = Signal>>,
    kept: &mut Option<Kept>,
) -> Result<(), Stop> {
    early::start(job);
    let looked = find_and_prove(job, report, interrupt, kept).await;
    early::give_up(job).await;
    looked
}

async fn find_and_prove(
    job: &Job<'_>,
    report: &mut Report,
    mut interrupt: Pin<&mut impl Future<Output = Signal>>,
    kept: &mut Option<Kept>,
) -> Result<(), Stop> {
    let found = tokio::select! {
        biased;
        signal = interrupt.as_mut() => return Err(Stop::Signal(signal)),
        found = find(job, report) => found?,
    };
    let Some((store, backup, other)) = found else {
        return Ok(());
    };
    if job.options.dry_run {
        return Ok(());
    }
    let proven = chosen::prove(job, &store, &backup, report, interrupt.as_mut(), kept);
    let found = match Box::pin(proven).await {
        Err(Stop::Broken(Broken::Backup(found))) if again::is_doubtful(&found) => found,
        proven => return proven,
    };
    tokio::select! {
        biased;
        signal = interrupt => Err(Stop::Signal(signal)),
        known = again::read(job, &store, &backup, found) => Err(other.instead_of(known).into()),
    }
}

/// Lists the backups, chooses one, and judges what the listing shows.
async fn find(
    job: &Job<'_>,
    report: &mut Report,
) -> Result<Option<(Arc<Store>, Backup, Other)>, Broken> {
    if let Some(unknown) = checks::misspelt(&[&job.plan.checks], &job.options.only) {
        return Err(unknown.into());
    }
    job.progress.stage("list");
    let plan = job.plan.backup.as_ref().ok_or_else(no_backup)?;
    let folder = job.plan.file.parent().unwrap_or(Path::new("."));
    let store = Store::open(plan, folder).await?;
    let named = job.named();
    let listing = still::listing(&store, named).await?;
    let select = job.options.select.unwrap_or(plan.select);
    let chosen = listing.pick(select, named)?;
    let facts = rules::Facts {
        now: report.started,
        listing: &listing,
        chosen: chosen.as_ref(),
        past: &job.memory.past.runs,
    };
    let prices = &job.plan.prices;
    report.backup = Some(facts::backup(&facts, prices));
    let findings = rules::judge(&facts, &job.plan.limits, prices);
    report.findings.extend(findings);
    // What holds nothing was told of by the listing, and there is nothing to read.
    let holds_something = chosen.filter(|backup| backup.size > 0);
    Ok(holds_something.map(|backup| {
        let other = Other::of(&listing, &backup);
        (Arc::new(store), backup, other)
    }))
}

/// A run that proves nothing says so when the last proof is old. The first runs need no reminder.
fn remind(report: &mut Report, job: &Job<'_>) {
    let past = &job.memory.past;
    if job.memory.remembers() && past.last_pass().is_some() && report.verdict() != Verdict::Passed {
        let finding = rules::unproven(&past.runs, report.started, &job.plan.limits);
        // That nothing was proven for long says nothing against this backup: the run's own verdict stands.
        let reminder = |finding: Finding| {
            let severity = job.plan.severity.get(&finding.code).copied();
            let severity = severity.unwrap_or(finding.severity);
            finding.severity(severity.min(Severity::Warning))
        };
        report.findings.extend(finding.map(reminder));
    }
}

fn no_backup() -> Error {
    Error::new(
        "the plan does not say where the backups are",
        "Add `backup: { url: … }` to the plan: a folder or s3://bucket/prefix/.",
    )
}

/// Applies the plan's severities, and closes the report.
fn finish(report: &mut Report, job: &Job<'_>, began: Instant) {
    severities::overrides(report, &job.plan.severity);
    // What is said of other backups is a warning about this one, whatever the plan makes of it.
    (report.findings).splice(..0, job.step.passed_over.iter().cloned());
    remind(report, job);
    if job.seeks_good() {
        newest_good::soften(report);
    }
    job.progress.finish();
    let stages = job.progress.take_stages().into_iter();
    report.stages = stages.map(stage).collect();
    report.seconds = began.elapsed().as_secs_f64();
    let cores = machine::processors().unwrap_or(0);
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    let download = job.progress.take_download();
    report.floor = Floor::of(&report.stages, report.seconds, cores, download);
    report.verdict = report.verdict();
}

fn stage(spent: Spent) -> Stage {
    Stage {
        name: spent.name.to_owned(),
        seconds: spent.took.as_secs_f64(),
        cpu_seconds: spent.cpu.map(|cpu| cpu.as_secs_f64()),
        bytes: (spent.bytes > 0).then_some(spent.bytes),
    }
}
