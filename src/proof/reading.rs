//! Reads restored tables on several connections: the largest first, so that all of them end at about the same time.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, TryStreamExt};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{
    meter::{BREATH, Reader},
    session::{stopped, stops},
    turns::Turn,
};
use crate::{
    error::{Error, Result},
    rows::{Counter, Rows},
};

/// What a restored table answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was read whole.
    Read(Rows),
    /// It was counted.
    Counted(u64),
    /// The server refused, with this SQLSTATE.
    Refused([u8; 5]),
}

impl Answer {
    /// What it is together with what another part of the same table answered.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Read(mut rows), Self::Read(more)) => {
                rows.absorb(more);
                Self::Read(rows)
            }
            (refused @ Self::Refused(_), _) | (_, refused) => refused,
        }
    }
}

/// The answers, by the table's place among the dump's.
pub(super) type Answers = HashMap<usize, Answer>;

/// Adds the answer of a table, or of a part of it.
pub(super) fn add(answers: &mut Answers, number: usize, answer: Answer) {
    let known = answers.get(&number).copied();
    answers.insert(number, known.map_or(answer, |known| known.with(answer)));
}

/// How a statement is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It gives a number.
    Count,
    /// It gives rows.
    Read,
    /// It gives rows, written in another way that the source may have been set to.
    Styled(Style),
}

/// What a source may have been set to, and what `pg_dump` leaves as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// `bytea_output = escape`: bytes are written as letters.
    pub(super) escaped: bool,
    /// `quote_all_identifiers = on`: the names that `regclass` and its like hold are quoted.
    pub(super) quoted: bool,
}

impl Style {
    /// Those in which a table may differ that holds bytes, names or both.
    pub(super) fn of(bytes: bool, names: bool) -> Vec<Self> {
        let all = [(true, false), (false, true), (true, true)];
        let all = all.map(|(escaped, quoted)| Self { escaped, quoted });
        all.into_iter()
            .filter(|style| (bytes || !style.escaped) && (names || !style.quoted))
            .collect()
    }

    fn sql(self) -> String {
        let bytes = if self.escaped { "escape" } else { "hex" };
        let names = if self.quoted { "on" } else { "off" };
        format!("set bytea_output = '{bytes}'; set quote_all_identifiers = {names}")
    }
}

/// A statement that asks a table, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The table's place among the dump's.
    pub(super) number: usize,
    pub(super) sql: String,
    pub(super) way: Way,
    /// How many bytes are read for it, about.
    pub(super) bytes: u64,
}

/// How every table is read first.
const PINNED: Style = Style {
    escaped: false,
    quoted: false,
};

/// Who reads, and what is still to be read.
pub(super) struct Readers {
    queue: Arc<Mutex<VecDeque<Question>>>,
    tasks: JoinSet<Result<Vec<(usize, Answer)>>>,
}

impl Readers {
    /// Nobody reads yet.
    pub(super) fn of(mut questions: Vec<Question>) -> Self {
        questions.sort_by_key(|question| Reverse(question.bytes));
        Self {
            queue: Arc::new(Mutex::new(questions.into())),
            tasks: JoinSet::new(),
        }
    }

    /// Lets one more connection read. Must be called inside a Tokio runtime.
    pub(super) fn join(&mut self, client: Arc<Reader>) {
        let queue = Arc::clone(&self.queue);
        self.tasks.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(question) = next else {
                    return Ok(answers);
                };
                answers.push((question.number, ask(&client, &question).await?));
            }
        });
    }

    /// Everything that was answered.
    ///
    /// # Errors
    /// When the server went away.
    pub(super) async fn finish(mut self, answers: &mut Answers) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            let Ok(answered) = ended else {
                let interrupted = "comparing the rows was interrupted";
                return Err(Error::new(interrupted, "Run again."));
            };
            for (number, answer) in answered? {
                add(answers, number, answer);
            }
        }
        Ok(())
    }
}

async fn ask(client: &Reader, question: &Question) -> Result<Answer> {
    match answer(client, question).await {
        Ok(answer) => Ok(answer),
        Err(error) if stops(&error) => Err(stopped("could not read a restored table", &error)),
        Err(error) => {
            let code = error
                .code()
                .map_or("?????", tokio_postgres::error::SqlState::code);
            let mut state = *b"?????";
            state
                .iter_mut()
                .zip(code.bytes())
                .for_each(|(to, from)| *to = from);
            Ok(Answer::Refused(state))
        }
    }
}

async fn answer(
    client: &Reader,
    question: &Question,
) -> std::result::Result<Answer, tokio_postgres::Error> {
    match question.way {
        Way::Count => {
            let count: i64 = client.query_one(&question.sql, &[]).await?.get(0);
            Ok(Answer::Counted(count.unsigned_abs()))
        }
        Way::Read => read(client, &question.sql, None).await.map(Answer::Read),
        Way::Styled(style) => {
            client.batch_execute(&style.sql()).await?;
            let rows = read(client, &question.sql, None).await;
            client.batch_execute(&PINNED.sql()).await?;
            rows.map(Answer::Read)
        }
    }
}

/// Reads everything that a COPY gives; in turn with breaks while others have it, for the server waits as soon as nobody takes
/// what it writes.
pub(super) async fn read(
    client: &Reader,
    sql: &str,
    turn: Option<&mut Turn>,
) -> std::result::Result<Rows, tokio_postgres::Error> {
    let Some(meter) = client.meter() else {
        return unmetered(client, sql, turn).await;
    };
    meter.open();
    // Few rows come this far, each for many.
    let passed = pass(client, sql, turn, 1, |_| ()).await;
    let rows = meter.close();
    passed.map(|()| whole(rows))
}

/// The same where every row is handed on.
pub(super) async fn unmetered(
    client: &Client,
    sql: &str,
    turn: Option<&mut Turn>,
) -> std::result::Result<Rows, tokio_postgres::Error> {
    let mut counter = Counter::default();
    pass(client, sql, turn, BREATH, |row| counter.feed(row)).await?;
    Ok(whole(counter.finish()))
}

/// The protocol ends with whole lines.
fn whole(rows: std::result::Result<Rows, Rows>) -> Rows {
    rows.unwrap_or_else(|rows| rows)
}

/// Takes the rows of a COPY, to its end; after so many bytes of them it looks whether others have the turn.
async fn pass(
    client: &Client,
    sql: &str,
    mut turn: Option<&mut Turn>,
    breath: usize,
    mut take: impl FnMut(&[u8]),
) -> std::result::Result<(), tokio_postgres::Error> {
    let mut rows = pin!(client.copy_out(sql).await?.into_stream());
    let mut since = 0;
    while let Some(row) = rows.next().await {
        let row = row?;
        take(&row);
        since += row.len();
        if since >= breath
            && let Some(turn) = &mut turn
        {
            since = 0;
            turn.keep().await;
        }
    }
    Ok(())
}
