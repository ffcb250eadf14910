//! Tells of a finished run those whom the plan names; its verdict stands whatever they answer.

use std::{path::Path, time::Duration};

use tokio::task::JoinHandle;

use super::{
    Options,
    crossing::{self, Before, Choice},
    haste::{Haste, Kept},
    memory::Memory,
};
use crate::{
    error::{Error, Result},
    finding::{Code, Finding, Severity},
    plan::{Plan, Select},
    report::{Command, Delivery, Report, Verdict},
    sinks::{
        deliver::{self, Occasion, Targets},
        prometheus::Standing,
    },
    words::Lang,
};

/// How long everybody is tried together after a run.
const PATIENCE: Duration = Duration::from_mins(1);

/// The name of the beginning of a drill among the sinks.
const START: &str = "heartbeat.start";

/// The message that a drill begins, on its way.
pub(super) type Start = Option<JoinHandle<Result<()>>>;

/// Tells of a look at the newest backup, such as that of [`super::health`].
pub async fn tell(report: &mut Report, plan: &Plan, memory: &Memory, lang: Lang) {
    let telling = Telling {
        plan,
        memory,
        lang,
        newest: true,
        first_run: None,
        start: None,
        quiet: false,
        patience: PATIENCE,
    };
    telling.run(report, std::future::pending()).await;
}

/// Tells that a drill begins.
pub(super) fn start(plan: &Plan, options: &Options, run: &str) -> Start {
    let told = options.is_drill() && !options.no_notify && !options.is_aside(plan);
    told.then(|| deliver::start(plan, run)).flatten()
}

/// A run, and those who are told of it.
pub(super) struct Telling<'a> {
    pub(super) plan: &'a Plan,
    pub(super) memory: &'a Memory,
    pub(super) lang: Lang,
    /// Whether the newest backup was looked at, which decides what the metrics say about the newest.
    pub(super) newest: bool,
    /// The run that began it all, where it took several.
    pub(super) first_run: Option<&'a str>,
    /// The message that the drill began.
    pub(super) start: Start,
    /// Whether nobody is told: the search for a good backup goes on.
    pub(super) quiet: bool,
    /// How long everybody is tried together.
    pub(super) patience: Duration,
}

impl<'a> Telling<'a> {
    /// What is told of a drill.
    pub(super) fn of(job: &super::Job<'a>, start: Start) -> Self {
        Self {
            plan: job.plan,
            memory: job.memory,
            lang: job.options.lang,
            newest: matches!(job.select(), Some(Select::Newest | Select::NewestGood)),
            first_run: job.step.first_run.as_deref(),
            start,
            quiet: false,
            patience: PATIENCE,
        }
    }

    /// Tells everybody. When `hurry` comes, nobody is waited for much longer.
    pub(super) async fn run(mut self, report: &mut Report, hurry: impl Future<Output = ()>) {
        let mut haste = Haste::begin(self.patience, hurry);
        self.beginning(report, &mut haste).await;
        if self.quiet {
            return;
        }
        self.people(report, &mut haste).await;
        if !report.aside {
            self.metrics(report, &mut haste).await;
        }
    }

    /// How it went with the message that the drill began, which was sent then. It is over before the end is told: a
    /// heartbeat that hears of them in the wrong order waits for an end that was.
    async fn beginning(
        &mut self,
        report: &mut Report,
        haste: &mut Haste<impl Future<Output = ()>>,
    ) {
        if let Some(mut start) = self.start.take() {
            let result = tokio::select! {
                biased;
                ended = &mut start => ended.unwrap_or_else(|_| Err(late())),
                () = haste.over(Kept::Most) => Err(late()),
            };
            start.abort();
            record(report, self.plan, START, result);
        }
    }

    async fn people(&self, report: &mut Report, haste: &mut Haste<impl Future<Output = ()>>) {
        let before = Before {
            past: (self.memory.remembers()).then_some(self.memory.past.runs.as_slice()),
        };
        let choices = crossing::decide(report, &self.plan.notify, before);
        let mut orders = Vec::new();
        let mut skipped = Vec::new();
        for choice in choices {
            match choice {
                Choice::Tell(order) => orders.push(order),
                Choice::Skip(delivery) => skipped.push(delivery),
            }
        }
        let occasion = Occasion {
            plan: self.plan,
            report,
            lang: self.lang,
            first_run: self.first_run.unwrap_or(&report.run),
        };
        let until = haste.until(Kept::Some);
        let told = deliver::notify(occasion, &orders, until, haste.over(Kept::Some)).await;
        for (name, result) in told {
            record(report, self.plan, name, result);
        }
        report.sinks.extend(skipped);
    }

    async fn metrics(&self, report: &mut Report, haste: &mut Haste<impl Future<Output = ()>>) {
        let plan = self.plan;
        let folder = plan.file.parent().unwrap_or(Path::new("."));
        let textfile = plan.metrics.textfile.as_ref().map(|file| folder.join(file));
        let targets = Targets {
            textfile: textfile.as_deref(),
            pushgateway: plan.metrics.pushgateway.as_ref(),
        };
        let standing = of_run(report, self.memory, self.newest);
        let until = haste.until(Kept::Nothing);
        let told = deliver::metrics(&standing, &targets, until, haste.over(Kept::Nothing)).await;
        for (name, result) in told {
            record(report, plan, name, result);
        }
    }
}

/// What a run that just ended says. The history does not hold it yet.
fn of_run<'a>(report: &'a Report, memory: &Memory, newest: bool) -> Standing<'a> {
    let alone = Standing::of(report);
    if report.command == Command::Health {
        return alone;
    }
    let failed = u64::from(report.verdict != Verdict::Passed);
    Standing {
        newest,
        last_success: alone.last_success.filter(|_| newest),
        last_pass: alone.last_pass.or_else(|| memory.past.last_pass()),
        failures: memory.failures().map(|failures| failures + failed),
        ..alone
    }
}

fn record(report: &mut Report, plan: &Plan, name: &str, result: Result<()>) {
    // An error with this code is about some of those behind one sink: the others were told.
    let in_part = |error: &Error| Finding::from(error.clone()).code == Code::NotifyFailed;
    let delivered = result.as_ref().err().is_none_or(in_part);
    let finding = result.err().map(|error| refused(name, error, plan));
    report.sinks.push(Delivery {
        name: name.to_owned(),
        delivered,
        error: finding.as_ref().map(|finding| finding.message.clone()),
        skipped: None,
    });
    report.findings.extend(finding);
}

fn late() -> Error {
    Error::new(
        "the heartbeat did not take the beginning of the drill in time",
        "Check `notify.heartbeat.start` in the plan.",
    )
}

/// At most a warning, whatever the plan says: a sink never changes a verdict.
fn refused(name: &str, error: Error, plan: &Plan) -> Finding {
    let severity = plan.severity.get(&Code::NotifyFailed).copied();
    Finding {
        code: Code::NotifyFailed,
        severity: severity.map_or(Severity::Warning, |severity| {
            severity.min(Severity::Warning)
        }),
        ..Finding::from(error).about(name)
    }
}
