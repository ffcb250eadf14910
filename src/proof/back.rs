//! Reading back: every restored table is asked once, while the catalogue is looked at, but for what was read ahead.

use std::sync::Arc;

use super::{
    ahead::Ahead,
    meter::Reader,
    reading::{Answer, Answers, Question, Readers, Way, add},
};
use crate::{error::Result, rows::Rows};

/// A table that is to be asked.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Its place among the dump's tables.
    pub(super) number: usize,
    /// What is asked of it; several where it is read in parts.
    pub(super) questions: Vec<Question>,
    /// What it should hold, where another way to write the same bytes may explain a difference.
    pub(super) or_escaped: Option<Rows>,
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
    pub(super) async fn finish(mut self, clients: &[Arc<Reader>]) -> Result<Answers> {
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
        escaped(&self.jobs, clients, &mut answers).await?;
        Ok(answers)
    }
}

/// Reads tables once more that hold as many rows as they should but others, in the other way to write bytes.
async fn escaped(jobs: &[Job], clients: &[Arc<Reader>], answers: &mut Answers) -> Result<()> {
    let differs = |job: &&Job| match (job.or_escaped, answers.get(&job.number)) {
        (Some(expected), Some(Answer::Read(rows))) => {
            rows.count == expected.count && *rows != expected
        }
        _ => false,
    };
    let differing: Vec<&Job> = jobs.iter().filter(differs).collect();
    let questions = differing.iter().flat_map(|job| &job.questions);
    let questions = questions.map(|question| Question {
        way: Way::Escaped,
        ..question.clone()
    });
    let mut found = Answers::new();
    read(questions.collect(), clients, &mut found).await?;
    for job in differing {
        let answer = found.get(&job.number).copied();
        if answer == job.or_escaped.map(Answer::Read) {
            answers.extend(answer.map(|answer| (job.number, answer)));
        }
    }
    Ok(())
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
