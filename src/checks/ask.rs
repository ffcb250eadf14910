//! Carries the questions to the server: on every connection at once, one statement at a time on each.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, future::try_join_all};
use tokio_postgres::{Client, Statement as Prepared, Transaction};

use super::{
    batch::{self, Batch},
    faults::{self, Fault, Moment},
    question::{Answer, Answered, Ask, Fetch, Judged, Question, Row, Statement},
    scalar::Scalar,
    session, sql,
};
use crate::error::{self, Error};

/// More rows than this are not counted where none may be.
pub(super) const MOST_ROWS: u64 = 10_000;

/// How much longer than a statement's own timeout we wait for a server that does not keep it.
pub(super) const GRACE: Duration = Duration::from_mins(1);

/// A statement's answer and how long it took.
struct Reply {
    question: usize,
    /// Its place among the statements of all questions.
    order: usize,
    answer: Result<Answer, Judged>,
    seconds: f64,
}

/// Asks every question and judges the answers, in the order of the questions.
pub(super) async fn all(
    questions: Vec<Question>,
    schema: &str,
    clients: Vec<Client>,
) -> error::Result<Vec<Answered>> {
    let queue = Mutex::new(batch::batches(&questions).into_iter());
    let workers = clients
        .into_iter()
        .map(|client| work(client, schema, &queue));
    let mut replies: Vec<Reply> = try_join_all(workers).await?.into_iter().flatten().collect();
    replies.sort_unstable_by_key(|reply| reply.order);
    let mut replies = replies.into_iter().peekable();
    let mut answered = Vec::new();
    for (number, Question { about, ask, .. }) in questions.into_iter().enumerate() {
        let own = std::iter::from_fn(|| replies.next_if(|reply| reply.question == number));
        let own: Vec<Reply> = own.collect();
        // The sum of no floats is -0.0, which no report should print.
        let seconds = own.iter().fold(0.0, |sum, reply| sum + reply.seconds);
        let answers: Result<Vec<Answer>, Judged> = own.into_iter().map(|r| r.answer).collect();
        let judged = match (ask, answers) {
            (Ask::Known(judged), _) | (Ask::Statements(..), Err(judged)) => judged,
            (Ask::Statements(_, judge), Ok(answers)) => judge(answers),
        };
        answered.push(Answered {
            about,
            judged,
            seconds,
        });
    }
    Ok(answered)
}

async fn work(
    mut client: Client,
    schema: &str,
    queue: &Mutex<impl Iterator<Item = Batch>>,
) -> error::Result<Vec<Reply>> {
    let mut replies = Vec::new();
    while let Some(batch) = next(queue) {
        if let Some(together) = at_once(&mut client, schema, &batch).await? {
            replies.extend(together);
            continue;
        }
        for job in batch.jobs {
            let begun = Instant::now();
            let answer = match in_time(&mut client, schema, &job.statement).await {
                Ok(answer) => Ok(answer),
                Err(Fault::Question(judged)) => Err(judged),
                Err(Fault::Run(error)) => return Err(error),
            };
            replies.push(Reply {
                question: job.question,
                order: job.order,
                answer,
                seconds: begun.elapsed().as_secs_f64(),
            });
        }
    }
    Ok(replies)
}

/// The answers of a batch by one statement, which share its time. `None`: there is only one, or one of them cannot be
/// answered, and each is to be asked by itself to find out which.
async fn at_once(
    client: &mut Client,
    schema: &str,
    batch: &Batch,
) -> error::Result<Option<Vec<Reply>>> {
    let Some(statement) = batch.together() else {
        return Ok(None);
    };
    let begun = Instant::now();
    let row = match in_time(client, schema, &statement).await {
        Ok(Answer::Row(row)) => row,
        Ok(_) | Err(Fault::Question(_)) => return Ok(None),
        Err(Fault::Run(error)) => return Err(error),
    };
    let jobs = u32::try_from(batch.jobs.len()).unwrap_or(u32::MAX);
    let share = begun.elapsed().as_secs_f64() / f64::from(jobs);
    let answers = batch.split(row).into_iter().zip(&batch.jobs);
    let replies = answers.map(|(answer, job)| Reply {
        question: job.question,
        order: job.order,
        answer: Ok(answer),
        seconds: share,
    });
    Ok(Some(replies.collect()))
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn silent() -> Error {
    Error::new(
        "the restored database does not answer",
        "Look at the load of the machine and at the throwaway server's log, then run again.",
    )
}

/// Asks one statement, and waits a little longer than the server may take for it.
pub(super) async fn in_time(
    client: &mut Client,
    schema: &str,
    statement: &Statement,
) -> Result<Answer, Fault> {
    let limit = statement.timeout.saturating_add(GRACE);
    let asked = tokio::time::timeout(limit, ask(client, schema, statement)).await;
    asked.unwrap_or_else(|_| Err(Fault::Run(silent())))
}

/// Asks one statement in a read-only transaction that is always rolled back.
async fn ask(client: &mut Client, schema: &str, statement: &Statement) -> Result<Answer, Fault> {
    let sort = |error| faults::sort(&error, statement, Moment::Running);
    let transaction = session::begin(client, schema, statement.timeout)
        .await
        .map_err(sort)?;
    let answer = match &statement.fetch {
        Fetch::Row => our_row(&transaction, statement).await?,
        Fetch::Count => count(&transaction, statement).await?,
        Fetch::Scalar => scalar(&transaction, statement).await?,
        Fetch::Match(pattern) => match scalar(&transaction, statement).await? {
            Answer::Scalar(scalar) => matched(&transaction, scalar, pattern).await.map_err(sort)?,
            other => other,
        },
    };
    transaction.rollback().await.map_err(sort)?;
    Ok(answer)
}

/// A statement that the server has read and that takes nothing from us. What goes wrong until here is about its own text,
/// as no row was looked at.
async fn prepared(transaction: &Transaction<'_>, statement: &Statement) -> Result<Prepared, Fault> {
    // The extended protocol takes one statement only: "commit; drop table z" is a syntax error here.
    let prepared = transaction
        .prepare(&statement.sql)
        .await
        .map_err(|error| faults::sort(&error, statement, Moment::Reading))?;
    if !prepared.params().is_empty() {
        return Err(mistake("takes parameters, and there are none to give"));
    }
    // What returns no columns is a command, not a question; it is not carried out.
    if prepared.columns().is_empty() {
        return Err(mistake("returns no columns"));
    }
    Ok(prepared)
}

async fn our_row(transaction: &Transaction<'_>, statement: &Statement) -> Result<Answer, Fault> {
    let sort = |error| faults::sort(&error, statement, Moment::Running);
    let prepared = prepared(transaction, statement).await?;
    let row = transaction.query_opt(&prepared, &[]).await.map_err(sort)?;
    let Some(row) = row else {
        return Ok(Answer::NoRow);
    };
    let texts: Result<Vec<_>, _> = (0..row.len()).map(|column| row.try_get(column)).collect();
    Ok(Answer::Row(Row(texts.map_err(sort)?)))
}

/// Rows of a statement that somebody else wrote: the first column of at most `most` of them, one after another.
async fn each(
    transaction: &Transaction<'_>,
    statement: &Statement,
    most: u64,
    mut visit: impl FnMut(Scalar),
) -> Result<u64, Fault> {
    let sort = |error| faults::sort(&error, statement, Moment::Running);
    let prepared = prepared(transaction, statement).await?;
    let portal = transaction.bind(&prepared, &[]).await.map_err(sort)?;
    let limit = i32::try_from(most).unwrap_or(i32::MAX);
    let rows = transaction
        .query_portal_raw(&portal, limit)
        .await
        .map_err(sort)?;
    let mut rows = pin!(rows);
    let mut count = 0;
    while let Some(row) = rows.next().await {
        visit(row.map_err(sort)?.try_get(0).map_err(sort)?);
        count += 1;
    }
    Ok(count)
}

/// What only the plan can have wrong, whatever was restored.
fn mistake(message: &str) -> Fault {
    Fault::Question(Judged::unverified(message).hint("Ask with one `select`."))
}

async fn count(transaction: &Transaction<'_>, statement: &Statement) -> Result<Answer, Fault> {
    each(transaction, statement, MOST_ROWS + 1, drop)
        .await
        .map(Answer::Rows)
}

async fn scalar(transaction: &Transaction<'_>, statement: &Statement) -> Result<Answer, Fault> {
    let mut first = None;
    let keep = |scalar| first = first.take().or(Some(scalar));
    let count = each(transaction, statement, 2, keep).await?;
    Ok(match (first, count) {
        (Some(scalar), 1) => Answer::Scalar(scalar),
        (None, _) => Answer::NoRow,
        _ => Answer::ManyRows,
    })
}

async fn matched(
    transaction: &Transaction<'_>,
    scalar: Scalar,
    pattern: &str,
) -> Result<Answer, tokio_postgres::Error> {
    let Some(text) = sql::text_of(&scalar) else {
        return Ok(Answer::Scalar(scalar));
    };
    let sql = "select $1::text ~ $2::text";
    let row = transaction.query_one(sql, &[&text, &pattern]).await?;
    Ok(Answer::Matched(row.try_get(0)?))
}
