//! The dashboard and the page of a plan, as their templates want them.

use jiff::Timestamp;
use minijinja::Value;
use serde::Serialize;

use super::{
    Board, PlanState,
    state::{Shown, Standing, ago, findings, newest, verdict},
    templates::page,
    trends,
};
use crate::{
    finding::{Finding, Severity},
    report::{BackupFacts, Command, Report},
};

/// As many problems as a card shows before it leads to the plan's page.
const PROBLEMS: usize = 3;
/// As many runs as a plan's page shows.
const RUNS: usize = 50;

/// One plan, for its card or its page.
#[derive(Serialize)]
struct Card<'a> {
    name: &'a str,
    state: Shown,
    running: bool,
    problem: Option<&'a str>,
    backup: Option<Newest<'a>>,
    last_pass: Option<Timestamp>,
    pass_age: Option<i64>,
    drill: Option<Row<'a>>,
    next: Option<Timestamp>,
    looked: Option<Timestamp>,
    spark: Value,
    findings: Vec<&'a Finding>,
    more: usize,
}

#[derive(Serialize)]
struct Newest<'a> {
    facts: &'a BackupFacts,
    age: Option<i64>,
}

/// One run in a table.
#[derive(Serialize)]
struct Row<'a> {
    run: &'a str,
    plan: &'a str,
    started: Timestamp,
    verdict: Shown,
    seconds: f64,
    key: Option<&'a str>,
    size: Option<u64>,
    restore: Option<f64>,
    rows: Option<u64>,
    critical: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Dashboard<'a> {
    now: Timestamp,
    troubled: Vec<Card<'a>>,
    calm: Vec<Card<'a>>,
    count: usize,
}

#[derive(Serialize)]
struct PlanPage<'a> {
    now: Timestamp,
    card: Card<'a>,
    charts: Vec<Value>,
    drills: Vec<Row<'a>>,
    more_drills: usize,
    looks: Vec<Row<'a>>,
    more_looks: usize,
    damaged: usize,
}

/// The page of all plans: what needs attention first, worst first.
pub(super) fn dashboard(board: &Board) -> String {
    let mut plans: Vec<_> = board
        .plans
        .iter()
        .map(|plan| (Standing::of(plan), plan))
        .collect();
    plans.sort_by_key(|(standing, plan)| (*standing, plan.name.clone()));
    let cards = |attention: bool| {
        let wanted = plans
            .iter()
            .filter(move |(standing, _)| standing.needs_attention() == attention);
        wanted
            .map(|(standing, plan)| card(plan, *standing, board.now, PROBLEMS))
            .collect()
    };
    let context = Dashboard {
        now: board.now,
        troubled: cards(true),
        calm: cards(false),
        count: board.plans.len(),
    };
    page("dashboard.html", "Backups · pgdrill", true, &context)
}

/// The page of one plan.
pub(super) fn plan(state: &PlanState, now: Timestamp) -> String {
    let runs = |command| {
        state
            .past
            .runs
            .iter()
            .filter(move |run| run.command == command)
    };
    let first = |command| runs(command).take(RUNS).map(row).collect();
    let context = PlanPage {
        now,
        card: card(state, Standing::of(state), now, usize::MAX),
        charts: trends::all(&state.past),
        drills: first(Command::Verify),
        more_drills: runs(Command::Verify).count().saturating_sub(RUNS),
        looks: first(Command::Health),
        more_looks: runs(Command::Health).count().saturating_sub(RUNS),
        damaged: state.past.damaged.len(),
    };
    page(
        "plan.html",
        &format!("{} · pgdrill", state.name),
        true,
        &context,
    )
}

fn card(plan: &PlanState, standing: Standing, now: Timestamp, most: usize) -> Card<'_> {
    let all = findings(plan);
    let (serious, told) = (
        |finding: &&&Finding| finding.severity > Severity::Info,
        all.len(),
    );
    let findings: Vec<&Finding> = if most == usize::MAX {
        all
    } else {
        all.iter().filter(serious).take(most).copied().collect()
    };
    let last_pass = plan.past.last_pass();
    Card {
        name: &plan.name,
        state: standing.shown(),
        running: plan.running,
        problem: plan.problem.as_deref(),
        backup: newest(plan)
            .and_then(|report| report.backup.as_ref())
            .map(|facts| Newest {
                facts,
                age: facts.last_modified.map(|at| ago(at, now)),
            }),
        last_pass,
        pass_age: last_pass.map(|at| ago(at, now)),
        drill: plan.past.answering().next().map(row),
        next: plan.next,
        looked: plan.health.as_ref().map(|report| report.started),
        spark: trends::spark(&plan.past),
        more: told - findings.len(),
        findings,
    }
}

fn row(run: &Report) -> Row<'_> {
    let backup = run.backup.as_ref().filter(|backup| !backup.key.is_empty());
    Row {
        run: &run.run,
        plan: &run.plan,
        started: run.started,
        verdict: verdict(run.verdict),
        seconds: run.seconds,
        key: backup.map(|backup| backup.key.as_str()),
        size: backup.map(|backup| backup.size_bytes),
        restore: run.restore.as_ref().map(|restore| restore.seconds),
        rows: run.proof.as_ref().map(|proof| proof.rows_found),
        critical: run.count(Severity::Critical),
        warnings: run.count(Severity::Warning),
    }
}
