//! Reading back: every restored table is asked once, while the catalogue is looked at, but for what was read ahead.

use std::{collections::HashSet, sync::Arc};

use super::{
    ahead::Ahead,
    meter::Reader,
    reading::{Answer, Answers, Question, Readers, Style, Way, add},
};
use crate::{error::Result, rows::Rows};

/// A table that is to be asked.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Its place among the dump's tables.
    pub(super) number: usize,
    /// What is asked of it; several where it is read in parts.
    pub(super) questions: Vec<Question>,
    /// What it should hold.
    pub(super) expected: Rows,
    /// Other ways to write the same rows, which may explain a difference.
    pub(super) styles: Vec<Style>,
}

/// What the tables answered.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Read as every table is read.
    pub(super) answers: Answers,
    /// Tables that hold what they should when it is written in another way.
    pub(super) otherwise: HashSet<usize>,
}

/// The tables while they are read.
pub(super) struct ReadingBack {
    jobs: Vec<Job>,
    ahead: Ahead,
    /// What was begun ahead.
    covered: Vec<Question>,
    readers: Readers,
}

impl ReadingBack {
    /// Starts to read on all connections but the first, where there are others. Must be called inside a Tokio runtime.
    pub(super) fn start(jobs: Vec<Job>, clients: &[Arc<Reader>], ahead: Ahead) -> Self {
        ahead.last();
        // Decided once: nothing is read twice, and nothing left out.
        let questions = jobs.iter().flat_map(|job| &job.questions).cloned();
        let (covered, now): (Vec<_>, Vec<_>) =
            questions.partition(|question| ahead.covers(&question.sql));
        let mut readers = Readers::of(now);
        for client in clients.iter().skip(1) {
            readers.join(Arc::clone(client));
        }
        Self {
            jobs,
            ahead,
            covered,
            readers,
        }
    }

    /// Reads the rest, on the first connection as well. Nobody but these connections may use the database any more.
    pub(super) async fn finish(mut self, clients: &[Arc<Reader>]) -> Result<Told> {
        let mut answers = Answers::new();
        if let Some(first) = clients.first() {
            self.readers.join(Arc::clone(first));
        }
        self.ahead.end().await;
        self.readers.finish(&mut answers).await?;
        let unchanged = self.ahead.unchanged(clients).await;
        let mut again = Vec::new();
        for question in self.covered {
            match unchanged.get(&question.sql) {
                Some(rows) => add(&mut answers, question.number, Answer::Read(*rows)),
                None => again.push(question),
            }
        }
        read(again, clients, &mut answers).await?;
        let otherwise = otherwise(&self.jobs, clients, &answers).await?;
        Ok(Told { answers, otherwise })
    }
}

/// Reads tables again that hold as many rows as they should but others, in the other ways to write them; gives those that
/// hold the right ones then.
async fn otherwise(
    jobs: &[Job],
    clients: &[Arc<Reader>],
    answers: &Answers,
) -> Result<HashSet<usize>> {
    let mut same = HashSet::new();
    for job in jobs {
        let Some(Answer::Read(rows)) = answers.get(&job.number) else {
            continue;
        };
        if rows.count != job.expected.count || *rows == job.expected {
            continue;
        }
        for style in &job.styles {
            let questions = job.questions.iter().map(|question| Question {
                way: Way::Styled(*style),
                ..question.clone()
            });
            let mut found = Answers::new();
            read(questions.collect(), clients, &mut found).await?;
            if found.get(&job.number) == Some(&Answer::Read(job.expected)) {
                same.insert(job.number);
                break;
            }
        }
    }
    Ok(same)
}

async fn read(
    questions: Vec<Question>,
    clients: &[Arc<Reader>],
    answers: &mut Answers,
) -> Result<()> {
    if questions.is_empty() {
        return Ok(());
    }
    let mut readers = Readers::of(questions);
    for client in clients {
        readers.join(Arc::clone(client));
    }
    readers.finish(answers).await
}
