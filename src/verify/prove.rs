//! Inside a running sandbox: remember what is proven already, or restore, compare and ask.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Job, Stop, Tier, again, ahead, beside, change, clocks, collate, compare, in_order, learn, load,
    raise, remember, source::Source, trial::notes,
};
use crate::{
    backup::{Backup, Evidence, Store},
    checks,
    dump::Contents,
    error::{Broken, Error, OrStop, Result, sentence},
    finding::Severity,
    plan::Collation,
    proof::Compared,
    report::{Report, RestoreFacts},
    restore::{self, Along, Prepared, Restored},
    rules,
    sandbox::Sandbox,
    units::Age,
};

/// How many questions are asked at the same time.
const CONNECTIONS: usize = 4;

/// Remembers what an earlier run proved, or proves it.
pub(super) async fn prove(
    job: &Job<'_>,
    store: &Arc<Store>,
    source: Source,
    backup: &Backup,
    sandbox: &Sandbox,
    report: &mut Report,
) -> std::result::Result<(), Stop> {
    if job.options.tier == Tier::Schema {
        let seen = again::Seen::of(source.only_head(), None, &source.files);
        let before = report.clone();
        schema(job, source, backup, sandbox, report).await?;
        return Ok(again::compare(job, store, backup, &seen, before, report).await?);
    }
    let facts = report.sandbox.clone().unwrap_or_default();
    let beside = beside::look(store, backup).await;
    let evidence = beside.digest();
    if let Some(backup) = &mut report.backup {
        backup.evidence.clone_from(&evidence);
    }
    let known = remember::Known {
        backup,
        evidence,
        sandbox: &facts,
    };
    if let Some(earlier) = remember::proof(job, store, &known).await {
        remember::take(report, earlier);
        let took = earlier.restore.as_ref().map(|restore| restore.seconds);
        let took = took.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let slow = took.and_then(|took| rules::rto(Age(took), &job.plan.limits));
        report.findings.extend(slow);
        return Ok(());
    }
    let contents = source.contents.clone();
    let (file, files) = (source.evidence.clone(), source.files.clone());
    job.progress.stage("restore");
    roles(job, sandbox).await?;
    let before = report.clone();
    let restored = restore_and_ask(job, source, backup, sandbox, report);
    let compared = Box::pin(restored).await?;
    let seen = again::Seen::of(None, file.as_ref(), &files);
    let look = || beside::look(store, backup);
    let raise = |beside: &beside::Beside, report: &mut Report| {
        let bytes = raise::Bytes {
            backup,
            contents: &contents,
            members: &seen.members,
            beside,
        };
        raise::raise(&bytes, &compared, report);
    };
    beside::judge(beside, &backup.key, look, report, raise).await?;
    Ok(again::compare(job, store, backup, &seen, before, report).await?)
}

/// Restores the schema and looks for every object of it. No row is proven by that, so it is no proof.
async fn schema(
    job: &Job<'_>,
    source: Source,
    backup: &Backup,
    sandbox: &Sandbox,
    report: &mut Report,
) -> std::result::Result<(), Broken> {
    job.progress.stage("restore");
    roles(job, sandbox).await?;
    let contents = source.contents.clone();
    let plan = &job.plan.restore;
    let prepared = prepare(sandbox, &contents, plan.collation, report).await?;
    let loading = load::load(job, source, &contents, backup, sandbox, None);
    let mut restored = Box::pin(restore::guarded(sandbox, plan, loading)).await?;
    (restored.complaints).for_want_of(&prepared.refused, prepared.superuser);
    let collation = collate::learn(plan, &mut restored, sandbox, report).await;
    judge(job, &restored, collation, report)?;
    collate::own(&prepared, sandbox).await?;
    let compared = compare::schema(job, contents, &restored, prepared.refused, sandbox).await?;
    report.findings.extend(compared.findings);
    let (found, all) = (compared.objects_found, compared.objects_expected);
    let told = notes(report);
    told.push(format!(
        "{found} of {all} objects of the schema were found."
    ));
    told.extend(compared.notes);
    Ok(())
}

/// Prepares the sandbox for this dump.
async fn prepare(
    sandbox: &Sandbox,
    contents: &Contents,
    collation: Collation,
    report: &mut Report,
) -> std::result::Result<Prepared, Broken> {
    let preparing = async { Ok(restore::prepare(sandbox, contents, collation).await?) };
    let (mut prepared, vulnerable) = tokio::try_join!(preparing, restore::vulnerable(sandbox))?;
    notes(report).append(&mut prepared.notes);
    report.findings.extend(vulnerable);
    Ok(prepared)
}

async fn restore_and_ask(
    job: &Job<'_>,
    source: Source,
    backup: &Backup,
    sandbox: &Sandbox,
    report: &mut Report,
) -> std::result::Result<Compared, Stop> {
    let contents = source.contents.clone();
    let evidence = source.evidence.clone();
    let plan = &job.plan.restore;
    let prepared = prepare(sandbox, &contents, plan.collation, report).await?;
    if !prepared.superuser {
        // Better told now than after a long restore.
        checks::may_create_reader(&sandbox.superuser(sandbox.database()).await?).await?;
    }
    let watched = source.watched.clone();
    let by_one = source.by_one.is_some();
    let (told, reads) = ahead::pair(sandbox, &contents);
    let along = (!job.options.uncompared).then_some(&told as &dyn Along);
    let loading = load::load(job, source, &contents, backup, sandbox, along);
    let restoring = restore::guarded(sandbox, plan, loading);
    let (restored, ahead) = Box::pin(reads.beside(restoring)).await;
    report.findings.extend(watched.remarks());
    let mut restored = restored?;
    (restored.complaints).for_want_of(&prepared.refused, prepared.superuser);
    if !by_one {
        in_order::must_hold(&restored)?;
    }
    seen(report, evidence.as_ref().and_then(|seen| seen.get()));
    expected(job, &restored)?;
    let collation = collate::learn(plan, &mut restored, sandbox, report).await;
    let sorted = collate::note(collation.as_deref(), &contents.locale);
    let errors = judge(job, &restored, collation, report)?;
    collate::own(&prepared, sandbox).await?;
    let whole = contents.clone();
    let held = compare::Held {
        ledger: watched.ledger(&whole),
        contents: whole,
        refused: prepared.refused,
        ahead,
    };
    let compared = compare::compare(job, held, &restored, sandbox).await?;
    report.findings.extend(compared.findings.iter().cloned());
    job.progress.stage("check");
    let asked = Asked {
        contents: &contents,
        backup,
        database: &restored.loaded.database,
        errors,
        only_schema: plan.allow_schema_only && restored.tables.or(contents.tables) == Some(0),
        counted: compared.counted(),
    };
    ask(job, asked, sandbox, report).await?;
    if let Some(proof) = report.proof.as_mut().filter(|_| !job.options.uncompared) {
        compared.tell(proof);
    }
    if let Some(proof) = &mut report.proof {
        proof.notes.extend(sorted);
    }
    Ok(compared)
}

/// Judges what is known of a script only when it was read.
fn expected(job: &Job<'_>, restored: &Restored) -> std::result::Result<(), Broken> {
    let failed = !restored.complaints.is_empty();
    let found = rules::cluster(&restored.loaded.connected, job.plan.backup.as_ref())
        .or_else(|| rules::data(restored.tables, &job.plan.restore).filter(|_| !failed));
    found.map_or(Ok(()), |finding| Err(finding.into()))
}

/// Makes the roles that the plan has for the dump.
async fn roles(job: &Job<'_>, sandbox: &Sandbox) -> std::result::Result<(), Broken> {
    let Some(path) = &job.plan.restore.globals else {
        return Ok(());
    };
    let folder = job.plan.file.parent().unwrap_or(Path::new("."));
    let text = tokio::fs::read(folder.join(path)).await.or_stop(
        || format!("could not read \"{}\"", path.display()),
        "Check `restore.globals` in the plan.",
    )?;
    restore::globals(sandbox, text).await
}

/// Notes what reading the backup to its end showed.
fn seen(report: &mut Report, evidence: Option<&Evidence>) {
    if let (Some(facts), Some(evidence)) = (&mut report.backup, evidence) {
        facts.sha256 = Some(evidence.sha256.clone());
        facts.checksums.clone_from(&evidence.checksums);
    }
}

/// Judges the restore; returns how many errors the plan does not ignore.
fn judge(
    job: &Job<'_>,
    restored: &Restored,
    collation: Option<String>,
    report: &mut Report,
) -> Result<u64> {
    let judged = restored.complaints.judge(&job.plan.restore.ignore);
    let failed = judged
        .findings
        .iter()
        .any(|found| found.severity == Severity::Critical);
    let losses = judged
        .errors
        .iter()
        .filter(|error| error.class == "lost")
        .count();
    report.findings.extend(judged.findings);
    let took = Age(restored.took);
    report.findings.extend(rules::rto(took, &job.plan.limits));
    report.restore = Some(RestoreFacts {
        engine: restored.engine.to_owned(),
        why: restored.why.clone(),
        collation,
        seconds: restored.took.as_secs_f64(),
        bytes: restored.bytes,
        errors: judged.errors,
        ignored: judged.ignored,
    });
    notes(report).extend(restored.loaded.notes.iter().cloned());
    match restored.complaints.environment() {
        Some(error) => Err(error),
        None if restored.unrun && !failed => Err(not_run(restored)),
        None => Ok(losses as u64),
    }
}

/// A script whose rest was not run is neither good nor bad.
fn not_run(restored: &Restored) -> Error {
    let why = restored.complaints.iter().last();
    let why = why.map_or("It did not say why", |complaint| &*complaint.message);
    Error::new(
        "psql stopped before the end of the script",
        "Write the dump as an archive (`-Fc`), whose restore goes on after an error that may be ignored.",
    )
    .because(format!(
        "It stops at the first error, whatever the plan ignores, and did not run what follows: {}",
        sentence(why)
    ))
}

/// What was restored, for whoever asks it.
struct Asked<'a> {
    contents: &'a Contents,
    backup: &'a Backup,
    database: &'a str,
    /// How many errors of the restore the plan does not ignore.
    errors: u64,
    /// Whether the dump holds no rows, and the plan says that this is meant.
    only_schema: bool,
    /// How many rows the tables hold that were read whole.
    counted: HashMap<(String, String), u64>,
}

async fn ask(
    job: &Job<'_>,
    asked: Asked<'_>,
    sandbox: &Sandbox,
    report: &mut Report,
) -> Result<()> {
    let (database, backup) = (asked.database, asked.backup);
    let superuser = sandbox.superuser(database).await?;
    let reader = checks::create_reader(&superuser, &job.run).await?;
    sandbox.remember_role(&reader.role).await?;
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let password = reader.password.reveal();
        clients.push(sandbox.connect(database, &reader.role, password).await?);
    }
    let comparable = change::comparable(job.memory, backup);
    let taken = clocks::taken(
        asked.contents,
        job.plan.backup.as_ref(),
        backup.last_modified,
    );
    learn::note(job, sandbox, &reader, taken).await;
    let context = checks::Context {
        backup_time: Some(taken),
        is_stored: (job.plan.backup.as_ref()).is_some_and(|plan| plan.timezone.is_none())
            && backup.last_modified == taken,
        now: Timestamp::now(),
        restore_errors: asked.errors,
        only_schema: asked.only_schema,
        counted: asked.counted,
        only: job.options.only.clone(),
        earlier: change::earlier(job, &comparable),
        live: change::live(job.plan),
    };
    let outcome = checks::run(&job.plan.checks, &context, &superuser, clients).await?;
    notes(report).extend(outcome.notes);
    report.checks = outcome.results;
    report.findings.extend(outcome.findings);
    report.proof = outcome.proof;
    report.database = outcome.database;
    change::judge(job, report, &comparable, &outcome.compared);
    Ok(())
}
